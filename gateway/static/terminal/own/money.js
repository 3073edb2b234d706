// The money of the account at a glance: what it has of the two assets of the shown instrument, and its position there.

import { add, compare, cut, scaleOf, shown, signed, subtract } from "../../common/decimal.js";
import { element, oncePerFrame, setData, setText, tableOf } from "../../common/dom.js";
import { unrealisedOf } from "./positions.js";

const PACE = 250; // milliseconds between two drawings: the last price changes faster than anyone reads
const MORE_DECIMALS = 2; // of an average price, beyond those of the tick
const POSITION = { held: "Position", average: "Average price", unrealised: "Unrealised profit", realised: "Realised profit", fees: "Fees paid", after: "Profit after fees" };
const BEFORE_FEES = ["unrealised", "realised"];

export class MoneyView {
  #view;
  #prices;
  #root = document.querySelector("#money");
  #note = document.querySelector("#money-note");
  #cells = {}; // name -> element
  #position = element("dl", { id: "money-position", hidden: true });
  #words = "";
  #render = oncePerFrame(() => this.#draw(), PACE);

  /** prices: see LastPrices. */
  constructor(view, prices) {
    this.#view = view;
    this.#prices = prices;
    this.#build();
    for (const event of ["own", "instrument", "trade", "trades"]) view.on(event, () => this.#render());
  }

  /** words: what stands there while the account has no ledger, or is not known. */
  show(words) {
    this.#words = words;
    this.#render();
  }

  #build() {
    const cell = (kind, name, attributes = {}) => (this.#cells[name] = element(kind, { "data-money": name, ...attributes }));
    const caption = "What the account has of the two assets of this instrument: free, and locked by its orders.";
    const table = tableOf(element("caption", { class: "unseen" }, caption), [[element("span", { class: "unseen" }, "Asset")], ["Free"], ["Locked"]]);
    for (const row of ["quote", "base"]) {
      table.tBodies[0].append(element("tr", {}, cell("th", row, { scope: "row" }), cell("td", `${row}-free`), cell("td", `${row}-locked`)));
    }
    for (const [name, label] of Object.entries(POSITION)) {
      this.#position.append(element("div", {}, element("dt", { title: BEFORE_FEES.includes(name) ? "Before fees" : "" }, label), cell("dd", name)));
    }
    this.#root.append(element("div", { class: "money-known" }, table, this.#position));
  }

  #draw() {
    const { own, instrument } = this.#view;
    const known = Boolean(own?.ledger && instrument);
    this.#root.dataset.known = String(known);
    setText(this.#note, known ? "" : this.#words);
    if (!known) return;
    const { base, quote, symbol, lot_size, tick_size } = instrument;
    for (const [row, asset, scale] of [["quote", quote, scaleOf(tick_size)], ["base", base, scaleOf(lot_size)]]) {
      const balance = own.balances.find((each) => each.asset === asset);
      setText(this.#cells[row], asset);
      for (const kind of ["free", "locked"]) this.#amount(`${row}-${kind}`, balance?.[kind] ?? "0", scale);
    }
    const position = own.positions.find((each) => each.symbol === symbol);
    this.#position.hidden = !position;
    if (position) this.#drawPosition(position, instrument);
  }

  #drawPosition(position, { symbol, base, quote, tick_size, lot_size }) {
    const scale = scaleOf(tick_size);
    setText(this.#cells.held, heldWords(position, base, scaleOf(lot_size)));
    setData(this.#cells.held, "direction", directionOf(position.quantity));
    setText(this.#cells.average, averageWords(position, quote, scale));
    const unrealised = unrealisedOf(position, this.#prices.of(symbol));
    this.#profit("unrealised", unrealised, quote, scale);
    this.#profit("realised", position.realised, quote, scale);
    this.#profit("after", subtract(add(unrealised, position.realised), position.fees_paid), quote, scale);
    setText(this.#cells.fees, `${shown(cut(position.fees_paid, scale), scale)} ${quote}`);
    this.#cells.fees.title = shown(position.fees_paid);
  }

  /** Cut to what is read at a glance; the title has all digits. */
  #amount(name, amount, scale) {
    setText(this.#cells[name], shown(cut(amount, scale), scale));
    this.#cells[name].title = shown(amount);
  }

  #profit(name, amount, quote, scale) {
    setText(this.#cells[name], `${signed(cut(amount, scale), scale)} ${quote}`);
    setData(this.#cells[name], "direction", directionOf(amount));
    this.#cells[name].title = signed(amount);
  }
}

/** "up", "down" or null for zero: what is above zero, and what is below. */
export function directionOf(amount) {
  return { 1: "up", 0: null, "-1": "down" }[compare(amount, "0")];
}

export function heldWords({ quantity }, base, scale = 0) {
  const side = { up: "long ", down: "short " }[directionOf(quantity)] ?? "";
  return `${side}${shown(quantity.replace("-", ""), scale)} ${base}`;
}

function averageWords({ average_price }, quote, scale) {
  return average_price === null ? "–" : `${shown(cut(average_price, scale + MORE_DECIMALS), scale)} ${quote}`;
}
