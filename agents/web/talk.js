// One talk, after the call: its sound, its words and its summary. ?at= and ?recording= say where to begin.

import { html } from "htm/preact";
import { render } from "preact";
import { pageData, t } from "config/i18n.js";
import { request } from "config/http.js";
import { Draft } from "./draft.js";
import { Empty } from "./chips.js";
import { Hold } from "./hold.js";
import { Players, playFrom } from "./sound.js";
import { Turns } from "./turns.js";

const root = document.getElementById("talk");
const where = new URLSearchParams(location.search);

const WATCHES = pageData.role !== "lawyer";
const DECIDES = WATCHES && pageData.role !== "auditor";

function Talk({ said, audio }) {
  const turns = said?.turns ?? [];
  return html`<div class="note-and-draft"><section aria-label=${t("talks.words")}>
      <${Players} contact=${pageData.contact} audio=${audio} />
      ${turns.length ? html`<${Turns} turns=${turns} audio=${audio} />` : html`<${Empty} title=${t("talks.no_words")}><p>${t("talks.no_words_hint")}</p><//>`}
    </section>
    <${Draft} owner=${pageData.me} contact=${pageData.contact} audio=${audio} aside=${html`<p class="muted">${t("desk.draft_none")}</p>`} /></div>
    ${WATCHES && html`<${Hold} contact=${pageData.contact} decides=${DECIDES} />`}`;
}

try {
  const { transcript, audio } = await request("GET", `/desk/contacts/${pageData.contact}`);
  root.replaceChildren();
  render(html`<${Talk} said=${transcript} audio=${audio} />`, root);
  if (where.has("at")) playFrom(where.get("recording"), Number(where.get("at")));
} catch {
  root.textContent = t("desk.details_failed");
}
