// The contact that is on the screen: the one at hand, else one picked from the list of recent ones.

import { computed, effect, signal } from "@preact/signals";
import { request } from "config/http.js";
import { few } from "./few.js";
import { NoteEditor } from "./notes.js";
import * as store from "./store.js";
import { finished } from "./transcript.js";

export const picked = signal("");
export const recent = signal(null); // rows of /desk/contacts, or null while loading
export const details = signal({ id: "", status: "none", card: null, history: [], transcript: null });
export const tab = signal("history"); // history | talk | note

/** The contact that the lawyer has, in whatever state. */
export const atHand = computed(() => store.lawyer.value?.contact ?? "");
export const shown = computed(() => atHand.value || picked.value);

const editors = few((id) => new NoteEditor(store.me.id, id), (editor) => editor.isSafe);

/** The note editor of a contact; always the same one while it holds anything that the server has not. */
export const editorOf = editors.of;

let poll = 0;

async function load(id) {
  clearTimeout(poll);
  if (details.peek().id !== id) details.value = { id, status: "loading", card: null, history: [], transcript: null };
  try {
    const answer = await request("GET", `/desk/contacts/${id}`);
    if (shown.peek() !== id) return;
    details.value = { ...answer, id, status: "ready" };
    if (answer.note) editorOf(id).load(answer.note);
    if (answer.transcript && !finished(answer.transcript)) poll = setTimeout(() => load(id), 2000);
  } catch {
    if (shown.peek() !== id) return;
    details.value = { ...details.peek(), id, status: "failed" };
    poll = setTimeout(() => load(id), 4000);
  }
}

export const reload = () => { if (shown.peek()) load(shown.peek()); };

async function loadRecent() {
  try { recent.value = await request("GET", "/desk/contacts"); } catch { recent.value ??= []; }
}

// Read again for a new contact, an answered one (from then on there is a note), and a mended connection ...
effect(() => {
  const id = shown.value;
  const worth = store.live.value && store.state.value;
  if (id && worth) load(id);
});

// ... and when there is news of its recording.
effect(() => { if (store.drafts.value.contact === shown.peek()) reload(); });

let before = "";
effect(() => {
  const now = store.state.value;
  if (now === before) return;
  if (now === "offered") { picked.value = ""; tab.value = "history"; }
  if (now === "talking") tab.value = "note";
  // When it is over, what was said stays on the screen until the next caller.
  if (before === "wrapup" && now !== "wrapup" && details.peek().id) picked.value = details.peek().id;
  if (now !== "talking" && now !== "offered") loadRecent();
  before = now;
});

effect(() => { if (atHand.value) picked.value = ""; });

addEventListener("pagehide", () => { for (const editor of editors.all()) editor.flush(); });
