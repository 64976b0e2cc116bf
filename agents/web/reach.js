// Reaching further in a talk: a colleague, an outside service, another queue.

import { html } from "htm/preact";
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { request } from "config/http.js";
import { t } from "config/i18n.js";
import { Chip } from "./parts.js";
import * as phone from "./softphone.js";
import * as store from "./store.js";

export const reach = signal(false); // the panel is open
const people = signal(null); // {lawyers, services, channels, languages}, or null while loading
const find = signal("");
const sure = signal(""); // the queue whose button was pressed once

export const mine = () => store.contact.value?.lawyer === store.me.id;
export const asked = () => store.contact.value?.second === store.me.id;

export function toggleReach() {
  if (store.state.value === "talking" && mine()) reach.value = !reach.value;
}

async function load() {
  try { people.value = await request("GET", "/desk/people"); } catch { people.value ??= { lawyers: [], services: [], channels: [], languages: [] }; }
}

effect(() => { if (reach.value || store.contact.value?.guest) load(); });
effect(() => { if (store.state.value !== "talking") { reach.value = false; sure.value = ""; find.value = ""; } });

const serviceOf = (key) => people.value?.services.find((one) => one.key === key)?.name ?? key;

const fits = (...texts) => texts.join(" ").toLowerCase().includes(find.value.trim().toLowerCase());

async function consult(id) {
  if (await store.attempt("consult", { lawyer: id })) reach.value = false;
}
async function bring(key) {
  if (await store.attempt("guest", { guest: key })) reach.value = false;
}
async function passOn(key, fields) {
  if (sure.value !== key) { sure.value = key; return; }
  await store.attempt("pass_on", fields);
}

export function Reach() {
  const first = useRef(null);
  useEffect(() => {
    if (!reach.value) return undefined;
    first.current?.focus();
    const every = setInterval(load, 3000);
    return () => clearInterval(every);
  }, [reach.value]);
  if (!reach.value) return null;
  const known = people.value;
  const lawyers = known?.lawyers.filter((one) => fits(one.name, one.prefecture)) ?? [];
  const services = known?.services.filter((one) => fits(one.name, one.number)) ?? [];
  const who = store.contact.value;
  const queues = [
    ...(known?.channels ?? []).filter((one) => one.key !== who?.channel).map((one) => [one.name, { channel: one.key }]),
    ...(known?.languages ?? []).filter((key) => key !== "zh").map((key) => [t(`talk.language_${key}`), { language: key }]),
  ];
  return html`<section class="reach" aria-label=${t("talk.reach")} onKeyDown=${(event) => { if (event.key === "Escape") reach.value = false; }}>
    <p class="muted small">${t("talk.reach_hint")}</p>
    <input type="search" ref=${first} value=${find.value} placeholder=${t("talk.find")} aria-label=${t("talk.find")} onInput=${(event) => { find.value = event.target.value; }} />
    <h3>${t("talk.colleagues")}</h3>
    <ul>${lawyers.map((one) => html`<li key=${one.id}><span><b>${one.name}</b> <span class="muted">${one.prefecture}</span></span>
      ${one.free ? html`<button disabled=${Boolean(who?.second)} onClick=${() => consult(one.id)}>${t("talk.consult")}<span class="unseen"> ${one.name}</span></button>` : html`<${Chip} kind="unknown" plain>${t(`talk.state_${one.state}`)}<//>`}</li>`)}
      ${known && !lawyers.length && html`<li class="muted">${t(known.lawyers.length ? "talk.none_found" : "talk.none_here")}</li>`}</ul>
    <h3>${t("talk.services")}</h3>
    <ul>${services.map((one) => html`<li key=${one.key}><span><b>${one.name}</b> <span class="muted number">${one.number}</span>${one.why && html`<span class="why muted small">${t(`talk.why_${one.why}`)}</span>`}</span>
      <button disabled=${Boolean(one.why || who?.guest)} onClick=${() => bring(one.key)}>${t("talk.ask_in")}<span class="unseen"> ${one.name}</span></button></li>`)}</ul>
    <h3>${t("talk.pass_on")}</h3>
    <ul>${queues.map(([name, fields]) => html`<li key=${name}><span><b>${name}</b>${sure.value === name && html`<span class="why small">${t("talk.pass_on_sure")}</span>`}</span>
      <button class=${sure.value === name ? "danger" : ""} onClick=${() => passOn(name, fields)}>${t("talk.pass_on_do")}<span class="unseen"> ${name}</span></button></li>`)}</ul>
  </section>`;
}

/** Who else is in the talk, and what may be done about it. */
export function Company() {
  const who = store.contact.value;
  if (!who) return null;
  if (asked()) return html`<p class="banner attention"><strong>${t("talk.asked_by", { name: who.lawyer_name })}</strong><span>${t("talk.asked_hint")}</span></p>`;
  if (!who.second && !who.guest) return null;
  const rings = !who.second_talks;
  return html`<div class="company" role="status">
    ${who.second && html`<div class="banner ${rings ? "attention" : "calm"}"><strong>${t(rings ? "talk.consult_rings" : phone.held.value ? "talk.consulting" : "talk.together", { name: who.second_name })}</strong>
      <span class="row">
        ${!rings && html`<button class="primary" onClick=${() => store.attempt("hand_over")}>${t("talk.hand_over")}</button>
          <button onClick=${phone.toggleHold}>${t(phone.held.value ? "talk.join" : "talk.apart")}</button>`}
        <button onClick=${() => store.attempt("consult_end")}>${t("talk.consult_end")}</button>
      </span></div>`}
    ${who.guest && html`<div class="banner ${who.guest_state === "joined" ? "calm" : "attention"}"><strong>${t(`talk.guest_${who.guest_state}`, { name: serviceOf(who.guest) })}</strong>
      <span class="row"><button onClick=${() => store.attempt("guest_end")}>${t("talk.guest_end")}</button></span></div>`}
  </div>`;
}
