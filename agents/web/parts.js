// Small parts that several views use.

import { html } from "htm/preact";
import { clockOf } from "config/i18n.js";
import { now } from "./store.js";

/** Time since *since* (unix ms), counting; silent to screen readers. With *until*: what is left. */
export function Timer({ since, until, class: name = "" }) {
  const ms = until ? until - now.value : now.value - since;
  return html`<span class="timer ${name}" role="timer" aria-live="off">${since || until ? clockOf(ms) : "--:--"}</span>`;
}

export { Chip, Empty } from "./chips.js";

/** A button with its key shown: what hands know, eyes can learn. */
export function KeyButton({ keys, label, class: name = "", icon, ...rest }) {
  return html`<button class=${name} aria-keyshortcuts=${keys ? `Alt+${keys}` : undefined} title=${keys ? `${label} · Alt+${keys}` : label} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}<span>${label}</span>
  </button>`;
}

const PATHS = {
  phone: "M6.6 3.5c.5 0 .9.3 1.100.8l1.200 2.900c.2.5.1 1-.3 1.400L7.200 9.900c1.100 2.300 2.900 4.100 5.200 5.200l1.300-1.400c.4-.4.9-.5 1.400-.3l2.900 1.200c.5.2.8.6.8 1.100v2.600c0 .8-.7 1.500-1.500 1.400C10.300 19.100 4.900 13.700 4.300 6.700 4.200 5.900 4.900 5.200 5.700 5.200z",
  down: "M3 14.500c5-4.700 13-4.700 18 0l-2.200 2.300-3.300-1.300v-2.300a12 12 0 0 0-7 0v2.300l-3.300 1.300z",
  mic: "M12 14.500a3 3 0 0 0 3-3v-5a3 3 0 0 0-6 0v5a3 3 0 0 0 3 3m5.500-3a5.500 5.500 0 0 1-11 0H5a7 7 0 0 0 6.250 6.950V21h1.500v-2.550A7 7 0 0 0 19 11.500z",
  hold: "M8 5h3v14H8zm5 0h3v14h-3z",
  keypad: "M6 5h3v3H6zm4.500 0h3v3h-3zM15 5h3v3h-3zM6 9.500h3v3H6zm4.500 0h3v3h-3zm4.500 0h3v3h-3zM6 14h3v3H6zm4.500 0h3v3h-3zm4.500 0h3v3h-3zm-4.500 4.500h3v3h-3z",
  reach: "M8.500 11a3.500 3.500 0 1 1 0-7 3.500 3.500 0 0 1 0 7M2 19c0-3.300 2.900-5.500 6.500-5.500s6.500 2.200 6.500 5.500v1H2zm14-7.500V9h-2.500V7H16V4.500h2V7h2.500v2H18v2.500z",
  book: "M5 4h6c.8 0 1 .6 1 1v15c-.6-.7-1.300-1-2-1H5zm14 0h-5c-.6 0-1 .6-1 1v15c.6-.7 1.300-1 2-1h4z",
  doctor: "M10.500 4h3v6.500H20v3h-6.500V20h-3v-6.500H4v-3h6.500z",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false"><path fill="currentColor" d=${PATHS[name]} /></svg>`;
}
