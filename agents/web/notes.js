// A note that saves as typed. Until the server confirmed, the text is also kept in this browser: a reload, a crash or an
// expired session loses nothing.

import { signal } from "@preact/signals";
import { HttpError, request } from "config/http.js";

const WAIT_MS = 400;
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

const storage = {
  read(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  write(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; } },
  remove(key) { try { localStorage.removeItem(key); } catch { /* nothing was kept, then */ } },
};

/** The note of one contact. *status*: empty | saved | typing | saving | kept (in this browser only) | conflict | signed_out. */
export class NoteEditor {
  constructor(owner, contact) {
    this.contact = contact;
    this.key = `anxin.note.${owner}.${contact}`;
    this.writer = crypto.randomUUID();
    this.seq = 0;
    this.rev = 0;
    this.text = signal("");
    this.status = signal("empty");
    this.savedAt = signal(0);
    this.other = signal(null); // the note as it is elsewhere, while in conflict
    this.timer = 0;
    this.tries = 0;
    this.busy = false;
    this.saving = Promise.resolve();
    const kept = storage.read(this.key);
    if (kept) { this.text.value = kept.text; this.status.value = "kept"; }
    this.again = () => { if (this.status.value === "kept") this.save(); };
    addEventListener("online", this.again);
  }

  /** The server has all of it. */
  get isSafe() { return !this.busy && (this.status.value === "saved" || this.status.value === "empty"); }

  /** Take the server's note; what was kept here and never confirmed is put on top of it, or shown as a conflict. */
  load(note) {
    const kept = storage.read(this.key);
    const found = note ?? { text: "", rev: 0, updated_at_ms: 0 };
    if (this.busy || this.status.value === "conflict") return;
    if (!kept || kept.text === found.text) {
      storage.remove(this.key);
      this.rev = found.rev;
      this.text.value = found.text;
      this.savedAt.value = found.updated_at_ms;
      this.status.value = found.text ? "saved" : "empty";
    } else if (kept.base === found.rev) {
      this.rev = found.rev;
      this.text.value = kept.text;
      this.save();
    } else if (this.status.value === "kept") {
      this.rev = kept.base;
      this.text.value = kept.text;
      this.conflict(found);
    }
  }

  type(text) {
    this.text.value = text;
    this.seq += 1;
    const held = storage.write(this.key, { text, base: this.rev });
    if (this.status.value === "conflict") return;
    this.status.value = held ? "typing" : "saving";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), WAIT_MS);
  }

  save() {
    clearTimeout(this.timer);
    if (!this.busy && this.status.value !== "conflict") this.saving = this.send();
    return this.saving;
  }

  async send() {
    this.busy = true;
    const sent = this.text.value;
    this.seq += 1;
    this.status.value = "saving";
    try {
      const note = await request("PUT", `/desk/notes/${this.contact}`, { text: sent, base: this.rev, writer: this.writer, seq: this.seq }, { keepalive: sent.length < 20000 });
      this.busy = false;
      this.tries = 0;
      this.rev = note.rev;
      this.savedAt.value = note.updated_at_ms;
      if (this.text.value === sent) {
        storage.remove(this.key);
        this.status.value = sent ? "saved" : "empty";
      } else {
        this.type(this.text.value);
      }
    } catch (error) {
      this.busy = false;
      this.failed(error);
    }
  }

  failed(error) {
    storage.write(this.key, { text: this.text.value, base: this.rev });
    const status = error instanceof HttpError ? error.status : 0;
    if (status === 409) return this.conflict(error.body.note);
    if (status === 401 || status === 403) { this.status.value = "signed_out"; return; }
    this.status.value = "kept";
    this.timer = setTimeout(() => this.save(), RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
  }

  conflict(note) {
    this.other.value = note;
    this.status.value = "conflict";
  }

  /** Settle a conflict: mine, theirs or both. The version that loses stays in the history. */
  settle(choice) {
    const theirs = this.other.value;
    const mine = this.text.value;
    this.other.value = null;
    this.rev = theirs.rev;
    this.status.value = "typing";
    if (choice === "theirs") {
      storage.remove(this.key);
      this.text.value = theirs.text;
      this.savedAt.value = theirs.updated_at_ms;
      this.status.value = "saved";
      return;
    }
    this.type(choice === "both" ? `${theirs.text}\n\n${mine}` : mine);
    this.save();
  }

  /** Send what is not saved yet; resolves when it is, or when it is kept here after all. */
  async flush() {
    if (this.status.value === "typing") await this.save();
    else await this.saving;
  }

  close() {
    this.flush();
    removeEventListener("online", this.again);
  }
}
