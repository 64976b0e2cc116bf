// Any past moment's board, from the ledger: a day, a slider, and the same lists as live.

import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { request } from "config/http.js";
import { pageData, t } from "config/i18n.js";
import { show } from "./state.js";

const DAY_MS = 86_400_000;
const minute = signal(pageData.replay ? pageData.replay.minute : 0);
const busy = signal(false);
const problem = signal("");
const playing = signal(false);

const start = pageData.replay ? pageData.replay.start_ms : 0;
const wordsOf = (n) => `${String(Math.floor(n / 60)).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}`;

let wanted = -1;
/** Show the latest moment that was asked for; those in between, while one is being fetched, are passed over. */
async function look() {
  if (busy.value) return;
  busy.value = true;
  problem.value = "";
  while (wanted !== minute.value) {
    wanted = minute.value;
    const at = Math.min(start + wanted * 60_000, start + DAY_MS - 1);
    try {
      show(await request("GET", `/board/at?ms=${at}`), at);
    } catch (error) {
      problem.value = t("board.replay_failed", { why: error.message });
    }
  }
  busy.value = false;
}

export function Replay() {
  useEffect(() => { look(); }, []);
  useEffect(() => {
    if (!playing.value) return undefined;
    const timer = setInterval(() => {
      if (minute.value >= 1440) { playing.value = false; return; }
      if (!busy.value) { minute.value += 1; look(); }
    }, 400);
    return () => clearInterval(timer);
  }, [playing.value]);
  return html`<p class="replay-back"><a href="/board">← ${t("board.back")}</a></p><form class="replay card" onSubmit=${(event) => event.preventDefault()}>
    <div><label for="replay-day">${t("board.replay_day")}</label>
      <input id="replay-day" type="date" value=${pageData.replay.day} max=${pageData.replay.today} onChange=${(event) => { if (event.target.value) location.search = `?day=${event.target.value}&minute=${minute.value}`; }} /></div>
    <div class="slide"><label for="replay-minute">${t("board.replay_time")} <output class="number">${wordsOf(minute.value)}</output></label>
      <input id="replay-minute" type="range" min="0" max="1440" value=${minute.value} aria-valuetext=${wordsOf(minute.value)} onInput=${(event) => { minute.value = Number(event.target.value); look(); }} /></div>
    <button type="button" aria-pressed=${playing.value} onClick=${() => { playing.value = !playing.value; }}>${t(playing.value ? "board.replay_stop" : "board.replay_play")}</button>
    <span class="muted" role="status">${busy.value ? t("board.replay_busy") : t("board.replay_past")}</span>
    ${problem.value && html`<p class="banner breach" role="alert">${problem.value}</p>`}
  </form>`;
}
