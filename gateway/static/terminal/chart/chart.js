// The chart's region: candles, depth or heatmap by its tabs; the interval; the figures of the candle under the pointer.
// The library is loaded once the rest of the page stands.

import { onZone } from "../../common/clock.js";
import { scaleOf, shown } from "../../common/decimal.js";
import { element, oncePerFrame, setData, setText } from "../../common/dom.js";
import { INTERVALS } from "../../common/settings.js";
import { Tabs } from "../../common/tabs.js";
import { compact } from "../market/figures.js";
import { Candles } from "./candles.js";
import { DepthChart } from "./depth_chart.js";
import { Drag } from "./drag.js";
import { Heatmap } from "./heatmap.js";
import { OrderLines } from "./order_lines.js";
import { fullTime } from "./times.js";

const PACE = 100;
const IDLE_LIMIT = 1_000; // milliseconds after which the chart is made in any case
const NAMES = { O: "open", H: "high", L: "low", C: "close" };

export class Chart {
  #view;
  #node = document.querySelector("#candles");
  #note = document.querySelector("#candles-note");
  #legend = new Legend(document.querySelector("#candles-legend"));
  #buttons;
  #chart = null; // a CandleChart, once its library is here
  #candles;
  #lines;
  #hovered = null;
  #render = oncePerFrame(() => this.#draw(), PACE);

  /** onInterval(interval) when the user chooses one. onFew(): there are few candles of this one. onMove(orders, field, price): he has dragged their line there. */
  constructor(view, levels, { onInterval, onFew, onMove }) {
    this.#view = view;
    const depth = new DepthChart(view, levels);
    const heatmap = new Heatmap(view, levels);
    this.#candles = new Candles(view, { onReset: () => this.#reset(), onChange: (candle) => this.#change(candle), onFew });
    this.#lines = new OrderLines(view);
    this.#buttons = INTERVALS.map((interval) => {
      const button = element("button", { type: "button", "data-interval": interval }, interval);
      button.addEventListener("click", () => onInterval(interval));
      return button;
    });
    document.querySelector("#intervals").append(...this.#buttons);
    new Tabs(document.querySelector("#chart-tabs"), (tab) => {
      depth.seen = tab.id === "depth-tab";
      heatmap.seen = tab.id === "heatmap-tab";
    });
    onZone(() => this.#render());
    view.on("live", () => this.#render());
    view.on("interval", () => this.#showInterval());
    view.on("instrument", () => this.#showInterval());
    this.#showInterval();
    this.#load(onMove);
  }

  async #load(onMove) {
    await idle();
    const { CandleChart } = await import("./candle_chart.js");
    await idle();
    const onHover = (candle) => {
      this.#hovered = candle;
      this.#render();
    };
    this.#chart = new CandleChart(this.#node, this.#view, this.#candles, this.#lines, onHover);
    new Drag(this.#node, this.#view, this.#lines, () => this.#chart.series, onMove);
  }

  #reset() {
    this.#hovered = null;
    this.#chart?.reset();
    this.#render();
  }

  #change(candle) {
    this.#chart?.change(candle);
    this.#render();
  }

  #showInterval() {
    for (const button of this.#buttons) button.setAttribute("aria-pressed", String(button.dataset.interval === this.#view.interval));
  }

  #draw() {
    const { list } = this.#candles;
    this.#legend.show(this.#hovered ?? list.at(-1) ?? null, this.#view.instrument);
    setText(this.#note, this.#noteWords());
  }

  #noteWords() {
    const { list, begun, withoutHistory } = this.#candles;
    if (list.length === 0 && !this.#view.live) return "";
    if (withoutHistory && list.length === 0) return "No trades yet, and no history runs: candles begin with the next trade.";
    if (withoutHistory) return `No history runs: candles are of the trades that this page knows, from ${fullTime(list[0].time)} on.`;
    if (list.length === 0) return begun ? "No trades yet: candles begin with the first one." : "";
    return begun ? `Candles begin ${fullTime(list[0].time)}.` : "";
  }
}

/** Open, high, low, close, change and volume of one candle, exact. */
class Legend {
  #time = element("span", { class: "time" });
  #values = Object.fromEntries(Object.keys(NAMES).map((letter) => [letter, element("b")]));
  #change = element("b");
  #volume = element("b");
  #root;

  constructor(root) {
    this.#root = root;
    const named = Object.entries(this.#values).map(([letter, node]) => element("span", { title: NAMES[letter] }, `${letter} `, node));
    const change = element("span", { title: "close to open" }, this.#change);
    root.append(this.#time, ...named, change, element("span", { title: "volume" }, "Vol ", this.#volume));
  }

  show(candle, instrument) {
    this.#root.hidden = !candle || !instrument;
    if (this.#root.hidden) return;
    const scale = scaleOf(instrument.tick_size);
    const { text, open, close } = candle;
    setText(this.#time, fullTime(candle.time));
    for (const [letter, name] of Object.entries(NAMES)) setText(this.#values[letter], shown(text[name], scale));
    const percent = open > 0 ? ((close - open) / open) * 100 : 0;
    setText(this.#change, `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(2)} %`);
    setText(this.#volume, `${compact(text.volume ?? candle.volume.toFixed(scaleOf(instrument.lot_size)))} ${instrument.base}`);
    setData(this.#root, "direction", close < open ? "down" : "up");
  }
}

/** Resolves once the page has nothing better to do: no task is long then. */
function idle() {
  return new Promise((resolve) => {
    if (globalThis.requestIdleCallback) requestIdleCallback(resolve, { timeout: IDLE_LIMIT });
    else setTimeout(resolve);
  });
}
