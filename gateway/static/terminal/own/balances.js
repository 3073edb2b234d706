// The balances of an account that has a ledger, and the button of the faucet where the exchange has one. Without both there is no tab.

import { element, oncePerFrame, setText } from "../../common/dom.js";
import { shown } from "../../common/decimal.js";

export class BalancesView {
  #tab = document.querySelector("#balances-tab");
  #others = document.querySelector("#orders-tab");
  #table = document.querySelector("#balances");
  #body = this.#table.tBodies[0];
  #empty = document.querySelector("#balances-empty");
  #button = document.querySelector("#faucet");
  #state = { ledger: false, balances: [], words: "" };
  #gifts = {};
  #always = false;
  #render = oncePerFrame(() => this.#draw());

  /** onFaucet(): resolves when the exchange has answered. */
  constructor(onFaucet) {
    this.#button.addEventListener("click", async () => {
      this.#button.disabled = true;
      await onFaucet();
      this.#button.disabled = false;
    });
  }

  /** words: what stands in the place of the balances of an account without a ledger. */
  show(ledger, balances, words) {
    this.#state = { ledger, balances, words };
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
    const { ledger, balances, words } = this.#state;
    const given = giftWords(this.#gifts);
    this.#tab.hidden = !ledger && !given && !this.#always;
    if (this.#tab.hidden && this.#tab.getAttribute("aria-selected") === "true") this.#others.click();
    this.#body.replaceChildren(...balances.map(rowOf));
    this.#table.hidden = balances.length === 0;
    setText(this.#empty, ledger ? "" : words);
    setText(this.#button, given && `Get today’s ${given}`);
    this.#button.hidden = !given;
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
  return element("tr", { "data-asset": asset }, ...cells);
}
