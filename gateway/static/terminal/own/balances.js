// Balances and positions of an account that has a ledger, all of them and exact; and the button of the faucet where the exchange has one.
// Without both there is no tab.

import { element, oncePerFrame, setData, setText, tableOf } from "../../common/dom.js";
import { compare, shown, signed } from "../../common/decimal.js";
import { directionOf, heldWords } from "./money.js";
import { unrealisedOf } from "./positions.js";

const PACE = 250; // milliseconds between two drawings
const POSITION_CELLS = ["held", "average", "lately", "unrealised", "realised", "fees"];
const POSITION_HEADS = [
  ["Instrument"],
  ["Held", { title: "what was bought less what was sold since the account has a ledger" }],
  ["Average price"],
  ["Last price"],
  ["Unrealised", { title: "held x last price, less what it has cost, before fees" }],
  ["Realised", { title: "the profit of what was closed, before fees" }],
  ["Fees paid"],
];
const LABELS = { average: "Average price", lately: "Last price", unrealised: "Unrealised", realised: "Realised", fees: "Fees paid" }; // in a narrow panel

export class BalancesView {
  #tab = document.querySelector("#balances-tab");
  #others = document.querySelector("#orders-tab");
  #panel = document.querySelector("#balances-panel");
  #table = document.querySelector("#balances");
  #positionsTable = tableOf(element("caption", {}, "Positions"), POSITION_HEADS, { id: "positions", hidden: true });
  #empty = document.querySelector("#balances-empty");
  #button = document.querySelector("#faucet");
  #state = { ledger: false, balances: [], positions: [], words: "" };
  #gifts = {};
  #always = false;
  #view;
  #prices;
  #render = oncePerFrame(() => this.#draw(), PACE);

  /** prices: see LastPrices. onFaucet(): resolves when the exchange has answered. */
  constructor(view, prices, onFaucet) {
    this.#view = view;
    this.#prices = prices;
    this.#panel.append(this.#positionsTable);
    for (const event of ["trade", "ticker"]) view.on(event, () => !this.#panel.hidden && this.#state.positions.length && this.#render());
    this.#tab.addEventListener("click", () => this.#render());
    this.#button.addEventListener("click", async () => {
      this.#button.disabled = true;
      await onFaucet();
      this.#button.disabled = false;
    });
  }

  /** words: what stands in the place of the balances of an account without a ledger. */
  show(ledger, balances, positions, words) {
    this.#state = { ledger, balances, positions, words };
    this.#render();
  }

  /** Whether the tab stands there in any case. */
  keep(always) {
    this.#always = always;
    this.#render();
  }

  /** What the faucet gives, amounts by asset; empty: it is off. */
  offer(gifts) {
    this.#gifts = gifts;
    this.#render();
  }

  #draw() {
    const { ledger, balances, positions, words } = this.#state;
    const given = giftWords(this.#gifts);
    this.#tab.hidden = !ledger && !given && !this.#always;
    if (this.#tab.hidden && this.#tab.getAttribute("aria-selected") === "true") this.#others.click();
    this.#table.tBodies[0].replaceChildren(...balances.map(rowOf));
    this.#table.hidden = balances.length === 0;
    this.#positionsTable.tBodies[0].replaceChildren(...positions.map((position) => this.#positionRow(position)));
    this.#positionsTable.hidden = positions.length === 0;
    setText(this.#empty, ledger ? "" : words);
    setText(this.#button, given && `Get today’s ${given}`);
    this.#button.hidden = !given;
  }

  #positionRow(position) {
    const { symbol, average_price, last_price, realised, fees_paid } = position;
    const { base, quote } = this.#view.instrumentOf(symbol);
    const last = this.#prices.of(symbol);
    const unrealised = unrealisedOf(position, last);
    const words = [
      heldWords(position, base),
      average_price === null ? "–" : shown(average_price),
      shown(last ?? last_price),
      signed(unrealised),
      signed(realised),
      shown(fees_paid),
    ];
    const cells = POSITION_CELLS.map((name, index) => element("td", { role: "cell", class: name, "data-label": LABELS[name] }, words[index]));
    setData(cells[3], "direction", directionOf(unrealised));
    setData(cells[4], "direction", directionOf(realised));
    return element("tr", { role: "row", "data-symbol": symbol }, element("th", { scope: "row", role: "rowheader" }, symbol, element("small", {}, quote && ` in ${quote}`)), ...cells);
  }
}

/** The gifts in words: "100000 USDT and 1 BTC". */
export function giftWords(gifts) {
  return Object.entries(gifts).map(([asset, amount]) => `${shown(amount)} ${asset}`).join(" and ");
}

function rowOf({ asset, free, locked }) {
  const cells = [
    element("th", { scope: "row" }, asset),
    element("td", { class: "free", title: free }, shown(free)),
    element("td", { class: "locked", title: locked }, shown(locked)),
  ];
  return element("tr", { "data-asset": asset, "data-some": String(compare(free, "0") + compare(locked, "0") > 0) }, ...cells);
}
