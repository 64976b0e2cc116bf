// Alarms that ring: a banner for everybody, a sound for whoever switched it on. The server decides when (sla.alarms).

import { html } from "htm/preact";
import { effect, signal } from "@preact/signals";
import { clockOf, pageData, t } from "config/i18n.js";
import { now, view } from "./state.js";

const sound = signal(localStorage.alarmSound !== "off");
const hushed = signal(new Set()); // ids that somebody here has heard

const ringing = () => Object.entries(view.value.alarms).map(([id, alarm]) => ({ id, ...alarm }));
const unheard = () => ringing().filter((a) => a.sound && !hushed.value.has(`${a.id}${a.since_ms}`));

/** Two short notes, drawn by the browser itself. Silent until the page was touched: browsers insist. */
let context = null;
function beep() {
  context ??= new AudioContext();
  if (context.state !== "running") { context.resume().catch(() => {}); return; }
  for (const [n, hz] of [880, 660].entries()) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    const at = context.currentTime + n * 0.22;
    tone.frequency.value = hz;
    gain.gain.setValueAtTime(0.18, at);
    gain.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
    tone.connect(gain).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.21);
  }
}

/** Once per crossing, and again every ten seconds until somebody here says that they heard it. */
export function listenForAlarms() {
  let told = 0;
  let last = "";
  const look = () => {
    const ids = unheard().map((a) => `${a.id}${a.since_ms}`).join();
    if (ids && sound.value && (ids !== last || performance.now() - told > 10_000)) { told = performance.now(); beep(); }
    last = ids;
  };
  effect(look);
  setInterval(look, 1000);
}

export function Alarms() {
  const found = ringing();
  if (!found.length) return null;
  const hush = () => { hushed.value = new Set([...hushed.value, ...found.map((a) => `${a.id}${a.since_ms}`)]); };
  return html`<div class="alarms" role="alert">
    ${found.map((a) => html`<p key=${a.id} class="banner ${a.level}" data-alarm=${a.id}>
      <strong>${t("board.alarm")}</strong><span>${t(`board.alarm_${a.measure}`, { value: a.value, limit: a.limit })}</span>
      <span class="number" aria-hidden="true">${clockOf(now.value - a.since_ms)}</span></p>`)}
    ${!pageData.wall && html`<span class="actions">
      ${unheard().length > 0 && html`<button class="small" onClick=${hush}>${t("board.alarm_heard")}</button>`}
      <button class="small" aria-pressed=${sound.value} onClick=${() => { sound.value = !sound.value; localStorage.alarmSound = sound.value ? "on" : "off"; }}>${t("board.alarm_sound")}</button>
    </span>`}
  </div>`;
}
