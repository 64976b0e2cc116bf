// The door of the knowledge drawer: what is behind it is fetched when somebody opens it.

import { html } from "htm/preact";
import { effect, signal } from "@preact/signals";

export const drawer = signal(false);
const inside = signal(null);

export function toggleDrawer() { drawer.value = !drawer.value; }

effect(() => {
  if (drawer.value && !inside.peek()) import("agents/drawer.js").then((module) => { inside.value = module.Drawer; }, () => { drawer.value = false; });
});

export function Knowledge() {
  const Inside = inside.value;
  return drawer.value && Inside ? html`<${Inside} close=${toggleDrawer} />` : null;
}
