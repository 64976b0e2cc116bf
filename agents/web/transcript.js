// What was said, and what the machine made of it. The machine's words are always marked as such.

import { html } from "htm/preact";
import { t } from "config/i18n.js";
import { Captions } from "./captions.js";
import { Empty } from "./chips.js";
import * as store from "./store.js";
import { Turns } from "./turns.js";

/** Nothing more will come by itself. */
export const finished = (said) => ["ready", "failed", "none"].includes(said.state);

/** Why it waits or failed, in words; a reason nobody foresaw is shown as the log has it. */
function reasonOf(said) {
  const key = `draft.reason_${said.code}`;
  const text = said.code ? t(key) : key;
  return text === key ? said.reason : text;
}

/** What is odd about the recording: silent, cut short, one channel, parts that were not understood. */
function Flags({ flags }) {
  const odd = ["silent", "truncated", "one_channel"].filter((name) => flags.includes(name));
  const unclear = flags.filter((name) => name.startsWith("unclear:")).length;
  if (!odd.length && !unclear) return null;
  return html`<p class="banner attention">${odd.map((name) => html`<span>${t(`draft.flag_${name}`)}</span>`)}${unclear > 0 && html`<span>${t("draft.flag_unclear", { n: unclear })}</span>`}</p>`;
}

function Progress({ said }) {
  const share = Math.round(100 * (said.progress ?? 0));
  return html`<div class="progress"><p>${t(`desk.progress_${said.state}`)}${share > 0 && html` <span class="number">${share}%</span>`}</p>
    <progress max="100" value=${share || undefined} aria-label=${t(`desk.progress_${said.state}`)}></progress>
    <p class="muted small">${reasonOf(said) || t("desk.transcribing_hint")}</p></div>`;
}

export function Transcript({ said, contact, audio = [] }) {
  if (!said || said.state === "none") {
    if (store.state.value === "talking") return html`<${Captions} contact=${contact} />`;
    return html`<${Empty} title=${t("desk.talk_none")}><p>${t("desk.talk_none_hint")}</p><//>`;
  }
  if (said.state === "failed") return html`<${Failed} said=${said} />`;
  const turns = said.turns ?? [];
  return html`
    ${said.state !== "ready" && html`<${Progress} said=${said} />`}
    <${Flags} flags=${said.flags ?? []} />
    ${said.state === "ready" && !turns.length && html`<${Empty} title=${t("desk.talk_silent")}><p>${t("desk.talk_silent_hint")}</p><//>`}
    <${Turns} turns=${turns} audio=${audio} />`;
}

function Failed({ said }) {
  return html`<p class="banner attention"><strong>${t("desk.transcript_failed")}</strong><span>${reasonOf(said)}</span></p><p class="muted">${t("desk.transcript_failed_hint")}</p>`;
}

/** Where the summary will be, until there is one. */
export function NoDraft({ said }) {
  if (said?.state === "failed") return html`<${Failed} said=${said} />`;
  if (said && !finished(said)) return html`<${Progress} said=${said} />`;
  return html`<p class="muted">${t("desk.draft_none")}</p>`;
}
