// The chosen account as the exchange's stream tells it: its open and pending orders, its last fills, whether it is suspended.

import { FILLS_KEPT, UserStream } from "./user_stream.js";

const LIVE = new Set(["open", "partially_filled", "pending"]);

export class OwnOrders {
  #onChange;
  #onUpdate;
  #stream;
  #orders = new Map(); // order id -> order, oldest first
  #symbol = null; // of the fills; null: all
  #filledUpTo = 0; // the sequence up to which the fills came over HTTP

  /**
   * onChange(): orders, fills, suspended or cancelAt have changed. onUpdate(update): what one command changed, after onChange.
   * onState(state of the stream): see KeepAlive.
   */
  constructor({ onChange, onUpdate, onState }) {
    this.#onChange = onChange;
    this.#onUpdate = onUpdate;
    this.#stream = new UserStream({ onFresh: (all) => this.#begin(all), onUpdate: (update) => this.#take(update), onState });
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

  has(orderId) {
    return this.#orders.has(orderId);
  }

  #forget() {
    this.#orders.clear();
    this.fills = []; // the last ones, oldest first
    this.#filledUpTo = 0;
    this.known = false; // whether the stream has told all this
    this.suspended = false;
    this.cancelAt = null;
  }

  #begin({ orders, fills, suspended, cancel_at }) {
    this.#forget();
    for (const order of orders) this.#orders.set(order.order_id, order);
    this.fills = fills;
    this.#filledUpTo = fills.at(-1)?.sequence ?? 0;
    this.known = true;
    this.suspended = suspended === true;
    this.cancelAt = cancel_at ?? null;
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
    this.#onChange();
    this.#onUpdate(update);
  }

  /** What a command filled came with the last fills over HTTP wholly or not at all. */
  #addFill(fill) {
    if (fill.sequence <= this.#filledUpTo) return;
    this.fills.push(fill);
    if (this.fills.length > FILLS_KEPT) this.fills.shift();
  }
}
