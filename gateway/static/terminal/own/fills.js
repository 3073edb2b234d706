// The table of a page of the account's fills, newest first. Fills never change: new ones are put on top, old ones fall off below.

import { moment, onZone } from "../../common/clock.js";
import { element, oncePerFrame, setText } from "../../common/dom.js";
import { scaleOf, shown } from "../../common/decimal.js";

const LONG = 30; // a fill whose price, quantity and fee have more characters leaves no room for its order's number in a narrow panel
const COLUMNS = ["time", "way", "price", "quantity", "fee", "liquidity", "order"];

export class FillsView {
  #table = document.querySelector("#fills");
  #body = this.#table.tBodies[0];
  #empty = document.querySelector("#fills-empty");
  #fills = [];
  #drawn = []; // the fills of the rows, newest first
  #emptyWords = "";
  #render = oncePerFrame(() => this.#draw());
  #instrumentOf;

  constructor(instrumentOf) {
    this.#instrumentOf = instrumentOf;
    onZone(() => {
      this.#drawn = [];
      this.#render();
    });
  }

  /** fills: those of the page, the newest first. */
  show(fills, emptyWords) {
    this.#fills = fills;
    this.#emptyWords = emptyWords;
    this.#render();
  }

  #draw() {
    const fills = this.#fills;
    const at = this.#drawn.length ? fills.indexOf(this.#drawn[0]) : -1;
    const kept = fills.slice(Math.max(at, 0)).every((fill, index) => fill === this.#drawn[index]) ? at : -1;
    const fresh = kept < 0 ? fills : fills.slice(0, kept);
    if (kept < 0) this.#body.replaceChildren();
    const fragment = document.createDocumentFragment();
    for (const fill of fresh) fragment.append(rowOf(fill, this.#instrumentOf(fill.symbol)));
    this.#body.prepend(fragment);
    while (this.#body.rows.length > fills.length) this.#body.lastElementChild.remove();
    this.#drawn = fills;
    this.#table.classList.toggle("long", fills.some(({ price, quantity, fee }) => price.length + quantity.length + fee.length > LONG));
    this.#table.hidden = fills.length === 0;
    setText(this.#empty, fills.length ? "" : this.#emptyWords);
  }
}

function rowOf({ timestamp, side, symbol, price, quantity, fee, liquidity, order_id, trade_id }, { tick_size, lot_size }) {
  const cells = Object.fromEntries(COLUMNS.map((name) => [name, element("td", { role: "cell", class: name })]));
  cells.time.append(element("time", { datetime: timestamp, title: timestamp }, moment(new Date(timestamp))));
  cells.way.append(side === "buy" ? "▲ buy" : "▼ sell", element("span", { class: "symbol" }, symbol));
  setText(cells.price, shown(price, scaleOf(tick_size)));
  setText(cells.quantity, shown(quantity, scaleOf(lot_size)));
  setText(cells.fee, shown(fee));
  setText(cells.liquidity, liquidity);
  setText(cells.order, order_id);
  cells.fee.title = fee;
  return element("tr", { role: "row", "data-trade-id": trade_id, "data-order-id": order_id, "data-side": side }, ...Object.values(cells));
}
