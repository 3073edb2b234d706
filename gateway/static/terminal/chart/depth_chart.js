// The depth chart: what could be bought and sold up to each price, of all levels near the middle. Under the pointer it tells the sum.

import { colourOf, faded } from "../../common/colours.js";
import { scaleOf, shown } from "../../common/decimal.js";
import { setText } from "../../common/dom.js";
import { compact } from "../market/figures.js";
import { Canvas, ticksOf } from "./canvas.js";

const PACE = 250;
const LEVELS = 400; // of a side at most
const SHARE = 0.8; // of a side's sum that the range holds at least: a few orders far away do not hide the rest
const ROOM = 1.3; // how much more than that is shown
const AXIS = 20; // pixels below
const LABEL_WIDTH = 90;
const LABEL_HEIGHT = 40;

export class DepthChart {
  #view;
  #levels;
  #words = document.querySelector("#depth-words");
  #canvas;
  #node = document.querySelector("#depth-canvas");
  #pointer = null; // x in pixels
  #stop = null;

  constructor(view, levels) {
    this.#view = view;
    this.#levels = levels;
    this.#canvas = new Canvas(this.#node, PACE, (context, width, height) => this.#draw(context, width, height));
    view.on("live", () => this.#canvas.render());
    this.#node.addEventListener("pointermove", ({ offsetX }) => this.#point(offsetX));
    this.#node.addEventListener("pointerleave", () => this.#point(null));
  }

  /** Whether somebody looks at it: only then the levels are asked for. */
  set seen(seen) {
    if (seen && !this.#stop) this.#stop = this.#levels.use(() => this.#canvas.render());
    if (!seen && this.#stop) this.#stop = void this.#stop();
    this.#canvas.render();
  }

  #point(x) {
    this.#pointer = x;
    this.#canvas.render();
  }

  #draw(context, width, height) {
    const { instrument } = this.#view;
    const [bids, asks] = ["bids", "asks"].map((side) => runningOf(this.#levels.best(side, LEVELS)));
    if (!instrument || !this.#levels.known || (bids.length === 0 && asks.length === 0)) {
      return setText(this.#words, this.#levels.known && this.#view.live ? "No orders rest in this book yet." : "Waiting for the book…");
    }
    const best = [bids[0]?.price, asks[0]?.price].filter((price) => price !== undefined);
    const middle = best.reduce((sum, price) => sum + price, 0) / best.length;
    const reach = Math.max(reachOf(bids, middle), reachOf(asks, middle)) || middle * 0.01;
    const within = [bids, asks].map((side) => side.findLast(({ price }) => Math.abs(price - middle) <= reach)?.sum ?? 0);
    const most = Math.max(...within);
    const bottom = height - AXIS;
    const frame = {
      low: middle - reach,
      high: middle + reach,
      x: (price) => ((price - middle + reach) / (2 * reach)) * width,
      y: (sum) => bottom - (sum / most) * (bottom - 24),
      bottom,
      width,
      scale: scaleOf(instrument.tick_size),
    };
    this.#axes(context, frame, most);
    this.#side(context, bids, "--bid", frame, 0);
    this.#side(context, asks, "--ask", frame, width);
    this.#tell(context, bids, asks, frame);
  }

  #axes(context, { low, high, x, y, bottom, width, scale }, most) {
    context.fillStyle = colourOf("--ink-soft");
    context.strokeStyle = faded("--line", 0.6);
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const price of ticksOf(low, high, width / LABEL_WIDTH)) {
      if (x(price) > LABEL_WIDTH / 2 && x(price) < width - LABEL_WIDTH / 2) context.fillText(shown(price.toFixed(scale)), x(price), bottom + AXIS / 2);
    }
    context.textAlign = "right";
    for (const sum of ticksOf(0, most, bottom / LABEL_HEIGHT).slice(1)) {
      context.beginPath();
      context.moveTo(0, Math.round(y(sum)) + 0.5);
      context.lineTo(width, Math.round(y(sum)) + 0.5);
      context.stroke();
      context.fillText(compact(sum.toFixed(4)), width - 6, y(sum) - 7);
    }
  }

  /** Steps from the best price outwards, up to this edge. */
  #side(context, levels, colour, { x, y, bottom }, edge) {
    if (levels.length === 0) return;
    context.beginPath();
    context.moveTo(x(levels[0].price), bottom);
    let height = bottom;
    for (const { price, sum } of levels) {
      context.lineTo(x(price), height);
      height = y(sum);
      context.lineTo(x(price), height);
    }
    context.lineTo(edge, height);
    context.strokeStyle = colourOf(colour);
    context.lineWidth = 1.5;
    context.stroke();
    context.lineTo(edge, bottom);
    context.fillStyle = faded(colour, 0.18);
    context.fill();
    context.lineWidth = 1;
  }

  /** What stands up to the price under the pointer; without one, what stands in all. */
  #tell(context, bids, asks, { low, high, x, bottom, width, scale }) {
    const { base, quote } = this.#view.instrument;
    const all = (levels) => compact((levels.findLast((level) => level.price >= low && level.price <= high)?.sum ?? 0).toFixed(4));
    if (this.#pointer === null) {
      return setText(this.#words, `Within this range: bids ${all(bids)} ${base}, asks ${all(asks)} ${base}`);
    }
    const price = low + (this.#pointer / width) * (high - low);
    const isBid = price <= (bids[0]?.price ?? -Infinity);
    const within = isBid ? bids.filter((level) => level.price >= price) : asks.filter((level) => level.price <= price);
    const { sum = 0, value = 0 } = within.at(-1) ?? {};
    context.strokeStyle = colourOf("--ink-soft");
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x(price), 0);
    context.lineTo(x(price), bottom);
    context.stroke();
    context.setLineDash([]);
    const verb = isBid ? "Sell" : "Buy";
    setText(this.#words, `${verb} down to ${shown(price.toFixed(scale))} ${quote}: ${compact(sum.toFixed(4))} ${base} for ${compact(value.toFixed(2))} ${quote}`.replace("Buy down", "Buy up"));
  }
}

/** How far from the middle a side is shown. */
function reachOf(levels, middle) {
  if (levels.length === 0) return 0;
  const away = ({ price }) => Math.abs(price - middle);
  const enough = levels.find(({ sum }) => sum >= SHARE * levels.at(-1).sum);
  return Math.min(away(enough) * ROOM, away(levels.at(-1)));
}

/** The levels with the sums of quantity and value from the best one on; floats, to draw. */
function runningOf(levels) {
  let [sum, value] = [0, 0];
  return levels.map(([text, quantity]) => {
    const price = Number(text);
    sum += Number(quantity);
    value += price * Number(quantity);
    return { price, sum, value };
  });
}
