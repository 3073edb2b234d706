// What the page looks at, shared by all panels. They read its fields and listen to its events; the entry, the account and the market
// change it.
//
// event       value
// instrument  another instrument, or its definition has changed; null until it is known
// instruments the list of all instruments has changed
// interval    another interval of the chart
// live        the market has begun to tell what happens, or has ended
// depth       a message of WS /ws/marketdata
// trades      the last trades, oldest first; they replace what was there
// trade       one more trade
// ticker      a ticker of WS /ws/ticker, of any instrument
// own         the account's orders, fills or balances have changed; null: they are not known

const UNLISTED = { base: "", quote: "", tick_size: "1", lot_size: "1" }; // what is not known yet of an instrument that was just added

export class View {
  market = null; // an Api for calls that nobody needs a key for
  api = null; // an Api for those of the account
  instrument = null; // as GET /instruments tells it, or null
  instruments = new Map(); // symbol -> instrument
  account = "";
  mayTrade = true; // whether who is here may place, amend and cancel orders
  interval = "1m";
  live = false; // whether the market's streams are alive, and the matcher answers
  tickers = new Map(); // symbol -> ticker
  history = "off"; // whether the exchange keeps one: "ok", "unavailable" or "off"
  own = null; // {orders in all instruments, fills, ledger, balances, positions}, or null
  #listeners = new Map(); // event -> listeners

  /** The symbol that is shown; null until it is known. */
  get symbol() {
    return this.instrument?.symbol ?? null;
  }

  instrumentOf(symbol) {
    return this.instruments.get(symbol) ?? UNLISTED;
  }

  /** Calls listener(value) on each such event. */
  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, []);
    this.#listeners.get(event).push(listener);
  }

  tell(event, value = null) {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }
}
