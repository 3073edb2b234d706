// The candles of one instrument and interval, kept alive: from the exchange's history, or from the trades that this page has seen
// where no history runs. Their numbers are floats, to draw; `text` has the exact ones.

import { KeepAlive } from "../../common/keep_alive.js";
import { beginOf } from "./intervals.js";

const FIRST_PAGE = 200; // what the window shows, and some more
const PAGE = 500;
const KEPT = 6_000; // candles at most; going back ends there
const NO_HISTORY = 4503;
const LATER = 30_000; // milliseconds: a history that is not there may start
const FIRST_WAIT = 800; // milliseconds for the stream's first message: an instrument without trades has none
const FEW = 15; // candles: so few tell less than those of a shorter interval
const TRADES_KEPT = 5_000;

export class Candles {
  list = []; // oldest first
  begun = false; // whether the first candle of all is among them
  withoutHistory = false;
  #view;
  #handlers;
  #connection;
  #loading = false;
  #timer = null;
  #trades = []; // those that this page has seen, for where no history runs
  #key = "";

  /** onReset(): other candles stand there. onChange(candle): the last one has changed, or is new. onFew(): there are few in all. */
  constructor(view, handlers) {
    this.#view = view;
    this.#handlers = handlers;
    this.#connection = new KeepAlive({ run: (session) => this.#run(session), onState: () => {} });
    view.on("live", (live) => this.#follow(live));
    view.on("interval", () => this.#restart());
    view.on("instrument", () => this.#key !== this.#keyNow && this.#forget());
    view.on("trades", (trades) => this.#seeAll(trades));
    view.on("trade", (trade) => this.#see(trade));
  }

  /** Loads the candles before the first one that is there. */
  async loadOlder() {
    if (this.#loading || this.begun || this.withoutHistory || this.list.length === 0 || this.list.length >= KEPT) return;
    const { market, symbol, interval } = this.#view;
    const key = this.#keyNow;
    this.#loading = true;
    try {
      const { candles } = await market.candles(symbol, interval, { to: this.list[0].text.open_time, limit: PAGE });
      if (key !== this.#keyNow) return;
      this.begun = candles.length < PAGE;
      this.list = [...candles.map(asCandle), ...this.list];
      this.#handlers.onReset();
    } catch {
      // The connection's own checks tell what is wrong. Going on to scroll asks again.
    } finally {
      this.#loading = false;
    }
  }

  get #keyNow() {
    return `${this.#view.market?.base} ${this.#view.symbol} ${this.#view.interval}`;
  }

  #follow(live) {
    clearTimeout(this.#timer);
    if (live) this.#connection.start();
    else this.#connection.stop();
  }

  #restart() {
    this.#forget();
    this.#follow(this.#view.live);
  }

  #forget() {
    this.#key = this.#keyNow;
    this.list = [];
    this.begun = this.withoutHistory = false;
    this.#handlers.onReset();
  }

  async #run(session) {
    const { market, symbol, interval } = this.#view;
    if (!symbol) return session.end(new Error("no instrument"));
    let early = [];
    let told;
    const first = new Promise((resolve) => (told = resolve));
    const onMessage = ({ candles }) => {
      if (early) early.push(...candles);
      else for (const candle of candles) this.#take(asCandle(candle));
      told();
    };
    const onClose = (code) => {
      if (code !== NO_HISTORY) return null;
      this.#connection.stop();
      this.#useTrades();
      this.#timer = setTimeout(() => this.#view.live && this.#connection.start(), LATER);
      return null;
    };
    await session.orBroken(session.open(market.socketUrl("/ws/candles", { symbol, interval }), onMessage, onClose));
    await session.orBroken(Promise.race([first, pause(FIRST_WAIT)]));
    const { candles } = await session.orBroken(market.candles(symbol, interval, { limit: FIRST_PAGE }, session.signal));
    this.#key = this.#keyNow;
    this.begun = candles.length < FIRST_PAGE;
    this.list = candles.map(asCandle);
    const late = early;
    early = null;
    for (const candle of late) this.#put(asCandle(candle));
    this.withoutHistory = false;
    this.#handlers.onReset();
    session.live();
    if (this.begun && this.list.length < FEW) this.#handlers.onFew();
  }

  #take(candle) {
    const isLast = this.#put(candle);
    this.#trim();
    if (isLast) this.#handlers.onChange(candle);
    else this.#handlers.onReset();
  }

  /** A page that is open for days lets the oldest go; scrolling back brings them again. */
  #trim() {
    if (this.list.length <= KEPT + PAGE) return;
    this.list.splice(0, PAGE);
    this.begun = this.withoutHistory;
    this.#handlers.onReset();
  }

  /** Whether it is the last one now. */
  #put(candle) {
    let at = this.list.length;
    while (at > 0 && this.list[at - 1].time > candle.time) at -= 1;
    const known = at > 0 && this.list[at - 1].time === candle.time;
    this.list.splice(known ? at - 1 : at, known ? 1 : 0, candle);
    return at === this.list.length;
  }

  #seeAll(trades) {
    this.#trades = [...trades];
    if (this.withoutHistory) this.#useTrades();
  }

  #see(trade) {
    this.#trades.push(trade);
    if (this.#trades.length > TRADES_KEPT) this.#trades.shift();
    if (!this.withoutHistory) return;
    addTrade(this.list, trade, this.#view.interval);
    this.#trim();
    this.#handlers.onChange(this.list.at(-1));
  }

  #useTrades() {
    this.withoutHistory = this.begun = true;
    this.list = [];
    for (const trade of this.#trades) addTrade(this.list, trade, this.#view.interval);
    this.#handlers.onReset();
    if (this.list.length < FEW) this.#handlers.onFew();
  }
}

function asCandle(text) {
  const { open_time, open, high, low, close, volume } = text;
  const time = Date.parse(open_time) / 1000;
  return { time, open: Number(open), high: Number(high), low: Number(low), close: Number(close), volume: Number(volume), text };
}

/** Puts a trade into the last candle, or begins one with it. */
function addTrade(list, { timestamp, price, quantity }, interval) {
  const time = beginOf(Date.parse(timestamp) / 1000, interval);
  const value = Number(price);
  const last = list.at(-1);
  if (!last || last.time < time) {
    const text = { open_time: new Date(time * 1000).toISOString(), open: price, high: price, low: price, close: price };
    list.push({ time, open: value, high: value, low: value, close: value, volume: Number(quantity), text });
    return;
  }
  const text = { ...last.text, close: price };
  if (value > last.high) text.high = price;
  if (value < last.low) text.low = price;
  const [high, low] = [Math.max(last.high, value), Math.min(last.low, value)];
  list[list.length - 1] = { ...last, high, low, close: value, volume: last.volume + Number(quantity), text };
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
