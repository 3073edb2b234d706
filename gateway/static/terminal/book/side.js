// One side of the order book: a row for each level.

import { shown } from "../../common/decimal.js";
import { element, setData, setText } from "../../common/dom.js";

/** The rows of one side: those that are asked for are made once, and then only rewritten. */
export class Side {
  own = new Set();
  #empty;
  #body;
  #bestLast;

  constructor(table, empty, bestLast) {
    this.#empty = empty;
    this.#body = table.tBodies[0];
    this.#bestLast = bestLast;
    this.rows = [];
  }

  /** From now on so many rows, the best ones kept. */
  resize(count) {
    while (this.rows.length < count) this.rows.push(new Row());
    this.rows.length = count;
    this.#body.replaceChildren(...this.screenRows.map((row) => row.node));
  }

  /** From the top of the page to its bottom. */
  get screenRows() {
    return this.#bestLast ? this.rows.toReversed() : this.rows;
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
    setData(this.node, "sum", total);
    this.#mark(true, own);
    this.button.disabled = false;
    setText(this.button, shown(price, scales.price));
    setText(this.#quantity, shown(quantity, scales.quantity));
    setText(this.#total, shown(total, scales.quantity));
    this.#draw(share);
  }

  clear() {
    for (const name of ["price", "quantity", "sum"]) setData(this.node, name, null);
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
    const title = own ? "Your own order rests here" : "";
    if (this.node.title !== title) this.node.title = title;
  }

  #draw(share) {
    if (this.#share === share) return;
    this.#share = share;
    this.#bar.style.transform = `scaleX(${share})`;
  }
}
