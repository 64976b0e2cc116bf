// Words for what the server calls by name.

import { t } from "config/i18n.js";

const known = (key, fallback) => { const text = t(key); return text === key ? fallback : text; };

export const entranceOf = (card) => known(`desk.entrance_${card.entrance}`, card.entrance);
export const channelOf = (card) => known(`desk.channel_${card.channel || "unknown"}`, card.channel);
export const pressedOf = (card) => (card.digit ? known(`desk.digit_${card.digit}`, t("desk.digit_other", { n: card.digit })) : t("desk.digit_none"));
export const priorityOf = (card) => known(`desk.priority_${card.priority}`, "");
export const outcomeOf = (outcome) => known(`desk.outcome_${outcome}`, outcome ?? "");
export const fieldOf = (key) => known(`draft.${key}`, key);

export function numberOf(card) {
  if (card.number === "web") return card.callback_number || t("desk.number_web");
  return card.number || t("desk.number_hidden");
}

/** A value of the draft, in words: lists joined, yes and no, enumerations by the catalogue. */
export function valueOf(value) {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(valueOf).filter(Boolean).join("；");
  if (typeof value === "boolean") return t(value ? "draft.answer_yes" : "draft.answer_no");
  if (typeof value === "object") {
    if ("value" in value) return valueOf(value.value);
    return Object.entries(value).filter(([, inner]) => inner !== null && inner !== "")
      .map(([key, inner]) => `${fieldOf(key)} ${valueOf(inner)}`).join("，");
  }
  return known(`draft.word_${value}`, String(value));
}
