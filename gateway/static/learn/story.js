// What one command did, in words: its trades, what rests, what was canceled.

import { CAST } from "./lessons/book.js";

const REASONS = {
  self_trade: "it would have traded with its own account",
  fok_unfillable: "not all of it could trade at once",
  no_liquidity: "nobody was left to trade with",
  ioc_remainder: "nobody was left to trade with",
};

/**
 * A line for each trade and each order.
 * orders: those that the command has placed or changed. trades: all that it has caused, also those of stops that it has fired.
 * owners: the account of each order by its order_id.
 */
export function storyOf(orders, trades, owners) {
  return [...trades.map((trade) => tradeWords(trade, owners)), ...orders.map(orderWords).filter(Boolean)];
}

function tradeWords({ aggressor_side: side, quantity, price, taker_order_id: taker, maker_order_id: maker }, owners) {
  const [by, other] = [CAST[owners.get(taker)] ?? "Somebody", CAST[owners.get(maker)] ?? "somebody"];
  const whom = by === other ? "with an order of the same account" : `${side === "buy" ? "from" : "to"} ${other}`;
  return `${by} ${side === "buy" ? "bought" : "sold"} ${quantity} at ${price} ${whom}.`;
}

function orderWords({ account, side, status, resting, reason, remaining_quantity: remaining, price, trigger_price: trigger }) {
  const order = `${CAST[account]}: ${side}`;
  if (status === "pending") return `${order} ${remaining} waits until ${trigger} is traded.`;
  if (resting) return `${order} ${remaining} rests at ${price}.`;
  if (status !== "canceled" && status !== "rejected") return "";
  return `${order} is ${status}${reason ? `: ${REASONS[reason] ?? reason.replaceAll("_", " ")}` : ""}.`;
}
