// The dialogs in which a supervisor decides. Nothing typed is lost when the server refuses it.

import { html } from "htm/preact";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { request } from "config/http.js";
import { pageData, t } from "config/i18n.js";
import { wordOf } from "./state.js";
import { supervise } from "./supervise.js";

const signed = (form) => ({ reason: form.get("reason"), note: form.get("note") ?? "", signature: form.get("signature") });
const reasoned = (form) => ({ reason: form.get("reason") });

// What each decision asks for, and what it sends. *ask*: signature | reason | nothing.
const KINDS = {
  exclude: { ask: "signature", send: (about, form) => request("POST", `/board/demands/${about.id}/exclude`, signed(form)) },
  callback: { ask: "signature", send: (about, form) => request("POST", `/board/callbacks/${about.id}/sign`, signed(form)) },
  dial: { ask: "reason", send: (about, form) => request("POST", `/board/callbacks/${about.id}/dial`, reasoned(form)) },
  priority: { ask: "reason", pick: "priority", send: (about, form) => request("POST", `/board/contacts/${about.contact}/priority`, { ...reasoned(form), priority: form.get("pick") }) },
  reassign: { ask: "reason", send: (about, form) => request("POST", `/board/contacts/${about.contact}/reassign`, reasoned(form)) },
  status: { ask: "reason", pick: "status", send: (about, form) => request("POST", `/board/lawyers/${about.id}/status`, { ...reasoned(form), status: form.get("pick") }) },
  notice: { ask: "text", send: (about, form) => request("POST", "/board/notice", { text: form.get("text"), minutes: Number(form.get("minutes")) }) },
  listen: { ask: "nothing", send: (about) => supervise(about.contact, "listen", about) },
  whisper: { ask: "nothing", send: (about) => supervise(about.contact, "whisper", about) },
  barge: { ask: "nothing", send: (about) => supervise(about.contact, "barge", about) },
  take_over: { ask: "nothing", send: (about) => supervise(about.contact, "take_over", about) },
};
const PICKS = { priority: () => pageData.priorities, status: () => ["ready", "away", "offline"] };

export function Decide({ about, onDone }) {
  const { ask, pick, send } = KINDS[about.kind];
  const box = useRef(null);
  const refused = useSignal("");
  const busy = useSignal(false);
  useEffect(() => { box.current.showModal(); }, []);

  async function submit(event) {
    event.preventDefault();
    busy.value = true;
    try {
      await send(about, new FormData(event.target));
      onDone(t(["exclude", "callback"].includes(about.kind) ? "board.signed" : "board.decided"));
    } catch (error) {
      refused.value = t("board.refused", { why: error.message });
    } finally {
      busy.value = false;
    }
  }

  return html`<dialog ref=${box} aria-labelledby="sign-title" onClose=${() => onDone()}>
    <form onSubmit=${submit}>
      <h2 id="sign-title">${t(`board.${about.kind}_title`)} <span class="number">${about.caller ?? ""}</span></h2>
      <p class="muted">${t(`board.${about.kind}_hint`)}</p>
      ${pick && html`<div class="field"><label for="sign-pick">${t(`board.pick_${pick}`)}</label>
        <select id="sign-pick" name="pick" required><option value=""></option>${PICKS[pick]().map((code) => html`<option value=${code}>${wordOf(pick, code)}${code === about.priority ? t("board.is_now") : ""}</option>`)}</select></div>`}
      ${(ask === "signature" || ask === "reason") && html`<div class="field"><label for="sign-reason">${t("board.exclude_reason")}</label>
        ${about.kind === "exclude"
          ? html`<select id="sign-reason" name="reason" required><option value=""></option>${Object.keys(pageData.exclusions).map((code) => html`<option value=${code}>${exclusion(code)}</option>`)}</select>`
          : html`<input id="sign-reason" name="reason" required maxlength="500" autocomplete="off" />`}
      </div>`}
      ${ask === "text" && html`<div class="field"><label for="sign-text">${t("board.notice_text")}</label><textarea id="sign-text" name="text" rows="3" maxlength="200" required></textarea></div>
        <div class="field"><label for="sign-minutes">${t("board.notice_minutes")}</label><input id="sign-minutes" name="minutes" type="number" min="1" max="720" value="30" required /></div>`}
      ${ask === "signature" && html`
        <div class="field"><label for="sign-note">${t("board.note")}</label><textarea id="sign-note" name="note" rows="2" maxlength="500"></textarea></div>
        <div class="field"><label for="sign-name">${t("board.signature", { name: pageData.name })}</label><input id="sign-name" name="signature" required autocomplete="off" /></div>`}
      ${refused.value && html`<p class="banner breach" role="alert">${refused.value}</p>`}
      <div class="actions"><button type="button" onClick=${() => box.current.close()}>${t("board.cancel")}</button><button class="primary" disabled=${busy.value}>${t(ask === "signature" ? "board.confirm" : "board.do_it")}</button></div>
    </form>
  </dialog>`;
}

function exclusion(code) {
  const word = wordOf("reason", code);
  return word === code ? pageData.exclusions[code] : word;
}
