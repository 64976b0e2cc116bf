// A legal hold on one talk: while it stands, nothing of the talk is deleted.

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { dateOf, t } from "config/i18n.js";
import { request } from "config/http.js";

export function Hold({ contact, decides }) {
  const [rows, setRows] = useState(null);
  const [reason, setReason] = useState("");
  const [failed, setFailed] = useState(false);
  useEffect(() => { request("GET", `/talks/holds/${contact}`).then(setRows, () => setFailed(true)); }, [contact]);
  const standing = (rows ?? []).filter((row) => !row.released_ms);
  const past = (rows ?? []).filter((row) => row.released_ms);
  const change = async (event) => {
    event.preventDefault();
    try {
      setRows(await request("POST", `/talks/holds/${contact}${standing.length ? "/release" : ""}`, { reason: reason.trim() }));
      setReason("");
      setFailed(false);
    } catch { setFailed(true); }
  };
  return html`<section class="hold" aria-labelledby="hold"><h2 id="hold">${t("talks.hold")}</h2>
    ${failed && html`<p class="banner attention" role="alert">${t("talks.hold_failed")}</p>`}
    ${standing.map((row) => html`<p key=${row.id} class="banner unknown">${t("talks.hold_stands", { name: row.name, date: dateOf(row.at_ms), reason: row.reason })}</p>`)}
    ${rows && !standing.length && html`<p class="muted">${t("talks.hold_none")}</p>`}
    ${rows && decides && html`<form class="row" onSubmit=${change}><label for="hold-reason">${t("talks.hold_reason")}</label>
      <input id="hold-reason" maxlength="200" autocomplete="off" value=${reason} onInput=${(event) => setReason(event.target.value)} />
      <button disabled=${reason.trim().length < 2}>${t(standing.length ? "talks.hold_release" : "talks.hold_place")}</button></form>`}
    ${past.length > 0 && html`<ul class="muted small">${past.map((row) => html`<li key=${row.id}>${t("talks.hold_was", { name: row.name, reason: row.reason, date: dateOf(row.released_ms), released: row.released_reason })}</li>`)}</ul>`}
  </section>`;
}
