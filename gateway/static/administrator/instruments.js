// Instruments: their status, with buttons that halt and resume; adding and changing them.

import { element } from "../common/dom.js";
import { Room } from "./room.js";

const STATUSES = { trading: "Resume", cancel_only: "Cancel only", halted: "Halt" };
const NUMBERS = ["maker_fee_bps", "taker_fee_bps", "price_band_bps"];

export class Instruments extends Room {
  #market;
  #confirm;

  constructor(market, confirm) {
    super("instruments");
    this.#market = market;
    this.#confirm = confirm;
    this.onSend(document.querySelector("#instrument"), (fields) => this.#set(fields));
  }

  read() {
    return this.#market.instruments();
  }

  draw({ instruments }) {
    this.show(instruments, (instrument) => this.#row(instrument));
  }

  #row({ symbol, status, tick_size, lot_size, maker_fee_bps, taker_fee_bps, price_band_bps }) {
    const others = Object.entries(STATUSES).filter(([name]) => name !== status);
    const buttons = others.map(([name, words]) => {
      const button = element("button", { type: "button", class: "quiet", "aria-label": `${words}: ${symbol}` }, words);
      button.addEventListener("click", () => this.run(() => this.#change(symbol, name)));
      return button;
    });
    return element(
      "tr",
      { "data-symbol": symbol },
      element("th", { scope: "row" }, symbol),
      element("td", { "data-status": status }, status.replace("_", " ")),
      element("td", {}, tick_size),
      element("td", {}, lot_size),
      element("td", {}, `${maker_fee_bps} / ${taker_fee_bps}`),
      element("td", {}, String(price_band_bps ?? "off")),
      element("td", {}, ...buttons),
    );
  }

  async #change(symbol, status) {
    const agreed = status === "trading" || (await this.#confirm.ask({
      question: `${STATUSES[status]}: ${symbol}?`,
      detail: status === "halted" ? "No order trades or is taken until it is resumed." : "Orders may only be canceled until it is resumed.",
      yes: STATUSES[status],
      no: "Leave it",
    }));
    if (!agreed) return "";
    await this.admin.setInstrument({ symbol, status });
    return `${symbol} is ${status.replace("_", " ")}.`;
  }

  async #set(fields) {
    const numbers = Object.fromEntries(NUMBERS.filter((name) => fields[name]).map((name) => [name, Number(fields[name])]));
    const { symbol } = await this.admin.setInstrument({ ...fields, ...numbers });
    return `${symbol} is set.`;
  }
}
