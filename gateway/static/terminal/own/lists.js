// The lists of the account behind their tabs: live, pending and done orders, fills, money. Filters, pages and the export are of the one
// that is shown.

import { Tabs } from "../../common/tabs.js";
import { csvOf, FILL_COLUMNS, MONEY_COLUMNS, ORDER_COLUMNS, saveCsv } from "./csv.js";
import { DoneView } from "./done.js";
import { FillsView } from "./fills.js";
import { LiveList } from "./live_list.js";
import { doneLoader, fillLoader } from "./loaders.js";
import { OrdersView } from "./orders.js";
import { PagedList } from "./paged_list.js";
import { Toolbar } from "./toolbar.js";
import { FILLS_KEPT } from "./user_stream.js";

const LIVE = ["open", "partially_filled", "pending"];
const KINDS = { fills: "fills", balances: "money" }; // all others list orders

export class Lists {
  orders; // OrdersView
  #done;
  #fills;
  #toolbar;
  #view;
  #chosen = "orders"; // as its tab is called
  #target = null; // {api, account, symbol}
  #live = []; // all live orders in scope, oldest first
  #streamed = null; // the list of fills that the stream fills
  #words = { orders: "", done: "", fills: "" };
  #load = null; // {done, fills}: what asks for older ones
  #lists = {};

  /** handlers: see OrdersView. */
  constructor(view, handlers) {
    this.#view = view;
    this.orders = new OrdersView(handlers);
    this.#done = new DoneView(handlers.instrumentOf);
    this.#fills = new FillsView(handlers.instrumentOf);
    const onChange = () => this.#draw();
    const paged = (name, keyOf) => new PagedList({ keyOf, load: (...given) => this.#load[name](...given), onChange });
    this.#lists = {
      orders: new LiveList(onChange),
      done: paged("done", ({ order_id }) => order_id),
      fills: paged("fills", ({ symbol, trade_id, order_id }) => `${symbol} ${trade_id} ${order_id}`),
    };
    this.#toolbar = new Toolbar({
      onFilter: () => this.#filter(),
      onNewer: () => this.#shown.newer(),
      onOlder: () => this.#shown.older(),
      onExport: () => this.#export(),
    });
    new Tabs(document.querySelector("#own-tabs"), (tab) => this.#choose(tab.id.replace("-tab", "")));
    this.#toolbar.use("orders");
  }

  /** Whether some of the live orders are not shown because of the filter. */
  get hides() {
    return this.#chosen === "pending" || this.#toolbar.isFiltering;
  }

  /** How many orders live in scope, whatever is filtered. */
  get count() {
    return this.#live.length;
  }

  follow(target) {
    this.#target = target;
    this.#load = { done: doneLoader(target), fills: fillLoader(target) };
    this.#lists.done.reset([], true);
    this.#loadChosen();
  }

  /** words: what stands in the place of each list, by its name. */
  forget(words) {
    this.#target = this.#streamed = null;
    this.#live = [];
    this.#words = words;
    for (const name of ["done", "fills"]) this.#lists[name].reset();
    this.#lists.orders.items = [];
  }

  /** orders: the live ones in scope, fills: the last ones; both oldest first. words: what stands there where there are none, by list. */
  show(orders, fills, words) {
    this.#live = orders;
    this.#words = words;
    const newest = fills.slice(-FILLS_KEPT).reverse();
    // Where more were filled since than the stream keeps, some are missing between.
    const whole = newest.length < FILLS_KEPT || this.#lists.fills.has(newest.at(-1));
    if (fills === this.#streamed && whole) this.#lists.fills.put(newest);
    else this.#lists.fills.reset(newest, newest.length >= FILLS_KEPT);
    this.#streamed = fills;
    this.#lists.orders.items = orders.toReversed();
  }

  /** What one command changed: orders that it has ended are done. */
  take({ orders }) {
    const symbol = this.#target?.symbol ?? null;
    const ended = orders.filter((order) => !LIVE.includes(order.status) && (symbol === null || order.symbol === symbol));
    if (this.#lists.done.length > 0 || !this.#lists.done.more) this.#lists.done.put(ended.reverse());
  }

  get #shown() {
    return this.#lists[this.#chosen === "pending" ? "orders" : this.#chosen] ?? null;
  }

  #choose(name) {
    this.#chosen = name;
    this.#toolbar.use(KINDS[name] ?? "orders");
    this.#filter();
    this.#loadChosen();
  }

  #filter() {
    const { filter } = this.#toolbar;
    const pending = this.#chosen === "pending";
    this.#lists.orders.filter = (order) => filter(order) && (!pending || order.status === "pending");
    this.#lists.done.filter = filter;
    this.#lists.fills.filter = filter;
    this.#loadChosen();
  }

  /** A page of done orders or fills is asked for once it is looked at. */
  #loadChosen() {
    if (this.#target && this.#shown instanceof PagedList && (this.#chosen === "done" || this.#toolbar.isFiltering)) this.#shown.fill();
  }

  #draw() {
    const { orders, done, fills } = this.#lists;
    if (!fills) return; // it is made just now
    const filtered = this.#toolbar?.isFiltering ? "Nothing here is of this side and type." : null;
    const waiting = done.busy ? "Waiting for the orders…" : null;
    this.orders.show({
      orders: orders.page,
      live: this.#live,
      emptyWords: this.#live.length ? (this.#chosen === "pending" && !filtered ? "No pending orders: none waits for a trigger." : filtered) : this.#words.orders,
    });
    this.#done.show(done.page, waiting ?? (done.length ? filtered : this.#words.done) ?? "");
    this.#fills.show(fills.page, (fills.length ? filtered : this.#words.fills) ?? "");
    const rows = this.#shown ? this.#shown.all.length : (this.#view.own?.balances.length ?? 0);
    this.#toolbar.show(this.#shown?.place ?? null, this.#note(), rows > 0);
  }

  #note() {
    if (!this.#target || !(this.#shown instanceof PagedList)) return "";
    const { fault, end } = this.#shown;
    if (fault) return `Older ones cannot be read: ${(fault.detail || fault.title || "the exchange did not answer").replace(/\.$/, "")}`;
    if (end) return `${this.#chosen === "fills" ? "Fills" : "Orders that ended"} before ${timeOf(end)} are not shown`;
    return this.#view.history === "ok" ? "" : "No history runs: these are what the matcher remembers";
  }

  #export() {
    const where = this.#target?.symbol ?? "all";
    const { account } = this.#view;
    if (this.#chosen === "balances") return saveCsv(csvOf(MONEY_COLUMNS, moneyRows(this.#view.own)), "money", account);
    const columns = this.#chosen === "fills" ? FILL_COLUMNS : ORDER_COLUMNS;
    const end = this.#shown.end ?? null; // the name of the file tells that there are older ones
    saveCsv(csvOf(columns, this.#shown.all), this.#chosen, account, where, ...(end ? [`from-${timeOf(end)}`] : []));
  }
}

/** When a fill was made, or an order ended, as the exchange tells it. */
function timeOf({ updated, timestamp }) {
  return updated ?? timestamp;
}

function moneyRows({ balances, positions }) {
  return [...balances.map((each) => ({ kind: "balance", ...each })), ...positions.map((each) => ({ kind: "position", ...each }))];
}
