// The table of own open and pending orders, newest first. Rows are kept by order id and only rewritten, once a frame.

import { oncePerFrame, setText } from "../../common/dom.js";
import { OrderRow } from "./order_row.js";

export class OrdersView {
  #table = document.querySelector("#open-orders");
  #heading = document.querySelector("#orders-tab");
  #count = this.#heading.querySelector(".count");
  #pendingCount = document.querySelector("#pending-tab .count");
  #empty = document.querySelector("#orders-empty");
  #note = document.querySelector("#orders-note");
  #cancelAll = document.querySelector("#cancel-all");
  #mayTrade = true;
  #rows = new Map(); // order id -> OrderRow
  #orders = []; // of the page, the newest first
  #live = []; // all of them, oldest first
  #emptyWords = "";
  #notes = {};
  #handlers;
  #render = oncePerFrame(() => this.#draw());

  /**
   * onCancel(order), onAmend(order, changes), onCancelAll() resolve when they are answered; onAmend to what is wrong, as
   * OrderEditor takes it.
   * instrumentOf(symbol): the instrument as it is now.
   */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#cancelAll.addEventListener("click", () => handlers.onCancelAll());
  }

  /** orders: those of the page, the newest first; live: all of them; emptyWords: what to say where the page has none. */
  show({ orders, live, emptyWords }) {
    this.#orders = orders;
    this.#live = live;
    this.#emptyWords = emptyWords;
    this.#render();
  }

  /** Whether orders may be edited and canceled. */
  permit(mayTrade) {
    this.#mayTrade = mayTrade;
    this.#cancelAll.hidden = !mayTrade;
    for (const row of this.#rows.values()) row.permit(mayTrade);
  }

  /** A line above the table that stays until it is told anew; `kind` tells one such line from another. */
  note(kind, words) {
    this.#notes[kind] = words;
    setText(this.#note, Object.values(this.#notes).filter(Boolean).join(" "));
  }

  #draw() {
    const nodes = [...this.#table.tBodies];
    const hadFocus = nodes.findIndex((node) => node.contains(document.activeElement));
    this.#remove(new Set(this.#orders.map((order) => order.order_id)));
    const partners = partnersOf(this.#live);
    let at = this.#table.tBodies[0] ?? null;
    for (const order of this.#orders) {
      const row = this.#rows.get(order.order_id) ?? this.#add(order);
      if (row.node === at) at = at.nextElementSibling;
      else this.#table.insertBefore(row.node, at);
      row.fill(order, partners.get(order.order_id) ?? null);
    }
    if (hadFocus >= 0 && document.activeElement === document.body) this.#refocus(hadFocus);
    this.#showCount(this.#live.length);
  }

  #add(order) {
    const row = new OrderRow(order.order_id, this.#handlers);
    row.permit(this.#mayTrade);
    this.#rows.set(order.order_id, row);
    return row;
  }

  #remove(shownIds) {
    for (const [id, row] of this.#rows) {
      if (shownIds.has(id)) continue;
      row.node.remove();
      this.#rows.delete(id);
    }
  }

  #showCount(count) {
    setText(this.#count, count ? String(count) : "");
    const pending = this.#live.filter(({ status }) => status === "pending").length;
    setText(this.#pendingCount, pending ? String(pending) : "");
    setText(this.#empty, this.#orders.length ? "" : this.#emptyWords);
    this.#table.hidden = this.#orders.length === 0;
    if (count === 0 && document.activeElement === this.#cancelAll) this.#heading.focus();
    this.#cancelAll.disabled = count === 0;
  }

  /** The row that held the focus is gone: its neighbour's button takes it, or else the tab. */
  #refocus(index) {
    const nodes = [...this.#table.tBodies];
    const next = nodes[Math.min(index, nodes.length - 1)];
    (next?.querySelector("button:not([hidden])") ?? this.#heading).focus();
  }
}

/** The id of each order's living partner: the other one of its pair. */
function partnersOf(orders) {
  const first = new Map(); // oco id -> order id
  const partners = new Map();
  for (const { order_id, oco_id } of orders) {
    if (oco_id === undefined) continue;
    const other = first.get(oco_id);
    if (other === undefined) first.set(oco_id, order_id);
    else partners.set(order_id, other).set(other, order_id);
  }
  return partners;
}
