// One field of the order form: its label, its control and its error, built from an entry of FIELDS.

import { readMoment, zoneWord } from "../../common/clock.js";
import { readDecimal } from "../../common/decimal.js";
import { element, setText } from "../../common/dom.js";
import { decimalFault, showAsRead } from "../../common/number_input.js";

const NUMBERS = ["decimal", "integer"];
const PLAIN = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };

const CONTROLS = {
  decimal: ({ id, placeholder }) => element("input", { id, placeholder, inputmode: "decimal", ...PLAIN }),
  integer: ({ id, placeholder }) => element("input", { id, placeholder, inputmode: "numeric", ...PLAIN }),
  text: ({ id, placeholder, maxLength }) => element("input", { id, placeholder, maxlength: maxLength, ...PLAIN }),
  time: ({ id }) => element("input", { id, type: "datetime-local", step: "1", max: "9999-12-31T23:59:59" }),
  switch: ({ id }) => element("input", { id, type: "checkbox" }),
  choice: ({ id, options }) => {
    const select = element("select", { id });
    for (const [value, label] of Object.entries(options)) select.append(new Option(label, value));
    return select;
  },
};

/** What is wrong with what stands in a field; null for nothing. */
const FAULTS = {
  decimal: (text) => (text === "" || readDecimal(text) !== null ? null : decimalFault(text)),
  integer: (text) => (text === "" || /^\d{1,15}$/.test(readDecimal(text) ?? "") ? null : "takes a whole number."),
  time: (_, { validity }) => (validity.badInput || validity.rangeOverflow ? "needs a whole date and time." : null),
};

/** The value that an order takes for the text in a field that is not empty. */
const VALUES = {
  decimal: readDecimal,
  integer: (text) => Number(readDecimal(text)),
  time: (text) => readMoment(text).toISOString(),
};

export class Field {
  chooser = null;
  #unit = element("span", { class: "unit" });
  #label;
  #error;

  constructor(name, definition) {
    const { id, kind, label, means, required } = definition;
    this.name = name;
    this.definition = definition;
    this.input = CONTROLS[kind](definition);
    this.input.name = name;
    if (NUMBERS.includes(kind)) showAsRead(this.input);
    this.input.required = Boolean(required);
    this.#unit.id = `${id}-unit`;
    this.#error = element("p", { class: "field-error", id: `${id}-error` });
    this.#label = element("label", { for: id, id: `${id}-label` }, label);
    this.input.setAttribute("aria-describedby", `${this.#unit.id} ${this.#error.id}`);
    const head = element("div", { class: "field-head" }, this.#label, this.#unit);
    let control = this.input;
    if (kind === "switch") {
      control = element("label", { class: "switch" }, this.input, element("span", { id: `${id}-means` }, means));
      this.input.setAttribute("aria-labelledby", this.#label.id);
      this.input.setAttribute("aria-describedby", `${id}-means ${this.#error.id}`);
    }
    this.wrapper = element("div", { class: "field", "data-field": name }, head, control, this.#error);
  }

  get text() {
    return this.definition.kind === "switch" ? (this.input.checked ? "on" : "") : this.input.value.trim();
  }

  set text(text) {
    const { kind, options } = this.definition;
    if (kind === "switch") this.input.checked = text !== "";
    else this.input.value = text || (kind === "choice" ? Object.keys(options)[0] : "");
    this.unmark();
  }

  /** What an order takes for it; undefined where nothing is chosen. */
  get value() {
    const { kind, options } = this.definition;
    const text = this.text;
    if (text === "" || (kind === "choice" && text === Object.keys(options)[0])) return undefined;
    if (kind === "switch") return true;
    return VALUES[kind]?.(text) ?? text;
  }

  /** What is wrong with it before the exchange is asked; null for nothing. */
  get fault() {
    const { kind, required } = this.definition;
    const fault = FAULTS[kind]?.(this.text, this.input) ?? (required && this.text === "" ? "is missing." : null);
    return fault && `${this.label} ${fault}`;
  }

  /** The decimal string of the number that stands in it; null for none. */
  get number() {
    return readDecimal(this.text);
  }

  /** How it reads where it is folded away; null where nothing is chosen. */
  get told() {
    const { kind, told } = this.definition;
    const text = (NUMBERS.includes(kind) && this.number) || this.text.replace("T", " ");
    return this.value === undefined ? null : told(text);
  }

  get label() {
    return this.#label.textContent;
  }

  /** Another name for it within one order type; null for its own. */
  set label(text) {
    setText(this.#label, text ?? this.definition.label);
  }

  /** What its value counts, or another word beside its label. */
  unitOf(instrument) {
    const { kind, unit, unitWord } = this.definition;
    if (kind === "time") return zoneWord();
    return unitWord ?? (unit ? instrument[unit] : "");
  }

  useInstrument(instrument) {
    setText(this.#unit, this.unitOf(instrument));
  }

  /** A control that goes to another field of which an order may take one instead; it stands in the place of the unit. */
  offer(chooser) {
    this.chooser = chooser;
    this.#unit.after(chooser);
  }

  set choosing(choosing) {
    this.#unit.hidden = choosing;
    if (this.chooser) this.chooser.hidden = !choosing;
  }

  mark(message) {
    setText(this.#error, message);
    this.input.setAttribute("aria-invalid", "true");
    this.input.focus();
  }

  unmark() {
    this.input.removeAttribute("aria-invalid");
    setText(this.#error, "");
  }
}
