// What a supervisor does that concerns this desk: who is in the talk, what was decided, what everybody is to read.

import { html } from "htm/preact";
import { effect, signal } from "@preact/signals";
import { t } from "config/i18n.js";
import * as store from "./store.js";

const MODES = { "supervisor.whispering": "whisper", "supervisor.barged": "barge", "supervisor.took_over": "take_over" };
const DECIDED = { "supervisor.forced": "desk.supervisor_forced", "supervisor.reassigned": "desk.supervisor_reassigned" };

const guest = signal(null); // {mode, by}: a supervisor is in the talk and may be heard

effect(() => {
  const news = store.fact.value;
  if (!news) return;
  if (MODES[news.kind]) guest.value = { mode: MODES[news.kind], by: news.body.by ?? "" };
  else if (news.kind === "supervisor.left") guest.value = null;
  else if (DECIDED[news.kind]) {
    store.notice.value = { kind: "attention", key: DECIDED[news.kind], fields: { by: news.body.by ?? "", reason: news.body.reason ?? "" } };
  }
});
effect(() => { if (store.state.value !== "talking") guest.value = null; });

export function Supervised() {
  const notice = store.broadcast.value;
  return html`
    ${guest.value && html`<p class="banner attention supervised" role="status"><strong>${t(`desk.supervised_${guest.value.mode}`, { by: guest.value.by })}</strong><span>${t(`desk.supervised_${guest.value.mode}_hint`)}</span></p>`}
    ${notice?.text && Number(notice.until_ms) > store.now.value && html`<p class="banner attention broadcast" role="status"><strong>${t("desk.broadcast")}</strong><span>${notice.text}</span><small>${notice.by}</small></p>`}`;
}
