// The demo market beside the exchange: what it plays, and its pause, speed and jump. It fills one element of the page, and hides
// that while no demo runs. Who may steer it is the administrator's business: where a token is set, the control asks for it once.

import { element, setText } from "../../common/dom.js";
import { request } from "../../common/request.js";

const EVERY = 2_000; // ms between two looks at a demo that runs
const RARELY = 15_000; // ms between two looks for one
const TIMEOUT = 5_000;
const SPEEDS = ["0.5", "1", "2", "5", "10"];
const UNAUTHORIZED = 401;
const STEPS = 1_000; // of the slider, from the recording's begin to its end

export class DemoControl {
  #base;
  #token;
  #given = null; // {token, base}: what was typed here, for that exchange alone; it lives as long as the page
  #box;
  #timer = null;
  #running = false;
  #state = null; // the last answer with running: true
  #waiting = null; // the change that waits for a token
  #jumping = false; // the slider is being moved
  #parts = {};

  /**
   * box: an element that this class alone fills.
   * base(): the exchange's base URL. token(): the administrator's token, or null where the page has none.
   */
  constructor(box, { base = () => location.origin, token = () => null } = {}) {
    this.#box = box;
    this.#base = base;
    this.#token = token;
    box.hidden = true;
    box.classList.add("demo-control");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Demo market");
    box.append(...this.#build());
  }

  /** Looks now, and again and again while the page is seen. */
  start() {
    if (this.#running) return;
    this.#running = true;
    document.addEventListener("visibilitychange", this.#look);
    this.#look();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#look);
  }

  #build() {
    const parts = this.#parts;
    parts.pause = element("button", { type: "button", class: "quiet" }, "Pause");
    parts.pause.addEventListener("click", () => this.#steer({ paused: !this.#state.paused }));
    parts.speed = element("select", { "aria-label": "Speed of the demo market" });
    parts.speed.addEventListener("change", () => this.#steer({ speed: parts.speed.value }));
    parts.jump = element("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": "Time of the recording" });
    parts.jump.addEventListener("input", () => {
      this.#jumping = true;
      setText(parts.time, shortTime(this.#timeOf(parts.jump.value)));
    });
    parts.jump.addEventListener("change", () => {
      this.#jumping = false;
      this.#steer({ jump_to: this.#timeOf(parts.jump.value) });
    });
    parts.time = element("span", { class: "demo-time" });
    parts.recording = element("span", { class: "demo-recording", hidden: true }, parts.jump, parts.time);
    parts.note = element("span", { class: "demo-note", role: "status" });
    parts.token = element("input", { type: "password", autocomplete: "off", "aria-label": "Administrator's token" });
    parts.form = element(
      "form",
      { class: "demo-token", hidden: true },
      parts.token,
      element("button", { type: "submit", class: "quiet" }, "Go on"),
    );
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const token = parts.token.value.trim();
      this.#given = token ? { token, base: this.#base() } : null;
      parts.token.value = "";
      if (this.#waiting?.base === this.#base()) this.#steer(this.#waiting.change);
    });
    const label = element("span", { class: "demo-label" }, "Demo");
    return [label, parts.pause, parts.speed, parts.recording, parts.note, parts.form];
  }

  #look = async () => {
    clearTimeout(this.#timer);
    if (!this.#running || document.hidden) return;
    const answer = await this.#call("GET", "/demo");
    if (answer.body?.running !== undefined) this.#show(answer.body);
    else this.#show({ running: false }); // no gateway, or one of before: no demo either
    clearTimeout(this.#timer);
    if (this.#running) this.#timer = setTimeout(this.#look, this.#state ? EVERY : RARELY);
  };

  async #steer(change) {
    const answer = await this.#call("POST", "/admin/demo", change);
    const refused = answer.status === UNAUTHORIZED;
    this.#waiting = refused ? { change, base: this.#base() } : null;
    if (refused) this.#given = null;
    this.#parts.form.hidden = !refused;
    if (answer.ok) {
      this.#show(answer.body);
      this.#tell("");
    } else if (refused) {
      this.#tell("The administrator’s token steers the demo.");
      this.#parts.token.focus();
    } else {
      this.#tell(answer.body.detail);
      if (this.#state) this.#show(this.#state);
    }
  }

  /** {ok, status, body}; of a failure the body has a detail at most. */
  async #call(method, path, body) {
    const base = this.#base();
    const token = this.#token() ?? (this.#given?.base === base ? this.#given.token : null);
    const headers = body !== undefined && token ? { Authorization: `Bearer ${token}` } : {};
    try {
      return { ok: true, status: 200, body: await request(base, method, path, { headers, body, timeout: TIMEOUT }) };
    } catch (error) {
      return { ok: false, status: error.status, body: { detail: error.detail || error.title } };
    }
  }

  #show(state) {
    const { pause, speed, jump, time, recording } = this.#parts;
    this.#box.hidden = !state.running;
    this.#state = state.running ? state : null;
    if (!state.running) return;
    this.#box.dataset.state = state.connected ? (state.paused ? "paused" : "trading") : "waiting";
    setText(pause, state.paused ? "Go on" : "Pause");
    pause.setAttribute("aria-pressed", String(state.paused));
    const speeds = SPEEDS.includes(state.speed) ? SPEEDS : [...SPEEDS, state.speed];
    if (speed.options.length !== speeds.length || speed.value !== state.speed) {
      speed.replaceChildren(...speeds.map((each) => element("option", { value: each }, `${each}×`)));
      speed.value = state.speed;
    }
    recording.hidden = state.begin === null;
    if (state.begin === null || this.#jumping) return;
    const [begin, end, now] = [state.begin, state.end, state.time].map(Date.parse);
    jump.value = String(Math.round((STEPS * (now - begin)) / Math.max(1, end - begin)));
    jump.setAttribute("aria-valuetext", state.time);
    setText(time, shortTime(state.time));
  }

  /** The time at a step of the slider; the ends are exact. */
  #timeOf(step) {
    const { begin, end } = this.#state;
    if (Number(step) >= STEPS) return end;
    if (Number(step) <= 0) return begin;
    const first = Date.parse(begin);
    return new Date(Math.max(first + 1, first + ((Date.parse(end) - first) * Number(step)) / STEPS)).toISOString();
  }

  #tell(words) {
    setText(this.#parts.note, words);
  }
}

/** HH:MM:SS of the recording's own clock. */
function shortTime(time) {
  return time.slice(11, 19);
}
