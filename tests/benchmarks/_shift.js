// Runs before a desk's own scripts: its socket to the server is this script, which tells it of a whole shift.
(() => {
  const Real = WebSocket;
  const TURNS = 40; // captions of one talk
  const BEATS = 300; // seconds from one caller to the next
  let socket = null;
  const say = (message) => socket.onmessage({ data: JSON.stringify({ at_ms: Date.now(), ...message }) });
  const rest = () => new Promise((resolve) => { setTimeout(resolve, 0); });
  const me = () => JSON.parse(document.getElementById("page-data").textContent).me;

  function state(name, contact, fact) {
    const now = Date.now();
    const card = contact && {
      id: contact, state: name === "offered" ? "offered" : "talking", number: "138****2210", callback_number: "", entrance: "pstn",
      prefecture: "昆明市", ordinal: 2, channel: "dedicated", priority: "dedicated", digit: "1", evidence: ["key:1"], arrived_ms: now - 9000,
      waiting_since_ms: now - 8000, offered_ms: now - 3000, talk_since_ms: name === "offered" ? 0 : now, waited_ms: 5000, talk: 1,
      lawyer: me().id, second: "", held: false, lost: false, guest: "", guest_state: "", lawyer_name: "", second_name: "", second_talks: false,
    };
    say({
      type: fact ? "state" : "snapshot", own_phone: true, own_number: "139****0000", supervised: null, contact: card || null, fact: fact ? { kind: fact, body: {} } : null,
      lawyer: { id: me().id, name: me().name, state: name, status: "ready", since_ms: now, next_status: "", away_reason: "", contact: contact ?? "", fresh: true },
    });
  }

  class Desk {
    constructor() { socket = this; this.readyState = Real.OPEN; setTimeout(() => { this.onopen(); state("idle"); shift.open = true; }, 0); }
    send(text) { const { id, type } = JSON.parse(text); if (id) setTimeout(() => say({ type: "done", id, asked: type }), 0); }
    close() {}
  }

  globalThis.WebSocket = class extends Real {
    constructor(url, ...rest) {
      if (String(url).includes("/desk/ws")) return new Desk();
      super(url, ...rest);
    }
  };

  globalThis.shift = {
    open: false,
    async work(talks) {
      for (const contact of talks) {
        for (let beat = 0; beat < BEATS; beat++) {
          say({ type: "beat" });
          say({ type: "queue", waiting: beat % 7, oldest_ms: Date.now() - beat * 1000, ready: 5 });
          if (beat % 50 === 0) await rest();
        }
        for (const [name, fact] of [["offered", "contact.offered"], ["talking", "contact.accepted"]]) { state(name, contact, fact); await rest(); }
        for (let turn = 0; turn < TURNS; turn++) {
          for (const final of [false, true]) say({ type: "caption", contact, side: turn % 2 ? "lawyer" : "caller", utterance: turn, text: "老板拖着三个月工资没有给。".repeat(3), final });
          await rest();
        }
        say({ type: "draft", contact, kind: "transcript.ready" });
        for (const [name, fact] of [["wrapup", "contact.done"]]) { state(name, contact, fact); await rest(); }
        await new Promise((resolve) => { setTimeout(resolve, 60); }); // its note and its summary come by HTTP
        state("idle", null, "lawyer.idle");
        await rest();
      }
    },
  };
})();
