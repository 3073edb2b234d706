// All levels of the book (WS /ws/book), kept alive while the market's streams are, and only while a panel asks for them.

import { compare } from "../../common/decimal.js";
import { KeepAlive } from "../../common/keep_alive.js";

export class Levels {
  #view;
  #connection;
  #users = 0;
  #sides = { bids: new Map(), asks: new Map() }; // price -> quantity
  #sorted = null; // {bids, asks} as lists, or null since a change
  #symbol = null;
  #onChange = [];
  known = false; // whether a whole snapshot has come

  constructor(view) {
    this.#view = view;
    this.#connection = new KeepAlive({ run: (session) => this.#run(session), onState: () => {} });
    view.on("live", () => this.#follow());
    view.on("instrument", () => view.symbol !== this.#symbol && this.#forget());
  }

  /** Calls listener() after each change. Gives a function that ends it. */
  use(listener) {
    this.#onChange.push(listener);
    this.#users += 1;
    if (this.#users === 1) this.#follow();
    return () => {
      this.#onChange = this.#onChange.filter((other) => other !== listener);
      this.#users -= 1;
      if (this.#users === 0) this.#connection.stop();
    };
  }

  /** All levels as [price, quantity], the best first. */
  get bids() {
    return this.#sort().bids;
  }

  get asks() {
    return this.#sort().asks;
  }

  #sort() {
    const list = (side, direction) => [...this.#sides[side]].sort(([one], [other]) => direction * (Number(one) - Number(other) || compare(one, other)));
    this.#sorted ??= { bids: list("bids", -1), asks: list("asks", 1) };
    return this.#sorted;
  }

  #follow() {
    if (this.#view.live && this.#users > 0) this.#connection.start();
    else this.#connection.stop();
  }

  #forget() {
    this.#symbol = this.#view.symbol;
    for (const side of Object.values(this.#sides)) side.clear();
    this.known = false;
    this.#tell();
  }

  #tell() {
    this.#sorted = null;
    for (const listener of this.#onChange) listener();
  }

  async #run(session) {
    const { market, symbol } = this.#view;
    this.#forget();
    const onMessage = (message) => {
      if (message.type === "snapshot" && message.part === 1) this.#forget();
      for (const [side, levels] of Object.entries(this.#sides)) {
        for (const [price, quantity] of message[side]) {
          if (quantity === "0") levels.delete(price);
          else levels.set(price, quantity);
        }
      }
      this.known ||= message.type === "snapshot" && message.part === message.parts;
      if (this.known) this.#tell();
    };
    await session.orBroken(session.open(market.socketUrl("/ws/book", { symbol }), onMessage, () => null));
    session.live();
  }
}
