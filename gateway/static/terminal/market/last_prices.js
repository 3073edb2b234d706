// The price of the last trade of each instrument: the shown one's by its trades, the others' by their tickers.

export class LastPrices {
  #view;
  #shown = null; // {symbol, price}

  constructor(view) {
    this.#view = view;
    view.on("trades", (trades) => this.#take(trades.at(-1)));
    view.on("trade", (trade) => this.#take(trade));
  }

  /** null where it is not known. */
  of(symbol) {
    if (this.#shown?.symbol === symbol) return this.#shown.price;
    return this.#view.tickers.get(symbol)?.last_price ?? null;
  }

  #take(trade) {
    this.#shown = trade ? { symbol: this.#view.symbol, price: trade.price } : null;
  }
}
