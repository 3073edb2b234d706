// Small lines of the last 24 hours, of candles of 15 minutes; of the last two hours where an instrument has traded for less.
// They are fetched one after the other while somebody looks at them, and again after a while.

const WIDTH = 64;
const HEIGHT = 20;
const LINES = [
  { interval: "15m", limit: 96 },
  { interval: "1m", limit: 120 },
];
const FEW = 8; // candles below which the next kind is taken
const STALE = 300_000; // milliseconds
const SVG = "http://www.w3.org/2000/svg";

export class Sparklines {
  #view;
  #drawn = new Map(); // symbol -> {svg, at}
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
        const prices = await this.#fetch(symbol);
        this.#drawn.set(symbol, { svg: lineOf(prices), at: performance.now() });
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
    const isOld = (symbol) => performance.now() - (this.#drawn.get(symbol)?.at ?? -Infinity) > STALE;
    return this.#wanted.find((symbol) => this.#view.live && this.#view.tickers.get(symbol)?.last_price && isOld(symbol));
  }

  async #fetch(symbol) {
    let prices = [];
    for (const { interval, limit } of LINES) {
      const { candles } = await this.#view.market.candles(symbol, interval, { limit });
      prices = candles.map(({ close }) => Number(close));
      if (prices.length >= FEW) break;
    }
    return prices;
  }
}

function lineOf(prices) {
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const x = (index) => (index / Math.max(prices.length - 1, 1)) * WIDTH;
  const y = (price) => (high > low ? HEIGHT - 1 - ((price - low) / (high - low)) * (HEIGHT - 2) : HEIGHT / 2);
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "polyline");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  line.setAttribute("points", prices.map((price, index) => `${x(index).toFixed(1)},${y(price).toFixed(1)}`).join(" "));
  svg.append(line);
  return svg;
}
