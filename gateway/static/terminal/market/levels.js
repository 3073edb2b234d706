// All levels of the book (WS /ws/book), kept alive while the market's streams are, and only while a panel asks for them.

import { compare } from "../../common/decimal.js";
import { KeepAlive } from "../../common/keep_alive.js";

const SPARE = 2; // how many times the levels that are asked for are sorted: so the next question finds enough in the same range

export class Levels {
  known = false; // whether a whole snapshot has come
  #view;
  #connection;
  #sides = { bids: new Side(-1), asks: new Side(1) };
  #symbol = null;
  #users = []; // listeners

  constructor(view) {
    this.#view = view;
    this.#connection = new KeepAlive({ run: (session) => this.#run(session), onState: () => {} });
    view.on("live", () => this.#follow());
    view.on("instrument", () => view.symbol !== this.#symbol && this.#forget());
  }

  /** Calls listener() after each change. Gives a function that ends it. */
  use(listener) {
    this.#users.push(listener);
    if (this.#users.length === 1) this.#follow();
    return () => {
      this.#users = this.#users.filter((other) => other !== listener);
      if (this.#users.length === 0) this.#connection.stop();
    };
  }

  /** So many levels of "bids" or "asks" at most as [price, quantity], the best first. */
  best(side, count) {
    return this.#sides[side].best(count);
  }

  /** All of them, the best first: a large book takes a while. */
  get bids() {
    return this.best("bids", Infinity);
  }

  get asks() {
    return this.best("asks", Infinity);
  }

  #follow() {
    if (this.#view.live && this.#users.length > 0) this.#connection.start();
    else this.#connection.stop();
  }

  #forget() {
    this.#symbol = this.#view.symbol;
    for (const side of Object.values(this.#sides)) side.clear();
    this.known = false;
    this.#tell();
  }

  #tell() {
    for (const listener of this.#users) listener();
  }

  async #run(session) {
    const { market, symbol } = this.#view;
    this.#forget();
    const onMessage = (message) => {
      if (message.type === "snapshot" && message.part === 1) this.#forget();
      for (const [name, side] of Object.entries(this.#sides)) side.take(message[name]);
      this.known ||= message.type === "snapshot" && message.part === message.parts;
      if (this.known) this.#tell();
    };
    await session.orBroken(session.open(market.socketUrl("/ws/book", { symbol }), onMessage, () => null));
    session.live();
  }
}

/** The levels of one side. A book may have very many of them: only those near the best price are ever sorted. */
class Side {
  #direction; // -1: the highest price is the best one; 1: the lowest
  #levels = new Map(); // price -> {key: it as a number times the direction, level: [price, quantity]}
  #reach = Infinity; // the key up to which levels are looked at

  constructor(direction) {
    this.#direction = direction;
  }

  clear() {
    this.#levels.clear();
    this.#reach = Infinity;
  }

  /** Each as [price, quantity]; 0 removes one. */
  take(levels) {
    for (const level of levels) {
      const [price, quantity] = level;
      if (quantity === "0") this.#levels.delete(price);
      else this.#levels.set(price, { key: this.#direction * Number(price), level });
    }
  }

  best(count) {
    let near = this.#upTo(this.#reach);
    if (near.length < count && near.length < this.#levels.size) near = this.#upTo(Infinity);
    near.sort((one, other) => one.key - other.key || this.#direction * compare(one.level[0], other.level[0]));
    this.#reach = near[SPARE * count]?.key ?? Infinity;
    return near.slice(0, count).map(({ level }) => level);
  }

  #upTo(reach) {
    const near = [];
    for (const held of this.#levels.values()) if (held.key <= reach) near.push(held);
    return near;
  }
}
