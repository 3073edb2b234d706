// The lesson's side of the exchange: its instrument, its accounts, and the calls that a move makes. All of it is real.

import { AdminApi } from "../common/admin_api.js";
import { Api } from "../common/api.js";
import { ApiError } from "../common/request.js";
import { CAST, SYMBOL } from "./lessons/book.js";

const INSTRUMENT = {
  symbol: SYMBOL,
  base: "LEARN",
  quote: "USDT",
  tick_size: "1",
  lot_size: "1",
  max_quantity: "1000",
  max_price: "1000",
  status: "trading",
};
const KEY_HOURS = 12;
const TRADES = 100; // more than any command of a lesson causes

export class Classroom {
  #base;
  #admin;
  #apis = new Map(); // account -> Api
  #own = new Set(); // the sequences of this page's commands

  constructor(base, token = null) {
    this.#base = base;
    this.#admin = new AdminApi(base, token);
  }

  get address() {
    return new Api(this.#base).socketUrl("/ws/orders", { symbol: SYMBOL });
  }

  /**
   * Makes the instrument, and keys for those who trade where keys are asked for. ApiError where an administrator must do it.
   * Called again after an error it makes only the keys that it has not made yet.
   */
  async open(signal) {
    await this.#admin.setInstrument(INSTRUMENT);
    const { auth } = await new Api(this.#base).health(signal);
    const expires = new Date(Date.now() + KEY_HOURS * 3_600_000).toISOString();
    for (const account of Object.keys(CAST)) {
      if (this.#apis.has(account)) continue;
      let proof = null;
      if (auth === "keys") {
        const made = await this.#admin.createKey({ account, label: "lesson", permissions: ["trade", "user_data"], expires });
        proof = `${made.key}.${made.secret}`;
      }
      this.#apis.set(account, new Api(this.#base, proof));
    }
  }

  /** Whether one of this page's commands has that sequence. */
  did(sequence) {
    return this.#own.has(sequence);
  }

  async load(book) {
    this.#own.add((await this.#admin.loadBook(SYMBOL, book)).sequence);
  }

  /** Makes the move: {changed, trades}, the orders that it has placed or changed and all trades that it has caused. */
  async act(move) {
    const changed = await this.#send(move);
    const sequence = changed[0].updated_sequence;
    this.#own.add(sequence);
    const { trades } = await new Api(this.#base).trades(SYMBOL, TRADES);
    return { changed, trades: trades.filter((trade) => trade.sequence === sequence) };
  }

  /** All live orders of those who trade here, the newest first. */
  async orders() {
    const pages = await Promise.all([...this.#apis].map(([account, api]) => api.orders(account, SYMBOL)));
    return pages.flatMap((page) => page.orders).sort((one, other) => Number(other.order_id) - Number(one.order_id));
  }

  async #send({ call, account, order, price, changes }) {
    const api = this.#apis.get(account);
    if (call === "place") return [await api.placeOrder({ symbol: SYMBOL, account, ...order })];
    if (call === "oco") return (await api.placeOco({ symbol: SYMBOL, account, ...order })).orders;
    const target = (await this.orders()).findLast((live) => live.account === account && live.resting && live.price === price);
    if (!target) throw new ApiError("problem", { title: "The order is not there any more.", detail: "Begin the lesson again." });
    return [await api.amendOrder(target.order_id, account, changes)];
  }
}
