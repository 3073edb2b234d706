// The line below the open orders: what last happened to them without this page's doing. A burst shows its last update.

import { reasonWords } from "../ticket/answer.js";
import { add, shown } from "../../common/decimal.js";
import { asSentence, clock, setText } from "../../common/dom.js";
import { typeWord } from "../ticket/order_types.js";

const LEAST_TIME = 1_000;
const WORDS_SHOWN = 2;

/** What to say of a change of an order; nothing of those that its owner asked for. */
const WORDS = {
  triggered: () => "triggered",
  reduced: ({ quantity }, { base }) => `reduced by ${shown(quantity)} ${base} with its pair`,
  prevented: ({ quantity }, { base }) => `${shown(quantity)} ${base} taken off by self-trade prevention`,
  partially_filled: ({ fills }, units) => `partly filled, ${fillWords(fills, units)}`,
  filled: ({ fills }, units) => `filled, ${fillWords(fills, units)}`,
  canceled: ({ reason }) => (reason === "requested" ? null : `canceled: ${reasonWords(reason)}`),
};

export class NewsView {
  #node = document.querySelector("#orders-news");
  #waiting = null;
  #timer = null;

  /** `orders`: each order of the update as the command left it; instrumentOf(symbol). */
  show(update, instrumentOf) {
    const words = newsWords(update, instrumentOf);
    if (!words) return;
    this.#waiting = `${clock(new Date(update.timestamp))} ${words}`;
    if (this.#timer === null) this.#tell();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = this.#waiting = null;
    setText(this.#node, "");
  }

  /** At most so often that it can be read, or read out. */
  #tell() {
    this.#timer = null;
    if (this.#waiting === null) return;
    setText(this.#node, this.#waiting);
    this.#waiting = null;
    this.#timer = setTimeout(() => this.#tell(), LEAST_TIME);
  }
}

function newsWords(update, instrumentOf) {
  // What a command did at once to the order that it placed or amended is told by its answer.
  const answered = new Set(update.changes.filter(({ event }) => event === "placed" || event === "amended").map(({ order_id }) => order_id));
  const told = tidings(update, instrumentOf).filter(({ order, words }) => words && !answered.has(order.order_id)).map(({ order, words }) => `${nameOf(order)} ${words}`);
  const more = told.length - WORDS_SHOWN;
  const sentence = told.slice(0, WORDS_SHOWN).join("; ") + (more > 0 ? `; and ${more} more` : "");
  return sentence && asSentence(sentence);
}

/** What happened to each order of an update: {order, event, words: null where its owner asked for it}. All its fills are one. */
export function tidings({ changes, orders }, instrumentOf) {
  const byId = new Map(orders.map((order) => [order.order_id, order]));
  return joinFills(changes)
    .filter(({ order_id }) => byId.has(order_id))
    .map((change) => {
      const order = byId.get(change.order_id);
      return { order, event: change.event, words: WORDS[change.event]?.(change, instrumentOf(order.symbol)) ?? null };
    });
}

/** "buy limit 42" */
export function nameOf({ side, order_type, order_id }) {
  return `${side} ${typeWord(order_type)} ${order_id}`;
}

/** The changes with all fills of an order as one, where the last of them stands. */
function joinFills(changes) {
  const filled = new Map(); // order id -> {fills, last: the last change with one}
  for (const change of changes.filter(({ fill }) => fill)) {
    const known = filled.get(change.order_id) ?? { fills: [] };
    known.fills.push(change.fill);
    filled.set(change.order_id, { ...known, last: change });
  }
  return changes
    .filter((change) => !change.fill || filled.get(change.order_id).last === change)
    .map((change) => (change.fill ? { ...change, fills: filled.get(change.order_id).fills } : change));
}

function fillWords(fills, { base, quote }) {
  const sum = (name) => shown(fills.map((fill) => fill[name]).reduce(add));
  const where = fills.length === 1 ? `at ${shown(fills[0].price)} ${quote}, ${fills[0].liquidity}` : `in ${fills.length} trades`;
  return `${sum("quantity")} ${base} ${where}, fee ${sum("fee")} ${quote}`;
}
