// Runs before a page's own scripts. Replaces the fake device's beep: the microphone is a stream that plays a clip when
// the test says so, so that two pages can speak a dialogue in time with each other; and lets the test listen.
(() => {
  const context = new AudioContext({ sampleRate: 48000 });
  const out = context.createMediaStreamDestination();
  const silence = context.createConstantSource(); silence.offset.value = 0; silence.connect(out); silence.start();
  navigator.mediaDevices.getUserMedia = async () => { await context.resume(); return out.stream.clone(); };
  window.testMicrophone = {
    async load(wav) {
      const bytes = Uint8Array.from(atob(wav), (c) => c.charCodeAt(0));
      this.clip = await context.decodeAudioData(bytes.buffer);
    },
    speak() { const s = context.createBufferSource(); s.buffer = this.clip; s.connect(out); s.start(); },
    tone(hz) { this.hush(); this.osc = context.createOscillator(); this.osc.frequency.value = hz;
      const g = context.createGain(); g.gain.value = 0.3; this.osc.connect(g).connect(out); this.osc.start(); },
    hush() { this.osc?.stop(); this.osc = null; },
  };
  const connections = [];
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); connections.push(this); } };
  const ears = new WeakMap();
  // The level of one frequency in what the newest connection receives, in dBFS of its FFT bin.
  window.testHears = async (hz) => {
    const pc = connections.filter((c) => c.connectionState === "connected").at(-1);
    const track = pc?.getReceivers().map((r) => r.track).find((t) => t?.kind === "audio");
    if (!track) { await new Promise((r) => setTimeout(r, 120)); return -200; } // not there yet
    if (!ears.has(track)) {
      const ear = new AudioContext(); await ear.resume();
      const analyser = ear.createAnalyser(); analyser.fftSize = 4096; analyser.smoothingTimeConstant = 0;
      ear.createMediaStreamSource(new MediaStream([track])).connect(analyser); ears.set(track, { ear, analyser });
    }
    const { ear, analyser } = ears.get(track);
    await new Promise((r) => setTimeout(r, 120));
    const bins = new Float32Array(analyser.frequencyBinCount); analyser.getFloatFrequencyData(bins);
    return bins[Math.round(hz * analyser.fftSize / ear.sampleRate)];
  };
})();
