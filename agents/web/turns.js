// What was said, turn by turn, each with the button that plays it.

import { html } from "htm/preact";
import { t } from "config/i18n.js";
import { Chip } from "./chips.js";
import { Moment } from "./sound.js";

const UNSURE = 0.6;
const speakerOf = (name) => t(name === "lawyer" ? "desk.me" : "desk.caller");

export function Turns({ turns, audio }) {
  return html`<ol class="turns">${turns.map((turn, n) => html`
    <li key=${n} class=${turn.speaker === "lawyer" ? "turn mine" : "turn"}>
      <p class="turn-head muted small"><b>${speakerOf(turn.speaker)}</b> <${Moment} second=${turn.start_s} recording=${turn.recording} audible=${audio.includes(turn.recording)} />
        ${turn.confidence < UNSURE && html` <${Chip} kind="attention">${t("desk.unsure")}<//>`}</p>
      <p class="turn-text">${turn.text}</p>
    </li>`)}</ol>`;
}
