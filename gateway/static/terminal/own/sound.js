// A short tone at each fill, where the user has switched it on: rising for a buy, falling for a sell.

const TONES = { buy: [523, 784], sell: [784, 523] }; // in Hz
const LENGTH = 0.09; // seconds of each
const LOUD = 0.08;
const PAUSE = 300; // milliseconds between two at least

export class Sound {
  on = false;
  #context = null;
  #last = -Infinity;

  constructor() {
    // A browser lets a page sound only once its user has done something there.
    for (const event of ["pointerdown", "keydown"]) addEventListener(event, () => this.on && this.#wake());
  }

  play(side) {
    if (!this.on || this.#context?.state !== "running" || performance.now() - this.#last < PAUSE) return;
    this.#last = performance.now();
    TONES[side].forEach((tone, index) => this.#tone(tone, this.#context.currentTime + index * LENGTH));
  }

  /** Switched on by the user just now: he hears how it sounds. */
  async greet() {
    await this.#wake();
    this.play("buy");
  }

  async #wake() {
    this.#context ??= new AudioContext();
    if (this.#context.state === "suspended") await this.#context.resume();
  }

  #tone(tone, at) {
    const oscillator = new OscillatorNode(this.#context, { frequency: tone });
    const gain = new GainNode(this.#context, { gain: 0 });
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUD, at + LENGTH / 4);
    gain.gain.linearRampToValueAtTime(0, at + LENGTH);
    oscillator.connect(gain).connect(this.#context.destination);
    oscillator.start(at);
    oscillator.stop(at + LENGTH);
  }
}
