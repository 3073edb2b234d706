// Drags the line of own orders to another price. Escape leaves it where it was; else the user is asked once before it is amended.

import { fromUnits, scaleOf, toUnits } from "../../common/decimal.js";
import { draggedField } from "./order_lines.js";

const PRIMARY = 0; // the pointer's first button

export class Drag {
  #node;
  #view;
  #lines;
  #series;
  #onMove;
  #dragged = null; // {line, field, price}

  /** onMove(orders, field, price): resolves when it is asked and answered. series(): that of the candles. */
  constructor(node, view, lines, series, onMove) {
    this.#node = node;
    this.#view = view;
    this.#lines = lines;
    this.#series = series;
    this.#onMove = onMove;
    // The chart's own listeners, which scroll it, are on its canvases: these come before.
    node.addEventListener("mousedown", (event) => this.#keepFromChart(event), { capture: true });
    node.addEventListener("touchstart", (event) => this.#keepFromChart(event), { capture: true, passive: false });
    node.addEventListener("pointerdown", (event) => this.#begin(event), { capture: true });
    node.addEventListener("pointermove", (event) => this.#follow(event));
    node.addEventListener("pointerup", () => this.#drop());
    node.addEventListener("pointercancel", () => this.#leave());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#dragged) return;
      event.preventDefault();
      this.#leave();
    });
  }

  #heightOf({ clientY }) {
    return clientY - this.#node.getBoundingClientRect().top;
  }

  #lineUnder(event) {
    const line = this.#view.mayTrade ? this.#lines.at(this.#heightOf(event)) : null;
    return line && draggedField(line) ? line : null;
  }

  #keepFromChart(event) {
    if (!this.#dragged) return;
    event.stopPropagation();
    event.preventDefault();
  }

  #begin(event) {
    const line = event.button === PRIMARY ? this.#lineUnder(event) : null;
    if (!line) return;
    this.#node.setPointerCapture(event.pointerId);
    this.#dragged = { line, field: draggedField(line), price: line.price };
  }

  #follow(event) {
    if (!this.#dragged) {
      this.#node.classList.toggle("on-line", event.pointerType === "mouse" && this.#lineUnder(event) !== null);
      return;
    }
    const price = this.#onTick(this.#series().coordinateToPrice(this.#heightOf(event)));
    if (price === null) return;
    this.#dragged.price = price;
    this.#lines.move(this.#dragged.line, price);
  }

  async #drop() {
    if (!this.#dragged) return;
    const { line, field, price } = this.#dragged;
    this.#dragged = null;
    if (price !== line.price) await this.#onMove(line.orders, field, price);
    this.#lines.move(null);
  }

  #leave() {
    this.#dragged = null;
    this.#lines.move(null);
  }

  /** The price on the tick that is nearest to where the pointer stands: from here on it is exact. */
  #onTick(height) {
    if (height === null || !(height > 0)) return null;
    const { tick_size } = this.#view.instrument;
    const scale = scaleOf(tick_size);
    const tick = toUnits(tick_size, scale);
    const units = toUnits(height.toFixed(scale), scale);
    const ticks = (units + tick / 2n) / tick;
    return ticks > 0n ? fromUnits(ticks * tick, scale) : null;
  }
}
