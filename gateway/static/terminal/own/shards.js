// What the stream of an account has told, as one: where the exchange has several shards, each tells its own part. Without shards
// there is one part, and it has no name.

import { add } from "../../common/decimal.js";

const LIVE = new Set(["open", "partially_filled", "pending"]);
const SHARD_BITS = 48n;

/** The shard that an order's id names. */
export function shardOf(orderId) {
  return BigInt(orderId) >> SHARD_BITS;
}

export class Shards {
  #parts = new Map(); // name -> {sequence, orders by order_id, ledger, balances by asset}
  #cursor = null;

  /** What `after` takes for all that follows; null where nothing is known. */
  get cursor() {
    return this.#cursor;
  }

  forget() {
    this.#parts.clear();
    this.#cursor = null;
  }

  /** The fresh start of one shard: it replaces what was known of that. */
  begin(start) {
    const orders = new Map(start.orders.map((order) => [order.order_id, order]));
    const balances = new Map((start.balances ?? []).map((balance) => [balance.asset, balance]));
    this.#parts.set(start.shard, { sequence: start.sequence, orders, ledger: start.ledger, balances });
    this.#cursor = start.cursor ?? start.sequence;
  }

  /** All that is known: orders, oldest first, and balances. */
  all() {
    const parts = [...this.#parts.values()];
    const orders = parts.flatMap((part) => [...part.orders.values()]);
    if (parts.length > 1) orders.sort((one, other) => (one.timestamp < other.timestamp ? -1 : one.timestamp > other.timestamp ? 1 : 0));
    return { orders, ...this.#money() };
  }

  /**
   * The update with the balances of all shards; null for one that is known. RangeError where one before it is missing.
   */
  take(update) {
    const part = this.#parts.get(update.shard);
    if (part && update.sequence <= part.sequence) return null;
    if (!part || update.previous > part.sequence) throw new RangeError("an update was missing");
    part.sequence = update.sequence;
    this.#cursor = update.cursor ?? update.sequence;
    for (const order of update.orders) {
      if (LIVE.has(order.status)) part.orders.set(order.order_id, order);
      else part.orders.delete(order.order_id);
    }
    if (update.ledger === undefined) return update;
    part.ledger = update.ledger;
    const gone = update.ledger ? [] : [...part.balances.keys()];
    for (const asset of gone) part.balances.set(asset, { asset, free: "0", locked: "0" });
    for (const balance of update.balances ?? []) part.balances.set(balance.asset, balance);
    return update.shard === undefined ? update : { ...update, ...this.#money() };
  }

  #money() {
    const parts = [...this.#parts.values()];
    const sums = new Map();
    for (const balance of parts.flatMap((part) => [...part.balances.values()])) {
      const other = sums.get(balance.asset);
      const both = other && { asset: balance.asset, free: add(balance.free, other.free), locked: add(balance.locked, other.locked) };
      sums.set(balance.asset, both ?? balance);
    }
    const ledger = parts.some((part) => part.ledger);
    return { ledger, balances: ledger ? [...sums.values()] : [] };
  }
}
