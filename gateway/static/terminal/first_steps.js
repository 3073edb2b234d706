// What to do where nothing has been traded and nothing rests yet. It stands on the empty chart and moves nothing.

import { oncePerFrame } from "../common/dom.js";

export class FirstSteps {
  #view;
  #root = document.querySelector("#first-steps");
  #traded = null; // whether there has been a trade; null while that is not known
  #rests = null; // whether anything rests in the book
  #render = oncePerFrame(() => this.#draw());

  /** onOrder(): to the order form. */
  constructor(view, onOrder) {
    this.#view = view;
    document.querySelector("#first-order").addEventListener("click", onOrder);
    view.on("instrument", (instrument) => {
      if (!instrument) this.#traded = this.#rests = null;
      this.#render();
    });
    view.on("trades", (trades) => this.#learn("traded", trades.length > 0));
    view.on("trade", () => this.#learn("traded", true));
    view.on("depth", ({ bids, asks }) => this.#learn("rests", bids.length + asks.length > 0));
    view.on("live", () => this.#render());
  }

  #learn(what, is) {
    if (what === "traded") this.#traded = is;
    else this.#rests = is;
    this.#render();
  }

  #draw() {
    this.#root.hidden = !(this.#view.live && this.#traded === false && this.#rests === false);
  }
}
