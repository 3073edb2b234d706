// The exchange's last answer in plain words: an order's state, a refusal, or a broken connection.

import { add, compare, shown, subtract } from "../../common/decimal.js";
import { clock, setText } from "../../common/dom.js";
import { FIELDS, typeWord } from "./order_types.js";

const REASONS = {
  no_liquidity: "the book had nothing more to trade with",
  ioc_remainder: "an immediate-or-cancel order does not rest",
  fok_unfillable: "the book could not fill all of it within its price",
  requested: "as requested",
  book_replaced: "the book was replaced by a saved one",
  instrument_halted: "the instrument is halted",
  instrument_cancel_only: "the instrument takes only cancels now",
  too_late: "it reached the matcher too late and was not executed",
  post_only_would_cross: "it is post only and would have taken",
  self_trade: "it would have traded with an order of its own account",
  expired: "its time has passed",
  oco: "the other order of the pair has ended or fired",
  would_trigger_immediately: "the last trade already meets its trigger",
  oco_triggered: "the other order of the pair has traded or fired",
  oco_canceled: "the other order of the pair was canceled",
  cancel_after: "the account was silent for too long",
  account_suspended: "the account is suspended",
  quote_quantity_too_small: "one lot costs more than that",
  price_outside_band: "its price is too far from the last trade",
  price_band: "the next price is too far from the last trade",
  too_many_open_orders: "the account has as many orders here as it may have",
  notional_too_large: "it is worth more than one order may be",
  insufficient_balance: "the account has too little free",
  slippage: "the next price is beyond its slippage",
};

const PHONE = matchMedia("(max-width: 699px)"); // one room at a time

export class AnswerView {
  #root = document.querySelector("#answer");
  #headline = document.querySelector("#answer-headline");
  #detail = document.querySelector("#answer-detail");
  #small = document.querySelector("#answer-small");
  #first = this.#headline.textContent;

  /** As it was before the first answer. */
  clear() {
    this.#root.dataset.kind = "none";
    setText(this.#headline, this.#first);
    setText(this.#detail, "");
    setText(this.#small, "");
  }

  /** kind: "good", "neutral" or "bad". */
  show({ kind, headline, detail = "", small = "" }) {
    this.#root.dataset.kind = kind;
    setText(this.#headline, headline);
    setText(this.#detail, detail);
    setText(this.#small, [clock(new Date()), small].filter(Boolean).join(" · "));
    this.#comeIntoView();
  }

  /** Where the form's panel scrolls within itself, it scrolls as far as the answer needs; on a phone the page does, where it shows the form. */
  #comeIntoView() {
    if (PHONE.matches) return this.#root.scrollIntoView({ block: "nearest" });
    const panel = this.#root.parentElement;
    const beyond = this.#root.getBoundingClientRect().bottom - panel.getBoundingClientRect().bottom;
    if (beyond > 0) panel.scrollBy(0, beyond);
  }
}

export function reasonWords(reason) {
  return REASONS[reason] ?? String(reason).replaceAll("_", " ");
}

/** What became of an order that was just sent, or amended. */
export function orderWords(order, { base, quote }) {
  const much = order.quote_quantity ? `for ${shown(order.quote_quantity)} ${quote}` : `${shown(order.quantity)} ${base}`;
  const { kind, text } = stateWords(order, base, quote);
  const details = [againWords(order), fillWords(order, quote), preventedWords(order, base), unspentWords(order, quote)];
  return {
    kind,
    headline: `${order.side === "buy" ? "Buy" : "Sell"} ${much}, ${typeWord(order.order_type)}: ${text}`,
    detail: details.filter(Boolean).join(" "),
    small: idWords(order),
  };
}

/** What became of a pair of which one cancels the other. */
export function ocoWords({ orders: [limit, stop] }, { base, quote }) {
  const states = [limit, stop].map((order) => stateWords(order, base, quote));
  const details = [againWords(limit), `Stop: ${states[1].text}`, fillWords(limit, quote), preventedWords(limit, base)];
  return {
    kind: states[0].kind,
    headline: `${limit.side === "buy" ? "Buy" : "Sell"} ${shown(limit.quantity)} ${base}, OCO: the limit order ${states[0].text}`,
    detail: details.filter(Boolean).join(" "),
    small: `orders ${limit.order_id} and ${stop.order_id}${limit.client_order_id ? `, client id ${limit.client_order_id}` : ""}`,
  };
}

export function amendWords(order, instrument) {
  const words = orderWords(order, instrument);
  return { ...words, headline: `Amended. ${words.headline}` };
}

function againWords({ duplicate }) {
  return duplicate ? "Nothing new was placed: this client order id already stands for this same order." : "";
}

function preventedWords({ prevented_quantity = "0" }, base) {
  return compare(prevented_quantity, "0") > 0 ? `Self-trade prevention took ${shown(prevented_quantity)} ${base} off it.` : "";
}

function unspentWords({ unspent_quote_quantity }, quote) {
  return unspent_quote_quantity ? `${shown(unspent_quote_quantity)} ${quote} was not used.` : "";
}

function stateWords(order, base, quote) {
  const filled = `${shown(order.filled_quantity)} of ${shown(order.quantity)} ${base} filled`;
  switch (order.status) {
    case "filled":
      return { kind: "good", text: order.quote_quantity ? `${shown(order.filled_quantity)} ${base} filled.` : "filled." };
    case "open":
      return { kind: "good", text: `rests in the book at ${shown(order.price)} ${quote}.` };
    case "partially_filled":
      return { kind: "good", text: `${filled}; ${shown(order.remaining_quantity)} ${base} rests in the book.` };
    case "pending":
      return { kind: "neutral", text: `waits for ${waitWords(order, quote)}.` };
    case "canceled": {
      const some = compare(order.filled_quantity, "0") > 0;
      return { kind: "neutral", text: `${some ? `${filled}; the rest was ` : ""}canceled: ${reasonWords(order.reason)}.` };
    }
    case "rejected":
      return { kind: "bad", text: `rejected: ${reasonWords(order.reason)}.` };
    default:
      return { kind: "neutral", text: `${order.status}.` };
  }
}

function waitWords({ trigger_price, activation_price }, quote) {
  if (trigger_price !== null) return `its trigger at ${shown(trigger_price)} ${quote}`;
  return activation_price === undefined ? "the next trade, which it follows" : `its activation at ${shown(activation_price)} ${quote}`;
}

function fillWords(order, quote) {
  const trades = order.trades ?? [];
  if (order.average_price === null || order.average_price === undefined || trades.length === 0) return "";
  const fee = trades.map((trade) => feeOf(order.order_id, trade)).reduce(add, "0");
  const count = trades.length === 1 ? "one trade" : `${trades.length} trades`;
  return `Average price ${shown(order.average_price)} ${quote} in ${count}, fee ${shown(fee)} ${quote}.`;
}

/** An order may meet another of the same account, never itself: it is either the maker or the taker. */
function feeOf(orderId, trade) {
  return trade.maker_order_id === orderId ? trade.maker_fee : trade.taker_fee;
}

function idWords({ order_id, client_order_id }) {
  return `order ${order_id}${client_order_id ? `, client id ${client_order_id}` : ""}`;
}

export function cancelWords(order, { base }) {
  const left = subtract(subtract(order.quantity, order.filled_quantity), order.prevented_quantity ?? "0");
  const filled = compare(order.filled_quantity, "0") > 0 ? ` ${shown(order.filled_quantity)} ${base} had been filled before.` : "";
  const headline = `Canceled: ${order.side} ${shown(left)} ${base}, ${typeWord(order.order_type)}.`;
  return { kind: "neutral", headline, detail: filled.trim(), small: idWords(order) };
}

/** `symbol`: null for all instruments. */
export function cancelAllWords(orders, symbol, account) {
  const count = orders.length === 1 ? "1 order" : `${orders.length || "No"} orders`;
  return { kind: "neutral", headline: `${count} of account ${account} in ${symbol ?? "all instruments"} canceled.` };
}

/** What is wrong with an order that was therefore not sent. */
export function unsentWords(fault) {
  return { kind: "bad", headline: `The order was not sent: ${fault}` };
}

/** What went wrong with `what` ("The order", "The cancel"). */
export function errorWords(what, error) {
  const { status, code, title, detail, field, retryAfter } = error;
  const small = [status ? `HTTP ${status}` : "", code].filter(Boolean).join(" ");
  if (error.outcomeUnknown) {
    return { kind: "bad", headline: `No answer came: ${what.toLowerCase()} may or may not have been executed.`, detail, small };
  }
  if (status === 503) {
    const wait = retryAfter ? ` Try again in ${retryAfter} s.` : " Try again in a moment.";
    return { kind: "bad", headline: `${what} was not taken: the exchange is down or busy.${wait}`, detail, small };
  }
  const words = detail || title || "no reason was given";
  const where = field && !words.includes(field) ? `${FIELDS[field]?.label ?? field}: ` : "";
  return { kind: "bad", headline: `${what} was refused: ${where}${words}`, small };
}
