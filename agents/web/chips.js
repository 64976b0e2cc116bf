// The smallest parts, for pages with and without the desk's feed.

import { html } from "htm/preact";

export function Chip({ kind = "unknown", plain = false, children }) {
  return html`<span class="chip ${kind} ${plain ? "plain" : ""}">${children}</span>`;
}

export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}
