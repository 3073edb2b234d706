// The order form, as one table: which fields there are, and which of them each order type takes.
// A new field or type is one more entry here; the form builds itself from it.

/**
 * kind: "decimal" (arrow keys move it by `step`, a field of the instrument) or "text".
 * unit: the field of the instrument that names its unit. A field goes into the order under its key.
 */
export const FIELDS = {
  trigger_price: { id: "trigger-price", label: "Trigger price", kind: "decimal", unit: "quote", step: "tick_size", required: true },
  price: { id: "price", label: "Price", kind: "decimal", unit: "quote", step: "tick_size", required: true },
  quantity: { id: "quantity", label: "Quantity", kind: "decimal", unit: "base", step: "lot_size", required: true },
  client_order_id: {
    id: "client-order-id",
    label: "Client order id",
    kind: "text",
    hint: "optional",
    placeholder: "made for you if empty",
    maxLength: 64,
  },
};

/** `word`: the type within a sentence. `means`: what such an order does, for each side. */
export const ORDER_TYPES = {
  limit: {
    label: "Limit",
    word: "limit",
    fields: ["price", "quantity", "client_order_id"],
    means: both("Takes what crosses its price; the rest rests in the book."),
  },
  market: {
    label: "Market",
    word: "market",
    fields: ["quantity", "client_order_id"],
    means: both("Takes the best prices until filled; what the book cannot fill is canceled."),
  },
  ioc: {
    label: "Immediate or cancel (IOC)",
    word: "IOC",
    fields: ["price", "quantity", "client_order_id"],
    means: both("Takes what crosses its price; the rest is canceled."),
  },
  fok: {
    label: "Fill or kill (FOK)",
    word: "FOK",
    fields: ["price", "quantity", "client_order_id"],
    means: both("All of it now within its price, or nothing at all."),
  },
  stop_market: {
    label: "Stop market",
    word: "stop market",
    fields: ["trigger_price", "quantity", "client_order_id"],
    means: whenPrinted("above", "below", "market"),
  },
  stop_limit: {
    label: "Stop limit",
    word: "stop limit",
    fields: ["trigger_price", "price", "quantity", "client_order_id"],
    means: whenPrinted("above", "below", "limit"),
  },
  take_profit: {
    label: "Take profit",
    word: "take profit",
    fields: ["trigger_price", "quantity", "client_order_id"],
    means: whenPrinted("below", "above", "market"),
  },
};

export function typeWord(orderType) {
  return ORDER_TYPES[orderType]?.word ?? orderType;
}

function both(text) {
  return { buy: text, sell: text };
}

function whenPrinted(buy, sell, becomes) {
  const text = (where) => `Waits; becomes a ${becomes} order when a trade prints at or ${where} the trigger.`;
  return { buy: text(buy), sell: text(sell) };
}
