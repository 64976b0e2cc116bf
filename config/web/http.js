// Requests to our own server: JSON both ways, with the page's CSRF token.

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

export class HttpError extends Error {
  constructor(status, body) {
    super(body?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = body?.code ?? "";
    this.body = body;
  }
}

/** Send and return the JSON answer. Throws HttpError for a refusal, TypeError when the server cannot be reached. */
export async function request(method, url, body, options = {}) {
  const answer = await fetch(url, {
    method,
    headers: { Accept: "application/json", "X-CSRF-Token": csrf, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    redirect: "error",
    ...options,
  });
  const text = await answer.text();
  let parsed = null;
  try { parsed = text ? JSON.parse(text) : null; } catch { parsed = null; }
  if (!answer.ok) throw new HttpError(answer.status, parsed);
  return parsed;
}
