// The keys of the desk, by event.code: they work whatever the keyboard layout or the input method does.

import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "config/i18n.js";
import { toggleReady } from "./bar.js";
import { tab } from "./detail.js";
import { toggleDrawer } from "./knowledge.js";
import { toggleReach } from "./reach.js";
import * as phone from "./softphone.js";
import { ended } from "./store.js";

export const help = signal(false);

const focusNote = () => {
  tab.value = "note";
  requestAnimationFrame(() => document.getElementById("note")?.focus());
};

const KEYS = {
  KeyA: ["A", "desk.answer", phone.answer],
  KeyX: ["X", "desk.hang_up", () => (phone.ringing.value ? phone.reject() : phone.talks() && phone.hangUp())],
  KeyH: ["H", "desk.hold", () => phone.talks() && phone.toggleHold()],
  KeyM: ["M", "desk.mute", phone.toggleMute],
  KeyT: ["T", "talk.reach", toggleReach],
  KeyK: ["K", "talk.drawer", toggleDrawer],
  KeyR: ["R", "desk.key_ready", toggleReady],
  KeyN: ["N", "desk.key_note", focusNote],
};

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]") !== null;

export function listenToKeys() {
  addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || ended.value) return;
    if (event.altKey && !event.ctrlKey && !event.metaKey && event.code in KEYS) {
      event.preventDefault();
      KEYS[event.code][2]();
    } else if (event.key === "?" && !typing(event.target)) {
      help.value = !help.value;
    }
  });
}

export function Help() {
  const dialog = useRef(null);
  useEffect(() => {
    if (help.value && !ended.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [help.value, ended.value]);
  return html`<dialog ref=${dialog} class="card help" aria-labelledby="help-title" onClose=${() => { help.value = false; }}>
    <header><h2 id="help-title">${t("desk.help")}</h2><button class="quiet" aria-label=${t("desk.close")} onClick=${() => { help.value = false; }}>✕</button></header>
    <dl>${Object.values(KEYS).map(([key, label]) => html`<div><dt><kbd>Alt</kbd> + <kbd>${key}</kbd></dt><dd>${t(label)}</dd></div>`)}
      <div><dt><kbd>?</kbd></dt><dd>${t("desk.help")}</dd></div></dl>
  </dialog>`;
}
