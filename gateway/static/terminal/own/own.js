// The account's room: follows its stream, and shows its orders, fills and balances, and what of them is not known.

import { onZone } from "../../common/clock.js";
import { clock, oncePerFrame, setText } from "../../common/dom.js";
import { BalancesView } from "./balances.js";
import { Lists } from "./lists.js";
import { MoneyView } from "./money.js";
import { NewsView } from "./news.js";
import { OwnOrders } from "./own_orders.js";
import { Positions } from "./positions.js";
import { Toasts } from "./toasts.js";

const OWN_INTERVAL = 150; // a busy account changes faster than anyone reads

export class Own {
  #root = document.querySelector("#own");
  #all = document.querySelector("#all-instruments");
  #elsewhere = document.querySelector("#elsewhere");
  #notice = document.querySelector("#account-notice");
  #view;
  #signIn;
  #connection;
  #lists;
  #balances;
  #money;
  #positions = new Positions(() => this.#render());
  #news = new NewsView();
  #toasts;
  #stream;
  #followed = null; // what the stream follows
  #state = { phase: "connecting" };
  #gifts = {};
  #render = oncePerFrame(() => this.#show(), OWN_INTERVAL);

  /**
   * connection.reasonOf(error) gives the words for a stream that has ended. commands: see Commands. prices: see LastPrices.
   * onFill(side): something was filled.
   */
  constructor(view, signIn, connection, commands, prices, onFill) {
    const instrumentOf = (symbol) => view.instrumentOf(symbol);
    this.#view = view;
    this.#signIn = signIn;
    this.#connection = connection;
    this.#lists = new Lists(view, {
      onCancel: (order) => commands.cancel(order),
      onAmend: (order, changes) => commands.amend(order, changes),
      onCancelAll: () => commands.cancelAll(),
      instrumentOf,
    });
    this.#balances = new BalancesView(view, prices, () => commands.askFaucet(this.#gifts));
    this.#toasts = new Toasts(instrumentOf, onFill);
    this.#money = new MoneyView(view, prices);
    this.#stream = new OwnOrders({
      onChange: () => this.#render(),
      onUpdate: (update) => this.#take(update, instrumentOf),
      onRefused: () => signIn.refused(),
      onState: (state) => this.#showState(state),
    });
    onZone(() => this.#render());
    this.#all.addEventListener("change", () => view.instrument && this.follow());
  }

  /** The symbol of the orders and fills that are shown; null for those of all instruments. */
  get shownSymbol() {
    return this.#all.checked ? null : this.#view.symbol;
  }

  get isLive() {
    return this.#root.dataset.stream === "live";
  }

  /** {count: orders that a cancel of all would cancel, hidden: whether the filter hides some of them}. */
  get live() {
    return { count: this.#lists.count, hidden: this.#lists.hides };
  }

  /** Closes the newest message; false where there is none. */
  closeMessage() {
    return this.#toasts.close();
  }

  has(orderId) {
    return this.#stream.has(orderId);
  }

  /** Follows the account where it does not yet, or another instrument. */
  keepUp() {
    if (this.#followed?.symbol !== this.shownSymbol) this.follow();
  }

  follow() {
    this.forget();
    if (!this.#signIn.mayRead) return;
    this.#followed = { api: this.#view.api, account: this.#view.account, symbol: this.shownSymbol };
    this.#lists.follow(this.#followed);
    this.#stream.follow(this.#followed);
    this.#positions.follow(this.#followed);
  }

  forget() {
    const { isOut } = this.#signIn;
    this.#followed = null;
    this.#stream.stop();
    this.#positions.forget();
    this.#news.clear();
    this.#toasts.clear();
    this.#view.own = null;
    this.#view.tell("own", null);
    this.#showUnknown((what) => (isOut ? `Sign in to see your ${what}.` : `Waiting for the ${what}…`));
    if (isOut) {
      this.#root.dataset.stream = "out";
      this.#lists.orders.note("stream", "");
      setText(this.#elsewhere, "");
    }
    this.#showAccount();
  }

  retry() {
    this.#stream.retry();
  }

  drop(reason) {
    this.#stream.drop(reason);
  }

  /** What the faucet gives, amounts by asset; empty: it is off. */
  offer(gifts) {
    this.#gifts = gifts;
    this.#balances.offer(gifts);
  }

  /** Somebody has signed in or out. */
  permit() {
    this.#lists.orders.permit(this.#signIn.mayTrade);
    this.#balances.keep(this.#signIn.isOut);
  }

  /** The connection knows more of why the stream has ended. */
  showReason() {
    if (this.#followed) this.#showState(this.#state);
  }

  #showState(state) {
    const { phase, error, retryIn } = (this.#state = state);
    this.#root.dataset.stream = phase;
    if (phase !== "lost") return this.#lists.orders.note("stream", "");
    const age = this.#stream.known ? "Out of date, the account’s stream is lost" : "The account’s stream cannot be read";
    const retry = retryIn > 0 ? `Retrying in ${retryIn} s.` : "Retrying now.";
    this.#lists.orders.note("stream", [`${age}.`, this.#connection.reasonOf(error), retry].filter(Boolean).join(" "));
    if (!this.#stream.known) this.#showUnknown((what) => `Not connected: the ${what} cannot be shown.`);
  }

  #take(update, instrumentOf) {
    this.#news.show(update, instrumentOf);
    this.#lists.take(update);
    this.#toasts.take(update);
    if (update.orders.length === 0 || update.changes.some(({ fill }) => fill)) this.#positions.touch();
  }

  #show() {
    const { known, orders: all, fills, ledger, balances } = this.#stream;
    if (!known) return;
    const { account } = this.#view;
    const { symbol } = this.#followed;
    const list = symbol ? all.filter((order) => order.symbol === symbol) : all;
    const where = symbol ? " in this instrument" : "";
    this.#root.dataset.scope = symbol ? "one" : "all";
    this.#lists.show(list, fills, {
      orders: `No open or pending orders of account ${account}${where}.`,
      done: `No done orders of account ${account}${where} yet.`,
      fills: `No fills of account ${account}${where} yet.`,
    });
    const positions = ledger ? this.#positions.list : [];
    const unlimited = `Account ${account} has no deposit: it trades without limit.`;
    this.#balances.show(ledger, balances, positions, unlimited);
    this.#money.show(unlimited);
    const elsewhere = all.length - list.length;
    setText(this.#elsewhere, elsewhere ? `${elsewhere} more` : "");
    this.#showAccount();
    this.#view.own = { orders: all, fills, ledger, balances, positions };
    this.#view.tell("own", this.#view.own);
  }

  /** What stands in the place of orders and fills that have not come; wordsFor(which of them). */
  #showUnknown(wordsFor) {
    this.#lists.forget({ orders: wordsFor("orders"), done: wordsFor("orders"), fills: wordsFor("fills") });
    this.#balances.show(false, [], [], wordsFor("balances"));
    this.#money.show(wordsFor("balances"));
  }

  #showAccount() {
    const { account } = this.#view;
    const { suspended, cancelAt } = this.#stream;
    setText(this.#notice, suspended ? `Account ${account} is suspended: its orders were canceled, and new ones are rejected.` : "");
    this.#notice.hidden = !suspended;
    const silence = cancelAt ? `All orders of this account are canceled at ${clock(new Date(cancelAt))} unless that is renewed.` : "";
    this.#lists.orders.note("cancelAt", silence);
  }
}
