// The calls that we owe: who, since when, until when; one press calls back.

import { html } from "htm/preact";
import { effect, signal } from "@preact/signals";
import { request } from "config/http.js";
import { dateOf, t } from "config/i18n.js";
import * as store from "./store.js";

const owed = signal(null); // {at_ms, total, rows}
const said = signal(null); // what became of the last press

async function load() {
  try { owed.value = await request("GET", "/desk/callbacks"); } catch { owed.value ??= { at_ms: 0, total: 0, rows: [] }; }
}

// Read while nobody is on the line here: a list that moves under one's hands helps nobody in a call.
let timer = 0;
effect(() => {
  clearInterval(timer);
  if (store.state.value === "idle" && store.live.value) { load(); timer = setInterval(load, 15000); }
});

async function call(contact) {
  if (!store.ready.peek()) { said.value = t("talk.owed_ready"); return; }
  try {
    await request("POST", `/desk/callbacks/${contact}/call`);
    said.value = t("talk.owed_started");
  } catch (error) {
    said.value = t("talk.owed_failed", { code: error.status ?? "offline" });
  }
  load();
}

const reasonOf = (reason) => { const key = `talk.reason_${reason}`; const text = t(key); return text === key ? reason : text; };

export function Owed() {
  const list = owed.value;
  return html`<section class="card owed">
    <h2>${t("talk.owed")} ${list?.total > 0 && html`<span class="count number">${list.total}</span>`}</h2>
    <p role="status" class="small">${said.value}</p>
    ${list?.rows.length === 0 && html`<p class="muted">${t("talk.owed_none")}</p>`}
    <ul class="live-data">${list?.rows.map((row) => html`<li key=${row.contact}>
      <span><b class="number">${row.number || t("desk.number_hidden")}</b> <span class="muted">${row.prefecture}</span>
        <span class="why small ${row.due_ms < store.now.value ? "late" : "muted"}">${t(row.due_ms < store.now.value ? "talk.owed_late" : "talk.owed_due", { time: dateOf(row.due_ms) })} · ${row.taken ? t("talk.owed_taken") : reasonOf(row.reason)}${row.attempts > 0 && ` · ${t("talk.owed_tries", { n: row.attempts })}`}</span></span>
      <button disabled=${row.taken || !row.number} onClick=${() => call(row.contact)}>${t("talk.owed_call")}<span class="unseen"> ${row.number}</span></button></li>`)}</ul>
  </section>`;
}
