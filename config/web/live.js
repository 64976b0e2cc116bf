// A live feed over one websocket: a snapshot, then changes, and an honest word on how old it is.
//
// The server sends a snapshot first on every connection (so a reconnect catches up from it, not from luck) and a beat
// at least once a second. Without a word for three seconds the feed is stale: the page must show it as 数据中断.

import { signal } from "@preact/signals";

const STALE_MS = 3000;
const BACKOFF_MS = [250, 500, 1000, 2000, 3000]; // a desk that is away for long costs callers

/** Close codes that reconnecting cannot mend. */
export const SIGNED_OUT = 4401;
export const NOT_ALLOWED = 4403;
export const TAKEN_OVER = 4409;

/**
 * Keep a feed open. *onMessage* gets each parsed message except beats.
 * Returns { status, ageMs, serverOffsetMs, send, close, reopen }, the first three as signals:
 *   status: connecting | live | stale | ended;  ageMs: since the last word;
 *   serverOffsetMs: what to add to Date.now() for the server's clock.
 */
export function openFeed(path, { onMessage, onBeat = () => {}, onOpen = () => {}, onClose = () => {}, onEnd = () => {}, staleMs = STALE_MS } = {}) {
  const status = signal("connecting");
  const ageMs = signal(0);
  const serverOffsetMs = signal(0);
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";

  let socket = null;
  let tries = 0;
  let heard = 0; // performance.now() of the last word from the server
  let retry = 0;
  let ended = false;

  function open() {
    clearTimeout(retry);
    const mine = new WebSocket(url);
    socket = mine;
    mine.onopen = () => { tries = 0; onOpen(); };
    mine.onmessage = ({ data }) => {
      if (socket !== mine) return;
      const message = JSON.parse(data);
      heard = performance.now();
      ageMs.value = 0;
      status.value = "live";
      if (message.at_ms) serverOffsetMs.value = message.at_ms - Date.now();
      if (message.type === "beat") onBeat(message);
      else onMessage(message);
    };
    mine.onclose = ({ code }) => {
      if (socket !== mine) return;
      socket = null;
      onClose(code);
      if (ended) return;
      if (code === SIGNED_OUT || code === NOT_ALLOWED || code === TAKEN_OVER) return end(code);
      // Full jitter: a restarted server must not be met by every desk in the same instant.
      const wait = BACKOFF_MS[Math.min(tries++, BACKOFF_MS.length - 1)];
      retry = setTimeout(open, wait * (0.5 + Math.random() / 2));
    };
  }

  function end(code) {
    ended = true;
    clearTimeout(retry);
    status.value = "ended";
    onEnd(code);
  }

  const watch = setInterval(() => {
    if (ended || !heard) return;
    ageMs.value = performance.now() - heard;
    if (ageMs.value < staleMs) return;
    status.value = "stale";
    // A socket that is open but silent is dead (a sleeping network card, a stalled proxy): start over.
    if (socket?.readyState === WebSocket.OPEN && ageMs.value > 2 * staleMs) socket.close();
  }, 250);

  addEventListener("online", () => { if (!ended && !socket) { tries = 0; open(); } });
  open();

  return {
    status, ageMs, serverOffsetMs,
    /** Send if connected; returns whether it was handed to the socket. */
    send(message) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    close() { ended = true; clearInterval(watch); clearTimeout(retry); socket?.close(); },
    /** Start again after an end, for example when this tab takes the desk over. */
    reopen(newPath = path) {
      const next = new URL(newPath, location.href);
      url.pathname = next.pathname; url.search = next.search;
      ended = false; tries = 0; heard = 0; status.value = "connecting";
      const old = socket; socket = null; old?.close();
      open();
    },
  };
}
