// The tickers of all instruments, kept alive while the market's streams are. Without a history the exchange has none.

import { KeepAlive } from "../../common/keep_alive.js";

const NO_HISTORY = 4503;
const LATER = 30_000; // a history that is not there may start

export class Tickers {
  #view;
  #connection;
  #timer = null;

  constructor(view) {
    this.#view = view;
    this.#connection = new KeepAlive({ run: (session) => this.#run(session), onState: () => {} });
    view.on("live", (live) => this.#follow(live));
  }

  #follow(live) {
    clearTimeout(this.#timer);
    if (live) this.#connection.start();
    else this.#connection.stop();
  }

  async #run(session) {
    const { market } = this.#view;
    this.#view.tickers.clear();
    const onMessage = (ticker) => {
      if (market !== this.#view.market) return;
      this.#view.tickers.set(ticker.symbol, ticker);
      this.#view.tell("ticker", ticker);
    };
    const onClose = (code) => {
      if (code === NO_HISTORY) this.#wait();
      return null;
    };
    await session.orBroken(session.open(market.socketUrl("/ws/ticker", { symbol: "*" }), onMessage, onClose));
    session.live();
  }

  #wait() {
    this.#connection.stop();
    this.#timer = setTimeout(() => this.#connection.start(), LATER);
  }
}
