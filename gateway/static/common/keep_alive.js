// Sessions over WebSockets that begin again when they break, after a pause that doubles up to MAX_PAUSE, with jitter.

const FIRST_PAUSE = 500;
const MAX_PAUSE = 5_000;
const OPENING_LIMIT = 6_000;

/** A socket that was never opened. A page is not told why, nor whether anybody answered. */
export class NotOpened extends Error {
  constructor() {
    super("no WebSocket can be opened");
  }
}

export class KeepAlive {
  #run;
  #onState;
  #controller = null;
  #session = null;

  /**
   * run(session): begins one session, see Session, and calls session.live() once it has all that a session begins with.
   * onState({phase: "connecting" | "live" | "lost", error, retryIn}): what ended the last session; retryIn in seconds, 0 while it
   * tries.
   */
  constructor({ run, onState }) {
    this.#run = run;
    this.#onState = onState;
  }

  start() {
    this.stop();
    this.#controller = new AbortController();
    this.#keepAlive(this.#controller.signal);
  }

  stop() {
    this.#controller?.abort();
  }

  /** Ends the session as if its connection had broken. */
  drop(reason) {
    this.#session?.end(new Error(reason));
  }

  async #keepAlive(signal) {
    let failures = 0;
    this.#onState({ phase: "connecting" });
    while (!signal.aborted) {
      const session = new Session(signal, () => {
        failures = 0;
        this.#onState({ phase: "live" });
      });
      this.#session = session;
      const error = await session.run(this.#run);
      if (signal.aborted) return;
      failures += 1;
      await this.#pause(failures, error, signal);
      if (!signal.aborted) this.#onState({ phase: "lost", error, retryIn: 0 });
    }
  }

  async #pause(failures, error, signal) {
    const longest = Math.min(MAX_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
    const until = performance.now() + longest * (0.5 + Math.random() / 2);
    for (let left = until - performance.now(); left > 0 && !signal.aborted; left = until - performance.now()) {
      this.#onState({ phase: "lost", error, retryIn: Math.ceil(left / 1000) });
      await sleep(Math.min(left, left % 1000 || 1000), signal);
    }
  }
}

/** One session: its sockets all end with it. */
class Session {
  #sockets = [];
  #broken;
  #whenLive;
  #opening;

  constructor(signal, whenLive) {
    this.signal = signal;
    this.#whenLive = whenLive;
    this.#broken = new Promise((_, reject) => (this.end = reject));
    this.#broken.catch(() => {});
    signal.addEventListener("abort", () => this.end(new Error("stopped")), { once: true });
  }

  /** Runs it to its end; gives the error that ended it. */
  async run(begin) {
    this.#opening = setTimeout(() => this.end(this.#unanswered()), OPENING_LIMIT);
    try {
      await this.orBroken(begin(this));
      return await this.#broken;
    } catch (error) {
      return error;
    } finally {
      clearTimeout(this.#opening);
      for (const socket of this.#sockets) {
        socket.onclose = socket.onmessage = null;
        socket.close();
      }
    }
  }

  /** The promise's value, unless the session breaks before. */
  orBroken(promise) {
    return Promise.race([promise, this.#broken]);
  }

  /** Opens a socket whose end is the session's: onClose(code, reason) gives the words for it. Resolves when it is open. */
  open(url, onMessage, onClose, protocols = []) {
    const socket = new WebSocket(url, protocols);
    this.#sockets.push(socket);
    socket.onclose = () => this.end(new NotOpened());
    socket.onmessage = ({ data }) => onMessage(JSON.parse(data));
    return new Promise((resolve) => {
      socket.onopen = () => {
        socket.onclose = ({ code, reason }) => this.end(new Error(onClose(code) ?? (reason || "the connection broke")));
        resolve();
      };
    });
  }

  #unanswered() {
    const opening = this.#sockets.some((socket) => socket.readyState === WebSocket.CONNECTING);
    return opening ? new NotOpened() : new Error("the exchange did not answer in time");
  }

  live() {
    clearTimeout(this.#opening);
    this.#whenLive();
  }
}

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
