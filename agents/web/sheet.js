// A summary that saves as typed, field by field. What the server has not confirmed is also kept in this browser.

import { signal } from "@preact/signals";
import { HttpError, request } from "config/http.js";

const WAIT_MS = 500;
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

const storage = {
  read(key) { try { return JSON.parse(localStorage.getItem(key)) ?? {}; } catch { return {}; } },
  write(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* the server has it soon */ } },
  remove(key) { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } },
};

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** The summary of one contact. *status*: loading | ready | typing | saving | kept | failed | signed_out.
    *conflicts*: field -> {mine, theirs}. */
export class Sheet {
  constructor(owner, contact) {
    this.contact = contact;
    this.url = `/desk/drafts/${contact}`;
    this.key = `anxin.draft.${owner}.${contact}`;
    this.writer = crypto.randomUUID();
    this.seq = 0;
    this.tries = 0;
    this.timer = 0;
    this.sending = null;
    this.pending = new Map(); // field -> value, typed and not confirmed
    this.sheet = signal(null);
    this.status = signal("loading");
    this.conflicts = signal({});
    this.wrong = signal({}); // field -> true: the server cannot keep what is typed there
    this.history = signal(null);
    this.again = () => { if (this.status.value === "kept") this.send(); };
    addEventListener("online", this.again);
  }

  /** The server has all of it. */
  get isSafe() { return this.pending.size === 0 && this.sending === null; }

  close() {
    clearTimeout(this.timer);
    removeEventListener("online", this.again);
  }

  async load() {
    try {
      this.take(await request("GET", this.url));
      for (const [field, value] of Object.entries(storage.read(this.key))) {
        if (!this.pending.has(field) && !same(value, this.sheet.value.fields[field])) this.pending.set(field, value);
      }
      if (this.pending.size) this.send();
      else if (this.status.value !== "typing") this.status.value = "ready";
    } catch (error) {
      if (!this.sheet.value) this.status.value = error instanceof HttpError && error.status === 401 ? "signed_out" : "failed";
    }
  }

  take(sheet) {
    this.sheet.value = sheet;
    if (this.history.value) this.loadHistory();
  }

  /** The value on the screen: what was typed, else what the server has. */
  value(field) {
    return this.pending.has(field) ? this.pending.get(field) : this.sheet.value.fields[field];
  }

  type(field, value) {
    this.pending.set(field, value);
    this.keep();
    const { [field]: _, ...wrong } = this.wrong.value;
    this.wrong.value = wrong;
    this.status.value = "typing";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), WAIT_MS);
  }

  keep() {
    if (this.pending.size) storage.write(this.key, Object.fromEntries(this.pending));
    else storage.remove(this.key);
  }

  /** Save what was typed; resolves when it is saved, or kept here after all. */
  send() {
    clearTimeout(this.timer);
    this.sending ??= this.sendAll().finally(() => { this.sending = null; });
    return this.sending;
  }

  async sendAll() {
    for (;;) {
      const next = [...this.pending].find(([field]) => !(field in this.conflicts.value) && !(field in this.wrong.value));
      if (!next) break;
      const [field, value] = next;
      this.status.value = "saving";
      try {
        const { edits, version } = this.sheet.value;
        const body = { value, base: edits[field]?.rev ?? 0, version, writer: this.writer, seq: ++this.seq };
        this.sheet.value = await request("PUT", `${this.url}/${field}`, body);
        this.tries = 0;
        if (same(this.pending.get(field), value)) this.pending.delete(field);
        this.keep();
      } catch (error) {
        if (!this.failed(error, field, value)) return;
      }
    }
    this.status.value = "ready";
  }

  /** Returns whether to go on with the other fields. */
  failed(error, field, value) {
    const status = error instanceof HttpError ? error.status : 0;
    if (status === 409) {
      const sheet = error.body.sheet;
      this.conflicts.value = { ...this.conflicts.value, [field]: { mine: value, theirs: sheet.fields[field] } };
      this.sheet.value = sheet;
      return true;
    }
    if (status === 422) {
      this.wrong.value = { ...this.wrong.value, [field]: true };
      return true;
    }
    if (status === 401 || status === 403) { this.status.value = "signed_out"; return false; }
    this.status.value = "kept";
    this.timer = setTimeout(() => this.send(), RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
    return false;
  }

  settle(field, mine) {
    const { [field]: conflict, ...others } = this.conflicts.value;
    this.conflicts.value = others;
    if (mine) this.type(field, conflict.mine);
    else { this.pending.delete(field); this.keep(); this.sheet.value = { ...this.sheet.value }; }
  }

  async undo(field) {
    await this.send();
    const rev = this.sheet.value.edits[field]?.rev;
    if (rev) await this.act(() => request("POST", `${this.url}/${field}/undo`, { rev }));
  }

  /** Sign what is on the screen. Returns "" or why not: conflict | failed | signed_out | wrong | unsaved. */
  async sign(reason) {
    await this.send();
    if (this.pending.size) return Object.keys(this.wrong.value).length ? "wrong" : "unsaved";
    return this.act(() => request("POST", `${this.url}/signature`, { stamp: this.sheet.value.stamp, reason }));
  }

  async act(ask) {
    try {
      this.take(await ask());
      return "";
    } catch (error) {
      if (!(error instanceof HttpError)) return "failed";
      if (error.status === 401) { this.status.value = "signed_out"; return "signed_out"; }
      if (error.body?.sheet) this.take(error.body.sheet);
      return error.status === 409 ? "conflict" : "failed";
    }
  }

  async loadHistory() {
    try { this.history.value = await request("GET", `${this.url}/history`); } catch { this.history.value ??= []; }
  }
}
