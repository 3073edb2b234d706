// The bar of the chosen instrument: last price, what the last 24 hours were, its steps and limits, fees and status.
// The tab's title tells the price too.

import { scaleOf, shown } from "../../common/decimal.js";
import { clock, oncePerFrame, setData, setText } from "../../common/dom.js";
import { durabilityWords } from "../../common/health.js";
import { BOLD, setWidth } from "../../common/measure.js";
import { change, compact } from "./figures.js";

const PACE = 200; // milliseconds between two drawings: figures that change faster cannot be read
const TITLE_PACE = 1_000;
const LONG = 16; // in characters: a longer price or symbol makes the bar higher

const STATUS = {
  trading: { label: "Trading", notice: "" },
  cancel_only: {
    label: "Cancel only",
    notice: "Cancel only: new orders and amends are rejected for now. Cancels still work.",
  },
  halted: {
    label: "Halted",
    notice: "Halted: new orders are rejected and triggers do not fire. Cancels still work.",
  },
};
const UNKNOWN = { label: "Unknown", notice: "" };

const FACTS = ["tick-size", "lot-size", "quantity-limits", "min-notional", "fees", "instrument-status", "durability"];
const DAY = ["day-change", "day-high", "day-low", "day-volume", "day-turnover"];

export class InstrumentView {
  #view;
  #root = document.querySelector("#instrument");
  #facts = Object.fromEntries(FACTS.map((id) => [id, document.getElementById(id)]));
  #day = Object.fromEntries(DAY.map((id) => [id, document.getElementById(id)]));
  #price = document.querySelector("#bar-price");
  #notice = document.querySelector("#status-notice");
  #last = null; // the price of the last trade
  #away = null;
  #render = oncePerFrame(() => this.#draw(), PACE);
  #renderTitle = oncePerFrame(() => this.#drawTitle(), TITLE_PACE);

  constructor(view) {
    this.#view = view;
    view.on("instrument", (instrument) => (instrument ? this.#show(instrument) : this.#take(null)));
    view.on("trades", (trades) => this.#take(trades.at(-1) ?? null));
    view.on("trade", (trade) => this.#take(trade));
    view.on("ticker", ({ symbol }) => symbol === view.symbol && this.#render());
    view.on("live", () => this.#render());
  }

  showDurability(sync) {
    const { short, long } = durabilityWords(sync);
    setText(this.#facts.durability, short);
    this.#facts.durability.title = long;
  }

  /** "down" or "lost" while nothing is told of the market, else null: its status is then not known. */
  set away(away) {
    this.#away = away;
    if (this.#view.instrument) this.#showStatus(this.#view.instrument);
  }

  #take(trade) {
    this.#last = trade?.price ?? null;
    this.#render();
  }

  #show(instrument) {
    const { base, quote } = instrument;
    setText(this.#facts["tick-size"], `${shown(instrument.tick_size)} ${quote}`);
    setText(this.#facts["lot-size"], `${shown(instrument.lot_size)} ${base}`);
    setText(this.#facts["quantity-limits"], `${shown(instrument.min_quantity)} to ${shown(instrument.max_quantity)} ${base}`);
    setText(this.#facts["min-notional"], `${shown(instrument.min_notional)} ${quote}`);
    setText(this.#facts["fees"], `${instrument.maker_fee_bps} maker, ${instrument.taker_fee_bps} taker`);
    this.#showStatus(instrument);
    for (const node of document.querySelectorAll("[data-unit]")) setText(node, instrument[node.dataset.unit]);
    this.#render();
  }

  #showStatus({ status: told, halted_until }) {
    const status = this.#away ? "unknown" : told;
    const { label, notice: always } = this.#away ? UNKNOWN : (STATUS[status] ?? { label: status, notice: `This instrument's status is ${status}.` });
    const notice = halted_until && !this.#away ? `${always} Trades again at ${clock(new Date(halted_until))}.` : always;
    setText(this.#facts["instrument-status"], label);
    setData(this.#facts["instrument-status"], "status", status);
    setText(this.#notice, notice);
    this.#notice.hidden = notice === "";
  }

  #draw() {
    const { instrument } = this.#view;
    const ticker = (instrument && this.#view.tickers.get(instrument.symbol)) ?? null;
    const scale = instrument ? scaleOf(instrument.tick_size) : 0;
    const price = (text) => (text === null || text === undefined ? "–" : shown(text, scale));
    const last = this.#last ?? ticker?.last_price ?? null;
    const { direction, words } = change(ticker, scale);
    setText(this.#price, price(last));
    setWidth(this.#root, "--last", [this.#price.textContent], BOLD);
    setData(this.#price, "direction", direction);
    this.#root.classList.toggle("long", Math.max(this.#price.textContent.length, instrument?.symbol.length ?? 0) > LONG);
    setText(this.#day["day-change"], words);
    setData(this.#day["day-change"], "direction", direction);
    setText(this.#day["day-high"], price(ticker?.high));
    setText(this.#day["day-low"], price(ticker?.low));
    this.#sum("day-volume", ticker?.volume);
    this.#sum("day-turnover", ticker?.quote_volume);
    this.#renderTitle();
  }

  /** A sum in few digits; its title tells all of them. */
  #sum(name, amount) {
    const node = this.#day[name];
    setText(node, amount === undefined ? "–" : compact(amount));
    node.title = amount === undefined ? "" : shown(amount);
  }

  #drawTitle() {
    const { symbol } = this.#view;
    if (!symbol) return;
    const price = this.#price.textContent;
    document.title = [price === "–" ? "" : price, symbol, "Exchange"].filter(Boolean).join(" · ");
  }
}
