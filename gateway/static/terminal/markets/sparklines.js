// Small lines of the last 24 hours, of candles of 15 minutes; of the last two hours or minutes where an instrument has traded for less.
// So few candles that a line would look made up give none. The title of each tells since when it is.
// They are fetched one after the other while somebody looks at them, and again after a while.

import { moment } from "../../common/clock.js";

const WIDTH = 64;
const HEIGHT = 20;
const LINES = [
  { interval: "15m", limit: 96 },
  { interval: "1m", limit: 120 },
  { interval: "1s", limit: 120 },
];
const LEAST = 10; // candles of a line; below them the next kind is taken
const STALE = 300_000; // milliseconds
const SOON = 60_000; // where there were too few candles
const SVG = "http://www.w3.org/2000/svg";

export class Sparklines {
  #view;
  #drawn = new Map(); // symbol -> {svg: null where nothing is to be drawn, at}
  #wanted = [];
  #busy = false;

  constructor(view) {
    this.#view = view;
    view.on("instrument", (instrument) => instrument || this.#drawn.clear()); // another exchange
  }

  /** An element, or null where it has not come. */
  of(symbol) {
    return this.#drawn.get(symbol)?.svg ?? null;
  }

  /** Fetches the lines of these symbols that are missing or old; onCome() after each. */
  async want(symbols, onCome) {
    this.#wanted = symbols;
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let symbol = this.#next(); symbol; symbol = this.#next()) {
        const candles = await this.#fetch(symbol);
        this.#drawn.set(symbol, { svg: candles && lineOf(candles), at: performance.now() });
        onCome();
      }
    } catch {
      // Without its line a row is whole. The next drawing asks again.
    } finally {
      this.#busy = false;
    }
  }

  /** Only what has a ticker has candles: both are of the history. */
  #next() {
    const isOld = (symbol) => {
      const { svg = null, at = -Infinity } = this.#drawn.get(symbol) ?? {};
      return performance.now() - at > (svg ? STALE : SOON);
    };
    return this.#wanted.find((symbol) => this.#view.live && this.#view.tickers.get(symbol)?.last_price && isOld(symbol));
  }

  /** The candles of the coarsest kind of which there are enough; null for none. */
  async #fetch(symbol) {
    for (const { interval, limit } of LINES) {
      const { candles } = await this.#view.market.candles(symbol, interval, { limit });
      if (candles.length >= LEAST) return candles;
    }
    return null;
  }
}

function lineOf(candles) {
  const prices = candles.map(({ close }) => Number(close));
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const x = (index) => (index / (prices.length - 1)) * WIDTH;
  const y = (price) => (high > low ? HEIGHT - 1 - ((price - low) / (high - low)) * (HEIGHT - 2) : HEIGHT / 2);
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "polyline");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  line.setAttribute("points", prices.map((price, index) => `${x(index).toFixed(1)},${y(price).toFixed(1)}`).join(" "));
  const title = document.createElementNS(SVG, "title");
  title.textContent = `Since ${moment(new Date(candles[0].open_time))}`;
  svg.append(title, line);
  return svg;
}
