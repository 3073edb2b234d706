// The chart of candles with their volume, drawn by lightweight-charts: own fills as markers, own orders as lines.

import * as library from "../../vendor/lightweight-charts/lightweight-charts.js";
import { onZone } from "../../common/clock.js";
import { colourOf, faded, onColours } from "../../common/colours.js";
import { scaleOf, shown } from "../../common/decimal.js";
import { oncePerFrame } from "../../common/dom.js";
import { axisTime, fullTime } from "./times.js";

const PACE = 200; // milliseconds between two drawings: every one of them paints the whole canvas
const OLDER_FROM = 60; // bars left of the window from which on older ones are loaded
const BARS_SHOWN = { least: 40, most: 110 };
const ROOM_RIGHT = 6; // bars
const STEP = 10; // bars that an arrow key moves
const ZOOM = 1.25;

export class CandleChart {
  #chart;
  #series;
  #volume;
  #markers;
  #candles;
  #view;
  #node;
  #scale = 0;
  #changed = new Map(); // time -> candle that is not drawn yet
  #whole = true; // whether all is drawn anew
  #shown = ""; // which instrument and interval the window was fitted to
  #marked = null; // the last fill that has a marker
  #draw = oncePerFrame(() => this.#render(), PACE);

  /** onHover(candle, or null for the last one). lines: see OrderLines. */
  constructor(node, view, candles, lines, onHover) {
    this.#node = node;
    this.#view = view;
    this.#candles = candles;
    this.#chart = library.createChart(node, this.#options());
    this.#chart.applyOptions(this.#timeOptions());
    this.#series = this.#chart.addSeries(library.CandlestickSeries, { priceLineVisible: true, lastValueVisible: true });
    this.#volume = this.#chart.addSeries(library.HistogramSeries, {
      priceScaleId: "",
      priceFormat: { type: "volume" },
      priceLineVisible: false,
      lastValueVisible: false,
    });
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.#series.priceScale().applyOptions({ scaleMargins: { top: 0.12, bottom: 0.2 } });
    this.#series.attachPrimitive(lines);
    this.#markers = library.createSeriesMarkers(this.#series, []);
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => range && range.from < OLDER_FROM && candles.loadOlder());
    this.#chart.subscribeCrosshairMove(({ time }) => onHover(time === undefined ? null : this.#at(time)));
    node.addEventListener("keydown", (event) => this.#onKey(event));
    onColours(() => this.#colour());
    onZone(() => this.#chart.applyOptions(this.#timeOptions()));
    view.on("instrument", () => this.#useInstrument());
    view.on("own", (own) => this.#markNew(own?.fills ?? []));
    this.#useInstrument();
    this.#colour();
    this.reset();
  }

  get series() {
    return this.#series;
  }

  /** All candles are others now. */
  reset() {
    this.#whole = true;
    this.#draw();
  }

  change(candle) {
    this.#changed.set(candle.time, candle);
    this.#draw();
  }

  #options() {
    return {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily, background: { color: "transparent" } },
      rightPriceScale: { borderVisible: false, minimumWidth: 64 },
      timeScale: {
        borderVisible: false,
        timeVisible: true,
        secondsVisible: true,
        rightOffset: ROOM_RIGHT,
        minBarSpacing: 1.5,
      },
      crosshair: { mode: library.CrosshairMode.Normal },
    };
  }

  /** New functions each time: the library keeps what those before have made of a time. */
  #timeOptions() {
    return {
      timeScale: { tickMarkFormatter: (time, kind) => axisTime(time, kind) },
      localization: { timeFormatter: (time) => fullTime(time) },
    };
  }

  #colour() {
    const [bid, ask] = [colourOf("--bid"), colourOf("--ask")];
    const label = colourOf("--chart-label");
    this.#chart.applyOptions({
      layout: { textColor: colourOf("--ink-soft") },
      grid: { vertLines: { color: faded("--line", 0.5) }, horzLines: { color: faded("--line", 0.5) } },
      crosshair: {
        vertLine: { color: colourOf("--ink-soft"), labelBackgroundColor: label },
        horzLine: { color: colourOf("--ink-soft"), labelBackgroundColor: label },
      },
    });
    this.#series.applyOptions({ upColor: bid, downColor: ask, borderVisible: false, wickUpColor: bid, wickDownColor: ask });
    this.reset();
    this.#mark();
  }

  #useInstrument() {
    const { instrument } = this.#view;
    if (!instrument) return;
    this.#scale = scaleOf(instrument.tick_size);
    const formatter = (price) => shown(Math.max(price, 0).toFixed(this.#scale));
    this.#series.applyOptions({ priceFormat: { type: "custom", formatter, minMove: Number(instrument.tick_size) } });
  }

  #render() {
    const { list } = this.#candles;
    if (this.#whole) this.#setAll(list);
    else {
      for (const candle of this.#changed.values()) {
        this.#series.update(candle);
        this.#volume.update(this.#bar(candle));
      }
    }
    this.#changed.clear();
    this.#whole = false;
  }

  #setAll(list) {
    const { symbol, interval } = this.#view;
    const key = `${symbol} ${interval}`;
    this.#series.setData(list);
    this.#volume.setData(list.map((candle) => this.#bar(candle)));
    this.#chart.timeScale().applyOptions({ secondsVisible: interval === "1s" });
    if (this.#shown !== key && list.length > 0) {
      this.#shown = key;
      this.#series.priceScale().applyOptions({ autoScale: true });
      const bars = Math.min(Math.max(list.length, BARS_SHOWN.least), BARS_SHOWN.most);
      this.#chart.timeScale().setVisibleLogicalRange({ from: list.length - bars, to: list.length + ROOM_RIGHT });
    }
    this.#mark();
  }

  #bar({ time, open, close, volume }) {
    return { time, value: volume, color: faded(close < open ? "--ask" : "--bid", 0.35) };
  }

  /** The last candle that begins at this time or before; null for none. */
  #at(time) {
    const { list } = this.#candles;
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].time <= time) low = middle + 1;
      else high = middle;
    }
    return list[low - 1] ?? null;
  }

  #markNew(fills) {
    const last = fills.at(-1) ?? null;
    if (last === this.#marked) return;
    this.#marked = last;
    this.#mark();
  }

  /** One marker for all fills of a side in a candle. */
  #mark() {
    const marks = new Map();
    for (const { symbol, side, timestamp } of this.#view.own?.fills ?? []) {
      const candle = symbol === this.#view.symbol ? this.#at(Date.parse(timestamp) / 1000) : null;
      if (candle) marks.set(`${side} ${candle.time}`, { side, time: candle.time });
    }
    const markers = [...marks.values()].sort((one, other) => one.time - other.time);
    this.#markers.setMarkers(
      markers.map(({ side, time }) =>
        side === "buy"
          ? { time, position: "belowBar", shape: "arrowUp", color: colourOf("--bid"), text: "B" }
          : { time, position: "aboveBar", shape: "arrowDown", color: colourOf("--ask"), text: "S" },
      ),
    );
  }

  #onKey(event) {
    const scale = this.#chart.timeScale();
    const { barSpacing } = scale.options();
    const act = {
      ArrowLeft: () => scale.scrollToPosition(scale.scrollPosition() - STEP, false),
      ArrowRight: () => scale.scrollToPosition(scale.scrollPosition() + STEP, false),
      End: () => scale.scrollToRealTime(),
      "+": () => scale.applyOptions({ barSpacing: barSpacing * ZOOM }),
      "-": () => scale.applyOptions({ barSpacing: barSpacing / ZOOM }),
    }[event.key];
    if (!act || event.target !== this.#node) return;
    event.preventDefault();
    act();
  }
}
