// How a lesson writes its orders: `rests` and `waits` for the book that it begins with, `buy` and `sell` for the moves.

export const SYMBOL = "LEARN-USDT";
export const YOU = "learn-you";

/** Who trades here, by account. Nobody else does. */
export const CAST = { [YOU]: "You", "learn-ann": "Ann", "learn-ben": "Ben", "learn-cat": "Cat", "learn-dan": "Dan" };

export const ANN = "learn-ann";
export const BEN = "learn-ben";
export const CAT = "learn-cat";
export const DAN = "learn-dan";

/** The saved book of these orders, each list in the order of its queues, best first. */
export function bookOf({ bids = [], asks = [], pending = [], last = "100" }) {
  let age = 0;
  const aged = (order) => ({ ...order, order_id: String(++age), sequence: age, timestamp: age });
  return {
    format: 1,
    symbol: SYMBOL,
    sequence: bids.length + asks.length + pending.length,
    last_trade: last,
    last_trade_id: 0,
    bids: bids.map((order) => aged({ ...order, side: "buy" })),
    asks: asks.map((order) => aged({ ...order, side: "sell" })),
    pending: pending.map(aged),
  };
}

/** An order that rests. `shown` makes it an iceberg. */
export function rests(account, quantity, price, shown = null) {
  const iceberg = shown === null ? {} : { display_quantity: shown, shown_quantity: shown };
  return { account, order_type: "limit", quantity, remaining_quantity: quantity, price, ...iceberg };
}

/** A stop_market order that waits. */
export function waits(account, side, quantity, trigger) {
  return { account, side, order_type: "stop_market", quantity, remaining_quantity: quantity, trigger_price: trigger };
}

/** An order of a move: at the market where it has no price. */
export function buy(account, quantity, price = null, terms = {}) {
  return order("buy", account, quantity, price, terms);
}

export function sell(account, quantity, price = null, terms = {}) {
  return order("sell", account, quantity, price, terms);
}

function order(side, account, quantity, price, terms) {
  const kind = price === null ? { order_type: "market" } : { order_type: "limit", price };
  return { call: "place", account, order: { side, quantity, ...kind, ...terms } };
}

/** An OCO of a sell order and a stop behind it. */
export function sellOco(account, quantity, price, stop) {
  return { call: "oco", account, order: { side: "sell", quantity, price, stop_trigger_price: stop } };
}

/** Changes the account's oldest resting order at that price. */
export function amend(account, price, changes) {
  return { call: "amend", account, price, changes };
}
