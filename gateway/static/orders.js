// The table of own open and pending orders, newest first. Rows are kept by order id and only rewritten.

import { shown } from "./decimal.js";
import { clock, element, setText } from "./dom.js";
import { typeWord } from "./order_types.js";
import { LIMIT } from "./own_orders.js";

const STATUS = { open: "open", partially_filled: "partly filled", pending: "pending" };
const ARM_TIME = 4_000;

export class OrdersView {
  #heading = document.querySelector("#orders-heading");
  #body = document.querySelector("#open-orders").tBodies[0];
  #table = document.querySelector("#open-orders");
  #empty = document.querySelector("#orders-empty");
  #note = document.querySelector("#orders-note");
  #cancelAll = document.querySelector("#cancel-all");
  #rows = new Map(); // order id -> Row
  #onCancel;

  /** onCancel(order) and onCancelAll() resolve when they are answered. */
  constructor({ onCancel, onCancelAll }) {
    this.#onCancel = onCancel;
    this.#setUpCancelAll(onCancelAll);
  }

  show(orders, more) {
    const hadFocus = [...this.#rows.values()].findIndex((row) => row.node.contains(document.activeElement));
    const shownIds = new Set(orders.map((order) => order.order_id));
    for (const [id, row] of this.#rows) {
      if (shownIds.has(id)) continue;
      row.node.remove();
      this.#rows.delete(id);
    }
    for (const order of orders) {
      let row = this.#rows.get(order.order_id);
      if (!row) {
        row = new Row(order.order_id, () => this.#onCancel(row.order));
        this.#rows.set(order.order_id, row);
        this.#body.prepend(row.node);
      }
      row.fill(order);
    }
    if (hadFocus >= 0 && document.activeElement === document.body) this.#refocus(hadFocus);
    this.#showCount(orders.length, more);
    setText(this.#note, more ? `Only the oldest ${LIMIT} are shown.` : "");
  }

  showProblem(message) {
    setText(this.#note, message);
  }

  clear(words) {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#showCount(0, false);
    setText(this.#empty, words);
    setText(this.#note, "");
  }

  #showCount(count, more) {
    setText(this.#heading.querySelector(".count"), count ? `${count}${more ? "+" : ""}` : "");
    setText(this.#empty, count ? "" : "No open or pending orders of this account in this instrument.");
    this.#table.hidden = count === 0;
    if (count === 0 && document.activeElement === this.#cancelAll) this.#heading.focus();
    this.#cancelAll.disabled = count === 0;
  }

  /** The row that held the focus is gone: its neighbour's button takes it, or else the heading. */
  #refocus(index) {
    const rows = [...this.#rows.values()];
    const next = rows[Math.min(index, rows.length - 1)];
    (next?.button ?? this.#heading).focus();
  }

  /** Two steps: the first click arms the button for a few seconds. */
  #setUpCancelAll(onCancelAll) {
    const button = this.#cancelAll;
    let timer = null;
    const disarm = () => {
      clearTimeout(timer);
      timer = null;
      setText(button, "Cancel all");
    };
    button.addEventListener("click", () => {
      if (timer === null) {
        setText(button, "Really cancel all?");
        timer = setTimeout(disarm, ARM_TIME);
        return;
      }
      disarm();
      onCancelAll();
    });
    button.addEventListener("blur", disarm);
  }
}

class Row {
  #cells = {};

  constructor(orderId, onCancel) {
    this.button = element("button", { type: "button", class: "quiet" }, "Cancel");
    this.node = element("tr", { role: "row", "data-order-id": orderId });
    for (const name of ["order", "price", "quantity", "status"]) {
      const cell = { main: element("span", { class: "main" }), more: element("span", { class: "more" }) };
      this.#cells[name] = cell;
      this.node.append(element("td", { role: "cell", class: name }, cell.main, cell.more));
    }
    this.node.append(element("td", { role: "cell", class: "action" }, this.button));
    this.button.addEventListener("click", async () => {
      if (this.button.getAttribute("aria-disabled") === "true") return;
      this.#busy(true);
      await onCancel();
      this.#busy(false);
    });
  }

  fill(order) {
    this.order = order;
    const { side, order_type, price, trigger_price, quantity, remaining_quantity, filled_quantity, client_order_id } = order;
    this.node.dataset.side = side;
    const arrow = side === "buy" ? "▲ Buy" : "▼ Sell";
    this.#write("order", `${arrow} ${typeWord(order_type)}`, client_order_id ?? "");
    const trigger = trigger_price ? `trigger ${shown(trigger_price)}` : "";
    this.#write("price", price ? shown(price) : "market", trigger);
    this.#write("quantity", shown(remaining_quantity), filled_quantity === "0" ? "" : `of ${shown(quantity)}`);
    this.#write("status", STATUS[order.status] ?? order.status, order.timestamp ? clock(new Date(order.timestamp)) : "");
    this.#cells.order.more.title = client_order_id ?? "";
    this.button.setAttribute("aria-label", `Cancel ${side} ${remaining_quantity} at ${price ?? `trigger ${trigger_price}`}`);
  }

  #write(name, main, more) {
    setText(this.#cells[name].main, main);
    setText(this.#cells[name].more, more);
  }

  #busy(busy) {
    this.button.setAttribute("aria-disabled", String(busy));
    setText(this.button, busy ? "Canceling…" : "Cancel");
  }
}
