// The chosen account as the exchange's stream tells it: its open and pending orders, its last fills, its balances, whether it is suspended.

import { shardOf } from "./shards.js";
import { FILLS_KEPT, UserStream } from "./user_stream.js";

const LIVE = new Set(["open", "partially_filled", "pending"]);

export class OwnOrders {
  #onChange;
  #onUpdate;
  #stream;
  #orders = new Map(); // order id -> order, oldest first
  #balances = new Map(); // asset -> balance
  #symbol = null; // of the fills; null: all
  #filledUpTo = new Map(); // shard -> the sequence up to which its fills came over HTTP

  /**
   * onChange(): orders, fills, balances, suspended or cancelAt have changed. onUpdate(update): what one command changed, after onChange.
   * onRefused(): the exchange does not take the proof. onState(state of the stream): see KeepAlive.
   */
  constructor({ onChange, onUpdate, onRefused, onState }) {
    this.#onChange = onChange;
    this.#onUpdate = onUpdate;
    this.#stream = new UserStream({ onFresh: (all) => this.#begin(all), onUpdate: (update) => this.#take(update), onRefused, onState });
    this.#forget();
  }

  /** Follows this account; its fills in this symbol, or in all where it is null. */
  follow({ api, account, symbol }) {
    this.#forget();
    this.#symbol = symbol;
    this.#stream.follow({ api, account, symbol });
  }

  stop() {
    this.#stream.stop();
    this.#forget();
  }

  /** Asks at once for what came after the last update. */
  retry() {
    this.#stream.retry();
  }

  /** Ends the stream's session as if its connection had broken. */
  drop(reason) {
    this.#stream.drop(reason);
  }

  /** In all instruments, oldest first. */
  get orders() {
    return [...this.#orders.values()];
  }

  /** By asset. One that is not there is zero. */
  get balances() {
    return [...this.#balances.values()].sort((one, other) => (one.asset < other.asset ? -1 : 1));
  }

  has(orderId) {
    return this.#orders.has(orderId);
  }

  #forget() {
    this.#orders.clear();
    this.#balances.clear();
    this.ledger = false; // without one the account trades without limit
    this.fills = []; // the last ones, oldest first
    this.#filledUpTo = new Map();
    this.known = false; // whether the stream has told all this
    this.suspended = false;
    this.cancelAt = null;
  }

  #begin({ orders, fills, suspended, cancel_at, ledger, balances }) {
    this.#forget();
    for (const order of orders) this.#orders.set(order.order_id, order);
    this.fills = fills;
    for (const fill of fills) this.#filledUpTo.set(shardOf(fill.order_id), fill.sequence);
    this.known = true;
    this.suspended = suspended === true;
    this.cancelAt = cancel_at ?? null;
    this.#takeBalances(ledger, balances);
    this.#onChange();
  }

  #take(update) {
    for (const order of update.orders) {
      if (LIVE.has(order.status)) this.#orders.set(order.order_id, order);
      else this.#orders.delete(order.order_id);
    }
    for (const change of update.changes) {
      if (change.event === "account") {
        this.suspended = change.suspended;
        this.cancelAt = change.cancel_at;
      } else if (change.event === "rejected") this.suspended ||= change.reason === "account_suspended";
      else if (change.fill && (this.#symbol === null || change.fill.symbol === this.#symbol)) this.#addFill(change.fill);
    }
    this.#takeBalances(update.ledger, update.balances);
    this.#onChange();
    this.#onUpdate(update);
  }

  /** The balances that have changed; undefined where none has. */
  #takeBalances(ledger, balances = []) {
    if (ledger === undefined) return;
    this.ledger = ledger;
    if (!ledger) this.#balances.clear();
    for (const balance of balances) this.#balances.set(balance.asset, balance);
  }

  /** What a command filled came with the last fills over HTTP wholly or not at all. */
  #addFill(fill) {
    if (fill.sequence <= (this.#filledUpTo.get(shardOf(fill.order_id)) ?? 0)) return;
    this.fills.push(fill);
    if (this.fills.length > FILLS_KEPT) this.fills.shift();
  }
}
