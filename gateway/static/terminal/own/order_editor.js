// Edits an order in its row: an input for each thing that an amend of this order takes. Enter sends, Escape leaves.

import { compare, readDecimal } from "../../common/decimal.js";
import { element, setText } from "../../common/dom.js";
import { decimalFault, showAsRead, stepped } from "../../common/number_input.js";
import { trails } from "../ticket/order_types.js";

const INPUTS = {
  price: { cell: "price", label: "Price", step: "tick_size" },
  trigger_price: { cell: "price", label: "Trigger", step: "tick_size" },
  quantity: { cell: "quantity", label: "Quantity in all", step: "lot_size" },
};

/** What an amend of the order takes now. */
function editable({ order_type, status, price, trigger_price }) {
  const names = [];
  if (price !== null) names.push("price");
  if (trigger_price !== null && status === "pending" && !trails(order_type)) names.push("trigger_price");
  return [...names, "quantity"];
}

export class OrderEditor {
  #inputs = new Map(); // name -> {input, label, known: the text that it began with}
  #save = element("button", { type: "button", class: "quiet" }, "Save");
  #leave = element("button", { type: "button", class: "quiet" }, "Leave");
  #instrument;
  #errorId;
  #handlers;
  #busy = false;

  /** onSave(changes) resolves to null when they are done, or to {words, field} of what is wrong; onError(words); onLeave(). */
  constructor(order, cells, { instrument, errorId, ...handlers }) {
    this.#instrument = instrument;
    this.#errorId = errorId;
    this.#handlers = handlers;
    for (const name of editable(order)) this.#add(name, order, cells);
    cells.action.node.append(this.#save, this.#leave);
    this.#save.addEventListener("click", () => this.#send());
    this.#leave.addEventListener("click", () => this.#end());
    for (const button of [this.#save, this.#leave]) button.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Goes to the first input, or to the first one of this cell. */
  focus(cell) {
    const entries = [...this.#inputs];
    const [, { input }] = entries.find(([name]) => INPUTS[name].cell === cell) ?? entries[0];
    input.focus();
    input.select();
  }

  /** The order has changed meanwhile: what the user has not touched follows it, and what it no longer takes goes. */
  follow(order) {
    const names = editable(order);
    for (const [name, held] of this.#inputs) {
      if (!names.includes(name)) this.#remove(name);
      else if (held.input.value === held.known) held.known = held.input.value = order[name];
    }
  }

  #add(name, order, cells) {
    const { cell, label: words, step } = INPUTS[name];
    const input = element("input", { name, inputmode: "decimal", autocomplete: "off", spellcheck: "false" });
    input.value = order[name];
    const label = element("label", { class: "amend" }, element("span", {}, words), input);
    showAsRead(input);
    input.addEventListener("keydown", (event) => this.#onKey(event, this.#instrument[step]));
    input.addEventListener("input", () => this.#unmark(input));
    this.#inputs.set(name, { input, label, known: order[name] });
    input.setAttribute("aria-describedby", this.#errorId);
    cells[cell].main.before(label);
  }

  #remove(name) {
    const { input, label } = this.#inputs.get(name);
    const hadFocus = document.activeElement === input;
    label.remove();
    this.#inputs.delete(name);
    if (hadFocus) this.focus();
  }

  #onKey(event, step) {
    const { key, target } = event;
    const number = stepped(event, target.value, step);
    if (key === "Escape") this.#end();
    else if (key === "Enter" && step) this.#send();
    else if (number !== null) {
      target.value = number;
      this.#unmark(target);
    } else return;
    event.preventDefault();
  }

  /** The first input in which no number stands, and what is wrong with it; null for none. */
  #fault() {
    for (const [name, { input }] of this.#inputs) {
      const fault = input.value.trim() === "" ? "is missing." : decimalFault(input.value);
      if (readDecimal(input.value) === null) return { name, words: `${INPUTS[name].label} ${fault}` };
    }
    return null;
  }

  #changes() {
    const changes = {};
    for (const [name, { input, known }] of this.#inputs) {
      const number = readDecimal(input.value);
      if (compare(number, known) !== 0) changes[name] = number;
    }
    return changes;
  }

  async #send() {
    if (this.#busy) return;
    const fault = this.#fault();
    if (fault) return this.#mark(fault.name, fault.words);
    const changes = this.#changes();
    if (Object.keys(changes).length === 0) return this.#end();
    this.#showBusy(true);
    const problem = await this.#handlers.onSave(changes);
    this.#showBusy(false);
    if (problem) this.#mark(problem.field, problem.words);
    else this.#end();
  }

  #mark(name, words) {
    this.#handlers.onError(words);
    const held = this.#inputs.get(name) ?? this.#inputs.values().next().value;
    if (this.#inputs.has(name)) held.input.setAttribute("aria-invalid", "true");
    held.input.focus();
  }

  #unmark(input) {
    input.removeAttribute("aria-invalid");
    this.#handlers.onError("");
  }

  #showBusy(busy) {
    this.#busy = busy;
    for (const { input } of this.#inputs.values()) input.readOnly = busy;
    this.#save.setAttribute("aria-disabled", String(busy));
    setText(this.#save, busy ? "Saving…" : "Save");
  }

  #end() {
    if (this.#busy) return; // the answer may still be an error to correct
    this.#handlers.onLeave();
    for (const { label } of this.#inputs.values()) label.remove();
    for (const button of [this.#save, this.#leave]) button.remove();
  }
}
