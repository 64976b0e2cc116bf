// The caller's page: one big button before, plain words during, what happens now after.

import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import { html } from "htm/preact";
import { clockOf, pageData, t } from "config/i18n.js";
import { call, dial, hangUp, lastHeardMeAt, leaveNumber, levels, line, mute, muted, prepare, press, problem, unstable } from "ivr/line.js";

const hotline = pageData.hotline;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const LETTERS = { 2: "ABC", 3: "DEF", 4: "GHI", 5: "JKL", 6: "MNO", 7: "PQRS", 8: "TUV", 9: "WXYZ" };
const QUIET_MS = 12_000;

const number = signal(recall());
const lastKey = signal("");
const now = signal(Date.now());
const talkSince = signal(0);

function recall() {
  try { return localStorage.getItem("anxin-number") ?? ""; } catch { return ""; }
}

function remember(value) {
  number.value = value;
  try { localStorage.setItem("anxin-number", value); } catch { /* private mode: typed again next time */ }
}

/** Headline and hint of the moment, in plain words. */
const words = computed(() => {
  const seen = call.value;
  if (line.value === "connecting" || !seen) return [t("call.state_connecting"), t("call.state_connecting_hint")];
  switch (seen.state) {
    case "menu": return [t("call.state_menu"), t("call.state_menu_hint")];
    case "waiting": return waiting(seen);
    case "offered": return [t("call.state_offered"), t("call.state_offered_hint")];
    case "talking": return [t("call.state_talking"), t("call.state_talking_hint")];
    case "callback": return [t("call.state_callback"), t("call.state_callback_hint", { number: seen.number })];
    default: return [t("call.ended_talked"), ""];
  }
});

function waiting(seen) {
  if (seen.on_duty === 0) return [t("call.state_waiting_nobody"), t("call.state_waiting_nobody_hint")];
  const headline = seen.ahead ? t("call.state_waiting", { n: seen.ahead }) : t("call.state_waiting_next");
  if (seen.short) return [headline, t("call.wait_short")];
  return [headline, seen.minutes ? t("call.wait_minutes", { n: seen.minutes }) : t("call.wait_unknown")];
}

function push(key) {
  if (press(key)) lastKey.value = key;
}

addEventListener("keydown", (event) => {
  if (event.target.closest?.("input, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS.includes(event.key)) push(event.key);
});

setInterval(() => {
  now.value = Date.now();
  const talking = line.value === "open" && call.value?.state === "talking";
  if (talking && !talkSince.value) talkSince.value = Date.now();
  if (!talking) talkSince.value = 0;
}, 500);

function Problem() {
  const wrong = problem.value;
  if (!wrong || wrong.code === "number") return null;
  return html`<div class="banner breach" role="alert">
    <strong>${t(wrong.lost ? "call.error_lost_title" : "call.error_title")}</strong>
    <span>${t(`call.error_${wrong.code}`, { number: hotline, n: wrong.wait ?? 60 })}</span>
  </div>`;
}

function NumberField() {
  const bad = problem.value?.code === "number";
  return html`<div class="field">
    <label for="number">${t("call.number")}</label>
    <input id="number" type="tel" inputmode="tel" autocomplete="tel" maxlength="20" value=${number.value}
      aria-describedby="number-hint" aria-invalid=${bad ? "true" : "false"} onInput=${(event) => remember(event.target.value)} />
    <p id="number-hint" class=${bad ? "small wrong" : "small muted"} role=${bad ? "alert" : undefined}>${t(bad ? "call.number_bad" : "call.number_hint")}</p>
  </div>`;
}

function Start() {
  const go = (event) => { event.preventDefault(); dial(number.value); };
  return html`<form class="start" onSubmit=${go} novalidate>
    <p class="lead">${t("call.lead")}</p>
    <${Problem} />
    <button class="dial" type="submit"><span class="dial-word">${t("call.dial", { number: hotline })}</span><small>${t("call.dial_hint")}</small></button>
    <${NumberField} />
    <button type="button" class="wide" onClick=${() => leaveNumber(number.value, false)}>${t("call.call_me")}</button>
    <ul class="what">
      ${["free", "recorded", "happens", "microphone"].map((what) => html`<li>${t(`call.what_${what}`)}</li>`)}
    </ul>
  </form>`;
}

function Meter({ label, level }) {
  const bar = useRef(null);
  useEffect(() => { bar.current?.style.setProperty("--level", String(Math.min(1, level * 1.6))); }, [level]);
  return html`<div class="meter"><span>${label}</span><div class="meter-track" aria-hidden="true"><div class="meter-bar" ref=${bar}></div></div></div>`;
}

function Choices() {
  const seen = call.value;
  if (line.value !== "open" || !seen) return null;
  if (seen.state === "menu") {
    return html`<div class="choices" role="group" aria-label=${t("call.choices")}>
      ${["1", "2", "3", "0"].map((key) => html`<button type="button" onClick=${() => push(key)}><b>${key}</b><span>${t(`call.key_${key}`)}</span></button>`)}
    </div>`;
  }
  if (seen.state === "waiting") {
    return html`<div class="choices" role="group" aria-label=${t("call.choices")}>
      <button type="button" onClick=${() => push("1")}><b>1</b><span>${t("call.key_callback")}</span></button>
    </div>`;
  }
  return null;
}

function Keypad() {
  const open = line.value === "open";
  const toldToKeyIn = call.value?.state === "waiting" && !call.value.number; // pressed 1, and we do not know the number
  return html`<details class="keypad-box" open=${toldToKeyIn}>
    <summary>${t("call.keypad")}</summary>
    <div class="keypad" role="group" aria-label=${t("call.keypad")}>
      ${KEYS.map((key) => html`<button type="button" disabled=${!open} onClick=${() => push(key)}><b>${key}</b><small aria-hidden="true">${LETTERS[key] ?? ""}</small></button>`)}
    </div>
    <p class="small muted pressed" aria-live="polite">${lastKey.value ? t("call.pressed", { key: lastKey.value }) : ""}</p>
  </details>`;
}

function During() {
  const [headline, hint] = words.value;
  const heard = muted.value || line.value !== "open" || now.value - lastHeardMeAt.value < QUIET_MS || call.value?.state !== "talking";
  return html`<section class="during">
    <div class="now" data-state=${line.value === "open" ? (call.value?.state ?? "connecting") : "connecting"}>
      <p class="headline" role="status" aria-live="polite">${headline}</p>
      <p class="muted hint">${hint}</p>
      ${talkSince.value ? html`<p class="timer" aria-hidden="true">${clockOf(now.value - talkSince.value)}</p>` : null}
    </div>
    ${unstable.value ? html`<p class="banner attention" role="alert">${t("call.reconnecting")}</p>` : null}
    ${heard ? null : html`<p class="banner attention" role="alert">${t("call.quiet_warning")}</p>`}
    <div class="meters">
      <${Meter} label=${t("call.meter_me")} level=${muted.value ? 0 : levels.value.me} />
      <${Meter} label=${t("call.meter_other")} level=${levels.value.other} />
    </div>
    <${Choices} />
    <${Keypad} />
    <div class="controls">
      <button type="button" aria-pressed=${muted.value ? "true" : "false"} disabled=${line.value !== "open"} onClick=${mute}>${t(muted.value ? "call.unmute" : "call.mute")}</button>
      <button type="button" class="danger" onClick=${hangUp}>${t("call.hang_up")}</button>
    </div>
  </section>`;
}

function After() {
  const seen = call.value;
  const outcome = seen?.talked ? "talked" : seen?.call_back ? "callback" : "unknown";
  const again = () => { problem.value = null; line.value = "idle"; };
  return html`<section class="after">
    <${Problem} />
    <div class="now" data-state=${outcome === "unknown" ? "unknown" : "done"}>
      <p class="headline" role="status">${t(`call.ended_${outcome}`)}</p>
      <p class="hint">${t(`call.ended_${outcome}_hint`, { number: outcome === "callback" ? seen.number : hotline })}</p>
      ${seen ? html`<p class="demand">${t("call.demand")} <strong class="number">${seen.demand}</strong></p>` : null}
    </div>
    ${seen?.link ? html`<a class="button wide mine" href=${seen.link}>${t(seen.talked ? "call.mine_rate" : "call.mine")}</a>` : null}
    ${outcome === "unknown" && seen ? html`<form class="start" novalidate onSubmit=${(event) => { event.preventDefault(); leaveNumber(number.value, true); }}>
      <${NumberField} />
      <button type="submit" class="wide">${t("call.call_me")}</button>
    </form>` : null}
    <button type="button" class="primary wide" onClick=${again}>${t("call.again")}</button>
  </section>`;
}

function Page() {
  const shown = { idle: Start, connecting: During, open: During, ended: After }[line.value];
  return html`<h1>${t("call.heading")}</h1><${shown} />`;
}

const root = document.getElementById("call");
root.replaceChildren();
render(html`<${Page} />`, root);
prepare();
