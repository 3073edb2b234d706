// Shows the book order by order: a row for each price, and in it a card for each order, first in the queue first. Prices are whole here.

import { element } from "../common/dom.js";
import { CAST, YOU } from "./lessons/book.js";

const SIDES = [
  ["sell", "#queue-asks"],
  ["buy", "#queue-bids"],
];

// The more an order has, the wider its card.
const LEAST_WIDTH = 4;
const WIDTH_OF_ONE = 1.25;
const MOST_WIDTH = 14;

export class QueueView {
  #pending = document.querySelector("#queue-pending");
  #before = new Set(); // the orders that were shown last

  /** queue: a Queue. orders: all live ones, with their accounts. */
  show(queue, orders) {
    const known = new Map(orders.map((order) => [order.order_id, order]));
    const shown = new Set(known.keys());
    for (const [side, selector] of SIDES) {
      const levels = queue.levels(side);
      if (side === "sell") levels.reverse(); // the best ask stands next to the best bid
      document.querySelector(selector).replaceChildren(...levels.map(([price, line]) => this.#level(side, price, line, known)));
    }
    const waiting = orders.filter((order) => order.status === "pending").reverse();
    this.#pending.replaceChildren(...waiting.map((order) => this.#waiting(order)));
    document.querySelector("#queue-waits").hidden = waiting.length === 0;
    this.#before = shown;
  }

  #level(side, price, line, known) {
    const total = line.reduce((sum, order) => sum + BigInt(order.quantity), 0n);
    const cards = line.map(({ order_id, quantity }, place) => this.#card(known.get(order_id), order_id, quantity, place));
    const words = `${side === "buy" ? "Bid" : "Ask"} ${price}, ${total} in ${line.length} ${line.length === 1 ? "order" : "orders"}`;
    return element(
      "li",
      { class: `level ${side}`, "data-price": price },
      element("span", { class: "price" }, price, element("span", { class: "unseen" }, `: ${words}. `)),
      element("span", { class: "total", "aria-hidden": "true" }, String(total)),
      element("ol", { class: "line", "aria-label": `Queue at ${price}` }, ...cards),
    );
  }

  #card(order, orderId, quantity, place) {
    const who = CAST[order?.account] ?? "Somebody";
    const hidden = order?.display_quantity ? BigInt(order.remaining_quantity) - BigInt(quantity) : 0n;
    const card = element(
      "li",
      { class: "card", "data-order": orderId, "data-own": order?.account === YOU, "data-new": !this.#before.has(orderId) },
      element("span", { class: "place" }, `${place + 1}.`),
      element("b", {}, who),
      ` ${quantity}`,
      hidden > 0n ? element("span", { class: "hidden-part" }, ` +${hidden} hidden`) : "",
    );
    card.style.minWidth = `${Math.min(MOST_WIDTH, LEAST_WIDTH + Number(quantity) * WIDTH_OF_ONE)}rem`;
    return card;
  }

  #waiting(order) {
    const price = order.price === null ? "at the market" : `at ${order.price}`;
    return element(
      "li",
      { class: "card", "data-own": order.account === YOU, "data-order": order.order_id },
      element("b", {}, CAST[order.account]),
      ` ${order.side}${order.account === YOU ? "" : "s"} ${order.remaining_quantity} ${price} once ${order.trigger_price} is traded`,
    );
  }
}
