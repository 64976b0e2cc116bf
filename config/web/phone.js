// The browser phone: @twilio/voice-sdk, the same for Twilio and for the embedded carrier.

import { signal } from "@preact/signals";

const SOUNDS = ["incoming", "outgoing", "disconnect", ...[..."0123456789sh"].map((key) => `dtmf${key}`)];

const SILENT = 5; // loglevel's
const TOKEN_ERRORS = new Set([20101, 20104, 20151, 31204, 31205]);

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

/** Load the SDK once. *source* is its address; *voice* tells the carrier's host and whether it speaks ws. */
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
export function createPhone({ source, quiet, voice, fetchToken, onIncoming }) {
  const state = signal("starting");
  const problem = signal("");
  let device = null;
  let closed = false;
  let resting = false;
  let retry = 0;
  let tries = 0;

  /** The device with a token in it; null, and another try later, when there is none to be had. */
  async function start() {
    try {
      const Twilio = await loadSdk({ source, voice });
      if (!device) {
        const { token } = await fetchToken();
        if (closed) return null;
        device = new Twilio.Device(token, {
          ...(voice.host ? { chunderw: voice.host } : {}),
          publishEvents: false,
          sounds: Object.fromEntries(SOUNDS.map((name) => [name, quiet])),
          codecPreferences: ["pcmu", "opus"],
          maxCallSignalingTimeoutMs: 30000,
          tokenRefreshMs: 60000,
          closeProtection: false,
          logLevel: SILENT, // what goes wrong is said by state and problem
        });
        listen(device);
      }
      return device;
    } catch (error) {
      failed(error?.status ? `http-${error.status}` : "unreachable");
      return null;
    }
  }

  /** A new token for the device we have. The old one stays in use when none is to be had; then once more. */
  async function renew() {
    try {
      const { token } = await fetchToken();
      device?.updateToken(token);
    } catch {
      setTimeout(renew, 5000);
    }
  }

  function listen(dev) {
    dev.on("registered", works);
    dev.on("unregistered", () => { state.value = "unregistered"; again(); });
    dev.on("incoming", onIncoming);
    dev.on("tokenWillExpire", renew);
    dev.on("error", (error) => {
      problem.value = String(error?.code ?? error?.message ?? "error");
      if (TOKEN_ERRORS.has(error?.code)) renew();
      if (dev.state !== "registered") failed(problem.value);
    });
  }

  function works() {
    clearTimeout(retry);
    tries = 0;
    state.value = "registered";
    problem.value = "";
  }

  function failed(code) {
    problem.value = code;
    state.value = "failed";
    again();
  }

  function again() {
    clearTimeout(retry);
    if (!closed && !resting) retry = setTimeout(register, Math.min(10000, 500 * 2 ** tries++));
  }

  async function register() {
    resting = false;
    clearTimeout(retry);
    const dev = await start();
    if (!dev || dev.state === "registering") return;
    if (dev.state === "registered") { works(); return; }
    try { await dev.register(); } catch (error) { failed(String(error?.code ?? "register")); }
  }

  /** Call our own application with *params*; resolves to the SDK's Call, null when there is no phone to be had. */
  async function dial(params) {
    const dev = await start();
    if (!dev || closed) return null;
    return dev.connect({ params });
  }

  return {
    state, problem, register, dial,
    /** Stop ringing here, without ending anything: another window is the desk now. register() undoes it. */
    rest() {
      resting = true;
      clearTimeout(retry);
      if (device?.state === "registered") device.unregister().catch(() => {});
    },
    close() { closed = true; clearTimeout(retry); device?.destroy(); device = null; },
  };
}
