// The table of the account's done orders, the newest end first: filled, canceled and rejected ones.

import { compare, cut, scaleOf, shown } from "../../common/decimal.js";
import { moment } from "../../common/clock.js";
import { element, oncePerFrame, setText, tableOf } from "../../common/dom.js";
import { reasonWords } from "../ticket/answer.js";
import { typeWord } from "../ticket/order_types.js";

const PACE = 250; // milliseconds between two drawings
const MORE_DECIMALS = 2; // of an average price, beyond those of the tick
const unitOf = (name) => [" ", element("small", { "data-unit": name })];
const HEADS = [
  ["Ended", { class: "time" }],
  ["Order", { class: "way" }],
  [["Price", ...unitOf("quote")], { class: "price" }],
  [["Filled", ...unitOf("base")], { class: "filled" }],
  [["Average", ...unitOf("quote")], { class: "average" }],
  ["Status", { class: "status" }],
  ["Number", { class: "order" }],
];

export class DoneView {
  #table = tableOf(element("caption", { class: "unseen" }, "Done orders, those that ended last first."), HEADS, { id: "done-orders", hidden: true });
  #body = this.#table.tBodies[0];
  #empty = document.querySelector("#done-empty");
  #orders = [];
  #emptyWords = "";
  #instrumentOf;
  #render = oncePerFrame(() => this.#draw(), PACE);

  constructor(instrumentOf) {
    this.#instrumentOf = instrumentOf;
    this.#empty.before(this.#table);
  }

  show(orders, emptyWords) {
    this.#orders = orders;
    this.#emptyWords = emptyWords;
    this.#render();
  }

  #draw() {
    if (this.#empty.parentElement.hidden) return; // it is shown anew with its tab
    this.#body.replaceChildren(...this.#orders.map((order) => rowOf(order, this.#instrumentOf(order.symbol))));
    this.#table.hidden = this.#orders.length === 0;
    setText(this.#empty, this.#orders.length ? "" : this.#emptyWords);
  }
}

function rowOf(order, { tick_size, lot_size }) {
  const { order_id, side, symbol, order_type, price, trigger_price, quantity, filled_quantity, average_price, status, reason, updated } = order;
  const scale = scaleOf(tick_size);
  const words = {
    time: element("time", { datetime: updated, title: updated }, moment(new Date(updated))),
    way: `${side === "buy" ? "▲ Buy" : "▼ Sell"} ${typeWord(order_type)}`,
    price: price === null ? (trigger_price === null ? "market" : `at ${shown(trigger_price, scale)}`) : shown(price, scale),
    filled: `${shown(filled_quantity, scaleOf(lot_size))} of ${shown(quantity, scaleOf(lot_size))}`,
    average: average_price === null ? "–" : shown(cut(average_price, scale + MORE_DECIMALS), scale),
    status: reason === null ? status : `${status}: ${reasonWords(reason)}`,
    order: order_id,
  };
  const cells = Object.entries(words).map(([name, content]) => element("td", { role: "cell", class: name }, content));
  cells[1].append(element("span", { class: "symbol" }, symbol));
  const some = String(compare(filled_quantity, "0") > 0);
  return element("tr", { role: "row", "data-order-id": order_id, "data-side": side, "data-status": status, "data-some": some }, ...cells);
}
