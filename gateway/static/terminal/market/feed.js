// The market data streams of one symbol, kept alive: depth and trades over WebSocket.
//
// A session begins with a fresh picture: instruments, the depth that the stream sends at once, and the last trades
// over HTTP, joined with those that the stream brought meanwhile. When any of it breaks, the whole session ends and
// a new one begins.

import { KeepAlive } from "../../common/keep_alive.js";

export const TRADES_KEPT = 100;

const CLOSE_WORDS = {
  4404: "the exchange does not know this symbol",
  4408: "this page was too slow for the trade stream",
};

export class Feed {
  #handlers;
  #connection;

  /**
   * prepare(signal): resolves to {api, symbol}, before each session.
   * onDepth(message), onTrade(trade), onTrades(trades, oldest first: they replace what was there).
   * onState: see KeepAlive.
   */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#connection = new KeepAlive({ run: (session) => this.#run(session), onState: handlers.onState });
  }

  start() {
    this.#connection.start();
  }

  /** Ends the session as if its connection had broken. */
  drop(reason) {
    this.#connection.drop(reason);
  }

  async #run(session) {
    const { prepare, onDepth, onTrade, onTrades } = this.#handlers;
    const closeWords = (code) => CLOSE_WORDS[code];
    const { api, symbol } = await session.orBroken(prepare(session.signal));
    let early = [];
    const firstDepth = new Promise((resolve) => {
      const onMessage = (message) => {
        onDepth(message);
        resolve();
      };
      session.open(api.socketUrl("/ws/marketdata", { symbol }), onMessage, closeWords);
    });
    const onMessage = (trade) => {
      if (early) early.push(trade);
      else onTrade(trade);
    };
    const tradesOpen = session.open(api.socketUrl("/ws/trades", { symbol }), onMessage, closeWords);
    await session.orBroken(Promise.all([firstDepth, tradesOpen]));
    const { trades } = await session.orBroken(api.trades(symbol, TRADES_KEPT, session.signal));
    onTrades(join(trades, early));
    early = null;
    session.live();
  }
}

/** The snapshot, then what the stream brought that is not in it already. */
function join(snapshot, early) {
  const known = new Set(snapshot.map((trade) => trade.trade_id));
  const last = snapshot.at(-1)?.sequence ?? -1;
  return [...snapshot, ...early.filter((trade) => trade.sequence >= last && !known.has(trade.trade_id))];
}
