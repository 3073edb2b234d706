// The order form, as one table: which fields there are, and which of them each order type takes.
// A new field or type is one more entry here; the form builds itself from it, in the order of FIELDS.

/**
 * kind: "decimal" (arrow keys move it by `step`, a field of the instrument), "integer", "text", "time" (of the page's
 * clock), "choice" (one of `options`; the first is the default and never sent) or "switch".
 * unit: the field of the instrument that names its unit; `unitWord` where that is fixed. A field goes into the order under its key.
 * option: it stands under "More options". `told(value)`: how a set option reads there while they are folded away.
 */
export const FIELDS = {
  trigger_price: { id: "trigger-price", label: "Trigger price", kind: "decimal", unit: "quote", step: "tick_size", required: true },
  trailing_bps: { id: "trailing-bps", label: "Trail", kind: "integer", unitWord: "bps", required: true },
  trailing_amount: { id: "trailing-amount", label: "Trail", kind: "decimal", unit: "quote", step: "tick_size", required: true },
  activation_price: {
    id: "activation-price",
    label: "Activation price",
    kind: "decimal",
    unit: "quote",
    step: "tick_size",
    placeholder: "at once if empty",
  },
  price: { id: "price", label: "Price", kind: "decimal", unit: "quote", step: "tick_size", required: true },
  stop_trigger_price: {
    id: "stop-trigger-price",
    label: "Stop trigger",
    kind: "decimal",
    unit: "quote",
    step: "tick_size",
    required: true,
  },
  stop_price: {
    id: "stop-price",
    label: "Stop limit price",
    kind: "decimal",
    unit: "quote",
    step: "tick_size",
    placeholder: "market if empty",
  },
  quantity: { id: "quantity", label: "Quantity", kind: "decimal", unit: "base", step: "lot_size", required: true },
  quote_quantity: { id: "quote-quantity", label: "Quantity", kind: "decimal", unit: "quote", required: true },
  post_only: {
    id: "post-only",
    label: "Post only",
    kind: "switch",
    means: "Rejected if it would take",
    option: true,
    told: () => "post only",
  },
  display_quantity: {
    id: "display-quantity",
    label: "Display quantity",
    kind: "decimal",
    unit: "base",
    step: "lot_size",
    placeholder: "all of it if empty",
    option: true,
    told: (value) => `shows ${value} at a time`,
  },
  expire_time: {
    id: "expire-time",
    label: "Expires",
    kind: "time",
    option: true,
    told: (value) => `expires ${value}`,
  },
  self_trade_prevention: {
    id: "self-trade-prevention",
    label: "Self-trade prevention",
    kind: "choice",
    options: {
      none: "Off",
      cancel_newest: "Cancel the newest",
      cancel_oldest: "Cancel the oldest",
      cancel_both: "Cancel both",
      decrement: "Decrement both",
    },
    option: true,
    told: (value) => `self-trade: ${selfTradeWord(value)}`,
  },
  max_slippage_bps: {
    id: "max-slippage-bps",
    label: "Max. slippage",
    kind: "integer",
    unitWord: "bps",
    placeholder: "any if empty",
    option: true,
    told: (value) => `slips at most ${value} bps`,
  },
  time_in_force: {
    id: "time-in-force",
    label: "Runs as",
    kind: "choice",
    options: { gtc: "Good till canceled", ioc: "Immediate or cancel", fok: "Fill or kill" },
    option: true,
    told: (value) => `runs as ${value.toUpperCase()}`,
  },
  reject_if_triggered: {
    id: "reject-if-triggered",
    label: "Only if not met yet",
    kind: "switch",
    means: "Rejected if the last trade meets its trigger",
    option: true,
    told: () => "rejected if its trigger is met",
  },
  cancel_on_first_fill: {
    id: "cancel-on-first-fill",
    label: "First trade ends the pair",
    kind: "switch",
    means: "The first trade of one cancels the other",
    option: true,
    told: () => "the first trade of one cancels the other",
  },
  tag: {
    id: "tag",
    label: "Tag",
    kind: "text",
    placeholder: "none if empty",
    maxLength: 64,
    option: true,
    told: (value) => `tag ${value}`,
  },
  client_order_id: {
    id: "client-order-id",
    label: "Client order id",
    kind: "text",
    placeholder: "made for you if empty",
    maxLength: 64,
    option: true,
    told: (value) => `id ${value}`,
  },
};

const WAITING_LIMIT = ["post_only", "display_quantity", "expire_time", "time_in_force", "reject_if_triggered"];
const ALWAYS = ["self_trade_prevention", "tag", "client_order_id"];

/**
 * `word`: the type within a sentence. `means`: what such an order does, for each side. `fields`: what it takes; of a list within
 * it, exactly one. `labels`: where a field has another name than usual. `call`: the method of Api that places it.
 */
export const ORDER_TYPES = {
  limit: {
    label: "Limit",
    word: "limit",
    fields: ["price", "quantity", "post_only", "display_quantity", "expire_time", ...ALWAYS],
    means: both("Takes what crosses its price; the rest rests in the book."),
  },
  market: {
    label: "Market",
    word: "market",
    fields: [["quantity", "quote_quantity"], "max_slippage_bps", ...ALWAYS],
    means: both("Takes the best prices until filled; what the book cannot fill is canceled."),
  },
  ioc: {
    label: "Immediate or cancel (IOC)",
    word: "IOC",
    fields: ["price", "quantity", ...ALWAYS],
    means: both("Takes what crosses its price; the rest is canceled."),
  },
  fok: {
    label: "Fill or kill (FOK)",
    word: "FOK",
    fields: ["price", "quantity", ...ALWAYS],
    means: both("All of it now within its price, or nothing at all."),
  },
  stop_market: {
    label: "Stop market",
    word: "stop market",
    fields: ["trigger_price", "quantity", "max_slippage_bps", "reject_if_triggered", ...ALWAYS],
    means: whenPrinted("above", "below", "market"),
  },
  stop_limit: {
    label: "Stop limit",
    word: "stop limit",
    fields: ["trigger_price", "price", "quantity", ...WAITING_LIMIT, ...ALWAYS],
    means: whenPrinted("above", "below", "limit"),
  },
  take_profit: {
    label: "Take profit",
    word: "take profit",
    fields: ["trigger_price", "quantity", "max_slippage_bps", "reject_if_triggered", ...ALWAYS],
    means: whenPrinted("below", "above", "market"),
  },
  take_profit_limit: {
    label: "Take profit limit",
    word: "take profit limit",
    fields: ["trigger_price", "price", "quantity", ...WAITING_LIMIT, ...ALWAYS],
    means: whenPrinted("below", "above", "limit"),
  },
  trailing_stop: {
    label: "Trailing stop",
    word: "trailing stop",
    fields: [["trailing_bps", "trailing_amount"], "activation_price", "quantity", "max_slippage_bps", "reject_if_triggered", ...ALWAYS],
    means: {
      buy: "Its trigger follows the lowest trade at this distance, down only; a trade at or above it makes it a market order.",
      sell: "Its trigger follows the highest trade at this distance, up only; a trade at or below it makes it a market order.",
    },
  },
  trailing_stop_limit: {
    label: "Trailing stop limit",
    word: "trailing stop limit",
    fields: [["trailing_bps", "trailing_amount"], "activation_price", "price", "quantity", ...WAITING_LIMIT, ...ALWAYS],
    means: {
      buy: "Its trigger follows the lowest trade at this distance, down only; a trade at or above it makes it a limit order.",
      sell: "Its trigger follows the highest trade at this distance, up only; a trade at or below it makes it a limit order.",
    },
  },
  oco: {
    label: "One cancels the other (OCO)",
    word: "OCO",
    fields: ["price", "stop_trigger_price", "stop_price", "quantity", "post_only", "expire_time", "cancel_on_first_fill", ...ALWAYS],
    labels: { price: "Limit price" },
    call: "placeOco",
    means: {
      buy: "A limit order below the last trade and a stop above it: what one of them fills or ends, the other loses.",
      sell: "A limit order above the last trade and a stop below it: what one of them fills or ends, the other loses.",
    },
  },
};

/** Whether the trigger of such an order follows the market. */
export function trails(orderType) {
  return ORDER_TYPES[orderType]?.fields.includes("activation_price") ?? false;
}

export function typeWord(orderType) {
  return ORDER_TYPES[orderType]?.word ?? orderType;
}

/** What a mode of self-trade prevention does, within a sentence. */
export function selfTradeWord(mode) {
  return String(mode).replaceAll("_", " ");
}

function both(text) {
  return { buy: text, sell: text };
}

function whenPrinted(buy, sell, becomes) {
  const text = (where) => `Waits; becomes a ${becomes} order when a trade prints at or ${where} the trigger.`;
  return { buy: text(buy), sell: text(sell) };
}
