// The knowledge drawer: loaded when it is opened for the first time.

import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { request } from "config/http.js";
import { t } from "config/i18n.js";
import { Chip } from "./chips.js";

const known = signal(null);
const failed = signal(false);
const find = signal("");
const rule = signal("");
const event = signal("");
const start = signal("");
const counted = signal(null); // the answer, or {failed}
const copied = signal("");

async function load() {
  failed.value = false;
  try { known.value = await request("GET", "/desk/knowledge"); } catch { failed.value = true; }
}

const fits = (...texts) => texts.join(" ").toLowerCase().includes(find.value.trim().toLowerCase());

async function count() {
  const chosen = known.value.clocks.find((one) => one.rule === rule.value) ?? known.value.clocks[0];
  const from = chosen.events.some((one) => one.event === event.value) ? event.value : chosen.events[0].event;
  if (!start.value) { counted.value = null; return; }
  const asked = `${chosen.rule}?event=${from}&start=${start.value}`;
  try {
    const answer = await request("GET", `/desk/clocks/${asked}`);
    counted.value = answer;
  } catch { counted.value = { failed: true }; }
}

function set(part, value) { part.value = value; count(); }

async function copy(text) {
  try { await navigator.clipboard.writeText(text); copied.value = text; } catch { copied.value = ""; }
}

const dayOf = (iso) => iso.replaceAll("-", ".");

function Clocks({ clocks }) {
  const chosen = clocks.find((one) => one.rule === rule.value) ?? clocks[0];
  const from = chosen.events.find((one) => one.event === event.value) ?? chosen.events[0];
  const due = counted.value;
  return html`<section><h3>${t("talk.clocks")}</h3>
    <label>${t("talk.clock_rule")}<select value=${chosen.rule} onChange=${(e) => set(rule, e.target.value)}>${clocks.map((one) => html`<option value=${one.rule}>${one.name}</option>`)}</select></label>
    ${chosen.events.length > 1 && html`<label>${t("talk.clock_event")}<select value=${from.event} onChange=${(e) => set(event, e.target.value)}>${chosen.events.map((one) => html`<option value=${one.event}>${one.word}</option>`)}</select></label>`}
    <label>${t("talk.clock_from", { event: from.word })}<input type="date" value=${start.value} max="2100-12-31" onInput=${(e) => set(start, e.target.value)} /></label>
    <div role="status">${due?.failed && html`<p>${t("talk.clock_failed")}</p>`}
      ${due && !due.failed && html`<p class="due"><b class="number">${t("talk.clock_due", { date: dayOf(due.due) })}</b>
        <${Chip} kind=${due.expired ? "breach" : due.at_risk ? "attention" : "calm"}>${due.expired ? t("talk.clock_over", { n: -due.days_left }) : t("talk.clock_left", { n: due.days_left })}<//></p>
        ${due.at_risk && html`<p><strong>${t("talk.clock_risk")}</strong></p>`}
        <p class="muted small">${due.explanation}</p>`}</div>
    ${!due && html`<p class="muted small">${chosen.explain} <span>${chosen.source}</span></p>`}
  </section>`;
}

const Say = ({ title, rows }) => rows.length > 0 && html`<section><h3>${title}</h3><dl>${rows.map((row) => html`<div><dt>${row.title}</dt><dd>${row.say}</dd></div>`)}</dl></section>`;

export function Drawer({ close }) {
  const first = useRef(null);
  useEffect(() => { if (!known.value) load(); first.current?.focus(); }, []);
  const all = known.value;
  const clocks = all?.clocks.filter((one) => fits(t("talk.clocks"), one.name, one.source, one.explain)) ?? [];
  const documents = all?.documents.filter((one) => fits(t("talk.documents"), one.title, one.number, one.use)) ?? [];
  const places = all?.prefectures.filter((place) => fits(t("talk.stations"), place)) ?? [];
  const said = (name) => all?.[name].filter((row) => fits(t(`talk.${name}`), row.title, row.say)) ?? [];
  return html`<aside class="card drawer" aria-label=${t("talk.drawer")} onKeyDown=${(e) => { if (e.key === "Escape") close(); }}>
    <header class="row-head"><h2>${t("talk.drawer")}</h2><button class="quiet" aria-label=${t("desk.close")} onClick=${close}>✕</button></header>
    <input type="search" ref=${first} value=${find.value} placeholder=${t("talk.search")} aria-label=${t("talk.search")} onInput=${(e) => { find.value = e.target.value; }} />
    ${failed.value && html`<p class="banner attention">${t("talk.drawer_failed")} <button class="quiet" onClick=${load}>${t("desk.again")}</button></p>`}
    ${all && !clocks.length && !documents.length && !places.length && !said("first_minute").length && !said("silent_caller").length && html`<p class="muted">${t("talk.none_found")}</p>`}
    ${clocks.length > 0 && html`<${Clocks} clocks=${clocks} />`}
    <${Say} title=${t("talk.first_minute")} rows=${said("first_minute")} />
    <${Say} title=${t("talk.silent_caller")} rows=${said("silent_caller")} />
    ${documents.length > 0 && html`<section><h3>${t("talk.documents")}</h3><ul>${documents.map((one) => html`<li><b>《${one.title}》</b> <span class="number">${one.number}</span><p class="muted small">${one.use}</p>
      <button class="quiet" onClick=${() => copy(`《${one.title}》（${one.number}）`)}>${t(copied.value.includes(one.title) ? "talk.copied" : "talk.copy")}<span class="unseen"> ${one.title}</span></button></li>`)}</ul></section>`}
    ${places.length > 0 && html`<section><h3>${t("talk.stations")}</h3><p class="muted small">${all.stations.note}</p><ul class="places">${places.map((place) => html`<li>${t("talk.stations_dial", { place, number: all.stations.number })}</li>`)}</ul></section>`}
  </aside>`;
}
