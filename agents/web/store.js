// What the desk knows. The server's word is the state; the phone's is only about sound.

import { computed, effect, signal } from "@preact/signals";
import { NOT_ALLOWED, SIGNED_OUT, openFeed } from "config/live.js";
import { pageData } from "config/i18n.js";

export const me = pageData.me;
export const lawyer = signal(null);
export const contact = signal(null); // the card of the contact that is here, or was last
export const queue = signal({ waiting: 0, oldest_ms: 0, ready: 0 });
export const fact = signal(null); // the last fact about us: {kind, body}
export const notice = signal(null); // {kind: attention|breach|calm, key, fields}
export const ended = signal(""); // '' | signed_out | not_allowed | taken_over | elsewhere
export const captions = signal({ contact: "", lines: [], off: "", direction: "" }); // what is being said, as it is said
export const drafts = signal({ contact: "", n: 0 }); // counts the news about transcripts
export const ownNumber = signal(""); // at which this lawyer can be rung instead of here; '' = nowhere
export const onOwnPhone = signal(false); // the contact's leg is the lawyer's own telephone
export const supervised = signal(null); // {mode, by}: the supervisor who came last into our talk and is heard
export const broadcast = signal(null); // {text, until_ms, by}: what everybody is to read
export const now = signal(Date.now()); // the server's clock, every 250 ms

export const state = computed(() => lawyer.value?.state ?? "offline");
export const ready = computed(() => lawyer.value?.status === "ready");

// A reload is the same tab; a second window is not.
const tab = (sessionStorage.tab ??= crypto.randomUUID());

let asked = 0;
const waiting = new Map(); // id -> {resolve, reject}
let heartbeat = () => ({ registered: false, talking: "", own: false });
let beaten = 0;

export const feed = openFeed(`/desk/ws?tab=${tab}`, {
  onMessage: received,
  onBeat: () => { if (performance.now() - beaten > 2500) beat(); },
  onOpen: () => beat(),
  onEnd: (code) => {
    if (ended.value) return;
    ended.value = code === SIGNED_OUT ? "signed_out" : code === NOT_ALLOWED ? "not_allowed" : "taken_over";
  },
  onClose: () => {
    for (const { reject } of waiting.values()) reject(new Error("offline"));
    waiting.clear();
  },
});

export const live = computed(() => feed.status.value === "live");

setInterval(() => { now.value = Date.now() + feed.serverOffsetMs.value; }, 250);

/** The phone says here what the heartbeat carries. Sent at every change, and with every third beat of the server:
    messages are not slowed down in a hidden tab, timers are. */
export function beatWith(source) {
  heartbeat = source;
  effect(() => { heartbeat(); beat(); });
}

function beat() {
  beaten = performance.now();
  feed.send({ type: "heartbeat", ...heartbeat() });
}

function received(message) {
  switch (message.type) {
    case "snapshot":
      ownNumber.value = message.own_number;
    // falls through
    case "state":
      onOwnPhone.value = message.own_phone;
      supervised.value = message.supervised;
      lawyer.value = message.lawyer;
      contact.value = message.contact;
      if (message.fact) fact.value = message.fact;
      if (message.fact?.kind === "contact.passed_over") notice.value = { kind: "calm", key: "desk.notice_passed_over" };
      break;
    case "queue":
      queue.value = message;
      break;
    case "draft":
      drafts.value = { contact: message.contact, n: drafts.value.n + 1 };
      break;
    case "caption":
      captions.value = captioned(captions.value, message);
      break;
    case "broadcast":
      broadcast.value = message;
      break;
    case "notice":
      notice.value = { kind: "attention", key: `desk.notice_${message.code.replaceAll("-", "_")}` };
      break;
    case "elsewhere":
    case "taken_over":
      ended.value = message.type;
      break;
    case "done":
    case "refused": {
      const asker = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.type === "done") asker?.resolve();
      else asker?.reject(new Error(message.code));
      break;
    }
  }
}

const CAPTIONS = 100; // lines that are kept

/** A later caption of the same utterance takes the earlier one's place. */
function captioned(known, { contact, side, utterance, text, final, off, direction }) {
  const { lines, direction: before } = known.contact === contact ? known : { lines: [], direction: "" };
  if (direction !== undefined) return { contact, lines, off: "", direction };
  if (off) return { contact, lines, off, direction: before };
  const others = lines.filter((line) => line.side !== side || line.utterance !== utterance);
  return { contact, lines: [...others, { side, utterance, text, final }].slice(-CAPTIONS), off: "", direction: before };
}

/** Ask the server to do something; resolves when it did, rejects with its code, or "offline". */
export function act(type, fields = {}) {
  return new Promise((resolve, reject) => {
    const id = ++asked;
    waiting.set(id, { resolve, reject });
    if (!feed.send({ type, id, ...fields })) { waiting.delete(id); reject(new Error("offline")); }
  });
}

/** Like act, but a refusal becomes a notice. Returns whether it was done. */
export async function attempt(type, fields) {
  try {
    await act(type, fields);
    return true;
  } catch (error) {
    const known = error.message === "offline" ? "offline" : "refused";
    notice.value = { kind: "attention", key: `desk.notice_${known}`, fields: { code: error.message } };
    return false;
  }
}

/** Make this window the desk; the other one is told. */
export function takeOver() {
  ended.value = "";
  feed.reopen(`/desk/ws?tab=${tab}&takeover=1`);
}
