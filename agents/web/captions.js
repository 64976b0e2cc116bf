// Live captions: what a machine hears while they talk. Gone with the page; the transcript follows the talk.

import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { pageData, t } from "config/i18n.js";
import { Empty } from "./parts.js";
import * as store from "./store.js";

export function Captions({ contact }) {
  const { lines, off } = store.captions.value.contact === contact ? store.captions.value : { lines: [], off: "" };
  const end = useRef(null);
  useEffect(() => end.current?.scrollIntoView?.({ block: "nearest" }), [lines]);
  if (!lines.length && !off) return html`<${Empty} title=${t("desk.talk_later")}><p>${t(pageData.captions ? "desk.captions_wait" : "desk.talk_later_hint")}</p><//>`;
  return html`<${Direction} contact=${contact} />
    <p class="muted small">${t(off ? "desk.captions_off" : "desk.captions_hint")}</p>
    <ol class="turns captions" aria-live="off">${lines.map((line) => html`
      <li key=${`${line.side}-${line.utterance}`} class=${line.side === "lawyer" ? "turn mine" : "turn"}>
        <p class="turn-head muted small"><b>${t(line.side === "lawyer" ? "desk.me" : "desk.caller")}</b></p>
        <p class=${line.final ? "turn-text" : "turn-text muted"}>${line.text}${!line.final && " …"}</p>
      </li>`)}</ol>
    <span ref=${end}></span>`;
}

/** The call seems to belong elsewhere: one button passes it on, and the caller keeps their place. */
function Direction({ contact }) {
  const { direction } = store.captions.value.contact === contact ? store.captions.value : { direction: "" };
  if (!direction || store.state.value !== "talking" || store.contact.value?.channel === "general") return null;
  return html`<div class="banner unknown" role="status"><p>${t(`desk.direction_${direction}`)}</p>
    <button type="button" onClick=${() => store.attempt("pass_on", { channel: "general" })}>${t("desk.direction_do")}</button></div>`;
}
