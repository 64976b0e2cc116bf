// The browser phone: @twilio/voice-sdk, the same for Twilio and for the embedded carrier.

import { signal } from "@preact/signals";

const SOUNDS = ["incoming", "outgoing", "disconnect", ...[..."0123456789sh"].map((key) => `dtmf${key}`)];

/** The SDK hard-codes wss. On loopback the carrier speaks ws: change that for its host alone, before the SDK loads. */
function allowPlainSocketTo(host) {
  const Plain = WebSocket;
  globalThis.WebSocket = class extends Plain {
    constructor(url, ...rest) {
      const target = new URL(url, location.href);
      if (target.host === host && target.protocol === "wss:") target.protocol = "ws:";
      super(target.href, ...rest);
    }
  };
}

let loading = null;

/** Load the SDK once. *source* is its address, *nonce* the page's. */
export function loadSdk({ source, voice }) {
  loading ??= new Promise((resolve, reject) => {
    if (voice.insecure) allowPlainSocketTo(voice.host);
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(globalThis.Twilio);
    script.onerror = () => { loading = null; script.remove(); reject(new Error("voice sdk did not load")); };
    document.head.append(script);
  });
  return loading;
}

/**
 * A phone. Signals: state (starting | registered | unregistered | failed), problem ('' or an SDK error code as text).
 * *quiet* is the address of a silent sound: we make our own, and the SDK must not fetch its from the internet.
 * *fetchToken* returns { token }; *onIncoming* gets the SDK's Call.
 */
export function createPhone({ source, quiet, voice, fetchToken, onIncoming = () => {}, allowIncomingWhileBusy = false }) {
  const state = signal("starting");
  const problem = signal("");
  let device = null;
  let closed = false;
  let resting = false;
  let retry = 0;
  let tries = 0;

  async function start() {
    clearTimeout(retry);
    try {
      const Twilio = await loadSdk({ source, voice });
      const { token } = await fetchToken();
      if (closed) return null;
      if (!device) {
        device = new Twilio.Device(token, {
          ...(voice.host ? { chunderw: voice.host } : {}),
          publishEvents: false,
          sounds: Object.fromEntries(SOUNDS.map((name) => [name, quiet])),
          codecPreferences: ["pcmu", "opus"],
          maxCallSignalingTimeoutMs: 30000,
          tokenRefreshMs: 60000,
          allowIncomingWhileBusy,
          closeProtection: false,
          logLevel: 4,
        });
        listen(device);
      } else {
        device.updateToken(token);
      }
      return device;
    } catch (error) {
      failed(error?.status ? `http-${error.status}` : "unreachable");
      return null;
    }
  }

  function listen(dev) {
    dev.on("registered", () => { tries = 0; state.value = "registered"; problem.value = ""; });
    dev.on("unregistered", () => { state.value = "unregistered"; again(); });
    dev.on("incoming", onIncoming);
    dev.on("tokenWillExpire", start);
    dev.on("error", (error) => {
      problem.value = String(error?.code ?? error?.message ?? "error");
      if (dev.state !== "registered") { state.value = "failed"; again(); }
    });
  }

  function failed(code) { state.value = "failed"; problem.value = code; again(); }

  function again() {
    if (closed || resting) return;
    clearTimeout(retry);
    retry = setTimeout(register, Math.min(10000, 500 * 2 ** tries++));
  }

  async function register() {
    resting = false;
    const dev = await start();
    if (!dev || dev.state === "registered" || dev.state === "registering") return;
    try { await dev.register(); } catch (error) { failed(String(error?.code ?? "register")); }
  }

  return {
    state, problem, register,
    /** Place a call (the caller's page); params become the webhook's fields. Throws when there is no phone. */
    async connect(params) {
      const dev = await start();
      if (!dev) throw new Error(problem.value || "no phone");
      return dev.connect({ params });
    },
    /** Stop ringing here, without ending anything: another window is the desk now. register() undoes it. */
    rest() {
      resting = true;
      clearTimeout(retry);
      if (device?.state === "registered") device.unregister().catch(() => {});
    },
    close() { closed = true; clearTimeout(retry); device?.destroy(); device = null; },
  };
}
