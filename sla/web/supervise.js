// A supervisor's own phone: hears a talk, whispers to the lawyer alone, barges in, takes over.
//
// It is a browser phone like the desk's, under an identity of its own, so that it never rings for a caller. It is
// made when it is first needed: a board that only shows asks for no microphone.

import { signal } from "@preact/signals";
import { request } from "config/http.js";
import { pageData, t } from "config/i18n.js";
import { createPhone } from "config/phone.js";

export const room = signal(null); // {contact, caller, lawyer, mode, heard}: the talk we are in
export const trouble = signal("");

let phone = null;
let call = null;

/** Start or change what we do in a talk: listen, whisper, barge, take_over. Raises when it was refused. */
export async function supervise(contact, mode, about = {}) {
  trouble.value = "";
  await registered();
  const before = room.value;
  room.value = { ...about, ...(before?.contact === contact ? before : {}), contact, mode, heard: before?.heard ?? false };
  try {
    await request("POST", `/board/contacts/${contact}/supervise`, { mode });
  } catch (error) {
    room.value = before;
    throw error;
  }
}

export async function leave() {
  const left = room.value;
  room.value = null;
  call?.disconnect();
  call = null;
  if (left) await request("POST", `/board/contacts/${left.contact}/supervise`, { mode: "leave" }).catch(() => {});
}

/** The phone is made and can be rung; rejects after ten seconds. */
function registered() {
  phone ??= createPhone({
    source: pageData.sdk,
    quiet: pageData.quiet,
    voice: pageData.voice,
    fetchToken: () => request("POST", "/board/token"),
    onIncoming: arrived,
  });
  if (phone.state.value === "registered") return Promise.resolve();
  phone.register();
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => { stop(); reject(new Error(t("board.phone_failed", { code: phone.problem.value || "?" }))); }, 10_000);
    const stop = phone.state.subscribe((state) => {
      if (state !== "registered") return;
      clearTimeout(late);
      queueMicrotask(() => stop());
      resolve();
    });
  });
}

// We asked to be rung: answer at once. A call for a talk that we did not ask for, or no longer want, is refused.
function arrived(sdkCall) {
  const contact = sdkCall.customParameters?.get("contact") ?? "";
  if (!room.value || room.value.contact !== contact) { sdkCall.reject(); return; }
  call = sdkCall;
  const gone = () => { if (call === sdkCall) { call = null; room.value = null; } };
  sdkCall.on("accept", () => { if (room.value) room.value = { ...room.value, heard: true }; });
  sdkCall.on("disconnect", gone);
  sdkCall.on("cancel", gone);
  sdkCall.on("error", (error) => { trouble.value = t("board.phone_failed", { code: String(error?.code ?? "") }); gone(); });
  sdkCall.accept();
}

addEventListener("beforeunload", (event) => { if (room.value) event.preventDefault(); });
