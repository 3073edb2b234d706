// The order book: ten rows a side that are made once and then only rewritten, at most once a frame.
//
// Asks stand above with the best one lowest, bids below with the best one highest. A row's bar and its last column are
// the quantity from the best price up to that row; both sides share one scale. The twenty prices are one tab stop:
// the arrow keys walk over them.

import { fromUnits, scaleOf, shown, spreadOf, toUnits, widestScale } from "../../common/decimal.js";
import { element, oncePerFrame, setData, setText } from "../../common/dom.js";
import { BOLD, setWidth } from "../../common/measure.js";

const LEVELS = 10;
const BAR_STEPS = 1000n;
const LONG_LEVEL = 30; // in em: where a level takes more, a narrow book leaves the sums to the bars
const LONG_QUOTE = 14; // in em of the prices' face: a quote that takes more has its spread below
const SMALL = 0.6; // the faces of spread and quantities, as a part of that of the prices

const WAITING = { asks: "Waiting for the book…", bids: "", bestAsk: "waiting", bestBid: "waiting", spread: "waiting" };
const LOST = { asks: "Not connected: the book cannot be shown.", bids: "", bestAsk: "not connected", bestBid: "not connected", spread: "–" };
const EMPTY = {
  asks: "No orders rest here yet: nobody is selling.",
  bids: "No orders rest here yet: nobody is buying.",
  bestAsk: "no asks",
  bestBid: "no bids",
  spread: "no spread",
};

export class Book {
  #asks = new Side(document.querySelector("#asks"), document.querySelector("#asks-empty"), true);
  #bids = new Side(document.querySelector("#bids"), document.querySelector("#bids-empty"), false);
  #quote = new Quote();
  #priceScale = 0;
  #quantityScale = 0;
  #message = null;
  #lost = false;
  #root = document.querySelector("#book");
  #render = oncePerFrame(() => this.#draw());

  /** onPick(price) when the user chooses a level. */
  constructor(view, onPick) {
    view.on("instrument", (instrument) => (instrument ? this.useInstrument(instrument) : this.clear()));
    view.on("depth", (message) => this.show(message));
    view.on("own", (own) => this.#markOwn(own?.orders ?? [], view.symbol));
    const rows = [...this.#asks.screenRows, ...this.#bids.screenRows];
    this.#asks.best.button.tabIndex = 0;
    this.#root.addEventListener("click", (event) => {
      const price = event.target.closest("tr[data-price]")?.dataset.price;
      if (price) onPick(price);
    });
    this.#root.addEventListener("keydown", (event) => {
      const at = rows.findIndex((row) => row.button === event.target);
      const to = rows[at + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
      if (at < 0 || !to) return;
      event.preventDefault();
      to.button.focus();
    });
    this.#root.addEventListener("focusin", (event) => {
      if (!rows.some((row) => row.button === event.target)) return;
      for (const { button } of rows) button.tabIndex = button === event.target ? 0 : -1;
    });
    this.clear();
  }

  useInstrument({ tick_size, lot_size }) {
    this.#priceScale = scaleOf(tick_size);
    this.#quantityScale = scaleOf(lot_size);
    this.#render();
  }

  /** Takes a depth message; the newest one before the next frame is drawn. */
  show(message) {
    this.#message = message;
    this.#render();
  }

  clear() {
    this.#message = null;
    this.#render();
  }

  /** Whether nothing comes at the moment: a book that has not come yet is then not waited for. */
  set lost(lost) {
    this.#lost = lost;
    this.#render();
  }

  /** Marks the levels at which the account's own orders rest. */
  #markOwn(orders, symbol) {
    const resting = orders.filter((order) => order.resting && order.symbol === symbol);
    const prices = (side) => new Set(resting.filter((order) => order.side === side).map((order) => order.price));
    this.#bids.own = prices("buy");
    this.#asks.own = prices("sell");
    this.#render();
  }

  #draw() {
    const { asks = [], bids = [], bbo = {} } = this.#message ?? {};
    const scales = { price: this.#priceScale, quantity: this.#quantityScale };
    const [askTotals, bidTotals] = [totals(asks), totals(bids)];
    const scale = Math.max(askTotals.scale, bidTotals.scale);
    const whole = [askTotals, bidTotals].map((side) => toUnits(side.all, scale)).reduce((a, b) => (a > b ? a : b));
    const share = (total) => (whole === 0n ? 0 : Number((toUnits(total, scale) * BAR_STEPS) / whole) / Number(BAR_STEPS));
    const words = this.#message ? EMPTY : this.#lost ? LOST : WAITING;
    this.#makeRoom([...asks, ...bids], [askTotals.all, bidTotals.all], scales);
    this.#asks.draw(asks, askTotals.running, share, scales, words.asks);
    this.#bids.draw(bids, bidTotals.running, share, scales, words.bids);
    this.#quote.draw(bbo.bid ?? null, bbo.ask ?? null, scales, words);
  }

  /** Both sides have columns of the same width. */
  #makeRoom(levels, sums, scales) {
    const price = setWidth(this.#root, "--price", levels.map(([price]) => shown(price, scales.price)), BOLD);
    const quantity = setWidth(this.#root, "--quantity", levels.map(([, quantity]) => shown(quantity, scales.quantity)));
    const sum = setWidth(this.#root, "--sum", sums.map((sum) => shown(sum, scales.quantity)));
    this.#root.classList.toggle("long", price + quantity + sum > LONG_LEVEL);
  }
}

/** The running sums of the quantities, best level first. */
function totals(levels) {
  const scale = widestScale(levels.map(([, quantity]) => quantity));
  let sum = 0n;
  const running = levels.map(([, quantity]) => fromUnits((sum += toUnits(quantity, scale)), scale));
  return { running, all: running.at(-1) ?? "0", scale };
}

class Side {
  own = new Set();
  #empty;

  constructor(table, empty, bestLast) {
    this.#empty = empty;
    this.rows = Array.from({ length: LEVELS }, () => new Row());
    this.screenRows = bestLast ? this.rows.toReversed() : this.rows;
    table.tBodies[0].replaceChildren(...this.screenRows.map((row) => row.node));
  }

  get best() {
    return this.rows[0];
  }

  draw(levels, running, share, scales, emptyWords) {
    this.rows.forEach((row, index) => {
      const level = levels[index];
      if (level) row.fill(level, running[index], share(running[index]), scales, this.own.has(level[0]));
      else row.clear();
    });
    setText(this.#empty, levels.length === 0 ? emptyWords : "");
  }
}

class Row {
  #quantity = element("td");
  #total = element("td");
  #bar = element("span", { class: "bar" });
  #share = 0;

  constructor() {
    this.button = element("button", { type: "button", tabindex: "-1", disabled: true });
    this.node = element("tr", {}, element("td", {}, this.#bar, this.button), this.#quantity, this.#total);
  }

  fill([price, quantity], total, share, scales, own) {
    setData(this.node, "price", price);
    setData(this.node, "quantity", quantity);
    this.#mark(true, own);
    this.button.disabled = false;
    setText(this.button, shown(price, scales.price));
    setText(this.#quantity, shown(quantity, scales.quantity));
    setText(this.#total, shown(total, scales.quantity));
    this.#draw(share);
  }

  clear() {
    for (const name of ["price", "quantity"]) setData(this.node, name, null);
    this.#mark(false, false);
    // A focused button stays enabled, so that the keyboard's place in the book is not lost.
    if (document.activeElement !== this.button) this.button.disabled = true;
    for (const cell of [this.button, this.#quantity, this.#total]) setText(cell, "");
    this.#draw(0);
  }

  /** Classes for the style sheet: rules on the changing data attributes would restyle the row each time. */
  #mark(level, own) {
    this.node.classList.toggle("level", level);
    this.node.classList.toggle("own", own);
    const title = own ? "Your order rests here" : "";
    if (this.node.title !== title) this.node.title = title;
  }

  #draw(share) {
    if (this.#share === share) return;
    this.#share = share;
    this.#bar.style.transform = `scaleX(${share})`;
  }
}

/** Best bid, best ask and what lies between them: beside each other, or the spread below where the numbers are long. */
class Quote {
  #root = document.querySelector(".quote");
  #bid = document.querySelector("#best-bid");
  #ask = document.querySelector("#best-ask");
  #bidQuantity = document.querySelector("#best-bid-quantity");
  #askQuantity = document.querySelector("#best-ask-quantity");
  #spread = document.querySelector("#spread");
  #bps = document.querySelector("#spread-bps");

  draw(bid, ask, scales, words) {
    this.#one(bid, this.#bid, this.#bidQuantity, words.bestBid, scales);
    this.#one(ask, this.#ask, this.#askQuantity, words.bestAsk, scales);
    const spread = bid && ask ? spreadOf(bid[0], ask[0]) : null;
    setData(this.#spread, "value", spread?.absolute ?? null);
    setData(this.#bps, "value", spread?.bps ?? null);
    setText(this.#spread, spread ? shown(spread.absolute, scales.price) : "–");
    setText(this.#bps, spread ? `${spread.bps} bps` : words.spread);
    this.#makeRoom();
  }

  #makeRoom() {
    const text = (node) => node.textContent;
    const price = setWidth(this.#root, "--price", [this.#bid, this.#ask].map(text), BOLD);
    const quantity = setWidth(this.#root, "--quantity", [this.#bidQuantity, this.#askQuantity].map(text));
    const spread = setWidth(this.#root, "--spread", [text(this.#spread)]);
    setWidth(this.#root, "--bps", [text(this.#bps)]);
    this.#root.classList.toggle("long", 2 * Math.max(price, SMALL * quantity) + SMALL * spread > LONG_QUOTE);
  }

  #one(level, price, quantity, emptyWords, scales) {
    setData(price, "value", level?.[0] ?? null);
    setText(price, level ? shown(level[0], scales.price) : "–");
    setText(quantity, level ? shown(level[1], scales.quantity) : emptyWords);
  }
}
