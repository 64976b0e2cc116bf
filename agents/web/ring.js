// Ringing that cannot be missed: our own sound, the title, a notification.

import { effect, signal } from "@preact/signals";
import { t } from "config/i18n.js";

/** unknown until the first gesture; then allowed, or blocked by the browser. */
export const sound = signal("unknown");

let audio = null;
function context() {
  audio ??= new AudioContext();
  return audio;
}

/** Ring on this loudspeaker, where the browser lets us choose. */
export function useAs(speaker) { context().setSinkId?.(speaker === "default" ? "" : speaker).catch(() => {}); }

async function unlock() {
  const ac = context();
  try { await ac.resume(); } catch { /* stays blocked; said by the doctor */ }
  sound.value = ac.state === "running" ? "allowed" : "blocked";
}

/** Ask the browser for sound now, and again at each gesture until it agrees. */
export function prepareSound() {
  const ac = context();
  const look = () => { sound.value = ac.state === "running" ? "allowed" : "blocked"; };
  ac.onstatechange = look;
  for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, () => { if (ac.state !== "running") unlock(); });
  unlock();
  setTimeout(look, 500); // resume() stays pending for ever while blocked
}

/** Two soft notes, as a bell in an office: heard, not feared. */
function ringOnce() {
  const ac = context();
  if (ac.state !== "running") return;
  [[784, 0], [659, 0.18]].forEach(([hertz, after]) => {
    const at = ac.currentTime + after;
    const tone = ac.createOscillator();
    const level = ac.createGain();
    tone.type = "sine";
    tone.frequency.value = hertz;
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(0.32, at + 0.015);
    level.gain.exponentialRampToValueAtTime(0.001, at + 0.75);
    tone.connect(level).connect(ac.destination);
    tone.start(at);
    tone.stop(at + 0.8);
  });
}

export const testRing = () => unlock().then(ringOnce);

/** While *ringing* is true: sound, title, notification with *describe()* as its text. */
export function ringWhile(ringing, describe) {
  const title = document.title;
  effect(() => {
    if (!ringing.value) return undefined;
    ringOnce();
    let odd = true;
    const bell = setInterval(ringOnce, 1800);
    const flash = setInterval(() => {
      document.title = odd ? `☎ ${t("desk.ringing")}` : title;
      odd = !odd;
    }, 600);
    let shown = null;
    if (globalThis.Notification?.permission === "granted" && document.hidden) {
      shown = new Notification(t("desk.ringing"), { body: describe(), tag: "ring", requireInteraction: true });
      shown.onclick = () => { focus(); shown.close(); };
    }
    return () => {
      clearInterval(bell);
      clearInterval(flash);
      document.title = title;
      shown?.close();
    };
  });
}
