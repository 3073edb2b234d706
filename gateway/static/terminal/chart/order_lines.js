// The account's own orders and triggers as lines on the chart, all drawn at once: one line for all orders of a side at a price.
// A primitive of lightweight-charts.

import { add, compare, scaleOf, shown } from "../../common/decimal.js";
import { colourOf } from "../../common/colours.js";
import { trails } from "../ticket/order_types.js";

const NEAR = 6; // pixels within which the pointer is on a line
const LABEL_HEIGHT = 16;
const LABEL_PADDING = 6;
const LEFT = 8;
const BETWEEN = 4; // pixels between two labels beside each other
const DASHES = { price: [], trigger: [4, 4] };

export class OrderLines {
  lines = []; // {side, kind, price, orders, label}
  #view;
  #attached = null; // {series, requestUpdate}
  #moved = null; // {line, price} while one is dragged
  #paneView = { zOrder: () => "top", renderer: () => ({ draw: (target) => this.#draw(target) }) };

  constructor(view) {
    this.#view = view;
    view.on("own", () => this.#collect());
    view.on("instrument", () => this.#collect());
  }

  attached({ series, requestUpdate }) {
    this.#attached = { series, requestUpdate };
  }

  paneViews() {
    return [this.#paneView];
  }

  /** The line at this height in pixels; null for none. */
  at(y) {
    const away = (line) => Math.abs(this.#heightOf(line.price) - y);
    const near = this.lines.filter((line) => away(line) <= NEAR);
    return near.sort((one, other) => away(one) - away(other))[0] ?? null;
  }

  /** Shows the line at another price while it is dragged; null: where it was. */
  move(line, price) {
    this.#moved = line && { line, price };
    this.#attached?.requestUpdate();
  }

  #heightOf(price) {
    return this.#attached?.series.priceToCoordinate(Number(price)) ?? NaN;
  }

  #collect() {
    const { symbol, instrument } = this.#view;
    const groups = new Map();
    const put = (order, kind, price) => {
      const key = `${order.side} ${kind} ${price}`;
      if (!groups.has(key)) groups.set(key, { side: order.side, kind, price, orders: [] });
      groups.get(key).orders.push(order);
    };
    for (const order of this.#view.own?.orders ?? []) {
      if (order.symbol !== symbol) continue;
      if (order.status === "pending" && order.trigger_price !== null) put(order, "trigger", order.trigger_price);
      else if (order.price !== null) put(order, "price", order.price);
    }
    const before = this.lines;
    this.lines = [...groups.values()].map((line) => ({ ...line, label: labelOf(line, instrument) }));
    if (before.length || this.lines.length) this.#attached?.requestUpdate();
  }

  #draw(target) {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.font = `500 11px ${getComputedStyle(document.body).fontFamily}`;
      context.textBaseline = "middle";
      const drawn = [];
      for (const line of this.lines) {
        const moved = this.#moved?.line === line;
        const y = Math.round(this.#heightOf(moved ? this.#moved.price : line.price));
        if (!(y >= 0 && y <= mediaSize.height)) continue;
        this.#stroke(context, line, y, mediaSize.width, moved);
        if (!moved) drawn.push({ ...line, y });
      }
      for (const labels of labelsOf(drawn)) {
        labels.reduce((x, { words, side, y }) => this.#write(context, words, side, x, y), LEFT);
      }
      if (!this.#moved) return;
      const { line, price } = this.#moved;
      this.#write(context, `move to ${this.#shown(price)}`, line.side, LEFT, Math.round(this.#heightOf(price)));
    });
  }

  #shown(price) {
    return shown(price, scaleOf(this.#view.instrument.tick_size));
  }

  #stroke(context, { side, kind }, y, width, moved) {
    context.strokeStyle = colourOf(side === "buy" ? "--bid" : "--ask");
    context.lineWidth = moved ? 2 : 1;
    context.setLineDash(DASHES[kind]);
    context.beginPath();
    context.moveTo(0, y + 0.5);
    context.lineTo(width, y + 0.5);
    context.stroke();
    context.setLineDash([]);
  }

  /** Gives where the next label beside it begins. */
  #write(context, words, side, x, y) {
    const width = context.measureText(words).width + 2 * LABEL_PADDING;
    context.fillStyle = colourOf("--panel");
    context.fillRect(x, y - LABEL_HEIGHT / 2, width, LABEL_HEIGHT);
    context.strokeStyle = colourOf(side === "buy" ? "--bid" : "--ask");
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y - LABEL_HEIGHT / 2 + 0.5, width - 1, LABEL_HEIGHT - 1);
    context.fillStyle = colourOf(side === "buy" ? "--bid" : "--ask");
    context.fillText(words, x + LABEL_PADDING, y + 0.5);
    return x + width + BETWEEN;
  }
}

/**
 * The labels of lines, of which none stands on another: those of lines so near that they would are one for each side, beside each other.
 * lines: {side, y, orders, label}. Gives a list of them for each height, as {words, side, y}.
 */
export function labelsOf(lines) {
  const near = []; // the lines whose labels share a height
  for (const line of lines.toSorted((one, other) => one.y - other.y)) {
    if (near.length > 0 && line.y - near.at(-1)[0].y < LABEL_HEIGHT) near.at(-1).push(line);
    else near.push([line]);
  }
  return near.map((group) => {
    const { y } = group[0];
    const sides = ["sell", "buy"].map((side) => group.filter((line) => line.side === side)).filter(({ length }) => length > 0);
    return sides.map((same) => ({ words: same.length > 1 ? mergedWords(same) : same[0].label, side: same[0].side, y }));
  });
}

function mergedWords(lines) {
  const count = lines.reduce((sum, { orders }) => sum + orders.length, 0);
  return lines[0].side === "buy" ? `▲ ${count} buys` : `▼ ${count} sells`;
}

/** The field of these orders that a drag of their line amends; null where it may not be dragged. */
export function draggedField({ kind, orders }) {
  if (kind === "price") return "price";
  return orders.some(({ order_type }) => trails(order_type)) ? null : "trigger_price";
}

function labelOf({ side, kind, price, orders }, instrument) {
  const scale = instrument ? scaleOf(instrument.tick_size) : 0;
  const quantity = orders.map((order) => order.remaining_quantity).filter((text) => compare(text, "0") > 0).reduce(add, "0");
  const count = orders.length > 1 ? ` in ${orders.length}` : "";
  return `${side === "buy" ? "▲" : "▼"} ${side} ${shown(quantity)}${count} ${kind === "trigger" ? "trigger " : ""}${shown(price, scale)}`;
}
