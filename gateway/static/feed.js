// The market data streams of one symbol, kept alive: depth and trades over WebSocket.
//
// A session begins with a fresh picture: instruments, the depth that the stream sends at once, and the last trades
// over HTTP, joined with those that the stream brought meanwhile. When any of it breaks, the whole session ends and
// a new one begins after a pause that doubles up to MAX_PAUSE, with jitter.

const FIRST_PAUSE = 500;
const MAX_PAUSE = 5_000;
const OPENING_LIMIT = 6_000;
export const TRADES_KEPT = 100;

const CLOSE_WORDS = {
  4404: "the exchange does not know this symbol",
  4408: "this page was too slow for the trade stream",
};

export class Feed {
  #handlers;
  #controller = null;
  #endSession = () => {};

  /**
   * prepare(signal): resolves to {api, symbol}, before each session.
   * onDepth(message), onTrade(trade), onTrades(trades, oldest first: they replace what was there).
   * onState({phase: "connecting" | "live" | "lost", reason, failures, retryIn}): failures in a row; retryIn in seconds,
   * 0 while it tries.
   */
  constructor(handlers) {
    this.#handlers = handlers;
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
    this.#endSession(reason);
  }

  async #keepAlive(signal) {
    const { onState } = this.#handlers;
    let failures = 0;
    onState({ phase: "connecting" });
    while (!signal.aborted) {
      let reason;
      try {
        await this.#session(signal, () => {
          failures = 0;
          onState({ phase: "live" });
        });
      } catch (error) {
        reason = error.message;
      }
      if (signal.aborted) return;
      failures += 1;
      await this.#pause(failures, reason, signal);
      if (!signal.aborted) onState({ phase: "lost", reason, failures, retryIn: 0 });
    }
  }

  /** Runs until the session breaks; then it throws the reason. */
  async #session(signal, whenLive) {
    const { prepare, onDepth, onTrade, onTrades } = this.#handlers;
    const sockets = [];
    let end;
    const broken = new Promise((_, reject) => (end = (reason) => reject(new Error(reason))));
    broken.catch(() => {});
    signal.addEventListener("abort", () => end("stopped"), { once: true });
    this.#endSession = end;
    const open = (url, onMessage) => {
      const socket = new WebSocket(url);
      sockets.push(socket);
      socket.onclose = ({ code, reason }) => end(CLOSE_WORDS[code] ?? (reason || "the connection broke"));
      socket.onmessage = ({ data }) => onMessage(JSON.parse(data));
      return new Promise((resolve) => (socket.onopen = resolve));
    };
    const opening = setTimeout(() => end("no market data came"), OPENING_LIMIT);
    try {
      const { api, symbol } = await Promise.race([prepare(signal), broken]);
      let early = [];
      const firstDepth = new Promise((resolve) => {
        open(api.socketUrl("/ws/marketdata", { symbol }), (message) => {
          onDepth(message);
          resolve();
        });
      });
      const tradesOpen = open(api.socketUrl("/ws/trades", { symbol }), (trade) => {
        if (early) early.push(trade);
        else onTrade(trade);
      });
      await Promise.race([Promise.all([firstDepth, tradesOpen]), broken]);
      const { trades } = await Promise.race([api.trades(symbol, TRADES_KEPT, signal), broken]);
      onTrades(join(trades, early));
      early = null;
      clearTimeout(opening);
      whenLive();
      await broken;
    } finally {
      clearTimeout(opening);
      for (const socket of sockets) {
        socket.onclose = socket.onmessage = null;
        socket.close();
      }
    }
  }

  async #pause(failures, reason, signal) {
    const longest = Math.min(MAX_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
    const until = performance.now() + longest * (0.5 + Math.random() / 2);
    for (let left = until - performance.now(); left > 0 && !signal.aborted; left = until - performance.now()) {
      this.#handlers.onState({ phase: "lost", reason, failures, retryIn: Math.ceil(left / 1000) });
      await sleep(Math.min(left, left % 1000 || 1000), signal);
    }
  }
}

/** The snapshot, then what the stream brought that is not in it already. */
function join(snapshot, early) {
  const known = new Set(snapshot.map((trade) => trade.trade_id));
  const last = snapshot.at(-1)?.sequence ?? -1;
  return [...snapshot, ...early.filter((trade) => trade.sequence >= last && !known.has(trade.trade_id))];
}

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
