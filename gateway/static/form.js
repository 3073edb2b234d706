// The order form: builds its fields from the table in order_types.js, reads them, and marks the one that is wrong.

import { compare, isDecimal, multiply, nudge, shown } from "./decimal.js";
import { element, setText } from "./dom.js";
import { FIELDS, ORDER_TYPES } from "./order_types.js";

const BUILDERS = {
  decimal: ({ id }) => element("input", { id, inputmode: "decimal", autocomplete: "off", spellcheck: "false" }),
  text: ({ id, placeholder, maxLength }) =>
    element("input", { id, placeholder, maxlength: maxLength, autocomplete: "off", autocapitalize: "off", spellcheck: "false" }),
};

export class OrderForm {
  #form = document.querySelector("#order-form");
  #type = document.querySelector("#order-type");
  #means = document.querySelector("#order-type-means");
  #submit = document.querySelector("#submit");
  #value = document.querySelector("#order-value");
  #fields = new Map(); // name -> {definition, wrapper, input, unit, error}
  #instrument = null;
  #busy = false;

  /** onSubmit(order): resolves when it is answered; meanwhile the form takes no second one. */
  constructor(onSubmit) {
    for (const [value, { label }] of Object.entries(ORDER_TYPES)) this.#type.append(new Option(label, value));
    for (const [name, definition] of Object.entries(FIELDS)) this.#build(name, definition);
    this.#form.addEventListener("change", () => this.#arrange());
    this.#form.addEventListener("input", (event) => {
      this.#unmark(event.target);
      this.#showValue();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(onSubmit);
    });
    this.#arrange();
  }

  useInstrument(instrument) {
    this.#instrument = instrument;
    for (const { definition, unit } of this.#fields.values()) {
      setText(unit, definition.unit ? instrument[definition.unit] : (definition.hint ?? ""));
    }
    this.#showValue();
  }

  /** Puts a price into the price field; where the type takes only a trigger price, there too. */
  fillPrice(price) {
    const names = this.#taken().includes("price") ? ["price"] : ["price", "trigger_price"];
    for (const name of names) this.set(name, price);
    const target = this.#fields.get(names.find((name) => this.#taken().includes(name)));
    if (!target) return; // kept for the next type that takes a price
    target.wrapper.scrollIntoView({ block: "nearest" });
    target.input.classList.remove("picked");
    void target.input.offsetWidth; // so that the animation runs again
    target.input.classList.add("picked");
    target.input.addEventListener("animationend", () => target.input.classList.remove("picked"), { once: true });
  }

  set(name, value) {
    const { input } = this.#fields.get(name);
    input.value = value;
    this.#unmark(input);
    this.#showValue();
  }

  clear() {
    for (const name of this.#fields.keys()) this.set(name, "");
  }

  /** Shows what is wrong with a field and goes there; false where the form does not show such a field. */
  mark(name, message) {
    const field = this.#fields.get(name);
    if (!field || field.wrapper.hidden) return false;
    setText(field.error, message);
    field.input.setAttribute("aria-invalid", "true");
    field.input.focus();
    return true;
  }

  #build(name, definition) {
    const input = BUILDERS[definition.kind](definition);
    const unit = element("span", { class: "unit", id: `${definition.id}-unit` });
    const error = element("p", { class: "field-error", id: `${definition.id}-error` });
    const label = element("label", { for: definition.id }, definition.label);
    input.name = name;
    input.required = Boolean(definition.required);
    input.setAttribute("aria-describedby", `${unit.id} ${error.id}`);
    const wrapper = element("div", { class: "field", "data-field": name }, element("div", { class: "field-head" }, label, unit), input, error);
    if (definition.step) input.addEventListener("keydown", (event) => this.#step(event, input, definition.step));
    this.#fields.set(name, { definition, wrapper, input, unit, error });
    document.querySelector("#order-fields").append(wrapper);
  }

  #taken() {
    return ORDER_TYPES[this.#type.value].fields;
  }

  #side() {
    return document.querySelector("#side-sell").checked ? "sell" : "buy";
  }

  /** Shows the fields of the chosen type and the words of the chosen side. */
  #arrange() {
    const taken = this.#taken();
    for (const [name, { wrapper }] of this.#fields) wrapper.hidden = !taken.includes(name);
    this.#form.dataset.side = this.#side();
    setText(this.#means, ORDER_TYPES[this.#type.value].means[this.#side()]);
    this.#showBusy();
    this.#showValue();
  }

  #step(event, input, stepName) {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const step = this.#instrument?.[stepName];
    const text = input.value.trim() || "0";
    if (!direction || !step || !isDecimal(text)) return;
    event.preventDefault();
    this.set(input.name, nudge(text, step, direction));
  }

  /** Price times quantity, and the most that the exchange may charge for it; exact. */
  #showValue() {
    const [price, quantity] = ["price", "quantity"].map((name) => this.#fields.get(name).input.value.trim());
    const known = this.#instrument && this.#taken().includes("price") && isDecimal(price) && isDecimal(quantity);
    if (!known) return setText(this.#value, "");
    const { quote, maker_fee_bps, taker_fee_bps } = this.#instrument;
    const value = multiply(price, quantity);
    const fee = multiply(multiply(value, String(Math.max(maker_fee_bps, taker_fee_bps))), "0.0001");
    const atMost = compare(fee, "0") === 0 ? "no fee" : `fee at most ${shown(fee)} ${quote}`;
    setText(this.#value, `Value ${shown(value)} ${quote}, ${atMost}`);
  }

  #unmark(input) {
    const field = this.#fields.get(input.name);
    if (!field || !input.hasAttribute("aria-invalid")) return;
    input.removeAttribute("aria-invalid");
    setText(field.error, "");
  }

  async #send(onSubmit) {
    if (this.#busy) return;
    const order = { order_type: this.#type.value, side: this.#side() };
    for (const name of this.#taken()) {
      const { input, definition } = this.#fields.get(name);
      this.#unmark(input);
      const value = input.value.trim();
      if (value !== "") order[name] = value;
      else if (definition.required) return this.mark(name, `${definition.label} is missing.`);
    }
    this.#busy = true;
    this.#showBusy();
    try {
      await onSubmit(order);
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
