// The lawyer's telephone: one call at a time, its sound, and what it says about itself.

import { computed, effect, signal } from "@preact/signals";
import { request } from "config/http.js";
import { pageData } from "config/i18n.js";
import { createPhone, pressKey } from "config/phone.js";
import * as store from "./store.js";

const call = signal(null); // the SDK's Call, ringing or open
export const open = signal(false); // the call was accepted and carries sound
export const muted = signal(false);
export const held = computed(() => store.contact.value?.held ?? false); // as the server knows: it outlives this page
export const connecting = signal(false); // accepted, sound not yet there

export const phone = createPhone({
  source: pageData.sdk,
  quiet: pageData.quiet,
  voice: pageData.voice,
  fetchToken: () => request("POST", "/desk/token"),
  onIncoming: arrived,
});

/** The call rings here, whatever else is known. */
export const ringing = computed(() => call.value !== null && !open.value && !connecting.value);
export const registered = computed(() => phone.state.value === "registered");

/** The contact that the phone talks with; '' when none. */
const talking = computed(() => (open.value ? contactOf(call.value) : ""));

const DEAD_MS = 10_000;
const lostAt = signal(Date.now()); // when this phone stopped being registered; 0 while it is
effect(() => { lostAt.value = registered.value ? 0 : lostAt.peek() || Date.now(); });

/** Where calls ring: here | spare (the own telephone while this one is dead) | own (the own telephone). */
export const ringsAt = signal(localStorage.getItem("rings-at") ?? "here");
effect(() => { localStorage.setItem("rings-at", ringsAt.value); });
const dead = computed(() => lostAt.value > 0 && store.now.value - store.feed.serverOffsetMs.value - lostAt.value > DEAD_MS);

/** Calls ring the lawyer's own telephone now. */
export const own = computed(() => store.ownNumber.value !== "" && (ringsAt.value === "own" || (ringsAt.value === "spare" && dead.value)));

store.beatWith(() => ({ registered: registered.value, talking: talking.value, own: own.value }));

// The call carries the contact's id in its parameters; the desk's own state is the second best.
function contactOf(sdkCall) {
  const id = sdkCall?.customParameters?.get("contact") ?? store.lawyer.peek()?.contact ?? "";
  return /^c_[0-9a-f]{32}$/.test(id) ? id : "";
}

function arrived(sdkCall) { take(sdkCall); }

function take(sdkCall) {
  call.value = sdkCall;
  const gone = () => { if (call.value === sdkCall) clear(); };
  sdkCall.on("accept", () => {
    open.value = true;
    spoken = true;
    connecting.value = false;
    const contact = contactOf(sdkCall);
    if (contact && contact !== rejoining.peek()) store.act("accepted", { contact }).catch(() => {}); // the carrier's webhook says it, too
  });
  sdkCall.on("disconnect", gone);
  sdkCall.on("cancel", gone);
  sdkCall.on("reject", gone);
  sdkCall.on("error", (error) => {
    store.notice.value = { kind: "breach", key: "desk.notice_phone", fields: { code: error?.code ?? "" } };
    if (!open.value) gone();
  });
  sdkCall.on("sample", measured);
  sdkCall.on("mute", (isMuted) => { muted.value = isMuted; });
}

/** The contact whose talk this page comes back to, after a reload or a lost line; '' when none. */
export const rejoining = signal("");
const TRIES = 5;
let ending = ""; // the contact whose talk its lawyer ended: not to be come back to
let tries = 0;
let later = 0;

// The server says that we talk and there is no sound here: come back. At once when the page is new; else a moment
// later, because at the end of a talk the sound goes first.
effect(() => {
  const id = store.live.value && store.state.value === "talking" && !store.onOwnPhone.value && !store.ended.value ? store.lawyer.value.contact : "";
  const silent = call.value === null;
  clearTimeout(later);
  if (!id) {
    if (rejoining.peek() && !open.peek() && store.live.value) { call.peek()?.disconnect(); clear(); } // it ended meanwhile
    rejoining.value = "";
    tries = 0;
    if (store.live.value) ending = "";
    return;
  }
  if (!silent || connecting.peek()) return;
  if (id === ending) { store.act("hangup").catch(() => {}); return; } // it did not reach the server then
  later = setTimeout(rejoin, tries === 0 && !spoken ? 0 : 900, id);
});

let spoken = false; // this page has had sound

async function rejoin(id) {
  if (tries++ >= TRIES || call.peek() || store.lawyer.peek()?.contact !== id) return;
  rejoining.value = id;
  connecting.value = true;
  try {
    const sdkCall = await phone.dial({ rejoin: id });
    if (sdkCall) { take(sdkCall); return; }
  } catch { /* once more */ }
  connecting.value = false;
  later = setTimeout(rejoin, 1500, id);
}

/** What the last second of a call was like: {rtt, jitter (ms), loss (%)}; null before the first call. */
export const network = signal(null);
function measured({ rtt, jitter, packetsLostFraction: loss }) {
  network.value = { rtt: Math.round(rtt || 0), jitter: Math.round(jitter || 0), loss: Math.round(loss || 0) };
}

export const testing = signal(""); // '' | calling | heard | silent | failed: the call to the line itself

/** Call the hotline's own line: its prompt is heard, and the way there and back is measured. Only while away: a phone
    that is busy with itself must not be rung. */
export async function testCall() {
  if (testing.value === "calling") return;
  testing.value = "calling";
  let loudest = 0;
  try {
    const sdkCall = await phone.dial({ test: "1" });
    if (!sdkCall) { testing.value = "failed"; return; }
    sdkCall.on("sample", measured);
    sdkCall.on("volume", (_mine, theirs) => { loudest = Math.max(loudest, theirs); });
    sdkCall.on("disconnect", () => { testing.value = loudest > 0.01 ? "heard" : "silent"; });
    sdkCall.on("error", () => { testing.value = "failed"; });
  } catch { testing.value = "failed"; }
}

function clear() {
  call.value = null;
  open.value = false;
  connecting.value = false;
  muted.value = false;
}

export function answer() {
  if (!ringing.value) return;
  connecting.value = true;
  call.value.accept();
}

export async function reject() {
  const sdkCall = call.value;
  await store.attempt("reject");
  if (call.value === sdkCall && !open.value) { sdkCall?.reject(); clear(); }
}

/** The caller hears goodbye first: the switchboard is told, then the sound is cut. */
export async function hangUp() {
  const sdkCall = call.value;
  ending = store.lawyer.peek()?.contact ?? "";
  const told = store.act("hangup").catch(() => {});
  await Promise.race([told, new Promise((resolve) => { setTimeout(resolve, 800); })]);
  sdkCall?.disconnect();
}

/** There is a talk here, or on the lawyer's own telephone. */
export const talks = () => open.value || (store.onOwnPhone.value && store.state.value === "talking");

export function toggleMute() { call.value?.mute(!muted.value); }

export const toggleHold = () => store.attempt("hold", { held: !held.value });

export function press(key) { if (call.value) pressKey(call.value, key); }

/** 0..1, how loud the lawyer and the caller are right now; the meters show it. */
export const levels = signal({ me: 0, caller: 0 });
export function followLevels(sdkCall = call.value) {
  const heard = (mine, theirs) => { levels.value = { me: mine, caller: theirs }; };
  sdkCall?.on("volume", heard);
  return () => sdkCall?.removeListener("volume", heard);
}
