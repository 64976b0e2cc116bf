// The live board: a snapshot, then changes. Durations are counted here, from the moments that the records carry.

import { html, render } from "htm/preact";
import { signal, computed, useSignal } from "@preact/signals";
import { openFeed } from "config/live.js";
import { pageData, t, clockOf, dateOf } from "config/i18n.js";
import { Sign } from "sla/sign.js";

const LINE = ["talking", "offered", "waiting", "menu"]; // the order of the list, most alive first
const HEALTH = ["clock", "ledger", "recognizer", "carrier", "database"];
const SILENT_MS = 6000;

const view = signal({ contacts: {}, lawyers: {}, demands: {}, callbacks: {}, tiles: {}, health: {} });
const loaded = signal(false);
const signing = signal(null);

const feed = openFeed("/board/ws", {
  staleMs: pageData.stale_ms,
  onMessage(message) {
    if (message.type === "snapshot") {
      view.value = message.view;
      loaded.value = true;
    } else if (message.type === "change") {
      view.value = changed(view.value, message);
    }
  },
});

// Ticks stop while the feed is stale: an old wait that goes on counting would look live.
const now = signal(Date.now());
setInterval(() => { if (feed.status.value === "live") now.value = Date.now() + feed.serverOffsetMs.value; }, 500);

function changed(old, { set = {}, gone = {} }) {
  const next = { ...old };
  for (const [section, records] of Object.entries(set)) next[section] = { ...next[section], ...records };
  for (const [section, ids] of Object.entries(gone)) {
    next[section] = { ...next[section] };
    for (const id of ids) delete next[section][id];
  }
  return next;
}

const rows = (section) => Object.entries(view.value[section] ?? {}).map(([id, record]) => ({ id, ...record }));

const line = computed(() => {
  const order = (c) => LINE.indexOf(c.state);
  const found = rows("contacts").filter((c) => LINE.includes(c.state));
  found.sort((a, b) => order(a) - order(b) || a.waiting_since_ms - b.waiting_since_ms);
  const places = {};
  for (const c of found.filter((c) => c.state !== "menu" && c.state !== "talking").sort((a, b) => a.waiting_since_ms - b.waiting_since_ms)) {
    places[c.type] = (places[c.type] ?? 0) + 1;
    c.place = places[c.type];
  }
  return found;
});
const waiting = computed(() => line.value.filter((c) => c.state === "waiting" || c.state === "offered"));
const lawyers = computed(() => {
  const order = ["talking", "offered", "idle", "wrapup", "offline"];
  return rows("lawyers").sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.since_ms - b.since_ms);
});
const demands = computed(() => rows("demands").sort((a, b) => a.due_ms - b.due_ms));
const callbacks = computed(() => rows("callbacks").sort((a, b) => a.due_ms - b.due_ms));

const callerOf = (masked) => (masked === "web" ? t("board.caller_web") : masked || t("board.hidden_number"));
const levelOf = (ms) => (ms >= pageData.waiting_s.breach * 1000 ? "breach" : ms >= pageData.waiting_s.attention * 1000 ? "attention" : "calm");
const wordOf = (group, code) => {
  const key = `board.${group}_${String(code).replaceAll(".", "_")}`;
  const word = t(key);
  return word === key ? String(code) : word;
};

function Due({ at }) {
  const left = at - now.value;
  if (!at) return html`<span class="muted">—</span>`;
  const far = Math.abs(left) >= 86_400_000;
  const text = far ? dateOf(at) : clockOf(Math.abs(left));
  if (left < 0) return html`<span class="chip breach">${t("board.due_late", { t: text })}</span>`;
  return html`<span class="chip ${left < 300_000 ? "attention" : "calm"}">${far ? text : t("board.due_in", { t: text })}</span>`;
}

function Tile({ name, value, note = "", level = "" }) {
  return html`<div class="tile ${level}">
    <dt>${name}</dt>
    <dd class="number live-data">${level && level !== "calm" && html`<span class="sign ${level}"><span class="unseen">${t(`common.${level}`)}</span></span>`}${value}</dd>
    ${note && html`<dd class="note live-data">${note}</dd>`}
  </div>`;
}

function Tiles() {
  const today = view.value.tiles.today ?? {};
  const longest = waiting.value.length ? now.value - Math.min(...waiting.value.map((c) => c.waiting_since_ms)) : 0;
  const asked = (today.answered ?? 0) + (today.missed ?? 0);
  const share = asked ? today.in_time / asked : null;
  const onDuty = lawyers.value.filter((w) => w.on_duty);
  const late = callbacks.value.filter((c) => c.due_ms < now.value).length;
  return html`<dl class="tiles">
    <${Tile} name=${t("board.tile_waiting")} value=${waiting.value.length} level=${waiting.value.length ? levelOf(longest) : "calm"} />
    <${Tile} name=${t("board.tile_longest")} value=${waiting.value.length ? clockOf(longest) : "—"} level=${waiting.value.length ? levelOf(longest) : "calm"} />
    <${Tile} name=${t("board.tile_rate", { n: pageData.answer.within_s })} value=${share === null ? t("board.no_data") : `${Math.floor(share * 100)}%`}
      note=${t("board.tile_rate_note", { answered: today.answered ?? 0, missed: today.missed ?? 0 })}
      level=${share === null ? "" : share >= pageData.answer.share ? "calm" : "attention"} />
    <${Tile} name=${t("board.tile_open")} value=${today.open ?? 0} note=${t("board.tile_open_note", { live: today.open_live ?? 0, breached: today.breached ?? 0 })}
      level=${today.breached ? "breach" : "calm"} />
    <${Tile} name=${t("board.tile_callbacks")} value=${callbacks.value.length} note=${t("board.tile_callbacks_note", { late })} level=${late ? "breach" : "calm"} />
    <${Tile} name=${t("board.tile_duty")} value=${onDuty.length}
      note=${t("board.tile_duty_note", { idle: onDuty.filter((w) => w.state === "idle" && w.status === "ready").length, talking: onDuty.filter((w) => w.state === "talking").length })}
      level=${onDuty.length ? "calm" : "attention"} />
  </dl>`;
}

function Panel({ id, name, count, empty, children }) {
  return html`<section class="panel">
    <h2 id=${id}>${name} <span class="count number live-data">${count}</span></h2>
    ${count ? html`<div class="scroll live-data" tabindex="0" role="region" aria-labelledby=${id}>${children}</div>` : html`<p class="empty muted">${empty}</p>`}
  </section>`;
}

const Head = ({ columns }) => html`<thead><tr>${columns.map((c) => html`<th scope="col">${t(`board.column_${c}`)}</th>`)}</tr></thead>`;

function Line() {
  const names = view.value.lawyers;
  return html`<${Panel} id="line" name=${t("board.line")} count=${line.value.length} empty=${t("board.line_empty")}>
    <table><${Head} columns=${["state", "caller", "place", "channel", "position", "waited", "lawyer"]} />
    <tbody>${line.value.map((c) => {
      const ms = now.value - c.since_ms;
      const waits = c.state === "waiting" || c.state === "offered";
      return html`<tr key=${c.id} data-state=${c.state}>
        <td><span class="chip ${waits ? levelOf(now.value - c.waiting_since_ms) : c.state === "talking" ? "calm" : "unknown plain"}">${t(`board.state_${c.state}`)}</span></td>
        <td class="number"><a href="/board/contacts/${c.id}">${callerOf(c.caller)}</a>${c.ordinal > 1 && html` <small class="muted">${t("board.nth_call", { n: c.ordinal })}</small>`}</td>
        <td>${c.prefecture || "—"}</td>
        <td>${wordOf("channel", c.channel)}</td>
        <td class="number">${c.place ?? "—"}</td>
        <td class="number timer">${clockOf(waits ? now.value - c.waiting_since_ms : ms)}</td>
        <td>${names[c.lawyer]?.name ?? "—"}</td>
      </tr>`;
    })}</tbody></table>
  <//>`;
}

function stateOf(w) {
  if (w.on_duty && !w.fresh) return ["breach", t("board.lawyer_stale")];
  if (w.state === "idle" && w.status === "away") return ["unknown plain", t("board.lawyer_away")];
  const level = { idle: "calm", talking: "calm", offered: "attention", wrapup: "unknown plain", offline: "unknown plain" }[w.state] ?? "unknown";
  return [level, wordOf("lawyer", w.state)];
}

function Lawyers() {
  return html`<${Panel} id="lawyers" name=${t("board.lawyers")} count=${lawyers.value.length} empty=${t("board.lawyers_empty")}>
    <table><${Head} columns=${["lawyer", "state", "waited", "place"]} />
    <tbody>${lawyers.value.map((w) => {
      const [level, word] = stateOf(w);
      return html`<tr key=${w.id} data-state=${w.state}>
        <td>${w.name || w.id}</td>
        <td><span class="chip ${level}">${word}</span>${w.reason && w.status === "away" && html` <small class="muted">${wordOf("reason", w.reason)}</small>`}${w.next && html` <small class="muted">${t("board.lawyer_next", { next: wordOf("lawyer", w.next === "ready" ? "idle" : w.next) })}</small>`}</td>
        <td class="number timer">${w.state === "offline" ? "—" : clockOf(now.value - w.since_ms)}</td>
        <td>${w.prefecture || "—"}</td>
      </tr>`;
    })}</tbody></table>
  <//>`;
}

function Demands() {
  const may = pageData.may_sign && !pageData.wall;
  return html`<${Panel} id="demands" name=${t("board.demands")} count=${demands.value.length} empty=${t("board.demands_empty")}>
    <table><${Head} columns=${["due", "caller", "place", "reason", "opened", ...(may ? ["action"] : [])]} />
    <tbody>${demands.value.map((d) => html`<tr key=${d.id} data-reason=${d.reason}>
      <td class="number"><${Due} at=${d.due_ms} /></td>
      <td class="number"><a href="/board/contacts/${d.contact}">${callerOf(d.caller)}</a></td>
      <td>${d.prefecture || "—"}</td>
      <td>${wordOf("reason", d.reason)}</td>
      <td class="number">${dateOf(d.opened_ms)}</td>
      ${may && html`<td><button class="small" onClick=${() => { signing.value = { kind: "exclude", id: d.id, caller: callerOf(d.caller) }; }}>${t("board.exclude")}</button></td>`}
    </tr>`)}</tbody></table>
  <//>`;
}

function Callbacks() {
  const may = pageData.may_sign && !pageData.wall;
  return html`<${Panel} id="callbacks" name=${t("board.callbacks")} count=${callbacks.value.length} empty=${t("board.callbacks_empty")}>
    <table><${Head} columns=${["due", "caller", "callback_reason", ...(may ? ["action"] : [])]} />
    <tbody>${callbacks.value.map((c) => html`<tr key=${c.id}>
      <td class="number"><${Due} at=${c.due_ms} /></td>
      <td class="number"><a href="/board/contacts/${c.contact}">${callerOf(c.caller)}</a></td>
      <td>${wordOf("reason", c.reason)}</td>
      ${may && html`<td><button class="small" onClick=${() => { signing.value = { kind: "callback", id: c.id, caller: callerOf(c.caller) }; }}>${t("board.sign_off")}</button></td>`}
    </tr>`)}</tbody></table>
  <//>`;
}

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
  const status = feed.status.value;
  if (status === "live") return html`<span class="chip calm feed">${t("common.feed_live")}</span>`;
  if (status === "stale") return html`<div class="banner breach feed" role="alert"><strong>${t("common.feed_stale", { age: "" })}<span aria-hidden="true" class="number">${clockOf(feed.ageMs.value)}</span></strong><span>${t("common.feed_stale_hint")}</span></div>`;
  if (status === "ended") return html`<div class="banner attention feed" role="alert"><span>${t("common.feed_ended")}</span><a href="/signin?next=/board">${t("common.sign_in_again")}</a></div>`;
  return html`<span class="chip unknown feed">${t("common.feed_connecting")}</span>`;
}

function Board() {
  const done = useSignal("");
  const wall = pageData.wall;
  return html`<div class="board ${feed.status.value === "live" ? "" : "stale"}">
    <div class="bar"><${Feed} />${loaded.value && html`<${Health} />`}
      ${done.value && html`<span class="muted" role="status">${done.value}</span>`}
      <a class="quiet button end" href=${wall ? "/board" : "/board?mode=wall"}>${t(wall ? "board.leave_wall" : "board.wall")}</a>
    </div>
    ${loaded.value ? html`<${Tiles} /><div class="panels"><${Line} /><${Lawyers} /><${Demands} /><${Callbacks} /></div>` : html`<p class="muted wait">${t("common.feed_connecting")}</p>`}
    ${signing.value && html`<${Sign} key=${signing.value.id} about=${signing.value} onDone=${(word) => { signing.value = null; done.value = word ?? ""; }} />`}
  </div>`;
}

render(html`<${Board} />`, document.getElementById("board"));
