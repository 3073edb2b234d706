// The account's positions as the exchange counts them. It tells them on asking: after each fill they are asked for anew, not all the time.

import { multiply, subtract } from "../../common/decimal.js";

const PAUSE = 1_000; // milliseconds between two calls
const LATER = 5_000; // after a call that failed

export class Positions {
  list = []; // as GET /accounts/{account} tells them
  #onChange;
  #target = null; // {api, account}
  #timer = null;
  #asking = false;
  #stale = false; // something has happened since the last call began

  constructor(onChange) {
    this.#onChange = onChange;
  }

  follow({ api, account }) {
    this.forget();
    this.#target = { api, account };
    this.touch();
  }

  forget() {
    clearTimeout(this.#timer);
    this.#timer = this.#target = null;
    this.#asking = this.#stale = false;
    this.list = [];
  }

  /** Something has happened that moves positions. */
  touch() {
    this.#stale = true;
    if (this.#target && this.#timer === null && !this.#asking) this.#ask();
  }

  async #ask() {
    const target = this.#target;
    this.#asking = true;
    this.#stale = false;
    let pause = PAUSE;
    try {
      const { positions } = await target.api.summary(target.account);
      if (target !== this.#target) return;
      this.list = positions;
      this.#onChange();
    } catch {
      if (target !== this.#target) return;
      pause = LATER; // the streams tell of a broken connection
      this.#stale = true;
    }
    this.#asking = false;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#stale) this.#ask();
    }, pause);
  }
}

/** What a position would bring more than it has cost at this last price, exact; without one: as the exchange has told it. */
export function unrealisedOf({ quantity, cost, unrealised }, lastPrice) {
  return lastPrice === null ? unrealised : subtract(multiply(quantity, lastPrice), cost);
}
