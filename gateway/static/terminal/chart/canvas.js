// A canvas that fills its panel, drawn at most so often, and only while it is seen.

import { onColours } from "../../common/colours.js";
import { oncePerFrame } from "../../common/dom.js";

export class Canvas {
  #node;
  #draw;
  #context;
  #seen = false;
  #render;

  /** draw(context, width, height): in the page's own pixels, on an empty canvas. pace: milliseconds between two drawings. */
  constructor(node, pace, draw) {
    this.#node = node;
    this.#draw = draw;
    this.#context = node.getContext("2d");
    this.#render = oncePerFrame(() => this.#paint(), pace);
    new ResizeObserver(() => this.#resize()).observe(node);
    onColours(() => this.#render());
  }

  get seen() {
    return this.#seen;
  }

  render() {
    if (this.#seen) this.#render();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.#node;
    this.#seen = clientWidth > 0 && clientHeight > 0;
    this.#node.width = Math.round(clientWidth * devicePixelRatio);
    this.#node.height = Math.round(clientHeight * devicePixelRatio);
    if (this.#seen) this.#paint();
  }

  #paint() {
    const { clientWidth: width, clientHeight: height } = this.#node;
    if (!this.#seen) return;
    this.#context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.#context.clearRect(0, 0, width, height);
    this.#context.font = `11px ${getComputedStyle(this.#node).fontFamily}`;
    this.#draw(this.#context, width, height);
  }
}

/** About `count` round values between low and high. */
export function ticksOf(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return ticks;
}
