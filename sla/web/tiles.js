// The figures on top, the map of the prefectures, the four 100s of the month.

import { html } from "htm/preact";
import { clockOf, language, pageData, t } from "config/i18n.js";
import { allLawyers, callbacks, levelOf, now, place, stageOf, today, view, waiting } from "./state.js";

function Tile({ name, value, note = "", level = "" }) {
  return html`<div class="tile ${level}">
    <dt>${name}</dt>
    <dd class="number live-data">${level && level !== "calm" && html`<span class="sign ${level}"><span class="unseen">${t(`common.${level}`)}</span></span>`}${value}</dd>
    ${note && html`<dd class="note live-data">${note}</dd>`}
  </div>`;
}

export function Tiles() {
  const figures = today.value;
  const longest = waiting.value.length ? now.value - Math.min(...waiting.value.map((c) => c.waiting_since_ms)) : 0;
  const asked = (figures.answered ?? 0) + (figures.missed ?? 0);
  const share = asked ? figures.in_time / asked : null;
  const onDuty = allLawyers.value.filter((w) => w.on_duty);
  const owed = Object.values(view.value.callbacks);
  const decide = owed.filter((k) => ["exhausted", "unnumbered"].includes(stageOf(k))).length;
  const late = owed.filter((k) => k.due_ms < now.value).length;
  const off = (figures.open ?? 0) - (figures.open_live ?? 0);
  return html`<dl class="tiles">
    <${Tile} name=${t("board.tile_waiting")} value=${waiting.value.length} level=${waiting.value.length ? levelOf(longest) : "calm"} />
    <${Tile} name=${t("board.tile_longest")} value=${waiting.value.length ? clockOf(longest) : "—"} level=${waiting.value.length ? levelOf(longest) : "calm"} />
    <${Tile} name=${t("board.tile_rate", { n: pageData.answer.within_s })} value=${share === null ? t("board.no_data") : `${Math.floor(share * 100)}%`}
      note=${t("board.tile_rate_note", { answered: figures.answered ?? 0, missed: figures.missed ?? 0 })}
      level=${share === null ? "" : share >= pageData.answer.share ? "calm" : "attention"} />
    <${Tile} name=${t("board.tile_open")} value=${off} note=${t("board.tile_open_note", { live: figures.open_live ?? 0, breached: figures.breached ?? 0 })}
      level=${figures.breached ? "breach" : "calm"} />
    <${Tile} name=${t("board.tile_callbacks")} value=${figures.callbacks ?? callbacks.value.length} note=${t("board.tile_callbacks_note", { late, decide })} level=${late ? "breach" : decide ? "attention" : "calm"} />
    <${Tile} name=${t("board.tile_duty")} value=${onDuty.length}
      note=${t("board.tile_duty_note", { idle: onDuty.filter((w) => w.state === "idle" && w.status === "ready").length, talking: onDuty.filter((w) => w.state === "talking").length })}
      level=${onDuty.length ? "calm" : "attention"} />
  </dl>`;
}

/** Sixteen tiles: who waits there now, what is open there. A press narrows the lists to the prefecture. */
export function Map() {
  const places = Object.entries(pageData.tiles);
  const unknown = waiting.value.filter((c) => !pageData.tiles[c.prefecture]).length;
  return html`<section class="panel">
    <h2 id="map">${t("board.map")} ${place.value && html`<button class="small" onClick=${() => { place.value = ""; }}>${t("board.map_all")}</button>`}</h2>
    <div class="map live-data" role="group" aria-labelledby="map">
      ${places.map(([name, { short, en, at }]) => {
        const here = waiting.value.filter((c) => c.prefecture === name);
        const longest = here.length ? now.value - Math.min(...here.map((c) => c.waiting_since_ms)) : 0;
        const { open = 0, breached = 0, today: calls = 0 } = view.value.prefectures[name] ?? {};
        const level = here.length && levelOf(longest) === "breach" || breached ? "breach" : here.length ? levelOf(longest) : "";
        const word = language === "en" ? en : short;
        const said = t("board.map_tile", { place: language === "en" ? en : name, waiting: here.length, open, breached, calls });
        return html`<button key=${name} class="place r${at[0]} c${at[1]} ${level}" aria-pressed=${place.value === name} aria-label=${said} title=${said}
          disabled=${pageData.wall} onClick=${() => { place.value = place.value === name ? "" : name; }}>
          <span class="place-name">${level && level !== "calm" && html`<span class="sign ${level}"></span>`}${word}</span>
          <span class="place-figures number"><b>${here.length}</b><small>${open}</small></span>
        </button>`;
      })}
    </div>
    <p class="legend muted small">${t("board.map_legend")}${unknown > 0 && ` ${t("board.map_unknown", { n: unknown })}`}</p>
  </section>`;
}

const PROMISES = ["1", "2a", "2b", "3"];

export function Promises() {
  const month = view.value.promises;
  return html`<section class="panel">
    <h2 id="promises">${t("board.promises")} <span class="count small">${t("board.promises_month")}</span></h2>
    <dl class="promises live-data" aria-labelledby="promises">
      ${PROMISES.map((name) => {
        const { numerator = 0, denominator = 0, breached = 0, excluded = 0, from_ms: from = 0 } = month[name] ?? {};
        const percent = denominator ? Math.floor((numerator / denominator) * 1000) / 10 : null;
        const level = percent === null ? "unknown" : percent === 100 ? "calm" : breached ? "breach" : "attention";
        const asked = `/board/demands?promise=${name}&from=${new Date(from + 8 * 3_600_000).toISOString().slice(0, 10)}`;
        return html`<div key=${name} class="promise">
          <dt>${t(`board.promise_${name}`)}</dt>
          <dd class="number"><span class="chip ${level}">${percent === null ? t("board.no_data") : `${percent}%`}</span>
            ${pageData.wall || pageData.replay ? html`<span class="part">${numerator}/${denominator}</span>` : html`<a class="part" href=${asked}>${numerator}/${denominator}</a>`}
            <small class="muted">${t("board.promise_note", { open: denominator - numerator, breached, excluded })}</small></dd>
        </div>`;
      })}
      <${Outreach} held=${month["4"]?.held ?? {}} />
    </dl>
  </section>`;
}

/** Number 4 has two checks of its own: so many events in the province this year, and so many in each prefecture. */
function Outreach({ held }) {
  const goals = pageData.outreach;
  const sum = Object.values(held).reduce((a, b) => a + b, 0);
  const enough = Object.keys(pageData.tiles).filter((name) => (held[name] ?? 0) >= goals.prefecture).length;
  const kept = sum >= goals.province && enough === Object.keys(pageData.tiles).length;
  return html`<div class="promise"><dt>${t("board.promise_4", goals)}</dt>
    <dd class="number"><span class="chip ${!sum ? "unknown" : kept ? "calm" : "attention"}">${sum ? `${sum}/${goals.province}` : t("board.promise_4_none")}</span>
      <small class="muted">${t("board.promise_4_note", { n: enough, of: Object.keys(pageData.tiles).length, goal: goals.prefecture })}</small></dd></div>`;
}
