// Search over what was said, and (for supervisors) the calls that the quality check pulled out.

import { html } from "htm/preact";
import { render } from "preact";
import { signal } from "@preact/signals";
import { clockOf, dateOf, pageData, t } from "config/i18n.js";
import { request } from "config/http.js";
import { Chip, Empty } from "./chips.js";

const found = signal(null); // rows, or null before the first search
const checked = signal(null);
const held = signal(null); // the talks on hold
const failed = signal("");
const asked = signal("");
const WATCHES = pageData.role !== "lawyer";
const DECIDES = WATCHES && pageData.role !== "auditor";

const linkTo = (row, second) => `/talk/${row.contact}${second === null || second === undefined ? "" : `?recording=${row.recording ?? ""}&at=${Math.floor(second)}`}`;

async function search(event) {
  event?.preventDefault();
  failed.value = "";
  try { found.value = await request("GET", `/talks/found?q=${encodeURIComponent(asked.value)}`); } catch { failed.value = "search"; }
}

async function loadChecked() {
  try { checked.value = await request("GET", "/talks/checked"); } catch { failed.value = "checked"; }
}

async function loadHeld() {
  try { held.value = await request("GET", "/talks/holds"); } catch { failed.value = "held"; }
}

async function review(row, verdict) {
  try {
    await request("POST", `/talks/checked/${row.contact}`, { verdict });
    checked.value = checked.value.filter((one) => one.contact !== row.contact);
  } catch { failed.value = "review"; }
}

function Found() {
  const rows = found.value;
  if (!rows) return null;
  if (!rows.length) return html`<${Empty} title=${t("talks.nothing")}><p>${t("talks.nothing_hint")}</p><//>`;
  return html`<ol class="hits">${rows.map((row, n) => html`<li key=${n}><a href=${linkTo(row, row.start_s)}>
    <span class="muted small">${dateOf(row.at_ms)} · ${row.prefecture || t("desk.prefecture_unknown")} · ${row.speaker ? t(row.speaker === "lawyer" ? "desk.me" : "desk.caller") : t("talks.signed")}${row.start_s === null ? "" : ` · ▶ ${clockOf(row.start_s * 1000)}`}</span>
    <span class="hit-text">${row.text}</span></a></li>`)}</ol>`;
}

function Checked() {
  if (!WATCHES) return null;
  const rows = checked.value;
  return html`<section aria-labelledby="checked"><h2 id="checked">${t("talks.checked")}</h2>
    ${rows?.length === 0 && html`<${Empty} title=${t("talks.none_to_review")}><p>${t("talks.none_to_review_hint")}</p><//>`}
    <ol class="hits">${(rows ?? []).map((row) => html`<li key=${row.contact}>
      <p><${Chip} kind=${row.worst}>${t(`talks.weight_${row.worst}`)}<//> <a href=${linkTo(row)}>${dateOf(row.at_ms)} · ${row.prefecture || t("desk.prefecture_unknown")}</a></p>
      <ul>${row.content.map((one) => html`<li><a href=${linkTo(row, one.at_s)}>${one.about}${one.at_s === null ? "" : ` · ▶ ${clockOf(one.at_s * 1000)}`}</a> ${one.words && html`<q>${one.words}</q>`} <span class="muted small">${one.source}</span></li>`)}</ul>
      ${DECIDES && html`<p class="row"><button type="button" onClick=${() => review(row, "fine")}>${t("talks.fine")}</button><button type="button" onClick=${() => review(row, "talked_to")}>${t("talks.talked_to")}</button></p>`}</li>`)}</ol></section>`;
}

function Held() {
  if (!WATCHES) return null;
  const rows = held.value;
  return html`<section aria-labelledby="held"><h2 id="held">${t("talks.holds")}</h2>
    ${rows?.length === 0 && html`<${Empty} title=${t("talks.holds_none")}><p>${t("talks.holds_none_hint")}</p><//>`}
    <ul class="hits">${(rows ?? []).map((row) => html`<li key=${row.id}><a href=${linkTo(row)}>${dateOf(row.at_ms)} · ${row.name} · ${row.reason}</a></li>`)}</ul></section>`;
}

function Page() {
  return html`<form class="search" role="search" onSubmit=${search}><label for="q">${t("talks.ask")}</label>
      <div class="row"><input id="q" type="search" maxlength="60" autocomplete="off" placeholder=${t("talks.ask_hint")} value=${asked.value} onInput=${(event) => { asked.value = event.target.value; }} /><button class="primary" disabled=${!asked.value.trim()}>${t("talks.go")}</button></div></form>
    ${failed.value && html`<p class="banner attention" role="alert">${t("talks.failed")}</p>`}
    <${Found} /><${Checked} /><${Held} />`;
}

if (WATCHES) { loadChecked(); loadHeld(); }
const root = document.getElementById("talks");
root.replaceChildren();
render(html`<${Page} />`, root);
