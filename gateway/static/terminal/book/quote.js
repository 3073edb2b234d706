// Best bid, best ask and what lies between them.

import { shown, spreadOf } from "../../common/decimal.js";
import { setData, setText } from "../../common/dom.js";
import { BOLD, setWidth } from "../../common/measure.js";

const LONG_QUOTE = 14; // in em of the prices' face: a quote that takes more has its spread below
const SMALL = 0.6; // the faces of spread and quantities, as a part of that of the prices

/** They stand beside each other, or the spread below where the numbers are long. */
export class Quote {
  #root = document.querySelector(".quote");
  #bid = document.querySelector("#best-bid");
  #ask = document.querySelector("#best-ask");
  #bidQuantity = document.querySelector("#best-bid-quantity");
  #askQuantity = document.querySelector("#best-ask-quantity");
  #spread = document.querySelector("#spread");
  #bps = document.querySelector("#spread-bps");

  draw(bid, ask, scales, words) {
    this.#one(bid, this.#bid, this.#bidQuantity, words.bestBid, scales);
    this.#one(ask, this.#ask, this.#askQuantity, words.bestAsk, scales);
    const spread = bid && ask ? spreadOf(bid[0], ask[0]) : null;
    setData(this.#spread, "value", spread?.absolute ?? null);
    setData(this.#bps, "value", spread?.bps ?? null);
    setText(this.#spread, spread ? shown(spread.absolute, scales.price) : "–");
    setText(this.#bps, spread ? `${spread.bps} bps` : words.spread);
    this.#makeRoom();
  }

  #makeRoom() {
    const text = (node) => node.textContent;
    const price = setWidth(this.#root, "--price", [this.#bid, this.#ask].map(text), BOLD);
    const quantity = setWidth(this.#root, "--quantity", [this.#bidQuantity, this.#askQuantity].map(text));
    const spread = setWidth(this.#root, "--spread", [text(this.#spread)]);
    setWidth(this.#root, "--bps", [text(this.#bps)]);
    this.#root.classList.toggle("long", 2 * Math.max(price, SMALL * quantity) + SMALL * spread > LONG_QUOTE);
  }

  #one(level, price, quantity, emptyWords, scales) {
    setData(price, "value", level?.[0] ?? null);
    setText(price, level ? shown(level[0], scales.price) : "–");
    setText(quantity, level ? shown(level[1], scales.quantity) : emptyWords);
  }
}
