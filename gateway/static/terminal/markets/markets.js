// The list of instruments: last price, change and turnover of 24 hours, a small line; searched by symbol. The arrow keys walk over it.
// On a wide page it is a column, else it opens above the rooms.

import { scaleOf, shown } from "../../common/decimal.js";
import { element, oncePerFrame, setData, setText } from "../../common/dom.js";
import { compact, percentText } from "../market/figures.js";
import { Sparklines } from "./sparklines.js";

const PACE = 500;
const SHOWN = 200; // rows at most: the search finds the others
const WIDE = matchMedia("(min-width: 1700px)");

export class Markets {
  #view;
  #onChoose;
  #root = document.querySelector("#markets");
  #toggle = document.querySelector("#markets-toggle");
  #search = element("input", { type: "search", id: "markets-search", placeholder: "Search", "aria-label": "Search for an instrument", autocomplete: "off", spellcheck: "false" });
  #list = element("ul", { class: "markets-list" });
  #more = element("p", { class: "empty", role: "status" });
  #rows = new Map(); // symbol -> Row
  #lines;
  #listed = ""; // what the rows were made for
  #render = oncePerFrame(() => this.#draw(), PACE);

  /** onChoose(symbol). */
  constructor(view, onChoose) {
    this.#view = view;
    this.#onChoose = onChoose;
    this.#lines = new Sparklines(view);
    const head = element("div", { class: "market head", "aria-hidden": "true" });
    for (const words of ["Instrument", "24 h", "Last", "Change"]) head.append(element("span", {}, words));
    this.#root.append(element("div", { class: "markets-search" }, this.#search), head, element("div", { class: "scroll" }, this.#list, this.#more));
    this.#toggle.addEventListener("click", () => this.#open(this.#root.hidden, true));
    this.#search.addEventListener("input", () => this.#arrange());
    this.#root.addEventListener("keydown", (event) => this.#onKey(event));
    this.#list.addEventListener("click", (event) => this.#choose(event.target.closest("button")));
    document.addEventListener("pointerdown", ({ target }) => {
      if (!WIDE.matches && !this.#root.contains(target) && !this.#toggle.contains(target)) this.#open(false);
    });
    WIDE.addEventListener("change", () => this.#open(WIDE.matches));
    view.on("instruments", () => this.#arrange());
    view.on("instrument", () => this.#render());
    view.on("ticker", () => this.#render());
    this.#open(WIDE.matches);
  }

  #open(open, byUser = false) {
    this.#root.hidden = !open;
    this.#root.classList.toggle("opened", open && byUser); // what was a column of a wide page opens above no narrow one
    this.#toggle.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.#draw();
    if (byUser) this.#search.focus();
  }

  #choose(button) {
    if (!button) return;
    this.#onChoose(button.dataset.symbol);
    if (WIDE.matches) return;
    this.#open(false);
    this.#toggle.focus();
  }

  /** The rows that the search finds. */
  #arrange() {
    const sought = this.#search.value.trim().toUpperCase();
    const found = [...this.#view.instruments.keys()].filter((symbol) => symbol.toUpperCase().includes(sought));
    const listed = found.slice(0, SHOWN);
    const more = found.length - listed.length;
    setText(this.#more, found.length === 0 ? `No instrument has ${sought} in its name.` : more ? `${more} more: search for them.` : "");
    if (listed.join() !== this.#listed) {
      this.#listed = listed.join();
      for (const symbol of listed) if (!this.#rows.has(symbol)) this.#rows.set(symbol, new Row(symbol));
      this.#list.replaceChildren(...listed.map((symbol) => this.#rows.get(symbol).node));
    }
    this.#render();
  }

  #draw() {
    if (this.#root.hidden) return;
    const symbols = this.#listed ? this.#listed.split(",") : [];
    for (const symbol of symbols) {
      const ticker = this.#view.tickers.get(symbol) ?? null;
      this.#rows.get(symbol).fill(this.#view.instruments.get(symbol), ticker, symbol === this.#view.symbol, this.#lines.of(symbol));
    }
    this.#lines.want(symbols, () => this.#render());
  }

  #onKey(event) {
    if (event.key === "Escape" && !WIDE.matches) {
      this.#open(false);
      return this.#toggle.focus();
    }
    const buttons = [...this.#list.querySelectorAll("button")];
    if (event.key === "Enter" && event.target === this.#search) return this.#choose(buttons[0]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement) + step;
    (buttons[at] ?? (at < 0 ? this.#search : document.activeElement)).focus();
  }
}

class Row {
  #button;
  #name = element("span", { class: "symbol" });
  #turnover = element("small");
  #last = element("span", { class: "price" });
  #change = element("span", { class: "change" });
  #slot = element("span", { class: "line", "aria-hidden": "true" });

  constructor(symbol) {
    this.#name.append(symbol, this.#turnover);
    this.#button = element("button", { type: "button", class: "market", "data-symbol": symbol }, this.#name, this.#slot, this.#last, this.#change);
    this.node = element("li", {}, this.#button);
  }

  fill({ tick_size, quote, status }, ticker, chosen, line) {
    const price = ticker?.last_price ?? null;
    const percent = ticker?.change_percent ?? null;
    const direction = percent === null || !/[1-9]/.test(percent) ? null : percent.startsWith("-") ? "down" : "up";
    const turnover = ticker ? `Turnover ${compact(ticker.quote_volume)} ${quote}` : quote;
    this.#turnover.title = `Turnover of 24 hours in ${quote}`;
    this.#button.setAttribute("aria-current", String(chosen));
    setText(this.#turnover, status === "trading" ? turnover : status.replaceAll("_", " "));
    setText(this.#last, price === null ? "–" : shown(price, scaleOf(tick_size)));
    setText(this.#change, percent === null ? "–" : `${{ up: "+", down: "−" }[direction] ?? ""}${percentText(percent)}`);
    setData(this.#change, "direction", direction);
    setData(this.#slot, "direction", direction);
    if (this.#slot.firstChild !== line) this.#slot.replaceChildren(...(line ? [line] : []));
  }
}
