// What the user has the exchange do, and what is said of it.

import { scaleOf, shown } from "../common/decimal.js";
import { amendWords, cancelAllWords, cancelWords, errorWords, ocoWords, orderWords } from "./ticket/answer.js";
import { giftWords } from "./own/balances.js";

const DONE_CODES = ["order_not_open", "unknown_order"];
const PLACED_WORDS = { placeOrder: orderWords, placeOco: ocoWords };

export class Commands {
  #view;
  #answer;
  #confirm;
  #handlers;

  /**
   * onPlaced(): an order was answered. onUnknown(client order id): whether it was placed is not known.
   * onField(name, words): what is wrong with a field of it. isOpen(order id); shownSymbol(): null for all instruments.
   * live(): {count, hidden} of the orders there, as Own tells it.
   */
  constructor(view, answer, confirm, handlers) {
    this.#view = view;
    this.#answer = answer;
    this.#confirm = confirm;
    this.#handlers = handlers;
  }

  /** Sends the order under a client order id in any case: only so can it be sent again safely when no answer comes. */
  async place(fields, call) {
    const traded = this.#view.instrument;
    if (!traded) return this.#answer.show({ kind: "bad", headline: "No instrument yet: the exchange has not answered." });
    const order = { symbol: traded.symbol, account: this.#view.account, client_order_id: newClientOrderId(), ...fields };
    const asked = this.#view.api;
    try {
      this.#tell(asked, PLACED_WORDS[call](await asked[call](order), traded));
      this.#handlers.onPlaced();
    } catch (error) {
      if (asked.proof !== this.#view.api.proof) return; // a refused key has signed out
      const words = errorWords("The order", error);
      if (error.outcomeUnknown) {
        this.#handlers.onUnknown(order.client_order_id);
        words.detail = `${words.detail} Its client order id is filled in: placing the same order again is safe, it is never made twice.`.trim();
      }
      this.#answer.show(words);
      if (error.field) this.#handlers.onField(error.field, error.detail || error.title);
    }
  }

  async cancel(order) {
    const asked = this.#view.api;
    try {
      this.#tell(asked, cancelWords(await asked.cancelOrder(order.order_id, order.account), this.#view.instrumentOf(order.symbol)));
    } catch (error) {
      this.#tell(asked, errorWords("The cancel", error));
    }
  }

  /** Resolves to null, or to what is wrong: it stands at the row, or where the row goes, in the answer. */
  async amend(order, changes) {
    const asked = this.#view.api;
    try {
      const amended = await asked.amendOrder(order.order_id, order.account, changes);
      this.#tell(asked, amendWords(amended, this.#view.instrumentOf(order.symbol)));
      return null;
    } catch (error) {
      const words = errorWords("The amend", error);
      if (DONE_CODES.includes(error.code) || !this.#handlers.isOpen(order.order_id)) this.#tell(asked, words);
      return { words: [words.headline, words.detail].filter(Boolean).join(" "), field: error.field };
    }
  }

  /** Asks whether these orders, which stand at one price, go to another one; `field`: "price" or "trigger_price". */
  async move(orders, field, price) {
    const { tick_size, quote } = this.#view.instrument;
    const asked = this.#view.api;
    const many = orders.length > 1;
    const said = (text) => `${shown(text, scaleOf(tick_size))} ${quote}`;
    const agreed = await this.#confirm.ask({
      question: many ? `Move ${orders.length} ${orders[0].side} orders to ${said(price)}?` : `Move the ${orders[0].side} order to ${said(price)}?`,
      detail: `The ${field === "price" ? "price" : "trigger"} is ${said(orders[0][field])} now. Another price goes to the back of its queue.`,
      yes: many ? "Move them" : "Move it",
      no: many ? "Leave them" : "Leave it",
    });
    if (!agreed) return;
    for (const order of orders) {
      const fault = await this.amend(order, { [field]: price });
      if (fault) return this.#tell(asked, { kind: "bad", headline: fault.words });
    }
  }

  async cancelAll() {
    const asked = this.#view.api;
    const whose = this.#view.account;
    const symbol = this.#handlers.shownSymbol();
    const { count, hidden } = this.#handlers.live();
    const where = symbol ? `in ${symbol}` : "in all instruments";
    const agreed = await this.#confirm.ask({
      question: `Cancel ${count === 1 ? "the 1 order" : `all ${count} orders`} of account ${whose} ${where}?`,
      detail: `Open and pending ones alike${hidden ? ", also those that the filter hides" : ""}. What was filled stays filled.`,
      yes: count === 1 ? "Cancel 1 order" : `Cancel ${count} orders`,
      no: "Keep them",
    });
    if (!agreed) return;
    try {
      this.#tell(asked, cancelAllWords((await asked.cancelAll(whose, symbol)).orders, symbol, whose));
    } catch (error) {
      this.#tell(asked, errorWords("The cancel", error));
    }
  }

  /** gifts: what the faucet gives, amounts by asset. */
  async askFaucet(gifts) {
    const asked = this.#view.api;
    const whose = this.#view.account;
    try {
      const { duplicate } = await asked.faucet(whose);
      const headline = duplicate ? `Account ${whose} has had today’s ${giftWords(gifts)} before` : `Account ${whose} got ${giftWords(gifts)}`;
      this.#tell(asked, { kind: duplicate ? "neutral" : "good", headline });
    } catch (error) {
      this.#tell(asked, errorWords("The faucet", error));
    }
  }

  /** Shows what became of a call of the account, unless who made it has gone meanwhile. */
  #tell(asked, words) {
    if (asked.proof === this.#view.api.proof) this.#answer.show(words);
  }
}

function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
