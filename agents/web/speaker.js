// Where the caller's voice and the ringing come out, and a try of the whole way from the microphone to the ear.

import { effect, signal } from "@preact/signals";
import { useAs } from "./ring.js";
import * as phone from "./softphone.js";

const DEFAULT = "default";
const ECHO_MS = 3000;

/** This browser lets the sound go elsewhere than where the system says. */
export const choosable = typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

/** [{id, label}]; known by name once the microphone was allowed. */
export const speakers = signal([]);
export const speaker = signal(localStorage.getItem("speaker") ?? DEFAULT);

export async function findSpeakers() {
  if (!choosable || !navigator.mediaDevices?.enumerateDevices) return;
  const found = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  speakers.value = found.filter((one) => one.kind === "audiooutput" && one.deviceId && one.label)
    .map((one) => ({ id: one.deviceId, label: one.label }));
}
navigator.mediaDevices?.addEventListener?.("devicechange", findSpeakers);

// A headset that was pulled out is not chosen any more: the sound goes where the system says.
const chosen = () => (speakers.value.some((one) => one.id === speaker.value) ? speaker.value : DEFAULT);

export function choose(id) {
  speaker.value = id;
  localStorage.setItem("speaker", id);
}

effect(() => {
  if (!choosable || !speakers.value.length) return;
  const id = chosen();
  useAs(id);
  phone.phone.useSpeaker(id);
});

/** '' | speaking | playing | done | failed */
export const echo = signal("");

/** Three seconds of the microphone, kept in this page alone, and played where callers are heard. */
export async function tryEcho(openMicrophone) {
  if (echo.value === "speaking" || echo.value === "playing") return;
  const stream = await openMicrophone();
  if (!stream) { echo.value = "failed"; return; }
  try {
    echo.value = "speaking";
    const said = await recorded(stream);
    echo.value = "playing";
    await played(said);
    echo.value = "done";
  } catch { echo.value = "failed"; } finally { stream.getTracks().forEach((track) => track.stop()); }
}

function recorded(stream) {
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const done = new Promise((resolve, reject) => {
    recorder.onstop = () => resolve(new Blob(parts));
    recorder.onerror = () => reject(new Error("recorder"));
  });
  recorder.start();
  setTimeout(() => recorder.stop(), ECHO_MS);
  return done;
}

async function played(blob) {
  const ac = new AudioContext();
  try {
    if (chosen() !== DEFAULT) await ac.setSinkId?.(chosen());
    const source = ac.createBufferSource();
    source.buffer = await ac.decodeAudioData(await blob.arrayBuffer());
    source.connect(ac.destination);
    await ac.resume();
    await new Promise((resolve) => { source.onended = resolve; source.start(); });
  } finally { await ac.close(); }
}
