// Editors for the fields of a summary: one for each kind of field.

import { html } from "htm/preact";
import { t } from "config/i18n.js";
import { fieldOf, valueOf } from "./words.js";

// What is no number goes to the server as it is, and the server says so.
const whole = (text) => {
  const bare = text.replace(/[,，\s]/g, "");
  return bare === "" ? null : /^\d+$/.test(bare) ? Number(bare) : text;
};
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

function Choice({ id, words, required, value, onValue }) {
  return html`<select id=${id} value=${value ?? ""} onChange=${(event) => onValue(event.target.value || null)}>
    ${!required && html`<option value="">${t("draft.not_said")}</option>`}
    ${words.map((word) => html`<option value=${word}>${valueOf(word)}</option>`)}
  </select>`;
}

function Several({ id, words, value, onValue }) {
  const chosen = value ?? [];
  const flip = (word) => onValue(chosen.includes(word) ? chosen.filter((one) => one !== word) : [...chosen, word]);
  return html`<fieldset id=${id} class="several"><legend class="unseen">${t("draft.choose_several")}</legend>
    ${words.map((word) => html`<label class="pick"><input type="checkbox" checked=${chosen.includes(word)} onChange=${() => flip(word)} /> ${valueOf(word)}</label>`)}
  </fieldset>`;
}

function Maybe({ id, value, onValue }) {
  const read = { yes: true, no: false, "": null };
  const now = value === true ? "yes" : value === false ? "no" : "";
  return html`<select id=${id} value=${now} onChange=${(event) => onValue(read[event.target.value])}>
    <option value="">${t("draft.not_said")}</option><option value="yes">${t("draft.answer_yes")}</option><option value="no">${t("draft.answer_no")}</option>
  </select>`;
}

/** The editor of a field. *spec*: {kind, words, required}. */
export function Editor({ name, spec, value, onValue }) {
  const id = `edit-${name}`;
  switch (spec.kind) {
    case "choice": return html`<${Choice} id=${id} ...${spec} value=${value} onValue=${onValue} />`;
    case "set": return html`<${Several} id=${id} words=${spec.words} value=${value} onValue=${onValue} />`;
    case "maybe": return html`<${Maybe} id=${id} value=${value} onValue=${onValue} />`;
    case "flag": return html`<label class="pick"><input id=${id} type="checkbox" checked=${Boolean(value)} onChange=${(event) => onValue(event.target.checked)} /> ${fieldOf(name)}</label>`;
    case "day": return html`<input id=${id} type="date" value=${value ?? ""} onChange=${(event) => onValue(event.target.value || null)} />`;
    case "yuan": case "count": return html`<input id=${id} inputmode="numeric" autocomplete="off" value=${value ?? ""} onInput=${(event) => onValue(whole(event.target.value))} />`;
    case "list": return html`<textarea id=${id} rows="3" placeholder=${t("draft.one_a_line")} onInput=${(event) => onValue(lines(event.target.value))}>${(value ?? []).join("\n")}</textarea>`;
    default: return html`<input id=${id} autocomplete="off" maxlength="400" value=${value ?? ""} onInput=${(event) => onValue(event.target.value)} />`;
  }
}
