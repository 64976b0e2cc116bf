// What a supervisor does that concerns this desk: who is in the talk, what was decided, what everybody is to read.

import { html } from "htm/preact";
import { effect } from "@preact/signals";
import { t } from "config/i18n.js";
import * as store from "./store.js";

const DECIDED = { "supervisor.forced": "desk.supervisor_forced", "supervisor.reassigned": "desk.supervisor_reassigned" };

effect(() => {
  const news = store.fact.value;
  if (!news || !DECIDED[news.kind]) return;
  store.notice.value = { kind: "attention", key: DECIDED[news.kind], fields: { by: news.body.by ?? "", reason: news.body.reason ?? "" } };
});

export function Supervised() {
  const notice = store.broadcast.value;
  const guest = store.supervised.value;
  return html`
    ${guest && html`<p class="banner attention supervised" role="status"><strong>${t(`desk.supervised_${guest.mode}`, { by: guest.by })}</strong><span>${t(`desk.supervised_${guest.mode}_hint`)}</span></p>`}
    ${notice?.text && Number(notice.until_ms) > store.now.value && html`<p class="banner attention broadcast" role="status"><strong>${t("desk.broadcast")}</strong><span>${notice.text}</span><small>${notice.by}</small></p>`}`;
}
