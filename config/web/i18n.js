// Texts and data that the server put into the page (see config/pages.py).

const read = (id) => JSON.parse(document.getElementById(id)?.textContent || "{}");
const texts = read("page-texts");

export const pageData = read("page-data");
export const language = document.documentElement.lang;

/** The text of a key, its {fields} filled. An unknown key is shown as itself: a missing word must not stop a call. */
export function t(key, fields = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(fields[name] ?? whole));
}

/** 83_000 -> "01:23"; from an hour on "1:02:03". */
export function clockOf(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const tail = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${tail}` : tail;
}

const dates = new Intl.DateTimeFormat(language, {
  timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

/** Unix milliseconds as a date and time of the hotline's day. */
export const dateOf = (ms) => dates.format(new Date(ms));
