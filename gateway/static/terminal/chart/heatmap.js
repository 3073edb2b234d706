// The heatmap: where liquidity has rested in the last minutes. A column a second, the brighter the more rests at a price; over it
// the best bid and ask.
//
// What is kept is bounded: COLUMNS columns of at most LEVELS levels a side. The picture is a small one of COLUMNS x ROWS pixels that
// is stretched over the panel; a new second moves it by one pixel. All of it is drawn anew only when the prices leave its range.

import { colourOf } from "../../common/colours.js";
import { scaleOf, shown } from "../../common/decimal.js";
import { clock, setText } from "../../common/dom.js";
import { Canvas, ticksOf } from "./canvas.js";

const SECOND = 1_000;
const MINUTE = 60; // seconds
const COLUMNS = 300;
const LEAST_COLUMNS = 60; // seconds that the panel's width stands for at least
const LEVELS = 150;
const ROWS = 110;
const AXIS = 20;
const PRICES = 72; // pixels on the right
const LABEL_HEIGHT = 44;
const LABEL_WIDTH = 110; // from one time to the next
const TIME_WIDTH = 50;
const GAP = 8;
const REACH = 2.5; // how much more than the best prices' own range is shown
const LEAST_REACH = 0.0006; // of the price

export class Heatmap {
  #view;
  #levels;
  #words = document.querySelector("#heatmap-words");
  #canvas;
  #columns = []; // {at, bid, ask, prices, quantities}, oldest first
  #image = new OffscreenCanvas(COLUMNS, ROWS);
  #pixels = this.#image.getContext("2d", { willReadFrequently: true });
  #range = null; // {low, high} of the picture
  #most = 0; // quantity in a row that is brightest
  #symbol = null;

  constructor(view, levels) {
    this.#view = view;
    this.#levels = levels;
    this.#canvas = new Canvas(document.querySelector("#heatmap-canvas"), SECOND / 2, (context, width, height) => this.#draw(context, width, height));
    levels.use(() => {});
    view.on("instrument", () => view.symbol !== this.#symbol && this.#forget());
    setInterval(() => this.#sample(), SECOND);
  }

  set seen(seen) {
    if (seen) this.#range = null;
    this.#canvas.render();
  }

  #forget() {
    this.#symbol = this.#view.symbol;
    this.#columns = [];
    this.#range = null;
    this.#canvas.render();
  }

  #sample() {
    if (!this.#view.live || !this.#levels.known) return;
    const [bids, asks] = ["bids", "asks"].map((side) => this.#levels.best(side, LEVELS));
    const near = [...bids, ...asks];
    this.#columns.push({
      at: Date.now(),
      bid: Number(bids[0]?.[0] ?? NaN),
      ask: Number(asks[0]?.[0] ?? NaN),
      prices: Float64Array.from(near, ([price]) => Number(price)),
      quantities: Float32Array.from(near, ([, quantity]) => Number(quantity)),
    });
    if (this.#columns.length > COLUMNS) this.#columns.shift();
    if (!this.#canvas.seen) return;
    if (this.#range && this.#fits(this.#columns.at(-1))) this.#shift();
    else this.#range = null;
    this.#canvas.render();
  }

  #fits({ bid, ask }) {
    const { low, high } = this.#range;
    const margin = (high - low) / 8;
    return !(bid < low + margin) && !(ask > high - margin);
  }

  #shift() {
    this.#pixels.globalCompositeOperation = "copy";
    this.#pixels.drawImage(this.#image, -1, 0);
    this.#pixels.globalCompositeOperation = "source-over";
    this.#put(this.#columns.at(-1), COLUMNS - 1);
  }

  /** The picture anew, for the range that the best prices have had. */
  #paintAll() {
    const best = this.#columns.flatMap(({ bid, ask }) => [bid, ask]).filter(Number.isFinite);
    if (best.length === 0) return;
    const [least, greatest] = [best.reduce((a, b) => Math.min(a, b)), best.reduce((a, b) => Math.max(a, b))];
    const middle = (least + greatest) / 2;
    const reach = Math.max(((greatest - least) / 2) * REACH, middle * LEAST_REACH);
    this.#range = { low: Math.max(middle - reach, 0), high: middle + reach };
    this.#most = this.#brightest();
    this.#pixels.clearRect(0, 0, COLUMNS, ROWS);
    const first = COLUMNS - this.#columns.length;
    this.#columns.forEach((column, index) => this.#put(column, first + index));
  }

  /** The quantity of a row that few rows reach: single walls leave the rest its contrast. */
  #brightest() {
    const sums = [];
    for (let index = 0; index < this.#columns.length; index += 10) sums.push(...this.#rowsOf(this.#columns[index]).filter((sum) => sum > 0));
    sums.sort((one, other) => one - other);
    return sums[Math.floor(sums.length * 0.97)] ?? 1;
  }

  #rowsOf({ prices, quantities }) {
    const { low, high } = this.#range;
    const rows = new Float32Array(ROWS);
    for (let index = 0; index < prices.length; index += 1) {
      const row = Math.floor(((high - prices[index]) / (high - low)) * ROWS);
      if (row >= 0 && row < ROWS) rows[row] += quantities[index];
    }
    return rows;
  }

  #put(column, x) {
    const rows = this.#rowsOf(column);
    const image = this.#pixels.createImageData(1, ROWS);
    const middle = (column.bid + column.ask) / 2;
    const { low, high } = this.#range;
    const [bid, ask] = ["--bid", "--ask"].map((name) => colourOf(name).match(/\d+/g).map(Number));
    rows.forEach((sum, row) => {
      const price = high - ((row + 0.5) / ROWS) * (high - low);
      const colour = price > middle ? ask : bid;
      image.data.set([...colour.slice(0, 3), Math.round(230 * Math.min(Math.sqrt(sum / this.#most), 1))], 4 * row);
    });
    this.#pixels.putImageData(image, x, 0);
  }

  #draw(context, width, height) {
    const { instrument } = this.#view;
    if (!this.#range) this.#paintAll();
    if (!instrument || !this.#range) return setText(this.#words, "The picture grows by a column each second.");
    setText(this.#words, `What rests, a column a second: the last ${this.#span}; up to five minutes since the page was opened.`);
    const [right, bottom] = [width - PRICES, height - AXIS];
    context.imageSmoothingEnabled = false;
    const count = Math.max(this.#columns.length, LEAST_COLUMNS);
    context.drawImage(this.#image, COLUMNS - count, 0, count, ROWS, 0, 0, right, bottom);
    const { low, high } = this.#range;
    const x = (index) => ((count - this.#columns.length + index + 0.5) / count) * right;
    const y = (price) => ((high - price) / (high - low)) * bottom;
    this.#line(context, "bid", "--bid", x, y);
    this.#line(context, "ask", "--ask", x, y);
    context.fillStyle = colourOf("--ink-soft");
    context.textBaseline = "middle";
    context.textAlign = "right";
    const scale = scaleOf(instrument.tick_size);
    for (const price of ticksOf(low, high, bottom / LABEL_HEIGHT)) {
      if (y(price) > 8 && y(price) < bottom - 8) context.fillText(shown(price.toFixed(scale)), width - 6, y(price));
    }
    this.#writeTimes(context, x, right, bottom + AXIS / 2, Math.max(1, Math.ceil((LABEL_WIDTH / right) * count)));
  }

  /** How long the columns go back. */
  get #span() {
    const seconds = Math.max(1, Math.round((this.#columns.at(-1).at - this.#columns[0].at) / SECOND));
    return seconds < 2 * MINUTE ? `${seconds} s` : `${Math.floor(seconds / MINUTE)} min`;
  }

  /** The times of the first and the last column at their ends, and some between them. */
  #writeTimes(context, x, right, y, step) {
    const write = (index, at, align) => {
      context.textAlign = align;
      context.fillText(clock(new Date(this.#columns[index].at)), at, y);
    };
    const last = this.#columns.length - 1;
    const isWide = x(0) >= TIME_WIDTH;
    const first = Math.min(x(0), right - TIME_WIDTH - GAP);
    write(last, right, "right");
    if (last > 0) write(0, first, isWide ? "right" : "left");
    const [from, to] = [first + (isWide ? 0 : TIME_WIDTH) + TIME_WIDTH / 2 + GAP, right - 1.5 * TIME_WIDTH - GAP];
    for (let index = last - step; index > 0; index -= step) if (x(index) > from && x(index) < to) write(index, x(index), "center");
  }

  /** Steps: a price is the best one for its whole second. */
  #line(context, name, colour, x, y) {
    context.strokeStyle = colourOf(colour);
    context.lineWidth = 1.5;
    context.beginPath();
    this.#columns.forEach((column, index) => {
      if (!Number.isFinite(column[name])) return;
      const goesOn = index > 0 && Number.isFinite(this.#columns[index - 1][name]);
      context[goesOn ? "lineTo" : "moveTo"](x(index - 0.5), y(column[name]));
      context.lineTo(x(index + 0.5), y(column[name]));
    });
    context.stroke();
    context.lineWidth = 1;
  }
}
