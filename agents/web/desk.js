// The desk: the duty lawyer's page.

import { html } from "htm/preact";
import { render } from "preact";
import { computed, effect } from "@preact/signals";
import { t } from "config/i18n.js";
import { Banners, StatusBar } from "./bar.js";
import { CallPanel } from "./call.js";
import * as doctor from "./doctor.js";
import { Help, help, listenToKeys } from "./keys.js";
import { Knowledge } from "./knowledge.js";
import * as ring from "./ring.js";
import * as phone from "./softphone.js";
import * as store from "./store.js";
import { Supervised } from "./supervised.js";
import { Announcer, Tabs } from "./tabs.js";
import { channelOf, numberOf } from "./words.js";

function Desk() {
  const stale = !store.live.value;
  return html`
    <div class="desk ${stale ? "stale" : ""}">
      <${StatusBar} />
      <${Banners} />
      <${Supervised} />
      <${Announcer} />
      <div class="columns">
        <div class="left"><${CallPanel} /></div>
        <${Tabs} />
        <${doctor.Doctor} />
        <${Knowledge} />
      </div>
      <footer class="foot muted small"><button class="quiet" onClick=${() => { help.value = true; }}>${t("desk.help")} <kbd>?</kbd></button></footer>
      <${Help} />
      ${store.ended.value && html`<${Ended} why=${store.ended.value} />`}
    </div>`;
}

/** This window is no desk any more, or not yet: says why, and what to do. */
function Ended({ why }) {
  const elsewhere = why === "elsewhere" || why === "taken_over";
  return html`<div class="veil"><section class="card narrow" role="alertdialog" aria-labelledby="ended" aria-describedby="ended-hint">
    <h2 id="ended">${t(`desk.ended_${why}`)}</h2><p id="ended-hint" class="muted">${t(`desk.ended_${why}_hint`)}</p>
    ${elsewhere
      ? html`<button class="primary" onClick=${useHere}>${t("desk.take_over")}</button>`
      : html`<a class="button primary" href="/signin?next=/desk">${t("common.sign_in_again")}</a>`}
  </section></div>`;
}

function useHere() {
  store.takeOver();
  phone.phone.register();
}

// A window that lost the desk must not ring: its phone goes, too.
effect(() => { if (store.ended.value && store.ended.value !== "signed_out") phone.phone.rest(); });

// The phone registers once this window is the desk; before that, another window's phone keeps ringing.
let begun = false;
effect(() => {
  if (store.lawyer.value && !begun) { begun = true; phone.phone.register(); }
});

addEventListener("beforeunload", (event) => { if (phone.open.value) event.preventDefault(); });

const rings = computed(() => (phone.ringing.value || store.state.value === "offered") && !phone.connecting.value && !phone.open.value);
ring.ringWhile(rings, () => {
  const who = store.contact.peek();
  return who ? `${numberOf(who)} · ${who.prefecture} · ${channelOf(who)}` : "";
});
ring.prepareSound();
doctor.look();
listenToKeys();

if (new URLSearchParams(location.search).has("busy")) store.notice.value = { kind: "attention", key: "desk.notice_busy" };

const root = document.getElementById("desk");
root.replaceChildren();
render(html`<${Desk} />`, root);
