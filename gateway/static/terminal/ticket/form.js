// The order form: shows the fields of the chosen type, reads them into an order, and marks the one that is wrong.

import { onZone } from "../../common/clock.js";
import { compare, multiply, scaleOf, shown } from "../../common/decimal.js";
import { element, flash, oncePerFrame, setText } from "../../common/dom.js";
import { Field } from "./field.js";
import { stepped } from "../../common/number_input.js";
import { estimate } from "./estimate.js";
import { FIELDS, ORDER_TYPES } from "./order_types.js";
import { freeOf, shareOf, Shares } from "./shares.js";

const PACE = 250; // milliseconds between two estimates: the book changes faster than anyone reads
const LONG = 14; // in characters: of longer numbers, no two fields stand beside each other in a narrow form

export class OrderForm {
  #form = document.querySelector("#order-form");
  #type = document.querySelector("#order-type");
  #means = document.querySelector("#order-type-means");
  #options = document.querySelector("#options");
  #chosenOptions = document.querySelector("#options-chosen");
  #submit = document.querySelector("#submit");
  #value = document.querySelector("#order-value");
  #estimate = document.querySelector("#order-estimate");
  #warning = document.querySelector("#order-warning");
  #view;
  #prices;
  #shareFault = ""; // why the last chosen share could not be told
  #depth = null; // the last message of the book
  #shares = new Shares((percent) => this.#fillShare(percent));
  #renderEstimate = oncePerFrame(() => this.#showEstimate(), PACE);
  #fields = new Map(); // name -> Field
  #instead = new Map(); // the first name of a list in ORDER_TYPES -> the one of it that is chosen
  #instrument = null;
  #busy = false;

  /**
   * onSubmit(order, the method of Api that places it): resolves when it is answered; meanwhile the form takes no second one.
   * onFault(words): what is wrong with an order that is not sent. prices: see LastPrices.
   */
  constructor(view, prices, { onSubmit, onFault }) {
    this.#view = view;
    this.#prices = prices;
    view.on("instrument", (instrument) => {
      if (instrument) this.useInstrument(instrument);
      else this.#depth = null;
    });
    view.on("depth", (depth) => {
      this.#depth = depth;
      this.#renderEstimate();
    });
    for (const event of ["own", "trade"]) view.on(event, () => this.#renderEstimate());
    onZone(() => this.#instrument && this.useInstrument(this.#instrument));
    for (const [value, { label }] of Object.entries(ORDER_TYPES)) this.#type.append(new Option(label, value));
    for (const [name, definition] of Object.entries(FIELDS)) this.#build(name, definition);
    for (const { fields } of Object.values(ORDER_TYPES)) {
      for (const names of fields.filter(Array.isArray)) if (!this.#instead.has(names[0])) this.#offer(names);
    }
    this.#form.addEventListener("change", () => this.#arrange());
    this.#form.addEventListener("input", (event) => {
      this.#fields.get(event.target.name)?.unmark();
      this.#shareFault = "";
      this.#showValue();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(onSubmit, onFault);
    });
    this.#arrange();
  }

  useInstrument(instrument) {
    this.#instrument = instrument;
    for (const field of this.#fields.values()) {
      field.useInstrument(instrument);
      for (const option of field.chooser?.options ?? []) setText(option, this.#fields.get(option.value).unitOf(instrument));
    }
    const { max_price, tick_size, max_quantity, lot_size } = instrument;
    const longest = [shown(max_price, scaleOf(tick_size)), shown(max_quantity, scaleOf(lot_size))];
    this.#form.classList.toggle("long", longest.some((text) => text.length > LONG));
    this.#showValue();
  }

  /** Puts a price into the price field; where the type takes only a trigger price, there too. */
  fillPrice(price) {
    const names = this.#taken().includes("price") ? ["price"] : ["price", "trigger_price"];
    for (const name of names) this.set(name, price);
    const target = this.#fields.get(names.find((name) => this.#taken().includes(name)));
    if (!target) return; // kept for the next type that takes a price
    target.wrapper.scrollIntoView({ block: "nearest" });
    flash(target.input);
  }

  chooseSide(side) {
    document.querySelector(`#side-${side}`).checked = true;
    this.#arrange();
  }

  /** Chooses the side and goes to the first empty field; to the sign-in where no order may be placed. */
  begin(side) {
    this.chooseSide(side);
    const shown = [...this.#fields.values()].filter(({ wrapper, definition }) => !wrapper.hidden && !definition.option);
    const { input } = shown.find(({ text }) => text === "") ?? shown[0];
    if (input.checkVisibility()) input.focus();
    else document.querySelector("#proof").focus();
  }

  set(name, text) {
    this.#fields.get(name).text = text;
    this.#arrange();
  }

  clear() {
    for (const field of this.#fields.values()) field.text = "";
    this.#arrange();
  }

  /** Whether orders may be placed: else all of the form is disabled. */
  permit(mayTrade) {
    for (const control of this.#form.elements) control.disabled = !mayTrade;
  }

  /** Shows what is wrong with a field and goes there; false where the form does not show such a field. */
  mark(name, message) {
    const field = this.#fields.get(name);
    if (!field || field.wrapper.hidden) return false;
    if (field.definition.option) this.#options.open = true;
    field.mark(message);
    return true;
  }

  #build(name, definition) {
    const field = new Field(name, definition);
    this.#fields.set(name, field);
    if (definition.step) field.input.addEventListener("keydown", (event) => this.#step(event, field));
    document.querySelector(definition.option ? "#order-options" : "#order-fields").append(field.wrapper);
  }

  /** Of these fields an order takes one: each gets a select in the place of its unit, which goes to another. */
  #offer(names) {
    this.#instead.set(names[0], names[0]);
    for (const name of names) {
      const field = this.#fields.get(name);
      const chooser = element("select", { class: "unit-choice", "aria-label": `${field.definition.label} in` });
      for (const other of names) chooser.append(new Option("", other));
      chooser.value = name;
      chooser.addEventListener("change", () => {
        this.#instead.set(names[0], chooser.value);
        const next = this.#fields.get(chooser.value);
        chooser.value = name;
        this.#arrange();
        next.chooser.focus();
      });
      field.offer(chooser);
    }
  }

  /** The names of the fields that the order takes now. */
  #taken() {
    return ORDER_TYPES[this.#type.value].fields.map((name) => (Array.isArray(name) ? this.#instead.get(name[0]) : name));
  }

  #side() {
    return document.querySelector("#side-sell").checked ? "sell" : "buy";
  }

  /** Shows the fields of the chosen type and the words of the chosen side. */
  #arrange() {
    const { fields, labels = {}, means } = ORDER_TYPES[this.#type.value];
    const taken = this.#taken();
    for (const [name, field] of this.#fields) {
      field.wrapper.hidden = !taken.includes(name);
      if (field.wrapper.hidden) field.unmark();
      field.choosing = !fields.includes(name);
      field.label = labels[name];
    }
    this.#form.dataset.side = this.#side();
    setText(this.#means, means[this.#side()]);
    this.#showBusy();
    this.#showValue();
  }

  #step(event, field) {
    const number = stepped(event, field.text || "0", this.#instrument?.[field.definition.step]);
    if (number === null) return;
    event.preventDefault();
    this.set(field.name, number);
  }

  /** What the order is worth, and the most that the exchange may charge for it, exact; and which of the folded options are set. */
  #showValue() {
    const taken = this.#taken();
    setText(this.#value, this.#instrument ? this.#valueWords(taken) : "");
    const told = taken.map((name) => this.#fields.get(name)).filter((field) => field.definition.option && field.told);
    setText(this.#chosenOptions, told.map((field) => field.told).join(", "));
    this.#renderEstimate();
  }

  /** What stands in the form, as `estimate` and `shareOf` take it. */
  #order() {
    const taken = this.#taken();
    const number = (name) => (taken.includes(name) ? this.#fields.get(name).number : null);
    return {
      type: this.#type.value,
      side: this.#side(),
      price: number("price"),
      trigger: number("trigger_price") ?? number("stop_trigger_price"),
      stop: number("stop_price"),
      quantity: number("quantity"),
      budget: number("quote_quantity"),
      takes: taken.includes("quote_quantity") ? "quote_quantity" : "quantity",
    };
  }

  /** The levels that such an order would take from; null while they are not known. */
  #levels(side) {
    return this.#depth?.[side === "buy" ? "asks" : "bids"] ?? null;
  }

  #showEstimate() {
    const order = this.#order();
    this.#shares.show(this.#view.own, order.side, this.#instrument);
    if (!this.#instrument) return;
    const reference = this.#prices.of(this.#instrument.symbol) ?? this.#instrument.reference_price;
    const free = this.#view.own?.ledger ? freeOf(this.#view.own, this.#instrument[order.side === "buy" ? "quote" : "base"]) : null;
    const told = estimate(order, this.#instrument, this.#levels(order.side), reference ?? null, free);
    setText(this.#estimate, told.words);
    setText(this.#warning, [this.#shareFault, ...told.warnings].filter(Boolean).join(" "));
  }

  #fillShare(percent) {
    const order = this.#order();
    const share = shareOf(percent, this.#view.own, order, this.#instrument, this.#levels(order.side));
    const needed = order.side === "buy" ? "a price first" : `a quantity in ${this.#instrument.base}`;
    this.#shareFault = share ? "" : `A share of what is free needs ${needed}.`;
    if (!share) return this.#showEstimate();
    this.set(...share);
    flash(this.#fields.get(share[0]).input);
  }

  #valueWords(taken) {
    const { quote, maker_fee_bps, taker_fee_bps } = this.#instrument;
    const [price, quantity, most] = ["price", "quantity", "quote_quantity"].map((name) => {
      return taken.includes(name) ? this.#fields.get(name).number : null;
    });
    const value = most ?? (price && quantity ? multiply(price, quantity) : null);
    if (value === null) return "";
    const bps = most ? taker_fee_bps : Math.max(maker_fee_bps, taker_fee_bps);
    const fee = multiply(multiply(value, String(bps)), "0.0001");
    const charge = compare(fee, "0") === 0 ? "no fee" : `fee at most ${shown(fee)} ${quote}`;
    const verb = this.#side() === "buy" ? "Spends" : "Receives";
    return `${most ? `${verb} at most` : "Value"} ${shown(value)} ${quote}, ${charge}`;
  }

  async #send(onSubmit, onFault) {
    if (this.#busy) return;
    const { call = "placeOrder" } = ORDER_TYPES[this.#type.value];
    const order = call === "placeOrder" ? { order_type: this.#type.value, side: this.#side() } : { side: this.#side() };
    for (const name of this.#taken()) {
      const field = this.#fields.get(name);
      field.unmark();
      if (field.fault) {
        this.mark(name, field.fault);
        return void onFault(field.fault);
      }
      if (field.value !== undefined) order[name] = field.value;
    }
    this.#busy = true;
    this.#showBusy();
    try {
      await onSubmit(order, call);
    } finally {
      this.#busy = false;
      this.#showBusy();
    }
  }

  #showBusy() {
    const side = this.#side();
    setText(this.#submit, this.#busy ? "Sending…" : side === "buy" ? "Place buy order" : "Place sell order");
    this.#submit.setAttribute("aria-disabled", String(this.#busy));
  }
}
