// One own order in the table: what it is and has, its cancel button, and its editing in place.

import { compare, scaleOf, shown } from "../../common/decimal.js";
import { moment } from "../../common/clock.js";
import { clock, element, flash, setText } from "../../common/dom.js";
import { OrderEditor } from "./order_editor.js";
import { selfTradeWord, trails, typeWord } from "../ticket/order_types.js";

const STATUS = { open: "open", partially_filled: "partly filled", pending: "pending" };

export class OrderRow {
  #cells = {};
  #terms = element("td", { role: "cell", colspan: "5" });
  #error = element("td", { role: "cell", colspan: "5" });
  #edit = element("button", { type: "button", class: "quiet" }, "Edit");
  #cancel = element("button", { type: "button", class: "quiet cancel" }, "Cancel");
  #handlers;
  #editor = null;
  #mayTrade = true;

  constructor(orderId, handlers) {
    this.#handlers = handlers;
    const row = element("tr", { role: "row" });
    for (const name of ["order", "price", "quantity", "status"]) {
      const cell = { main: element("span", { class: "main" }), more: element("span", { class: "more" }) };
      cell.node = element("td", { role: "cell", class: name }, cell.main, cell.more);
      this.#cells[name] = cell;
      row.append(cell.node);
    }
    this.#cells.action = { node: element("td", { role: "cell", class: "action" }, this.#edit, this.#cancel) };
    row.append(this.#cells.action.node);
    this.#error.id = `amend-error-${orderId}`;
    const termsRow = element("tr", { role: "row", class: "terms", hidden: true }, this.#terms);
    const errorRow = element("tr", { role: "row", class: "amend-error", hidden: true }, this.#error);
    this.node = element("tbody", { role: "rowgroup", "data-order-id": orderId }, row, termsRow, errorRow);
    this.#edit.addEventListener("click", () => this.#beginEdit());
    for (const name of ["price", "quantity"]) this.#cells[name].node.addEventListener("dblclick", () => this.#beginEdit(name));
    this.#cancel.addEventListener("click", () => this.#sendCancel());
  }

  /** Whether the order may be edited and canceled. */
  permit(mayTrade) {
    this.#mayTrade = mayTrade;
    for (const button of [this.#edit, this.#cancel]) button.hidden = !mayTrade || this.#editor !== null;
  }

  /** The order as it stands, and the id of its living OCO partner or null. */
  fill(order, partner) {
    const before = this.order;
    this.order = order;
    const { order_id, side, order_type, price, quantity, remaining_quantity, filled_quantity, symbol } = order;
    const instrument = this.#handlers.instrumentOf(symbol);
    const scale = scaleOf(instrument.tick_size);
    const lots = scaleOf(instrument.lot_size);
    this.node.dataset.side = side;
    const name = `${side === "buy" ? "▲ Buy" : "▼ Sell"} ${typeWord(order_type)}`;
    const partly = compare(remaining_quantity, quantity) !== 0;
    this.#write("order", name, order_id);
    this.#write("price", price === null ? "market" : shown(price, scale), triggerWords(order, scale));
    this.#write("quantity", shown(remaining_quantity, lots), partly ? `of ${shown(quantity, lots)}` : "");
    this.#write("status", STATUS[order.status] ?? order.status, clock(new Date(order.timestamp)));
    this.#cells.order.main.dataset.symbol = symbol;
    setText(this.#terms, termWords(order, partner, scale).join(" · "));
    this.#terms.parentNode.hidden = this.#terms.textContent === "";
    const what = `${side} ${typeWord(order_type)}, ${remaining_quantity} at ${price ?? "market"}, order ${order_id}`;
    this.#edit.setAttribute("aria-label", `Edit ${what}`);
    this.#cancel.setAttribute("aria-label", `Cancel ${what}`);
    if (before && before.trigger_price !== order.trigger_price) flash(this.#cells.price.more);
    if (before && before.price !== order.price) flash(this.#cells.price.main);
    if (before && (before.remaining_quantity !== remaining_quantity || before.filled_quantity !== filled_quantity)) {
      flash(this.#cells.quantity.main);
    }
    this.#editor?.follow(order);
  }

  #write(name, main, more) {
    setText(this.#cells[name].main, main);
    setText(this.#cells[name].more, more);
  }

  async #sendCancel() {
    if (this.#cancel.getAttribute("aria-disabled") === "true") return;
    this.#showCanceling(true);
    await this.#handlers.onCancel(this.order);
    this.#showCanceling(false);
  }

  #showCanceling(busy) {
    this.#cancel.setAttribute("aria-disabled", String(busy));
    setText(this.#cancel, busy ? "Canceling…" : "Cancel");
  }

  /** Opens the editor; `cell` names where the focus goes, where it is not the first field. */
  #beginEdit(cell) {
    if (this.#editor || !this.#mayTrade) return;
    this.#showEditing(true);
    this.#editor = new OrderEditor(this.order, this.#cells, {
      instrument: this.#handlers.instrumentOf(this.order.symbol),
      errorId: this.#error.id,
      onSave: (changes) => this.#handlers.onAmend(this.order, changes),
      onError: (words) => this.#showError(words),
      onLeave: () => this.#endEdit(),
    });
    this.#editor.focus(cell);
    this.node.scrollIntoView({ block: "nearest" });
  }

  #endEdit() {
    const hadFocus = this.node.contains(document.activeElement);
    this.#editor = null;
    this.#showError("");
    this.#showEditing(false);
    if (hadFocus) this.#edit.focus();
  }

  #showEditing(editing) {
    this.node.classList.toggle("editing", editing);
    for (const button of [this.#edit, this.#cancel]) button.hidden = editing || !this.#mayTrade;
  }

  #showError(words) {
    this.#error.replaceChildren(...(words ? [element("p", { role: "alert" }, words)] : []));
    this.#error.parentNode.hidden = words === "";
    if (words) this.node.scrollIntoView({ block: "nearest" });
  }
}

function triggerWords({ order_type, status, trigger_price, activation_price }, scale) {
  if (trigger_price !== null) return `${status === "pending" ? "trigger" : "triggered at"} ${shown(trigger_price, scale)}`;
  if (!trails(order_type)) return "";
  return activation_price === undefined ? "from the next trade on" : `from ${shown(activation_price, scale)} on`;
}

/** What an order has beyond its type, number, price and quantity. */
function termWords(order, partner, scale) {
  const { client_order_id, trailing_bps, trailing_amount, post_only, display_quantity, expire_time, oco_id, self_trade_prevention, max_slippage_bps, time_in_force, tag } = order;
  const words = [];
  if (client_order_id) words.push(`id ${client_order_id}`);
  if (trailing_bps !== undefined) words.push(`trails by ${shown(String(trailing_bps))} bps`);
  if (trailing_amount !== undefined) words.push(`trails by ${shown(trailing_amount, scale)}`);
  if (oco_id !== undefined) words.push(partner ? `one cancels the other: order ${partner}` : `its pair ${oco_id} has ended`);
  if (post_only) words.push("post only");
  if (display_quantity !== undefined) words.push(`iceberg, shows ${shown(display_quantity)}`);
  if (expire_time !== undefined) words.push(`expires ${moment(new Date(expire_time))}`);
  if (max_slippage_bps !== undefined) words.push(`slips at most ${shown(String(max_slippage_bps))} bps`);
  if (time_in_force !== undefined) words.push(`runs as ${time_in_force.toUpperCase()}`);
  if (order.reject_if_triggered) words.push("rejected if its trigger was met");
  if (order.list_client_order_id !== undefined) words.push(`list ${order.list_client_order_id}`);
  if (order.cancel_on_first_fill && partner) words.push("its first trade cancels the other");
  if (tag !== undefined) words.push(`tag ${tag}`);
  if (self_trade_prevention !== undefined) words.push(`self-trade: ${selfTradeWord(self_trade_prevention)}`);
  if (order.prevented_quantity !== undefined && compare(order.prevented_quantity, "0") > 0) {
    words.push(`${shown(order.prevented_quantity)} prevented`);
  }
  return words;
}
