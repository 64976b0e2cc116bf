// What was said, and what the machine made of it. The machine's words are always marked as such.

import { html } from "htm/preact";
import { clockOf, t } from "config/i18n.js";
import { Chip, Empty } from "./parts.js";
import * as store from "./store.js";
import { fieldOf, says, textOf, valueOf } from "./words.js";

const UNSURE = 0.6;

/** Nothing more will come by itself. */
export const finished = (said) => ["ready", "failed", "none"].includes(said.state);
const speakerOf = (name) => t(name === "lawyer" ? "desk.me" : "desk.caller");

function Progress({ said }) {
  const share = Math.round(100 * (said.progress ?? 0));
  return html`<div class="progress"><p>${t(`desk.progress_${said.state}`)}${share > 0 && html` <span class="number">${share}%</span>`}</p>
    <progress max="100" value=${share || undefined} aria-label=${t(`desk.progress_${said.state}`)}></progress>
    <p class="muted small">${said.reason || t("desk.transcribing_hint")}</p></div>`;
}

/** The sound of a recording: its element plays on from any second that is asked for. */
const players = new Map();

function playFrom(recording, second) {
  const player = players.get(recording) ?? [...players.values()].at(-1);
  if (!player) return;
  player.currentTime = second;
  player.play().catch(() => {}); // refused without a gesture: the element's own button remains
}

function Players({ contact, audio }) {
  return audio.map((id) => html`<audio key=${id} class="player" controls preload="none" src="/desk/recordings/${contact}/${id}"
    aria-label=${t("desk.recording")} ref=${(element) => (element ? players.set(id, element) : players.delete(id))}></audio>`);
}

/** A second of the talk; where its sound is at hand, a button that plays from there. */
function Moment({ second, recording, audible }) {
  const time = html`<span class="timer">${clockOf(second * 1000)}</span>`;
  return audible
    ? html`<button class="moment" aria-label=${t("desk.play_from", { time: clockOf(second * 1000) })} onClick=${() => playFrom(recording, second)}>▶ ${time}</button>`
    : time;
}

export function Transcript({ said, contact, audio = [] }) {
  if (!said || said.state === "none") {
    const talking = store.state.value === "talking";
    return html`<${Empty} title=${t(talking ? "desk.talk_later" : "desk.talk_none")}><p>${t(talking ? "desk.talk_later_hint" : "desk.talk_none_hint")}</p><//>`;
  }
  if (said.state === "failed") return html`<${Failed} said=${said} />`;
  const turns = said.turns ?? [];
  return html`
    <${Players} contact=${contact} audio=${audio} />
    ${said.state !== "ready" && html`<${Progress} said=${said} />`}
    ${said.state === "ready" && !turns.length && html`<${Empty} title=${t("desk.talk_silent")}><p>${t("desk.talk_silent_hint")}</p><//>`}
    <ol class="turns">${turns.map((turn, n) => html`
      <li key=${n} class=${turn.speaker === "lawyer" ? "turn mine" : "turn"}>
        <p class="turn-head muted small"><b>${speakerOf(turn.speaker)}</b> <${Moment} second=${turn.start_s} recording=${turn.recording} audible=${audio.includes(turn.recording)} />
          ${turn.confidence < UNSURE && html` <${Chip} kind="attention">${t("desk.unsure")}<//>`}</p>
        <p class="turn-text">${turn.text}</p>
      </li>`)}</ol>`;
}

function Failed({ said }) {
  return html`<p class="banner attention"><strong>${t("desk.transcript_failed")}</strong><span>${said.reason}</span></p><p class="muted">${t("desk.transcript_failed_hint")}</p>`;
}

// What a lawyer looks at first; the rest follows in the machine's order.
const FIRST = ["caller_category", "issue_types", "work_prefecture", "amount_owed_yuan", "injury_date", "employment_end_date", "urgency", "deadlines", "aid", "four_100"];
const ASIDE = ["missing", "contradictions", "evidence", "channel"]; // shown elsewhere, or not for reading

export function Draft({ said }) {
  const draft = said?.draft;
  return html`
    <section class="draft" aria-label=${t("desk.draft")}>
      <div class="note-head"><h3>${t("desk.draft")}</h3>${draft && html`<${Chip} kind="attention">${t("desk.draft_unsigned")}<//>`}</div>
      ${draft ? html`<${Fields} draft=${draft} />` : html`<${NoDraft} said=${said} />`}
    </section>`;
}

function NoDraft({ said }) {
  if (said?.state === "failed") return html`<${Failed} said=${said} />`;
  if (said && !finished(said)) return html`<${Progress} said=${said} />`;
  return html`<p class="muted">${t("desk.draft_none")}</p>`;
}

function Fields({ draft }) {
  const keys = Object.keys(draft).filter((key) => !ASIDE.includes(key) && says(key, draft[key])).sort((a, b) => rank(a) - rank(b));
  if (!keys.length) return html`<p class="muted">${t("desk.draft_empty")}</p>`;
  return html`
    <${ToAsk} kind="breach" name="contradictions" rows=${draft.contradictions} />
    <${ToAsk} kind="attention" name="missing" rows=${draft.missing} />
    <dl class="fields">${keys.map((key) => html`
      <div key=${key}><dt>${fieldOf(key)}</dt><dd>${textOf(key, draft[key])}<${Evidence} value=${draft[key]} /></dd></div>`)}</dl>`;
}

/** What the lawyer should ask before the caller is gone, or settle before signing. */
function ToAsk({ kind, name, rows }) {
  if (!rows?.length) return null;
  return html`<div class="banner ${kind} to-ask"><strong>${fieldOf(name)}</strong><ul>${rows.map((row) => html`<li>${valueOf(row)}</li>`)}</ul></div>`;
}

const rank = (key) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);

/** Where a value was heard, and how sure the machine is. */
function Evidence({ value }) {
  if (!value || typeof value !== "object" || !("value" in value)) return null;
  const second = value.at_s ?? value.start_s ?? value.evidence?.[0]?.at_s ?? value.evidence?.[0]?.start_s;
  return html`<span class="evidence muted small">
    ${second !== undefined && html` <span class="timer">${clockOf(second * 1000)}</span>`}
    ${value.confidence < UNSURE && html` <${Chip} kind="attention">${t("desk.unsure")}<//>`}</span>`;
}
