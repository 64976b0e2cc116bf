// The right side: the caller's history, what was said, and the note beside the machine's draft.

import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import { clockOf, dateOf, t } from "config/i18n.js";
import { atHand, details, editorOf, reload, shown, tab } from "./detail.js";
import { Chip, Empty } from "./parts.js";
import { Players } from "./sound.js";
import * as store from "./store.js";
import { Draft } from "./draft.js";
import { NoDraft, Transcript } from "./transcript.js";
import { channelOf, numberOf, outcomeOf } from "./words.js";

const TABS = ["history", "talk", "note"];

export function Tabs() {
  const list = useRef(null);
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    tab.value = TABS[(TABS.indexOf(tab.value) + step + TABS.length) % TABS.length];
    list.current.querySelector(`#tab-${tab.value}`).focus();
  };
  if (!shown.value) return html`<section class="card work"><${Welcome} /></section>`;
  return html`
    <section class="card work">
      ${!atHand.value && html`<${Looking} />`}
      <div class="tabs" role="tablist" aria-label=${t("desk.tabs")} ref=${list} onKeyDown=${move}>
        ${TABS.map((name) => html`<button role="tab" id="tab-${name}" aria-selected=${tab.value === name} aria-controls="panel" tabindex=${tab.value === name ? 0 : -1} onClick=${() => { tab.value = name; }}>${t(`desk.tab_${name}`)}<${Mark} name=${name} /></button>`)}
      </div>
      <div id="panel" role="tabpanel" aria-labelledby="tab-${tab.value}" tabindex="0">
        ${details.value.status === "failed" && html`<p class="banner attention">${t("desk.details_failed")}<button class="quiet" onClick=${reload}>${t("desk.again")}</button></p>`}
        ${tab.value !== "history" && html`<${Players} contact=${shown.value} audio=${details.value.audio ?? []} />`}
        ${tab.value === "history" && html`<${History} />`}
        ${tab.value === "talk" && html`<${Transcript} said=${details.value.transcript} contact=${details.value.id} audio=${details.value.audio} />`}
        ${tab.value === "note" && html`<div class="note-and-draft"><${Note} id=${shown.value} /><${Summary} id=${shown.value} /></div>`}
      </div>
    </section>`;
}

function Summary({ id }) {
  const { transcript, audio, status } = details.value;
  return html`<${Draft} key=${id} owner=${store.me.id} contact=${id} audio=${audio ?? []} news=${`${store.drafts.value.n}/${status}/${transcript?.state}`} aside=${html`<${NoDraft} said=${transcript} />`} />`;
}

/** What a tab holds, without opening it. */
function Mark({ name }) {
  const { history, transcript } = details.value;
  if (name === "history" && history.length) return html`<span class="count number">${history.length}</span>`;
  if (name === "talk" && transcript?.turns?.length) return html`<span class="count number">${transcript.turns.length}</span>`;
  return null;
}

function Looking() {
  const who = details.value.card;
  return html`<p class="looking">${t("desk.looking_at")} <b class="number">${who ? numberOf(who) : t("desk.earlier_contact")}</b>${who && html` · ${dateOf(who.talk_since_ms || who.arrived_ms)}`}</p>`;
}

function Welcome() {
  return html`<${Empty} title=${t("desk.welcome_title")}>
    <ol class="steps">
      <li>${t("desk.welcome_1")}</li><li>${t("desk.welcome_2")}</li><li>${t("desk.welcome_3")}</li>
    </ol>
    <p class="muted small">${t("desk.welcome_keys")}</p>
  <//>`;
}

function History() {
  const { history, status } = details.value;
  if (status === "loading") return html`<p class="muted">${t("desk.loading")}</p>`;
  if (!history.length) return html`<${Empty} title=${t("desk.history_none")}><p>${t("desk.history_none_hint")}</p><//>`;
  return html`<ol class="history">${history.map((row) => html`
    <li key=${row.contact}>
      <time class="muted">${dateOf(row.at_ms)}</time>
      <div><p><b>${row.topic || channelOf(row)}</b> <${Chip} plain>${outcomeOf(row.outcome)}<//></p>
      <p class="muted small">${[row.lawyer && t("desk.answered_by", { name: row.lawyer }), row.talk_ms ? t("desk.talked_for", { time: clockOf(row.talk_ms) }) : "", row.summary].filter(Boolean).join(" · ")}</p></div>
    </li>`)}</ol>`;
}

const CALM = { saved: "calm", empty: "unknown", conflict: "breach", signed_out: "breach", kept: "attention" };

function Note({ id }) {
  const editor = editorOf(id);
  const status = editor.status.value;
  return html`
    <div class="note">
      <div class="note-head"><label for="note">${t("desk.note")}</label>
        <span class="note-status" role="status"><${Chip} kind=${CALM[status] ?? "unknown"} plain=${!(status in CALM) || status === "empty"}>${t(`desk.note_${status}`, { time: editor.savedAt.value ? dateOf(editor.savedAt.value) : "" })}<//></span></div>
      ${status === "conflict" && html`<${Conflict} editor=${editor} />`}
      ${status === "signed_out" && html`<p class="banner breach">${t("common.feed_ended")} <a href="/signin?next=/desk" target="_blank" rel="opener">${t("common.sign_in_again")}</a> <button class="quiet" onClick=${() => location.reload()}>${t("desk.reload")}</button></p>`}
      <textarea id="note" maxlength="20000" placeholder=${t("desk.note_placeholder")} value=${editor.text.value} onInput=${(event) => editor.type(event.target.value)}></textarea>
      <p class="muted small">${t(atHand.value === id ? "desk.note_hint" : "desk.note_amend_hint")}</p>
    </div>`;
}

function Conflict({ editor }) {
  return html`<div class="banner breach conflict"><p><strong>${t("desk.conflict")}</strong></p>
    <blockquote>${editor.other.value.text || t("desk.note_empty")}</blockquote>
    <p class="row"><button onClick=${() => editor.settle("both")}>${t("desk.conflict_both")}</button>
    <button onClick=${() => editor.settle("mine")}>${t("desk.conflict_mine")}</button>
    <button onClick=${() => editor.settle("theirs")}>${t("desk.conflict_theirs")}</button></p></div>`;
}

/** What a screen reader hears, at once, when the phone rings. */
export function Announcer() {
  const who = store.contact.value;
  const text = store.state.value === "offered" && who ? t("desk.announce", { number: numberOf(who), place: who.prefecture, channel: channelOf(who) }) : "";
  return html`<p class="unseen" role="alert" aria-live="assertive">${text}</p>`;
}
