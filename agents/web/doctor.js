// The phone doctor: says what is wrong before a caller finds out.

import { html } from "htm/preact";
import { effect, signal } from "@preact/signals";
import { t } from "config/i18n.js";
import { Chip } from "./parts.js";
import * as ring from "./ring.js";
import * as phone from "./softphone.js";
import { choosable, choose, echo, findSpeakers, speaker, speakers, tryEcho } from "./speaker.js";
import * as store from "./store.js";

export const shown = signal(false);
effect(() => { if (shown.value) findSpeakers(); });

/** unasked | granted | denied | missing | insecure */
export const microphone = signal("unasked");
const level = signal(0);
const notifications = signal(globalThis.Notification?.permission ?? "denied");

/** Look, without asking, what the browser would say. */
export async function look() {
  if (!navigator.mediaDevices) { microphone.value = "insecure"; return; }
  try {
    const permission = await navigator.permissions.query({ name: "microphone" });
    const read = () => { microphone.value = { granted: "granted", denied: "denied" }[permission.state] ?? "unasked"; };
    permission.onchange = read;
    read();
  } catch { /* this browser does not tell before it is asked */ }
}

async function openMicrophone() {
  if (!navigator.mediaDevices) { microphone.value = "insecure"; return null; }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    microphone.value = "granted";
    findSpeakers(); // only now do they have names
    return stream;
  } catch (error) {
    microphone.value = error.name === "NotAllowedError" ? "denied" : "missing";
    return null;
  }
}

/** True when there is a microphone we may use; asks when nobody has yet. */
export async function needMicrophone() {
  const stream = await openMicrophone();
  stream?.getTracks().forEach((track) => track.stop());
  return stream !== null;
}

/** Five seconds of the microphone's level: the lawyer sees that it hears them. */
async function tryMicrophone() {
  const stream = await openMicrophone();
  if (!stream) return;
  const ac = new AudioContext();
  const meter = ac.createAnalyser();
  ac.createMediaStreamSource(stream).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  const watch = setInterval(() => {
    meter.getFloatTimeDomainData(samples);
    level.value = Math.min(1, 4 * Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length));
  }, 80);
  setTimeout(() => {
    clearInterval(watch);
    level.value = 0;
    stream.getTracks().forEach((track) => track.stop());
    ac.close();
  }, 5000);
}

async function askNotifications() { notifications.value = await Notification.requestPermission(); }

function Row({ kind, name, word, hint, children }) {
  return html`<li><div class="row-head"><span>${name}</span><${Chip} kind=${kind}>${word}<//></div>
    ${hint && html`<p class="muted small">${hint}</p>`}${children}</li>`;
}

/** How the line is: measured in every call, and by a test call while nobody can ring. */
function NetworkRow() {
  const way = phone.network.value;
  const grade = !way ? "unknown" : way.rtt > 400 || way.jitter > 60 || way.loss > 5 ? "poor" : way.rtt > 200 || way.jitter > 30 || way.loss > 1 ? "fair" : "good";
  const kind = { good: "calm", fair: "attention", poor: "breach" }[grade] ?? "unknown";
  const test = phone.testing.value;
  const free = store.state.value === "idle" && !store.ready.value && phone.registered.value;
  return html`<${Row} name=${t("talk.doctor_network")} kind=${kind} word=${t(`talk.network_${grade}`)} hint=${way ? t("talk.network_figures", way) : ""}>
    <button disabled=${!free || test === "calling"} onClick=${phone.testCall}>${t("talk.test_call")}</button>
    <p class="muted small" role="status">${t(test ? `talk.test_${test}` : free ? "talk.test_hint" : "talk.test_away")}</p>
  <//>`;
}

/** Where the caller is heard, and what one sounds like oneself. */
function SpeakerRow() {
  const said = echo.value;
  const busy = said === "speaking" || said === "playing";
  return html`<${Row} name=${t("desk.doctor_speaker")} kind=${{ done: "calm", failed: "breach" }[said] ?? "unknown"} word=${t(said ? `desk.echo_word_${said}` : "desk.echo_word_untried")} hint=${t(`desk.echo_${said || "hint"}`)}>
    ${choosable && speakers.value.length > 1 && html`<label class="reason"><span class="unseen">${t("desk.doctor_speaker")}</span>
      <select value=${speaker.value} onChange=${(event) => choose(event.target.value)}>
        ${speakers.value.map(({ id, label }) => html`<option value=${id}>${label}</option>`)}
      </select></label>`}
    <button disabled=${busy || phone.open.value} onClick=${() => tryEcho(openMicrophone)}>${t("desk.echo_try")}</button>
  <//>`;
}

/** What rings when a call comes: this page, or the lawyer's own telephone. */
function RingsAtRow() {
  const number = store.ownNumber.value;
  const hint = number ? t(`desk.rings_${phone.ringsAt.value}_hint`, { number }) : t("desk.rings_none_hint");
  return html`<${Row} name=${t("desk.rings_at")} kind=${number ? "calm" : "unknown"} word=${t(phone.own.value ? "desk.rings_word_own" : "desk.rings_word_here")} hint=${hint}>
    ${number && html`<label class="reason"><span class="unseen">${t("desk.rings_at")}</span>
      <select value=${phone.ringsAt.value} onChange=${(event) => { phone.ringsAt.value = event.target.value; }}>
        ${["here", "spare", "own"].map((where) => html`<option value=${where}>${t(`desk.rings_${where}`, { number })}</option>`)}
      </select></label>`}
  <//>`;
}

export function Doctor() {
  if (!shown.value) return null;
  const mic = microphone.value;
  const drift = Math.round(store.feed.serverOffsetMs.value / 1000);
  const registered = phone.registered.value;
  return html`
    <aside class="card doctor" aria-label=${t("desk.doctor")}>
      <header><h2>${t("desk.doctor")}</h2><button class="quiet" aria-label=${t("desk.close")} onClick=${() => { shown.value = false; }}>✕</button></header>
      <ul>
        <${Row} name=${t("desk.doctor_mic")} kind=${{ granted: "calm", unasked: "attention" }[mic] ?? "breach"} word=${t(`desk.mic_word_${mic}`)} hint=${mic === "granted" ? "" : t(`desk.mic_${mic}`)}>
          <button onClick=${tryMicrophone}>${t("desk.doctor_try_mic")}</button>
          <meter min="0" max="1" value=${level.value} aria-label=${t("desk.doctor_level")}></meter>
        <//>
        <${Row} name=${t("desk.doctor_phone")} kind=${registered ? "calm" : "breach"} word=${t(`desk.phone_${phone.phone.state.value}`)} hint=${registered ? "" : t("desk.phone_lost_hint", { code: phone.phone.problem.value || "-" })} />
        <${Row} name=${t("desk.doctor_sound")} kind=${ring.sound.value === "allowed" ? "calm" : "attention"} word=${t(`desk.sound_${ring.sound.value}`)} hint=${ring.sound.value === "blocked" ? t("desk.sound_blocked_hint") : ""}>
          <button onClick=${ring.testRing}>${t("desk.doctor_ring")}</button>
        <//>
        <${Row} name=${t("desk.doctor_notify")} kind=${notifications.value === "granted" ? "calm" : "attention"} word=${t(`desk.notify_${notifications.value}`)}>
          ${notifications.value === "default" && html`<button onClick=${askNotifications}>${t("desk.doctor_allow")}</button>`}
        <//>
        <${SpeakerRow} />
        <${RingsAtRow} />
        <${NetworkRow} />
        <${Row} name=${t("talk.doctor_tab")} kind=${store.ended.value ? "breach" : "calm"} word=${t(store.ended.value ? "desk.server_lost" : "talk.tab_here")} />
        <${Row} name=${t("desk.doctor_server")} kind=${store.live.value ? "calm" : "breach"} word=${t(store.live.value ? "common.feed_live" : "desk.server_lost")} />
        <${Row} name=${t("desk.doctor_clock")} kind=${Math.abs(drift) < 3 ? "calm" : "attention"} word=${t("desk.clock_drift", { n: drift })} />
      </ul>
    </aside>`;
}
