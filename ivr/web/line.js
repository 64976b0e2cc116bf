// The caller's telephone line: one outgoing call by @twilio/voice-sdk, as signals that the page shows.

import { signal } from "@preact/signals";
import { pageData } from "config/i18n.js";
import { request } from "config/http.js";
import { deviceOptions, loadSdk, pressKey } from "config/phone.js";

const POLL_MS = 1000;
const POLLS_AFTER_END = 8;

/** idle | connecting | open | ended */
export const line = signal("idle");
/** What the hotline says of the call: the answer of GET /call/state, or null. */
export const call = signal(null);
/** { code, lost, wait }: why the call was not made (or, lost, broke off); null when nothing is wrong. */
export const problem = signal(null);
export const muted = signal(false);
export const unstable = signal(false);
export const levels = signal({ me: 0, other: 0 });
export const lastHeardMeAt = signal(0);

let device = null;
let active = null;
let ticket = null;
let polling = 0;
let dialled = ""; // CallSid of the newest call

/** Load the SDK while the caller still reads: the press then costs no time. */
export const prepare = () => loadSdk({ source: pageData.sdk, voice: pageData.voice }).catch(() => null);

/** Have oneself called at *number*: for the call that just ended (*own*), or without having called. */
export async function leaveNumber(number, own) {
  problem.value = null;
  const which = own ? { call: dialled, identity: ticket.identity, key: ticket.key } : {};
  try {
    call.value = await request("POST", "/call/number", { number, ...which });
    line.value = "ended";
  } catch (error) {
    failed(error);
  }
}

export async function dial(number) {
  if (line.value === "connecting" || line.value === "open") return;
  problem.value = null;
  call.value = null;
  muted.value = false;
  if (!globalThis.isSecureContext || !navigator.mediaDevices?.getUserMedia) { problem.value = { code: "insecure" }; return; }
  line.value = "connecting";
  try {
    const [Twilio, given] = await Promise.all([
      loadSdk({ source: pageData.sdk, voice: pageData.voice }),
      request("POST", "/call/token", { number }),
    ]);
    ticket = given;
    device = new Twilio.Device(given.token, {
      ...deviceOptions(pageData),
      closeProtection: true,
      logLevel: 4,
    });
    device.on("error", (error) => failed(error));
    device.on("tokenWillExpire", refresh);
    active = await device.connect({ params: { number: given.number, page: pageData.page } });
    listen(active);
  } catch (error) {
    failed(error);
  }
}

function listen(one) {
  lastHeardMeAt.value = Date.now();
  one.on("accept", () => { line.value = "open"; poll(0); });
  one.on("ringing", () => poll(0));
  one.on("volume", (me, other) => {
    if (me > 0.02) lastHeardMeAt.value = Date.now();
    levels.value = { me, other };
  });
  one.on("mute", (now) => { muted.value = now; lastHeardMeAt.value = Date.now(); });
  one.on("reconnecting", () => { unstable.value = true; });
  one.on("reconnected", () => { unstable.value = false; });
  one.on("error", failed);
  one.on("disconnect", over);
  one.on("cancel", over);
  one.on("reject", over);
}

async function refresh() {
  try {
    ticket = await request("POST", "/call/token", { identity: ticket.identity, key: ticket.key });
    device?.updateToken(ticket.token);
  } catch { /* a running talk outlives its token */ }
}

function failed(error) {
  const lost = line.value === "open" || line.value === "ended";
  if (lost && unstable.value) return; // the SDK is reconnecting, and says disconnect if that fails
  problem.value = { code: codeOf(error), lost, wait: error?.body?.wait_s };
  if (!active || !lost) over();
}

function codeOf(error) {
  if (error?.status === 422) return "number";
  if (error?.status === 429) return "busy";
  if (error?.status) return "server";
  if (error?.code === 31401) return "microphone_denied";
  if (error?.code === 31402) return "microphone_missing";
  if (error instanceof TypeError || !navigator.onLine || [31003, 31005, 31009, 53000, 53405].includes(error?.code)) return "network";
  return "server";
}

function over() {
  if (line.value === "idle" || line.value === "ended") return;
  // A call that never reached the hotline (no microphone, no network) did not end: it was not made.
  line.value = call.value || active?.parameters?.CallSid?.startsWith("CA") ? "ended" : "idle";
  unstable.value = false;
  levels.value = { me: 0, other: 0 };
  const [one, dev] = [active, device];
  active = device = null;
  if (line.value === "ended") poll(0, one);
  dev?.destroy();
}

/** Ask what the call is doing, until some time after it ended: then we know what happens now. */
async function poll(after, one = active, left = POLLS_AFTER_END) {
  clearTimeout(polling);
  const sid = one?.parameters?.CallSid ?? "";
  if (sid.startsWith("CA")) {
    dialled = sid;
    const query = new URLSearchParams({ call: sid, identity: ticket.identity, key: ticket.key });
    try { call.value = await request("GET", `/call/state?${query}`); } catch { /* shown by the line itself */ }
  }
  const live = line.value === "connecting" || line.value === "open";
  const settled = call.value && ["ended", "callback"].includes(call.value.state);
  if (live || (!settled && left > 0)) polling = setTimeout(() => poll(0, one, live ? left : left - 1), POLL_MS);
}

export const hangUp = () => (active ? active.disconnect() : device ? (device.disconnectAll(), over()) : over());
export const mute = () => active?.mute(!active.isMuted());

/** Press a key of the telephone. False: not now, there is no line, or it is just being mended. */
export function press(key) {
  if (!active || line.value !== "open" || unstable.value) return false;
  pressKey(active, key);
  navigator.vibrate?.(15);
  return true;
}
