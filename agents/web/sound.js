// The sound of a talk: a player for each recording, and buttons that play on from a second.

import { html } from "htm/preact";
import { clockOf, t } from "config/i18n.js";

const players = new Map();

export function playFrom(recording, second) {
  const player = players.get(recording) ?? [...players.values()].at(-1);
  if (!player) return;
  player.currentTime = second;
  player.play().catch(() => {}); // refused without a gesture: the element's own button remains
}

export function Players({ contact, audio }) {
  return audio.map((id) => html`<audio key=${id} class="player" controls preload="none" src="/desk/recordings/${contact}/${id}"
    aria-label=${t("desk.recording")} ref=${(element) => (element ? players.set(id, element) : players.delete(id))}></audio>`);
}

/** A second of the talk; where its sound is at hand, a button that plays from there. */
export function Moment({ second, recording, audible }) {
  const time = html`<span class="timer">${clockOf(second * 1000)}</span>`;
  return audible
    ? html`<button type="button" class="moment" aria-label=${t("desk.play_from", { time: clockOf(second * 1000) })} onClick=${() => playFrom(recording, second)}>▶ ${time}</button>`
    : time;
}
