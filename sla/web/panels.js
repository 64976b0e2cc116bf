// The lists of the board: who is on the line, the lawyers, open demands, call-backs. Each row leads to its time line.

import { html } from "htm/preact";
import { clockOf, dateOf, pageData, t } from "config/i18n.js";
import { STAGE_LEVELS, callbacks, callerOf, demands, dialog, lawyers, levelOf, line, may, nameOf, now, place, queues, shortOf, stageOf, today, view, wordOf } from "./state.js";
import { room } from "./supervise.js";

const CLOSE_MS = 300_000; // a time limit is near

function Due({ at }) {
  const left = at - now.value;
  if (!at) return html`<span class="muted">—</span>`;
  const far = Math.abs(left) >= 86_400_000;
  const text = far ? dateOf(at) : clockOf(Math.abs(left));
  if (left < 0) return html`<span class="chip breach">${t("board.due_late", { t: text })}</span>`;
  return html`<span class="chip ${left < CLOSE_MS ? "attention" : "calm"}">${far ? text : t("board.due_in", { t: text })}</span>`;
}

function Panel({ id, name, count, shown, empty, note = "", children }) {
  return html`<section class="panel">
    <h2 id=${id}>${name} <span class="count number live-data">${count}</span>${note && html` <small class="muted">${note}</small>`}</h2>
    ${shown ? html`<div class="scroll live-data" tabindex="0" role="region" aria-labelledby=${id}>${children}</div>` : html`<p class="empty muted">${empty}</p>`}
  </section>`;
}

const Head = ({ columns }) => html`<thead><tr>${columns.map((c) => html`<th scope="col">${t(`board.column_${c}`)}</th>`)}</tr></thead>`;
const Caller = ({ contact, caller, children }) => html`<td class="number">${pageData.wall ? callerOf(caller) : html`<a href="/board/contacts/${contact}">${callerOf(caller)}</a>`}${children}</td>`;
const Act = ({ about, primary, children }) => html`<button class="small ${primary ? "primary" : ""}" onClick=${() => { dialog.value = about; }}>${children}</button>`;
const hereNote = () => (place.value ? t("board.only_place", { place: shortOf(place.value) }) : "");

export function Line() {
  return html`<${Panel} id="line" name=${t("board.line")} count=${line.value.length} shown=${line.value.length} note=${hereNote()} empty=${t(pageData.replay ? "board.replay_nobody" : "board.line_empty")}>
    <table><${Head} columns=${["state", "caller", "place", "channel", "position", "waited", "lawyer", ...(may ? ["action"] : [])]} />
    <tbody>${line.value.map((c) => {
      const waits = c.state === "waiting" || c.state === "offered";
      const since = waits ? c.waiting_since_ms : c.since_ms;
      return html`<tr key=${c.id} data-state=${c.state}>
        <td><span class="chip ${waits ? levelOf(now.value - c.waiting_since_ms) : c.state === "talking" ? "calm" : "unknown plain"}">${t(`board.state_${c.state}`)}</span></td>
        <${Caller} contact=${c.id} caller=${c.caller}>${c.ordinal > 1 && html` <small class="muted">${t("board.nth_call", { n: c.ordinal })}</small>`}<//>
        <td>${shortOf(c.prefecture)}</td>
        <td>${wordOf("channel", c.channel)}${["safety", "limitation"].includes(c.priority) && html` <span class="chip attention">${wordOf("priority", c.priority)}</span>`}</td>
        <td class="number">${c.place ?? "—"}</td>
        <td class="number timer">${clockOf(now.value - since)}</td>
        <td>${c.lawyer ? nameOf(c.lawyer) : "—"}</td>
        ${may && html`<td class="acts"><${LineActs} of=${c} /></td>`}
      </tr>`;
    })}</tbody></table>
  <//>`;
}

/** The queues: who waits, how long, who could take them. */
export function Queues() {
  return html`<${Panel} id="queues" name=${t("board.queues")} count=${queues.value.reduce((sum, q) => sum + (q.id === "minority" ? 0 : q.waiting), 0)} shown=${queues.value.length} note=${hereNote()} empty=${t("board.queues_empty")}>
    <table><${Head} columns=${["queue", "waiting", "longest", "free", "owed"]} />
    <tbody>${queues.value.map((q) => {
      const level = q.waiting ? levelOf(now.value - q.since_ms) : "calm";
      return html`<tr key=${q.id} data-queue=${q.id}>
        <td>${q.id === "minority" ? t("board.queue_minority") : wordOf("channel", q.id)}</td>
        <td class="number"><span class="chip ${level}">${q.waiting}</span></td>
        <td class="number timer">${q.waiting ? clockOf(now.value - q.since_ms) : "—"}</td>
        <td>${q.able ? html`<span class="number">${q.free}</span> <small class="muted">${t("board.of_able", { n: q.able })}</small>` : html`<span class="chip ${q.waiting ? "breach" : "attention"}">${t("board.nobody_able")}</span>`}</td>
        <td class="number">${q.id === "minority" ? "—" : q.owed}</td>
      </tr>`;
    })}</tbody></table>
  <//>`;
}

function LineActs({ of: c }) {
  const about = { contact: c.id, caller: callerOf(c.caller), lawyer: c.lawyer, priority: c.priority };
  if (c.state === "talking") {
    if (room.value?.contact === c.id) return html`<span class="chip calm">${t(`board.mode_${room.value.mode}`)}</span>`;
    return html`<${Act} primary about=${{ kind: "listen", ...about }}>${t("board.listen")}<//><${Act} about=${{ kind: "reassign", ...about }}>${t("board.requeue")}<//>`;
  }
  if (c.state === "menu") return html`<span class="muted">—</span>`;
  return html`<${Act} about=${{ kind: "priority", ...about }}>${t("board.priority")}<//>${c.state === "offered" && html`<${Act} about=${{ kind: "reassign", ...about }}>${t("board.reassign")}<//>`}`;
}

function stateOf(w) {
  if (w.on_duty && !w.fresh) return ["breach", t("board.lawyer_stale")];
  if (w.state === "idle" && w.status === "away") return ["unknown plain", t("board.lawyer_away")];
  const level = { idle: "calm", talking: "calm", offered: "attention", wrapup: "unknown plain", offline: "unknown plain" }[w.state] ?? "unknown";
  return [level, wordOf("lawyer", w.state)];
}

export function Lawyers() {
  return html`<${Panel} id="lawyers" name=${t("board.lawyers")} count=${lawyers.value.length} shown=${lawyers.value.length} note=${hereNote()} empty=${t(pageData.replay ? "board.replay_no_lawyer" : "board.lawyers_empty")}>
    <table><${Head} columns=${["lawyer", "state", "waited", "place", ...(may ? ["action"] : [])]} />
    <tbody>${lawyers.value.map((w) => {
      const [level, word] = stateOf(w);
      return html`<tr key=${w.id} data-state=${w.state}>
        <td>${w.name || w.id}</td>
        <td><span class="chip ${level}">${word}</span>${w.reason && w.status === "away" && html` <small class="muted">${wordOf("reason", w.reason)}</small>`}${w.next && html` <small class="muted">${t("board.lawyer_next", { next: wordOf("lawyer", w.next === "ready" ? "idle" : w.next) })}</small>`}</td>
        <td class="number timer">${w.state === "offline" ? "—" : clockOf(now.value - w.since_ms)}</td>
        <td>${shortOf(w.prefecture)}</td>
        ${may && html`<td class="acts">${w.on_duty ? html`<${Act} about=${{ kind: "status", id: w.id, caller: w.name || w.id }}>${t("board.force")}<//>` : html`<span class="muted">—</span>`}</td>`}
      </tr>`;
    })}</tbody></table>
  <//>`;
}

export function Demands() {
  // The same number as the tile: of all that are open and not on the line; the list shows the most urgent.
  const all = place.value ? demands.value.length : (today.value.open ?? 0) - (today.value.open_live ?? 0);
  return html`<${Panel} id="demands" name=${t("board.demands")} count=${all} shown=${demands.value.length} note=${hereNote()} empty=${t("board.demands_empty")}>
    <table><${Head} columns=${["due", "caller", "place", "reason", "class", "opened", ...(may ? ["action"] : [])]} />
    <tbody>${demands.value.map((d) => html`<tr key=${d.id} data-reason=${d.reason}>
      <td class="number"><${Due} at=${d.due_ms} />${d.target_ms < now.value && html` <span class="chip breach">${t("board.breached")}</span>`}</td>
      <${Caller} contact=${d.contact} caller=${d.caller} />
      <td>${shortOf(d.prefecture)}</td>
      <td>${wordOf("reason", d.reason)}</td>
      <td>${wordOf("four_100", d.four_100)}</td>
      <td class="number">${dateOf(d.opened_ms)}</td>
      ${may && html`<td class="acts"><${Act} about=${{ kind: "exclude", id: d.id, caller: callerOf(d.caller) }}>${t("board.exclude")}<//></td>`}
    </tr>`)}</tbody></table>
  <//>`;
}

export function Callbacks() {
  const all = place.value ? callbacks.value.length : today.value.callbacks ?? callbacks.value.length;
  return html`<${Panel} id="callbacks" name=${t("board.callbacks")} count=${all} shown=${callbacks.value.length} note=${hereNote()} empty=${t("board.callbacks_empty")}>
    <table><${Head} columns=${["state", "due", "caller", "callback_reason", ...(may ? ["action"] : [])]} />
    <tbody>${callbacks.value.map((k) => {
      const stage = stageOf(k);
      const about = { id: k.id, caller: callerOf(k.caller) };
      return html`<tr key=${k.id} data-stage=${stage}>
        <td><span class="chip ${STAGE_LEVELS[stage]}">${t(`board.stage_${stage}`)}</span>${stage === "claimed" && html` <small class="muted">${wordOf("dialled", k.dialled)}${lawyerOf(k) && ` · ${lawyerOf(k)}`}</small>`}${k.attempts > 0 && html` <small class="muted">${t("board.attempts", { n: k.attempts })}</small>`}</td>
        <td class="number"><${Due} at=${k.due_ms} /></td>
        <${Caller} contact=${k.contact} caller=${k.caller} />
        <td>${wordOf("reason", k.reason)}</td>
        ${may && html`<td class="acts">${["due", "open", "exhausted"].includes(stage) && html`<${Act} about=${{ kind: "dial", ...about }}>${t("board.dial_now")}<//>`}<${Act} about=${{ kind: "callback", ...about }}>${t("board.sign_off")}<//></td>`}
      </tr>`;
    })}</tbody></table>
  <//>`;
}

function lawyerOf(k) {
  const lawyer = view.value.contacts[k.contact]?.lawyer;
  return lawyer ? nameOf(lawyer) : "";
}
