// The trade tape: the last trades, newest first, each once, drawn at most so often.
//
// Trades of one taker stand together: the newest of them tells time and side. A trade that is large for this market stands out.
//
// Rows are made once. Each stays where it stands in the table, and only a transform moves it to its place: nothing is laid out anew.

import { onZone } from "../../common/clock.js";
import { clock, element, oncePerFrame, setText } from "../../common/dom.js";
import { compare, scaleOf, shown } from "../../common/decimal.js";
import { BOLD, setWidth } from "../../common/measure.js";
import { TRADES_KEPT } from "../market/feed.js";

const ROWS = TRADES_KEPT;
const AWAY = { lost: "Not connected: the trades cannot be shown.", down: "Not known while the exchange is down." };
const PACE = 100; // milliseconds between two drawings
const IDS_KEPT = 10 * ROWS;
const LARGE = 10; // times the median quantity of the trades that are kept
const FEW = 20; // so many trades are needed to tell what is large
const LONG = 13; // in em: where price and quantity take more, a narrow tape tells the taker by the arrow and the colour alone

export class Tape {
  #table = document.querySelector("#tape");
  #body = this.#table.tBodies[0];
  #empty = document.querySelector("#tape-empty");
  #last = document.querySelector("#last-price");
  #direction = document.querySelector("#last-direction");
  #lastPrice = null;
  #known = new Set();
  #waiting = [];
  #told = false; // whether the last trades have come
  #away = null;
  #rows = []; // newest first
  #standing = new Map(); // row -> its index in the table
  #longest = { price: "", quantity: "" }; // the longest texts since it has begun anew
  #priceScale = 0;
  #quantityScale = 0;
  #render = oncePerFrame(() => this.#draw(), PACE);

  constructor(view) {
    view.on("instrument", (instrument) => (instrument ? this.useInstrument(instrument) : this.clear()));
    view.on("trades", (trades) => this.reset(trades));
    view.on("trade", (trade) => this.add(trade));
    onZone(() => {
      for (const time of this.#body.querySelectorAll("time")) setText(time, clock(new Date(time.dateTime)));
    });
  }

  useInstrument({ tick_size, lot_size }) {
    this.#priceScale = scaleOf(tick_size);
    this.#quantityScale = scaleOf(lot_size);
  }

  /** Begins anew with these trades, oldest first. */
  reset(trades) {
    this.#known.clear();
    this.#waiting = [];
    this.#lastPrice = null;
    this.#longest = { price: "", quantity: "" };
    this.#rows = [];
    this.#standing.clear();
    this.#body.replaceChildren();
    setText(this.#last, "–");
    this.#showDirection(0);
    this.#told = true;
    this.#showEmpty();
    for (const trade of trades) this.add(trade);
  }

  clear() {
    this.reset([]);
    this.#told = false;
    this.#showEmpty();
  }

  /** "down" or "lost" while nothing comes, else null: trades that have not come yet are then not waited for. */
  set away(away) {
    this.#away = away;
    this.#showEmpty();
  }

  add(trade) {
    if (this.#known.has(trade.trade_id)) return;
    this.#known.add(trade.trade_id);
    if (this.#known.size > IDS_KEPT) this.#known.delete(this.#known.values().next().value);
    this.#waiting.push(trade);
    // No frame comes while the page is hidden: what could not be shown anyway is let go.
    if (this.#waiting.length > 2 * ROWS) this.#waiting = this.#waiting.slice(-ROWS);
    this.#render();
  }

  #draw() {
    const trades = this.#waiting.slice(-ROWS).reverse();
    this.#waiting = [];
    if (trades.length === 0) return;
    const made = trades.slice(0, Math.max(ROWS - this.#rows.length, 0)).map(() => blankRow());
    for (const row of made) this.#standing.set(row, this.#standing.size);
    this.#body.append(...made);
    const free = [...this.#rows.splice(this.#rows.length + made.length - trades.length), ...made];
    this.#rows.unshift(...trades.map((trade, index) => this.#fill(free[index], trade)));
    this.#place();
    this.#showGroups();
    this.#showLarge();
    this.#showEmpty();
    this.#makeRoom();
    this.#showLast(trades[0], trades[1]);
  }

  /** Moves each row from where it stands in the table to its place. */
  #place() {
    this.#rows.forEach((row, index) => {
      const away = index - this.#standing.get(row);
      row.style.transform = away ? `translateY(calc(${away} * var(--tape-row)))` : "";
    });
  }

  /** A row that goes on what the one above it tells: both have one taker. */
  #showGroups() {
    this.#rows.forEach((row, index) => {
      row.classList.toggle("same", index > 0 && this.#rows[index - 1].dataset.taker === row.dataset.taker);
    });
  }

  /** Numbers are enough here: nothing is computed from them but what stands out. */
  #showLarge() {
    const sorted = this.#rows.map((row) => Number(row.dataset.quantity)).sort((one, other) => one - other);
    const large = sorted.length < FEW ? Infinity : LARGE * sorted[sorted.length >> 1];
    for (const row of this.#rows) {
      const stands = Number(row.dataset.quantity) >= large;
      row.classList.toggle("large", stands);
      row.title = stands ? `Large: at least ${LARGE} times the median of the last ${sorted.length} trades` : "";
    }
  }

  #fill(row, { trade_id, timestamp, price, quantity, aggressor_side, taker_order_id }) {
    const [time, side, priceCell, quantityCell] = row.cells;
    const when = new Date(timestamp);
    row.dataset.tradeId = trade_id;
    row.dataset.side = aggressor_side;
    row.dataset.taker = taker_order_id;
    row.dataset.quantity = quantity;
    time.firstChild.dateTime = timestamp;
    time.title = timestamp;
    setText(time.firstChild, clock(when));
    setText(side.firstChild, aggressor_side === "buy" ? "▲" : "▼");
    setText(side.lastChild, ` ${aggressor_side}`);
    this.#write(priceCell, "price", shown(price, this.#priceScale));
    this.#write(quantityCell, "quantity", shown(quantity, this.#quantityScale));
    return row;
  }

  #write(cell, name, text) {
    setText(cell, text);
    if (text.length > this.#longest[name].length) this.#longest[name] = text;
  }

  #makeRoom() {
    const [price, quantity] = ["price", "quantity"].map((name) => setWidth(this.#table, `--${name}`, [this.#longest[name]]));
    this.#table.classList.toggle("long", price + quantity > LONG);
  }

  #showEmpty() {
    const none = this.#told ? "No trades yet. Each trade appears here as it happens." : "Waiting for trades…";
    setText(this.#empty, this.#body.rows.length ? "" : (AWAY[this.#away] ?? none));
  }

  #showLast(trade, before) {
    const earlier = before?.price ?? this.#lastPrice;
    this.#lastPrice = trade.price;
    setText(this.#last, shown(trade.price, this.#priceScale));
    setWidth(this.#last, "--price", [this.#last.textContent], BOLD);
    if (earlier !== null) this.#showDirection(compare(trade.price, earlier));
  }

  #showDirection(direction) {
    this.#direction.dataset.direction = direction;
    setText(this.#direction, { 1: "▲ up", 0: "", "-1": "▼ down" }[direction]);
  }
}

function blankRow() {
  const cell = (name, ...children) => element("td", { class: name }, ...children);
  const taker = cell("taker", element("span"), element("span", { class: "word" }));
  return element("tr", {}, cell("time", element("time")), taker, cell("price"), cell("quantity"));
}
