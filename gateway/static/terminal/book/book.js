// The order book: ten to fifty rows a side, as many as there is room for, at most drawn once a frame. The ten best levels come by
// themselves; more of them, and those that are grouped, are made of all levels.
//
// Asks stand above with the best one lowest, bids below with the best one highest. A row's bar and its last column are
// the quantity from the best price up to that row; both sides share one scale. The prices are one tab stop:
// the arrow keys walk over them.

import { fromUnits, scaleOf, shown, toUnits, widestScale } from "../../common/decimal.js";
import { oncePerFrame } from "../../common/dom.js";
import { BOLD, setWidth } from "../../common/measure.js";
import { grouped, groupOf, stepsOf } from "./grouping.js";
import { Quote } from "./quote.js";
import { rowsThatFit } from "./room.js";
import { Side } from "./side.js";

const LEVELS = 10; // so many come by themselves
const BAR_STEPS = 1000n;
const LONG_LEVEL = 30; // in em: where a level takes more, a narrow book leaves the sums to the bars

const WAITING = { asks: "Waiting for the book…", bids: "", bestAsk: "waiting", bestBid: "waiting", spread: "waiting" };
const AWAY = {
  lost: { asks: "Not connected: the book cannot be shown.", bids: "", bestAsk: "not connected", bestBid: "not connected", spread: "–" },
  down: { asks: "Not known while the exchange is down.", bids: "", bestAsk: "not known", bestBid: "not known", spread: "–" },
};
const EMPTY = {
  asks: "No sell orders yet.",
  bids: "No buy orders yet.",
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
  #away = null;
  #root = document.querySelector("#book");
  #own = document.querySelector("#book-own");
  #steps = document.querySelector("#book-step");
  #levels;
  #letGo = null; // ends the use of all levels
  #view;
  #count = LEVELS;
  #symbol = null;
  #offered = false; // whether the steps are those of this instrument
  #offeredAt = null; // the price that they went by
  #tick = "1";
  #step = "1";
  #orders = [];
  #render = oncePerFrame(() => this.#draw());

  /** levels: all of the book. onPick(price, quantity) when the user chooses a level; the quantity is null where he has chosen the price. */
  constructor(view, levels, onPick) {
    this.#view = view;
    this.#levels = levels;
    view.on("instrument", (instrument) => (instrument ? this.useInstrument(instrument) : this.clear()));
    view.on("depth", (message) => this.show(message));
    view.on("own", (own) => this.#keepOwn(own?.orders ?? [], view.symbol));
    this.#steps.addEventListener("change", () => this.#group(this.#steps.value));
    this.#root.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-price]");
      if (row) onPick(row.dataset.price, picked(event.target, row));
    });
    this.#root.addEventListener("keydown", (event) => this.#walk(event));
    this.#root.addEventListener("focusin", (event) => {
      const rows = this.#rows;
      if (!rows.some((row) => row.button === event.target)) return;
      for (const { button } of rows) button.tabIndex = button === event.target ? 0 : -1;
    });
    rowsThatFit(this.#root, LEVELS, (count) => this.#resize(count));
    this.clear();
  }

  get #rows() {
    return [...this.#asks.screenRows, ...this.#bids.screenRows];
  }

  /** The arrow keys go over the prices. */
  #walk(event) {
    const rows = this.#rows;
    const at = rows.findIndex((row) => row.button === event.target);
    const to = rows[at + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
    if (at < 0 || !to) return;
    event.preventDefault();
    to.button.focus();
  }

  #resize(count) {
    this.#count = count;
    for (const side of [this.#asks, this.#bids]) side.resize(count);
    this.#asks.best.button.tabIndex = 0;
    this.#askForLevels();
    this.#render();
  }

  #group(step) {
    this.#step = step;
    this.#askForLevels();
    this.#keepOwn(this.#orders, this.#view.symbol);
  }

  /** All levels come only while they are shown. */
  #askForLevels() {
    const wanted = this.#count > LEVELS || this.#step !== this.#tick;
    if (wanted && !this.#letGo) this.#letGo = this.#levels.use(this.#render);
    else if (!wanted && this.#letGo) this.#letGo = void this.#letGo();
  }

  useInstrument({ tick_size, lot_size }) {
    this.#priceScale = scaleOf(tick_size);
    this.#quantityScale = scaleOf(lot_size);
    if (this.#symbol !== this.#view.symbol || this.#tick !== tick_size) {
      this.#symbol = this.#view.symbol;
      this.#offered = false;
      this.#tick = tick_size;
      this.#group(tick_size);
    }
    this.#render();
  }

  /** The steps go by the price, once there is one. */
  #offerSteps(price) {
    if (this.#offered && (price === null || this.#offeredAt !== null)) return;
    this.#offered = true;
    this.#offeredAt = price;
    this.#steps.replaceChildren(...stepsOf(this.#tick, price).map((step) => new Option(shown(step), step)));
    this.#steps.value = this.#step;
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

  /** "down" or "lost" while nothing comes, else null: a book that has not come yet is then not waited for, and none is called empty. */
  set away(away) {
    this.#away = away;
    this.#render();
  }

  /** Marks the levels at which the account's own orders rest. */
  #keepOwn(orders, symbol) {
    this.#orders = orders;
    const resting = orders.filter((order) => order.resting && order.symbol === symbol);
    const prices = (side) => new Set(resting.filter((order) => order.side === side).map((order) => groupOf(order.price, this.#step, side === "buy")));
    this.#bids.own = prices("buy");
    this.#asks.own = prices("sell");
    this.#own.hidden = resting.length === 0;
    this.#render();
  }

  /** What is shown of a side: groups of all levels where they are known, else of the best ten. */
  #levelsOf(name, isBid) {
    const known = this.#letGo && this.#levels.known;
    const levels = known ? this.#levels[name] : (this.#message?.[name] ?? []);
    return this.#step === this.#tick ? levels.slice(0, this.#count) : grouped(levels, this.#step, isBid, this.#count);
  }

  #draw() {
    const bbo = this.#message?.bbo ?? {};
    const [asks, bids] = [this.#levelsOf("asks", false), this.#levelsOf("bids", true)];
    this.#offerSteps(bbo.bid?.[0] ?? bbo.ask?.[0] ?? null);
    const scales = { price: this.#step === this.#tick ? this.#priceScale : scaleOf(this.#step), quantity: this.#quantityScale };
    const [askTotals, bidTotals] = [totals(asks), totals(bids)];
    const scale = Math.max(askTotals.scale, bidTotals.scale);
    const whole = [askTotals, bidTotals].map((side) => toUnits(side.all, scale)).reduce((a, b) => (a > b ? a : b));
    const share = (total) => (whole === 0n ? 0 : Number((toUnits(total, scale) * BAR_STEPS) / whole) / Number(BAR_STEPS));
    const known = this.#message && (asks.length + bids.length > 0 || !this.#away);
    const words = known ? EMPTY : (AWAY[this.#away] ?? WAITING);
    this.#makeRoom([...asks, ...bids], [askTotals.all, bidTotals.all], scales);
    this.#asks.draw(asks, askTotals.running, share, scales, words.asks);
    this.#bids.draw(bids, bidTotals.running, share, scales, words.bids);
    this.#quote.draw(bbo.bid ?? null, bbo.ask ?? null, { ...scales, price: this.#priceScale }, words);
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

/** The quantity that was chosen, by the column; null for the price. */
function picked(target, row) {
  const column = target.closest("td")?.cellIndex;
  return [null, row.dataset.quantity, row.dataset.sum][column] ?? null;
}
