// The left side: who calls, and the telephone's buttons.

import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { clockOf, dateOf, pageData, t } from "config/i18n.js";
import { goReady } from "./bar.js";
import { editorOf, picked, recent, shown } from "./detail.js";
import { Chip, Empty, Icon, KeyButton, Timer } from "./parts.js";
import { Owed } from "./owed.js";
import { Company, Reach, asked, mine, reach, toggleReach } from "./reach.js";
import * as phone from "./softphone.js";
import * as store from "./store.js";
import { channelOf, entranceOf, numberOf, pressedOf, priorityOf } from "./words.js";

export const keypad = signal(false);

const card = () => store.contact.value;

export function CallPanel() {
  const { state } = store;
  if (state.value === "talking" || phone.open.value) return html`<${Talking} />`;
  if (state.value === "offered" || phone.connecting.value) return html`<${Ringing} />`;
  if (state.value === "wrapup") return html`<${Wrapup} />`;
  if (phone.ringing.value) return html`<${Ringing} />`; // sound is here before, or without, the server's word
  return html`<${Idle} /><${Owed} /><${Recent} />`;
}

export function CallerCard({ of: who, waited }) {
  if (!who) return html`<div class="caller"><p class="caller-number">${t("desk.caller_loading")}</p></div>`;
  const priority = priorityOf(who);
  return html`
    <div class="caller live-data">
      <p class="caller-number number">${numberOf(who)}</p>
      <p class="caller-place">${who.prefecture || t("desk.prefecture_unknown")}<span class="muted"> · ${entranceOf(who)}</span></p>
      <p class="chips">
        <${Chip} plain kind=${who.channel === "dedicated" ? "dedicated" : "unknown"}>${channelOf(who)}<//>
        ${priority && html`<${Chip} kind="attention">${priority}<//>`}
        ${who.ordinal > 1 && html`<${Chip} plain kind="attention">${t("desk.ordinal", { n: who.ordinal })}<//>`}
      </p>
      <dl class="facts">
        <div><dt>${t("desk.pressed")}</dt><dd>${pressedOf(who)}</dd></div>
        <div><dt>${t("desk.waited")}</dt><dd>${waited}</dd></div>
        ${who.ordinal === 1 && html`<div><dt>${t("desk.contacts")}</dt><dd>${t("desk.first_contact")}</dd></div>`}
        ${who.callback_number && who.number !== "web" && html`<div><dt>${t("desk.callback_number")}</dt><dd class="number">${who.callback_number}</dd></div>`}
      </dl>
    </div>`;
}

function waitedOf(who) {
  if (!who?.waiting_since_ms) return "—";
  if (who.waited_ms !== null) return clockOf(who.waited_ms);
  return html`<${Timer} since=${who.waiting_since_ms} />`;
}

function Ringing() {
  const who = card();
  const left = who?.offered_ms ? who.offered_ms + pageData.offer_ms : 0;
  return html`
    <section class="card call ringing" aria-label=${t("desk.ringing")}>
      <header><h2><span class="bell" aria-hidden="true"></span>${t(asked() ? "talk.consult_ring" : "desk.ringing")}</h2>${left > 0 && html`<span class="muted">${t("desk.answer_within")} <${Timer} until=${left} /></span>`}</header>
      ${asked() && html`<${Company} />`}
      <${CallerCard} of=${who} waited=${waitedOf(who)} />
      <div class="controls two">
        <${KeyButton} class="answer large" keys="A" icon="phone" label=${phone.connecting.value ? t("desk.connecting") : t("desk.answer")} disabled=${!phone.ringing.value} onClick=${phone.answer} />
        <${KeyButton} class="large" label=${t("desk.reject")} disabled=${phone.connecting.value} onClick=${phone.reject} />
      </div>
      ${!phone.ringing.value && !phone.connecting.value && html`<p class="muted small" role="status">${phone.own.value ? t("desk.own_ringing", { number: store.ownNumber.value }) : t("desk.phone_not_ringing")}</p>`}
    </section>`;
}

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

function Keypad() {
  return html`<div class="keypad" role="group" aria-label=${t("desk.keypad")}>
    ${KEYS.map((key) => html`<button onClick=${() => phone.press(key)}>${key}</button>`)}
  </div>`;
}

function Meters() {
  useEffect(() => phone.followLevels(), [phone.open.value]);
  const { me, caller } = phone.levels.value;
  return html`<div class="meters" aria-hidden="true">
    <span>${t("desk.me")}</span><meter min="0" max="1" value=${phone.muted.value ? 0 : me}></meter>
    <span>${t("desk.caller")}</span><meter min="0" max="1" value=${caller}></meter>
  </div>`;
}

function Talking() {
  const who = card();
  const { muted, held } = phone;
  return html`
    <section class="card call talking" aria-label=${t("desk.state_talking")}>
      <header><h2>${t(held.value ? "desk.on_hold" : "desk.state_talking")}</h2><${Timer} since=${who?.talk_since_ms || store.lawyer.value?.since_ms} class="big" /></header>
      <${CallerCard} of=${who} waited=${waitedOf(who)} />
      <${Company} />
      ${phone.open.value
        ? html`<${Meters} />`
        : store.onOwnPhone.value
          ? html`<p class="banner calm" role="status">${t("desk.own_talking", { number: store.ownNumber.value })}</p>`
          : html`<p class="banner attention" role="status">${t(phone.rejoining.value ? "talk.rejoining" : "desk.no_sound_here")}</p>`}
      <div class="controls">
        <${KeyButton} keys="M" icon="mic" label=${t(muted.value ? "desk.unmute" : "desk.mute")} aria-pressed=${muted.value} disabled=${!phone.open.value} onClick=${phone.toggleMute} />
        <${KeyButton} keys="H" icon="hold" label=${t(held.value ? "desk.unhold" : "desk.hold")} aria-pressed=${held.value} disabled=${!store.live.value || !mine()} onClick=${phone.toggleHold} />
        <button aria-expanded=${keypad.value} disabled=${!phone.open.value} onClick=${() => { keypad.value = !keypad.value; }}><${Icon} name="keypad" /><span>${t("desk.keypad")}</span></button>
        <${KeyButton} keys="T" icon="reach" label=${t("talk.reach_short")} aria-expanded=${reach.value} disabled=${!store.live.value || !mine()} onClick=${toggleReach} />
        <${KeyButton} class="danger" keys="X" icon="down" label=${t(asked() ? "talk.leave" : "desk.hang_up")} onClick=${phone.hangUp} />
      </div>
      <${Reach} />
      ${keypad.value && html`<${Keypad} />`}
    </section>`;
}

function Wrapup() {
  const who = card();
  const until = store.lawyer.value.since_ms + pageData.wrapup_ms;
  return html`
    <section class="card call" aria-label=${t("desk.state_wrapup")}>
      <header><h2>${t("desk.state_wrapup")}</h2><span class="muted">${t("desk.wrapup_left")} <${Timer} until=${until} /></span></header>
      <${CallerCard} of=${who} waited=${waitedOf(who)} />
      <p class="muted">${t("desk.wrapup_hint")}</p>
      <div class="controls one"><button class="primary large" onClick=${endWrapup}>${t("desk.wrapup_end")}</button></div>
    </section>`;
}

export async function endWrapup() {
  if (shown.value) await editorOf(shown.value).flush(); // the end seals the note: it must be there
  await store.attempt("wrapup_end");
}

function Idle() {
  if (store.state.value === "offline") return html`<section class="card call idle"><p class="muted">${t(store.lawyer.value ? "desk.offline" : "desk.starting")}</p></section>`;
  return store.ready.value
    ? html`<section class="card call idle ready"><span class="pulse" aria-hidden="true"></span><h2>${t("desk.idle_title")}</h2><p class="muted">${t("desk.idle_hint")}</p></section>`
    : html`<section class="card call idle"><h2>${t("desk.away_title")}</h2><p class="muted">${t(awayHint())}</p>
        <button class="primary large" disabled=${!store.live.value} onClick=${goReady}>${t("desk.go_ready")}</button></section>`;
}

function awayHint() {
  const reason = store.lawyer.value?.away_reason;
  return ["missed", "no-answer", "expired", "rona"].includes(reason) ? "desk.away_missed_hint" : "desk.away_hint";
}

function Recent() {
  const rows = recent.value;
  return html`
    <section class="card recent">
      <h2>${t("desk.recent")}</h2>
      ${rows === null && html`<p class="muted">${t("desk.loading")}</p>`}
      ${rows?.length === 0 && html`<${Empty} title=${t("desk.recent_none")}><p>${t("desk.recent_none_hint")}</p><//>`}
      <ul>
        ${rows?.map(({ card: who, note }) => html`
          <li key=${note.contact}><button aria-pressed=${picked.value === note.contact} onClick=${() => { picked.value = note.contact; }}>
            <span class="recent-head"><b class="number">${who ? numberOf(who) : t("desk.earlier_contact")}</b><time>${dateOf(who?.talk_since_ms || note.updated_at_ms)}</time></span>
            <span class="recent-note muted">${note.text.split("\n")[0] || t("desk.note_empty")}</span>
          </button></li>`)}
      </ul>
    </section>`;
}
