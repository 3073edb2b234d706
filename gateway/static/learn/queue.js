// The book order by order, from WS /ws/orders: every queue in its order. A snapshot replaces all; updates change it in turn.

import { KeepAlive } from "../common/keep_alive.js";

const CLOSE_WORDS = {
  4404: "the exchange does not know LEARN-USDT",
  4408: "this page was too slow for the book",
};

export class Queue {
  #sides = { buy: new Map(), sell: new Map() }; // price -> [{order_id, quantity}], first in the queue first
  #coming = null; // a snapshot of which parts are to come
  #known = false; // a whole snapshot has come
  #onChange;
  #connection;
  #address = null;

  /** onChange({sequence, changed}): the book is as of that command, and differs from before or not. onState: see KeepAlive. */
  constructor({ onChange, onState }) {
    this.#onChange = onChange;
    this.#connection = new KeepAlive({ run: (session) => this.#run(session), onState });
  }

  /** Follows the book at this address from now on. */
  follow(address) {
    this.#address = address;
    this.#connection.start();
  }

  /** [price, [{order_id, quantity}]] of a side, the best price first. */
  levels(side) {
    const direction = side === "buy" ? -1 : 1;
    return [...this.#sides[side]].sort(([one], [other]) => direction * (Number(one) - Number(other)));
  }

  #picture() {
    return JSON.stringify([[...this.#sides.buy], [...this.#sides.sell]]);
  }

  async #run(session) {
    const whole = new Promise((resolve) => {
      const onMessage = (message) => {
        const before = this.#picture();
        if (message.type === "snapshot") this.#begin(message);
        else for (const change of message.changes) this.#apply(change);
        if (this.#coming) return;
        resolve();
        this.#onChange({ sequence: message.sequence, changed: this.#known && this.#picture() !== before });
        this.#known = true;
      };
      session.open(this.#address, onMessage, (code) => CLOSE_WORDS[code]);
    });
    await session.orBroken(whole);
    session.live();
  }

  #begin({ part, parts, bids, asks }) {
    if (part === 1) this.#coming = { buy: new Map(), sell: new Map() };
    for (const [side, orders] of [["buy", bids], ["sell", asks]]) {
      for (const [order_id, price, quantity] of orders) queueOf(this.#coming[side], price).push({ order_id, quantity });
    }
    if (part < parts) return;
    this.#sides = this.#coming;
    this.#coming = null;
  }

  #apply(change) {
    const { order_id, side, price } = change;
    const levels = this.#sides[side];
    if (change.type === "add") return queueOf(levels, price).push({ order_id, quantity: change.quantity });
    const queue = queueOf(levels, price);
    const place = queue.findIndex((order) => order.order_id === order_id);
    if (change.type === "modify") this.#modify(queue, place, change);
    else if (change.type === "execute" && change.remaining !== "0") queue[place].quantity = change.remaining;
    else if (place >= 0) queue.splice(place, 1);
    if (!queue.length) levels.delete(price);
  }

  #modify(queue, place, { order_id, quantity, loses_priority }) {
    if (!loses_priority) return void (queue[place].quantity = quantity);
    if (place >= 0) queue.splice(place, 1);
    queue.push({ order_id, quantity });
  }
}

function queueOf(levels, price) {
  if (!levels.has(price)) levels.set(price, []);
  return levels.get(price);
}
