// The live board: figures, map, lists, curves; what a supervisor does about them.

import { html, render } from "htm/preact";
import { clockOf, pageData, t } from "config/i18n.js";
import { Alarms, listenForAlarms } from "./alarms.js";
import { Curves } from "./curves.js";
import { Groups } from "./groups.js";
import { Callbacks, Demands, Lawyers, Line, Queues } from "./panels.js";
import { Replay } from "./replay.js";
import { Decide } from "./sign.js";
import { dialog, done, feed, loaded, may, nameOf, now, status, view, wordOf } from "./state.js";
import { leave, room, trouble } from "./supervise.js";
import { Map, Promises, Tiles } from "./tiles.js";

const HEALTH = ["queue", "clock", "ledger", "recognizer", "carrier", "database"];
const SILENT_MS = 6000;

function Health() {
  const signs = view.value.health;
  return html`<div class="health" role="group" aria-label=${t("board.health")}>${HEALTH.filter((part) => signs[part]).map((part) => {
    const { state, at_ms: at } = signs[part];
    const silent = now.value - at;
    let level = state === "stuck" ? "breach" : state === "waiting" ? "attention" : "calm";
    let word = wordOf("sign", state);
    if (!at) [level, word] = ["unknown", t("board.sign_unknown")];
    else if (silent > SILENT_MS && part !== "recognizer") [level, word] = ["breach", t("board.sign_silent", { t: clockOf(silent) })];
    return html`<span class="chip ${level}" data-part=${part}>${t(`board.health_${part}`)} <span class="live-data">${word}</span></span>`;
  })}</div>`;
}

function Feed() {
  if (status.value === "live") return html`<span class="chip calm feed">${t("common.feed_live")}</span>`;
  if (status.value === "stale") return html`<div class="banner breach feed" role="alert"><strong>${t("common.feed_stale", { age: "" })}<span aria-hidden="true" class="number">${clockOf(feed.ageMs.value)}</span></strong><span>${t("common.feed_stale_hint")}</span></div>`;
  if (status.value === "ended") return html`<div class="banner attention feed" role="alert"><span>${t("common.feed_ended")}</span><a href="/signin?next=/board">${t("common.sign_in_again")}</a></div>`;
  return html`<span class="chip unknown feed">${t("common.feed_connecting")}</span>`;
}

const MODES = ["listen", "whisper", "barge", "take_over"];

/** The talk that the supervisor is in. Each step further asks first; a step back does not need to. */
function Room() {
  if (!room.value) return trouble.value ? html`<p class="banner breach" role="alert">${trouble.value}</p>` : null;
  const { mode, heard, caller, lawyer } = room.value;
  return html`<section class="room banner ${mode === "listen" ? "calm" : "attention"}" aria-label=${t("board.room")}>
    <strong>${t(`board.mode_${mode}`)}</strong>
    <span><span class="number">${caller}</span> · ${lawyer ? nameOf(lawyer) : "—"}</span>
    <span role="status">${t(heard ? `board.mode_${mode}_hint` : "board.room_joining")}</span>
    <span class="modes">${MODES.map((one) => html`<button class="small" aria-pressed=${one === mode} disabled=${!heard || one === mode}
      onClick=${() => { dialog.value = { ...room.value, kind: one }; }}>${t(`board.mode_${one}`)}</button>`)}
      <button class="small danger" onClick=${leave}>${t("board.leave_room")}</button></span>
  </section>`;
}

function Notice() {
  const notice = view.value.notice.now;
  if (!notice || Number(notice.until_ms) < now.value) return null;
  return html`<p class="banner attention notice"><strong>${t("board.notice")}</strong><span>${notice.text}</span><small>${notice.by}</small></p>`;
}

function Links() {
  if (pageData.wall) return html`<a class="quiet button end" href="/board">${t("board.leave_wall")}</a>`;
  return html`<nav class="end links" aria-label=${t("board.pages")}>
    ${may && html`<button class="quiet" onClick=${() => { dialog.value = { kind: "notice" }; }}>${t("board.send_notice")}</button>`}
    ${pageData.may_read && html`<a class="quiet button" href="/board/reports">${t("board.reports")}</a><a class="quiet button" href="/board/replay">${t("board.replay")}</a>`}
    <a class="quiet button" href="/board?mode=wall">${t("board.wall")}</a>
  </nav>`;
}

function decided(word) {
  dialog.value = null;
  if (word) done.value = word;
}

function Board() {
  const live = status.value === "live";
  return html`<div class="board ${live ? "" : "stale"}">
    ${pageData.replay
      ? html`<${Replay} />`
      : html`<div class="bar"><${Feed} />${loaded.value && html`<${Health} />`}
          ${done.value && html`<span class="muted" role="status">${done.value}</span>`}
          <${Links} />
        </div><${Alarms} /><${Notice} /><${Room} />`}
    ${loaded.value
      ? html`<${Groups} /><${Tiles} /><div class="panels"><div class="stack first"><${Queues} /><${Line} /></div><${Map} /><${Callbacks} /><${Lawyers} /><${Demands} />${!pageData.replay && html`<div class="stack"><${Promises} /><${Curves} /></div>`}</div>`
      : !pageData.replay && html`<p class="muted wait">${t("common.feed_connecting")}</p>`}
    ${dialog.value && html`<${Decide} key=${`${dialog.value.kind}${dialog.value.id ?? dialog.value.contact ?? ""}`} about=${dialog.value} onDone=${decided} />`}
  </div>`;
}

if (!pageData.replay) listenForAlarms();
render(html`<${Board} />`, document.getElementById("board"));
