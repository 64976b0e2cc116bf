// The dialog in which a supervisor signs a decision. Nothing typed is lost when the server refuses it.

import { html } from "htm/preact";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { request } from "config/http.js";
import { pageData, t } from "config/i18n.js";

const KINDS = {
  exclude: { path: (id) => `/board/demands/${id}/exclude`, title: "board.exclude_title", hint: "board.exclude_hint" },
  callback: { path: (id) => `/board/callbacks/${id}/sign`, title: "board.sign_title", hint: "board.sign_hint" },
};

export function Sign({ about, onDone }) {
  const { path, title, hint } = KINDS[about.kind];
  const dialog = useRef(null);
  const refused = useSignal("");
  const busy = useSignal(false);
  useEffect(() => { dialog.current.showModal(); }, []);

  async function submit(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    busy.value = true;
    try {
      await request("POST", path(about.id), { reason: form.get("reason"), note: form.get("note") ?? "", signature: form.get("signature") });
      onDone(t("board.signed"));
    } catch (error) {
      refused.value = t("board.refused", { why: error.message });
    } finally {
      busy.value = false;
    }
  }

  return html`<dialog ref=${dialog} aria-labelledby="sign-title" onClose=${() => onDone()}>
    <form onSubmit=${submit}>
      <h2 id="sign-title">${t(title)} <span class="number">${about.caller}</span></h2>
      <p class="muted">${t(hint)}</p>
      <div class="field"><label for="sign-reason">${t("board.exclude_reason")}</label>
        ${about.kind === "exclude"
          ? html`<select id="sign-reason" name="reason" required><option value=""></option>${Object.keys(pageData.exclusions).map((code) => html`<option value=${code}>${wordFor(code)}</option>`)}</select>`
          : html`<input id="sign-reason" name="reason" required maxlength="500" />`}
      </div>
      <div class="field"><label for="sign-note">${t("board.note")}</label><textarea id="sign-note" name="note" rows="2" maxlength="500"></textarea></div>
      <div class="field"><label for="sign-name">${t("board.signature", { name: pageData.name })}</label><input id="sign-name" name="signature" required autocomplete="off" /></div>
      ${refused.value && html`<p class="banner breach" role="alert">${refused.value}</p>`}
      <div class="actions"><button type="button" onClick=${() => dialog.current.close()}>${t("board.cancel")}</button><button class="primary" disabled=${busy.value}>${t("board.confirm")}</button></div>
    </form>
  </dialog>`;
}

function wordFor(code) {
  const key = `board.reason_${code}`;
  return t(key) === key ? pageData.exclusions[code] : t(key);
}
