// The summary: for the lawyer (gaps and contradictions first) and for the caller (plain words), to correct and to sign.
// Until somebody signed, every view of it says that it is a machine's draft.

import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { dateOf, t } from "config/i18n.js";
import { Chip } from "./chips.js";
import { few } from "./few.js";
import { Editor } from "./fields.js";
import { Sheet } from "./sheet.js";
import { Moment } from "./sound.js";
import { fieldOf, says, textOf, valueOf } from "./words.js";

const UNSURE = 0.6;
const FIRST = ["urgency", "flags", "caller_category", "issue_types", "work_prefecture", "amount_owed_yuan", "injury_date", "employment_end_date", "deadlines", "aid", "four_100"];
const view = signal("lawyer"); // lawyer | caller
const open = signal(""); // the field that is being edited

let mine = ""; // whose summaries these are: a page has one user
const sheets = few((contact) => new Sheet(mine, contact), (sheet) => sheet.isSafe);

/** The summary of a contact; always the same one while it holds anything that the server has not. */
export function sheetOf(owner, contact) {
  mine = owner;
  return sheets.of(contact);
}

addEventListener("pagehide", () => { for (const one of sheets.all()) one.send(); });

/** *news* changes when the server may have another draft; *aside* is shown while there is none yet. */
export function Draft({ owner, contact, audio = [], news, aside, readOnly = false }) {
  const editor = sheetOf(owner, contact);
  useEffect(() => { editor.load(); }, [editor, news]);
  const sheet = editor.sheet.value;
  return html`
    <section class="draft" aria-label=${t("draft.title")}>
      <div class="note-head"><h2>${t("draft.title")}</h2>${sheet && html`<${State} sheet=${sheet} />`}</div>
      ${editor.status.value === "failed" && html`<p class="banner attention">${t("draft.load_failed")}<button class="quiet" onClick=${() => editor.load()}>${t("desk.again")}</button></p>`}
      ${!sheet && editor.status.value === "loading" && html`<p class="muted">${t("desk.loading")}</p>`}
      ${sheet && html`<${Body} editor=${editor} sheet=${sheet} audio=${audio} aside=${aside} readOnly=${readOnly || !sheet.may_edit} />`}
    </section>`;
}

function State({ sheet }) {
  if (sheet.state === "none") return html`<${Chip} plain>${t("draft.state_none")}<//>`;
  const kind = { signed: "calm", amending: "attention" }[sheet.state] ?? "attention";
  const by = sheet.signed && { name: sheet.signed.name, time: dateOf(sheet.signed.at_ms), n: sheet.signed.version };
  return html`<${Chip} kind=${kind}>${t(`draft.state_${sheet.state}`, by ?? {})}<//>`;
}

function Body({ editor, sheet, audio, aside, readOnly }) {
  const writing = useState(false);
  if (sheet.state === "none" && !writing[0]) {
    return html`${aside}${!readOnly && html`<button type="button" onClick=${() => writing[1](true)}>${t("draft.by_hand")}</button>`}`;
  }
  const pick = (name) => html`<button type="button" aria-pressed=${view.value === name} onClick=${() => { view.value = name; }}>${t(`draft.view_${name}`)}</button>`;
  return html`
    <div class="draft-head"><div class="segmented" role="group" aria-label=${t("draft.view")}>${pick("lawyer")}${pick("caller")}</div><${Saved} editor=${editor} /></div>
    ${sheet.newer_draft && html`<p class="banner attention">${t("draft.newer_draft")}</p>`}
    ${view.value === "lawyer"
      ? html`<${ForLawyer} editor=${editor} sheet=${sheet} audio=${audio} readOnly=${readOnly} />`
      : html`<${ForCaller} editor=${editor} sheet=${sheet} readOnly=${readOnly} />`}
    ${!readOnly && html`<${Sign} editor=${editor} sheet=${sheet} />`}
    <${History} editor=${editor} sheet=${sheet} />`;
}

function Saved({ editor }) {
  const status = editor.status.value;
  const kind = { kept: "attention", signed_out: "breach" }[status] ?? "unknown";
  const text = { typing: "desk.note_typing", saving: "desk.note_saving", kept: "desk.note_kept", signed_out: "desk.note_signed_out" }[status];
  return html`<span class="note-status" role="status">${text && html`<${Chip} kind=${kind} plain=${kind === "unknown"}>${t(text)}<//>`}</span>`;
}

const rank = (key) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);

function ForLawyer({ editor, sheet, audio, readOnly }) {
  const shown = Object.keys(sheet.fields).filter((key) => says(key, editor.value(key)) || key in sheet.edits || key === open.value).sort((a, b) => rank(a) - rank(b));
  const absent = Object.keys(sheet.spec).filter((key) => key !== "caller_words" && !shown.includes(key));
  return html`
    <${ToAsk} kind="breach" name="contradictions" rows=${sheet.contradictions} />
    <${ToAsk} kind="attention" name="missing" rows=${sheet.missing} />
    <${Proposals} editor=${editor} sheet=${sheet} audio=${audio} readOnly=${readOnly} />
    <dl class="fields">${shown.map((key) => html`<${Row} key=${key} name=${key} editor=${editor} sheet=${sheet} audio=${audio} readOnly=${readOnly} />`)}</dl>
    ${!readOnly && html`<p class="row add-field"><label for="add-field">${t("draft.add_field")}</label>
      <select id="add-field" value="" onChange=${(event) => { open.value = event.target.value; editor.sheet.value = { ...sheet, fields: { ...sheet.fields, [event.target.value]: sheet.fields[event.target.value] ?? null } }; }}>
        <option value="">—</option>${absent.map((key) => html`<option value=${key}>${fieldOf(key)}</option>`)}</select></p>`}`;
}

/** What the lawyer should ask before the caller is gone, or settle before signing. */
function ToAsk({ kind, name, rows }) {
  if (!rows?.length) return null;
  return html`<div class="banner ${kind} to-ask"><strong>${fieldOf(name)}</strong><ul>${rows.map((row) => html`<li>${valueOf(row)}</li>`)}</ul></div>`;
}

function Row({ name, editor, sheet, audio, readOnly }) {
  const spec = sheet.spec[name];
  const value = editor.value(name);
  const editing = open.value === name && spec && !readOnly;
  const toggle = () => { open.value = editing ? "" : name; };
  return html`<div class=${editing ? "field editing" : "field"}>
    <dt>${editing && spec.kind !== "set" && spec.kind !== "flag" ? html`<label for="edit-${name}">${fieldOf(name)}</label>` : fieldOf(name)}</dt>
    <dd>${editing ? html`<${Editor} name=${name} spec=${spec} value=${value} onValue=${(next) => editor.type(name, next)} />` : html`<span class="field-text">${textOf(name, value) || t("draft.not_said")}</span>`}
      <span class="field-aside">
        <${Heard} heard=${sheet.heard[name]} audio=${audio} />
        ${spec && !readOnly && html`<button type="button" class="quiet small" aria-expanded=${editing} aria-label=${t(editing ? "draft.done_with" : "draft.change", { field: fieldOf(name) })} onClick=${toggle}>${t(editing ? "draft.done" : "draft.edit")}</button>`}
      </span>
      ${name in editor.wrong.value && html`<p class="banner attention">${t("draft.wrong")}</p>`}
      ${name in sheet.edits && html`<${Edited} name=${name} editor=${editor} edit=${sheet.edits[name]} readOnly=${readOnly} />`}
      ${name in editor.conflicts.value && html`<${Conflict} name=${name} editor=${editor} />`}
    </dd></div>`;
}

/** Where a value was heard, and how sure the machine is. */
function Heard({ heard, audio }) {
  if (!heard) return null;
  const known = heard.at_s !== null && heard.at_s !== undefined;
  return html`<span class="evidence muted small">
    ${known && html`<${Moment} second=${heard.at_s} recording=${heard.recording} audible=${audio.includes(heard.recording)} />`}
    ${heard.confidence !== null && heard.confidence < UNSURE && html` <${Chip} kind="attention">${t("desk.unsure")}<//>`}</span>`;
}

function Edited({ name, editor, edit, readOnly }) {
  return html`<p class="edited muted small">${t("draft.edited", { before: textOf(name, edit.before) || t("draft.not_said") })}
    ${!readOnly && html` <button type="button" class="quiet small" onClick=${() => editor.undo(name)}>${t("draft.undo")}</button>`}</p>`;
}

function Conflict({ name, editor }) {
  const { theirs } = editor.conflicts.value[name];
  return html`<div class="banner breach conflict"><p><strong>${t("draft.conflict")}</strong> ${textOf(name, theirs) || t("draft.not_said")}</p>
    <p class="row"><button type="button" onClick=${() => editor.settle(name, true)}>${t("desk.conflict_mine")}</button>
    <button type="button" onClick=${() => editor.settle(name, false)}>${t("desk.conflict_theirs")}</button></p></div>`;
}

/** What a language model thinks it read, and the words in which it stands. Nothing of it counts until a person takes it. */
function Proposals({ editor, sheet, audio, readOnly }) {
  const rows = sheet.proposals.filter((row) => !(row.field in sheet.edits) && !sheet.signed);
  if (!rows.length) return null;
  return html`<div class="banner unknown to-ask"><strong>${t("draft.proposals")}</strong><ul>${rows.map((row) => html`
    <li>${fieldOf(row.field)}：${textOf(row.field, row.value)} <q>${row.words}</q> <${Heard} heard=${{ at_s: row.at_s, recording: row.recording, confidence: null }} audio=${audio} />
      ${!readOnly && html` <button type="button" class="quiet small" onClick=${() => editor.type(row.field, row.value)}>${t("draft.take")}</button>`}</li>`)}</ul></div>`;
}

function ForCaller({ editor, sheet, readOnly }) {
  const own = editor.value("caller_words");
  const unsigned = sheet.state !== "signed";
  if (readOnly || own === undefined) {
    return html`<div class="plain-words">${unsigned && html`<p class="draft-mark">${t("draft.mark")}</p>`}<p>${sheet.words || t("draft.no_words")}</p>
      ${!readOnly && html`<button type="button" onClick=${() => editor.type("caller_words", sheet.words)}>${t("draft.own_words")}</button>`}</div>`;
  }
  return html`<div class="plain-words">${unsigned && html`<p class="draft-mark">${t("draft.mark")}</p>`}
    <label for="edit-caller_words">${t("draft.caller_words")}</label>
    <textarea id="edit-caller_words" rows="12" maxlength="4000" value=${own} onInput=${(event) => editor.type("caller_words", event.target.value)}></textarea>
    <p><button type="button" class="quiet" onClick=${() => editor.undo("caller_words")}>${t("draft.undo")}</button></p>
    ${"caller_words" in editor.conflicts.value && html`<${Conflict} name="caller_words" editor=${editor} />`}</div>`;
}

function Sign({ editor, sheet }) {
  const [reason, setReason] = useState("");
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  if (sheet.state === "none" || sheet.state === "signed") return html`<p class="muted small">${t(sheet.state === "signed" ? "draft.signed_hint" : "draft.none_hint")}</p>`;
  const amending = sheet.state === "amending";
  const sign = async () => {
    setBusy(true);
    const why = await editor.sign(reason);
    setBusy(false);
    setSaid(why);
    if (!why) { setReason(""); open.value = ""; }
  };
  return html`<div class="signing">
    ${said && html`<p class="banner attention" role="alert">${t(`draft.sign_${said}`)}</p>`}
    ${amending && html`<label for="sign-reason">${t("draft.reason")}</label><input id="sign-reason" maxlength="400" value=${reason} onInput=${(event) => setReason(event.target.value)} />`}
    <button type="button" class="primary" disabled=${busy || (amending && !reason.trim()) || Object.keys(editor.conflicts.value).length > 0} onClick=${sign}>${t(amending ? "draft.amend" : "draft.sign")}</button>
    <p class="muted small">${t("draft.sign_hint")}</p></div>`;
}

function History({ editor, sheet }) {
  if (!sheet.signed) return null;
  const rows = editor.history.value;
  return html`<details class="signatures" onToggle=${(event) => { if (event.target.open) editor.loadHistory(); }}>
    <summary>${t("draft.history", { n: sheet.signed.version })}</summary>
    ${rows?.map((row) => html`<div key=${row.version}><p><b>${t("draft.version", { n: row.version })}</b> ${row.name} · ${dateOf(row.at_ms)}${row.reason && ` · ${row.reason}`}</p>
      <ul>${row.changes.map((change) => html`<li>${fieldOf(change.field)}：<del>${textOf(change.field, change.before) || t("draft.not_said")}</del> → <ins>${textOf(change.field, change.after) || t("draft.not_said")}</ins> <span class="muted small">${dateOf(change.at_ms)}</span></li>`)}</ul>
      ${!row.changes.length && html`<p class="muted small">${t("draft.as_drafted")}</p>`}</div>`)}
  </details>`;
}
