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

// The SDK says "accept" when the descriptions are exchanged, before any media can flow, and the browser throws away a
// tone that it cannot send yet. So the SDK makes its connections of this class, and keys wait for the newest.
let way = null; // the newest connection
let pressed = []; // [the SDK's Call, key]: not sent yet
let pausing = false;
const KEY_MS = 260; // a tone (160 ms) and the gap after it (70 ms): a key sent sooner takes the place of the one before

const Way = globalThis.RTCPeerConnection && class extends RTCPeerConnection {
  constructor(...given) {
    super(...given);
    way = this;
    this.addEventListener("connectionstatechange", sendKeys);
  }
};

/** Press a key in a call. It is sent as soon as the sound flows, and the key before it is over. */
export function pressKey(sdkCall, key) {
  pressed.push([sdkCall, key]);
  sendKeys();
}

function sendKeys() {
  pressed = pressed.filter(([sdkCall]) => sdkCall.status() !== "closed");
  if (pausing || !pressed.length || (way?.connectionState ?? "connected") !== "connected") return;
  const [sdkCall, key] = pressed.shift();
  sdkCall.sendDigits(key);
  pausing = true;
  setTimeout(() => { pausing = false; sendKeys(); }, KEY_MS);
}

/** What a Device of the SDK is made with, here and on the caller's page. */
export function deviceOptions({ quiet, voice }) {
  return {
    ...(voice.host ? { chunderw: voice.host } : {}),
    ...(Way ? { RTCPeerConnection: Way } : {}),
    publishEvents: false,
    sounds: Object.fromEntries(SOUNDS.map((name) => [name, quiet])),
    codecPreferences: ["pcmu", "opus"],
    maxCallSignalingTimeoutMs: 30000,
    tokenRefreshMs: 60000,
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
  let speaker = "default";

  /** The device with a token in it; null, and another try later, when there is none to be had. */
  async function start() {
    try {
      const Twilio = await loadSdk({ source, voice });
      if (!device) {
        const { token } = await fetchToken();
        if (closed) return null;
        device = new Twilio.Device(token, {
          ...deviceOptions({ quiet, voice }),
          closeProtection: false,
          logLevel: SILENT, // what goes wrong is said by state and problem
        });
        listen(device);
        sound();
      }
      return device;
    } catch (error) {
      failed(error?.status ? `http-${error.status}` : "unreachable");
      return null;
    }
  }

  function sound() {
    const { audio } = device ?? {};
    if (audio?.isOutputSelectionSupported && audio.availableOutputDevices.has(speaker)) audio.speakerDevices.set(speaker).catch(() => {});
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
    /** Let callers be heard on this loudspeaker (its deviceId) from now on. */
    useSpeaker(id) { speaker = id; sound(); },
    /** Stop ringing here, without ending anything: another window is the desk now. register() undoes it. */
    rest() {
      resting = true;
      clearTimeout(retry);
      if (device?.state === "registered") device.unregister().catch(() => {});
    },
    close() { closed = true; clearTimeout(retry); device?.destroy(); device = null; },
  };
}
