// What the board knows: a snapshot, then changes. Durations are counted here, from the moments that records carry.

import { computed, signal } from "@preact/signals";
import { openFeed } from "config/live.js";
import { language, pageData, t } from "config/i18n.js";

const EMPTY = { contacts: {}, lawyers: {}, demands: {}, callbacks: {}, groups: {}, tiles: {}, health: {}, curves: {}, prefectures: {}, promises: {}, alarms: {}, notice: {} };

export const view = signal(EMPTY);
export const loaded = signal(false);
export const now = signal(Date.now());
export const dialog = signal(null); // what a supervisor is about to decide: see sign.js
export const done = signal(""); // the last decision, in words
export const place = signal(""); // the prefecture picked on the map; '' = all

/** Live: follows the feed. A replay sets view and now itself. */
export const feed = pageData.replay ? null : openFeed("/board/ws", { staleMs: pageData.stale_ms, onMessage: received });
export const status = computed(() => feed?.status.value ?? "live");

function received(message) {
  if (message.type === "snapshot") {
    view.value = { ...EMPTY, ...message.view };
    loaded.value = true;
  } else if (message.type === "change") {
    view.value = changed(view.value, message);
  }
}

// Ticks stop while the feed is stale: an old wait that goes on counting would look live.
if (feed) setInterval(() => { if (feed.status.value === "live") now.value = Date.now() + feed.serverOffsetMs.value; }, 500);

export function show(whole, atMs) {
  view.value = { ...EMPTY, ...whole };
  now.value = atMs;
  loaded.value = true;
}

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
const here = (row) => !place.value || row.prefecture === place.value || (row.prefecture || "?") === place.value;

const STATES = ["talking", "offered", "waiting", "menu"]; // the order of the list, most alive first
const waits = (c) => c.state === "waiting" || c.state === "offered";

/** Everybody on the line. A contact that we call back is not: nobody hears the music. */
export const everyone = computed(() => {
  const found = rows("contacts").filter((c) => !c.dial && c.state !== "callback")
    .sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || a.waiting_since_ms - b.waiting_since_ms);
  const places = {};
  for (const c of found.filter(waits).sort((a, b) => a.waiting_since_ms - b.waiting_since_ms)) {
    places[c.type] = (places[c.type] ?? 0) + 1;
    c.place = places[c.type];
  }
  return found;
});
export const waiting = computed(() => everyone.value.filter(waits));
export const line = computed(() => everyone.value.filter(here));

const LAWYER_STATES = ["talking", "offered", "idle", "wrapup", "offline"];
export const allLawyers = computed(() => rows("lawyers")
  .sort((a, b) => LAWYER_STATES.indexOf(a.state) - LAWYER_STATES.indexOf(b.state) || a.since_ms - b.since_ms));
export const lawyers = computed(() => allLawyers.value.filter(here));
export const demands = computed(() => rows("demands").filter(here).sort((a, b) => a.due_ms - b.due_ms));
export const callbacks = computed(() => rows("callbacks").filter(here).sort((a, b) => a.due_ms - b.due_ms));
export const groups = computed(() => rows("groups").filter(here).sort((a, b) => b.last_ms - a.last_ms));

const CHANNELS = ["dedicated", "general"]; // these stand first; others follow as they are met
const speaksMore = (w) => (w.languages ?? []).some((code) => code !== "zh");

/** One row for each channel that somebody needs or takes, and one for callers who do not speak Chinese. */
export const queues = computed(() => {
  const people = lawyers.value.filter((w) => w.on_duty);
  const waitingHere = line.value.filter(waits);
  const met = [...waitingHere.map((c) => c.channel), ...people.flatMap((w) => w.skills), ...callbacks.value.map((k) => k.channel)];
  const names = [...new Set([...CHANNELS, ...met])].filter((name) => name && met.includes(name));
  const row = (id, theirs, able, owed) => ({
    id,
    waiting: theirs.length,
    since_ms: theirs.length ? Math.min(...theirs.map((c) => c.waiting_since_ms)) : 0,
    able: able.length,
    free: able.filter((w) => w.fresh && w.state === "idle" && w.status === "ready").length,
    owed,
  });
  const rows = names.map((name) => row(name, waitingHere.filter((c) => c.channel === name), people.filter((w) => w.skills.includes(name)), callbacks.value.filter((k) => k.channel === name).length));
  const foreign = waitingHere.filter((c) => c.language && c.language !== "zh");
  const speakers = people.filter(speaksMore);
  return foreign.length || speakers.length ? [...rows, row("minority", foreign, speakers, 0)] : rows;
});
export const today = computed(() => view.value.tiles.today ?? {});

/** Where a call-back stands right now: the server knows what only events change, the clock knows the rest. */
export function stageOf(k) {
  if (k.stage !== "open") return k.stage;
  return k.due_ms <= now.value ? "due" : "open";
}
export const STAGE_LEVELS = { open: "calm", due: "attention", claimed: "calm", exhausted: "breach", unnumbered: "attention", taken: "calm" };

export const callerOf = (masked) => (masked === "web" ? t("board.caller_web") : masked || t("board.hidden_number"));
export const levelOf = (ms) => (ms >= pageData.waiting_s.breach * 1000 ? "breach" : ms >= pageData.waiting_s.attention * 1000 ? "attention" : "calm");
export const shortOf = (prefecture) => pageData.tiles[prefecture]?.[language === "en" ? "en" : "short"] ?? (prefecture || "—");
export function wordOf(group, code) {
  const key = `board.${group}_${String(code).replaceAll(".", "_")}`;
  const word = t(key);
  return word === key ? String(code) : word;
}
export const nameOf = (lawyer) => view.value.lawyers[lawyer]?.name ?? lawyer;
/** May this viewer decide, here? A wall and a replay only show. */
export const may = pageData.may_sign && !pageData.wall && !pageData.replay;
