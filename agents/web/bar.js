// The status bar and the banners under it: what am I, is my phone ready, who waits.

import { html } from "htm/preact";
import { clockOf, pageData, t } from "config/i18n.js";
import * as doctor from "./doctor.js";
import { drawer, toggleDrawer } from "./knowledge.js";
import { Chip, Icon, Timer } from "./parts.js";
import * as phone from "./softphone.js";
import * as ring from "./ring.js";
import * as store from "./store.js";

const REASONS = ["break", "meal", "meeting", "paperwork", "phone", "other"];

/** The state in one word and one of the four meanings. */
function meaning() {
  const { state } = store;
  if (!store.live.value) return ["unknown", t("desk.state_unknown")];
  if (state.value === "idle") return store.ready.value ? ["calm", t("desk.state_ready")] : ["attention", t("desk.state_away")];
  const kind = { offered: "attention", talking: "calm", wrapup: "attention" }[state.value] ?? "unknown";
  return [kind, t(`desk.state_${state.value}`)];
}

/** Take calls from now on: only with a microphone that works, because a caller must never meet a deaf phone. */
export async function goReady() {
  if (!phone.own.value && !(await doctor.needMicrophone())) {
    store.notice.value = { kind: "breach", key: `desk.mic_${doctor.microphone.value}` };
    doctor.shown.value = true;
    return;
  }
  if (await store.attempt("ready")) store.notice.value = null;
}

export const goAway = (reason = "break") => store.attempt("away", { reason });
export const toggleReady = () => (store.ready.value ? goAway() : goReady());

function Presence() {
  const lawyer = store.lawyer.value;
  const busy = ["talking", "wrapup", "offered"].includes(store.state.value);
  const wanted = busy && lawyer?.next_status ? lawyer.next_status : lawyer?.status;
  const offline = !store.live.value;
  return html`
    ${busy && html`<span class="muted small after-call">${t("desk.after_call")}</span>`}
    <div class="segmented" role="group" aria-label=${t(busy ? "desk.next_status" : "desk.presence")}>
      <button aria-pressed=${wanted === "ready"} disabled=${offline} aria-keyshortcuts="Alt+R" title="${t("desk.ready")} · Alt+R" onClick=${goReady}>${t("desk.ready")}</button>
      <button aria-pressed=${wanted === "away"} disabled=${offline} aria-keyshortcuts="Alt+R" title="${t("desk.away")} · Alt+R" onClick=${() => goAway()}>${t("desk.away")}</button>
    </div>
    ${wanted === "away" && !busy && html`
      <label class="reason"><span class="unseen">${t("desk.away_reason")}</span>
        <select value=${lawyer?.away_reason || "break"} disabled=${offline} onChange=${(event) => goAway(event.target.value)}>
          ${REASONS.map((reason) => html`<option value=${reason}>${t(`desk.away_${reason}`)}</option>`)}
          ${!REASONS.includes(lawyer?.away_reason || "break") && html`<option value=${lawyer.away_reason}>${awayBySystem(lawyer.away_reason)}</option>`}
        </select>
      </label>`}`;
}

const awayBySystem = (reason) => { const key = `desk.away_${reason}`; const text = t(key); return text === key ? t("desk.away_system") : text; };

function PhoneChip() {
  const kind = { registered: "calm", starting: "unknown" }[phone.phone.state.value] ?? "breach";
  return html`<${Chip} kind=${kind}>${t(`desk.phone_${phone.phone.state.value}`)}<//>`;
}

export function StatusBar() {
  const [kind, word] = meaning();
  const lawyer = store.lawyer.value;
  const wrapup = store.state.value === "wrapup";
  const { waiting, oldest_ms: oldest } = store.queue.value;
  return html`
    <section class="bar" aria-label=${t("desk.bar")}>
      <div class="bar-state ${kind}">
        <span class="sign ${kind}" aria-hidden="true"></span>
        <strong>${word}</strong>
        ${wrapup
          ? html`<${Timer} until=${lawyer.since_ms + pageData.wrapup_ms} class="big" />`
          : html`<${Timer} since=${lawyer?.since_ms} class="big" />`}
      </div>
      <${Presence} />
      <div class="bar-end">
        <span class="queue live-data">${t("desk.queue")} <b class="number">${waiting}</b>
          ${oldest > 0 && html`<span class="muted"> · ${t("desk.longest")} <span class="timer" role="timer" aria-live="off">${clockOf(store.now.value - oldest)}</span></span>`}
        </span>
        <${PhoneChip} />
        <button class="quiet" aria-label=${t("talk.drawer")} aria-keyshortcuts="Alt+K" title="${t("talk.drawer")} · Alt+K" aria-expanded=${drawer.value} onClick=${toggleDrawer}><${Icon} name="book" /><span class="wide-only">${t("talk.drawer")}</span></button>
        <button class="quiet" aria-label=${t("desk.doctor")} aria-expanded=${doctor.shown.value} onClick=${() => { doctor.shown.value = !doctor.shown.value; }}><${Icon} name="doctor" /><span class="wide-only">${t("desk.doctor")}</span></button>
      </div>
    </section>`;
}

/** What is wrong, worst first; each says what happened and what to do. */
export function Banners() {
  const rows = [];
  const status = store.feed.status.value;
  if (status === "stale") rows.push(["breach", t("common.feed_stale", { age: clockOf(store.feed.ageMs.value) }), t("common.feed_stale_hint")]);
  if (store.ended.value) return null; // the veil says it
  if (phone.phone.state.value === "failed" || phone.phone.state.value === "unregistered") {
    rows.push(["breach", t("desk.phone_lost"), t("desk.phone_lost_hint", { code: phone.phone.problem.value || "-" })]);
  }
  if (ring.sound.value === "blocked") rows.push(["attention", t("desk.sound_blocked"), t("desk.sound_blocked_hint")]);
  const notice = store.notice.value;
  return html`<div class="banners" role="status">
    ${rows.map(([kind, title, hint]) => html`<div class="banner ${kind}" key=${title.slice(0, 4)}><strong>${title}</strong><span>${hint}</span></div>`)}
    ${notice && html`<div class="banner ${notice.kind}"><strong>${t(notice.key, notice.fields)}</strong>
      <button class="quiet dismiss" aria-label=${t("desk.dismiss")} onClick=${() => { store.notice.value = null; }}>✕</button></div>`}
  </div>`;
}
