// Words for what the server calls by name.

import { t } from "config/i18n.js";

const known = (key, fallback) => { const text = t(key); return text === key ? fallback : text; };

export const entranceOf = (card) => known(`desk.entrance_${card.entrance}`, card.entrance);
export const channelOf = (card) => known(`desk.channel_${card.channel || "unknown"}`, card.channel);
export const pressedOf = (card) => (card.digit ? known(`desk.digit_${card.digit}`, t("desk.digit_other", { n: card.digit })) : t("desk.digit_none"));
export const priorityOf = (card) => known(`desk.priority_${card.priority}`, "");
export const outcomeOf = (outcome) => known(`desk.outcome_${String(outcome).replaceAll(".", "_")}`, outcome ?? "");
export const fieldOf = (key) => known(`draft.${key}`, key);

export function numberOf(card) {
  if (card.number === "web") return card.callback_number || t("desk.number_web");
  return card.number || t("desk.number_hidden");
}

const plain = (value) => (value !== null && typeof value === "object" && "value" in value ? value.value : value);

/** A time limit in one line: what, until when, how long that is. */
function deadlineOf(clock) {
  const name = clock.name || known(`draft.word_${clock.rule}`, clock.rule);
  const left = clock.days_left;
  const rest = left === undefined || left === null ? "" : t(left < 0 ? "draft.overdue" : "draft.days", { n: Math.abs(left) });
  return [t("draft.due_on", { name, date: clock.due }), rest].filter(Boolean).join(" · ");
}

/** The aid decision: the word, what follows from it, and why. */
function aidOf(aid) {
  const also = ["means_test_exempt", "provide_first", "accept_with_missing_documents", "any_point_application"].filter((key) => aid[key]);
  const later = aid.papers_later?.length ? `${fieldOf("papers_later")} ${valueOf(aid.papers_later)}` : "";
  const words = [valueOf(aid.eligible), ...also.map(fieldOf), later, aid.basis].filter(Boolean).join("，");
  return aid.explanation ? `${words}。${aid.explanation}` : words;
}

/** Whether a field says anything: an empty one, and a plain "no" that nobody asked about, do not. */
export function says(key, value) {
  const bare = plain(value);
  return !(bare === null || bare === undefined || bare === "" || (Array.isArray(bare) && !bare.length) || (bare === false && key !== "written_contract"));
}

/** A field of the draft, in words. */
export function textOf(key, value) {
  const bare = plain(value);
  if (key.startsWith("deadlines") && Array.isArray(bare)) return bare.map((clock) => deadlineOf(plain(clock))).join("；");
  if (key === "aid" && bare && typeof bare === "object") return aidOf(bare);
  if (key.endsWith("_yuan") || key.endsWith("_yuan_approx")) return t("desk.yuan", { n: valueOf(bare) });
  return valueOf(bare);
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
