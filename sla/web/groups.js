// Workers of one site who called within an hour: one row, and behind it each of them.

import { html } from "htm/preact";
import { dateOf, pageData, t } from "config/i18n.js";
import { callerOf, groups, shortOf } from "./state.js";

export function Groups() {
  if (!groups.value.length) return null;
  return html`<section class="groups" aria-label=${t("board.groups")}>${groups.value.map((g) => html`<details key=${g.id} class="panel">
    <summary><span class="chip attention">${t("board.group", { n: g.people })}</span> <span class="live-data">${shortOf(g.prefecture)} · <span class="number">${dateOf(g.first_ms)} – ${dateOf(g.last_ms)}</span> · ${g.open ? t("board.group_open", { n: g.open }) : t("board.group_closed")}</span></summary>
    <ul>${g.members.map((m) => html`<li key=${m.contact} class="number">${pageData.wall ? callerOf(m.caller) : html`<a href="/board/contacts/${m.contact}">${callerOf(m.caller)}</a>`} <span class="muted">${dateOf(m.opened_ms)} · ${t(m.open ? "board.member_open" : "board.member_closed")}</span></li>`)}</ul>
  </details>`)}</section>`;
}
