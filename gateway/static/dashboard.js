// The dashboard's entry: makes the parts and wires them together. What the user does goes out through `api`;
// what the exchange says comes in through `feed` (market data), `ownOrders` and `health`.

import { AnswerView, cancelAllWords, cancelWords, errorWords, orderWords } from "./answer.js";
import { Api } from "./api.js";
import { Book } from "./book.js";
import { ConnectionView } from "./connection.js";
import { setText } from "./dom.js";
import { Feed } from "./feed.js";
import { OrderForm } from "./form.js";
import { durabilityWords, Health } from "./health.js";
import { InstrumentView } from "./instrument.js";
import { OrdersView } from "./orders.js";
import { OwnOrders } from "./own_orders.js";
import { Settings } from "./settings.js";
import { Tape } from "./tape.js";

const INSTRUMENTS_INTERVAL = 10_000;
const UNANSWERED_HEALTH = 2; // so many checks without an answer end a session that seems alive

const settings = new Settings(changeSetting);
let api = new Api(settings.origin);
let instrument = null;
let live = false;
let wasDown = false;
let unanswered = 0;

const connection = new ConnectionView();
const answer = new AnswerView();
const instrumentView = new InstrumentView();
const tape = new Tape();
const form = new OrderForm(placeOrder);
const book = new Book((price) => form.fillPrice(price));
const orders = new OrdersView({ onCancel: cancelOrder, onCancelAll: cancelAll });
const ownOrders = new OwnOrders({ onOrders: showOrders, onProblem: showOrdersProblem });
const health = new Health(showHealth);
const feed = new Feed({
  prepare,
  onDepth: (message) => book.show(message),
  onTrades: (trades) => tape.reset(trades),
  onTrade: (trade) => {
    tape.add(trade);
    ownOrders.tradeSeen(trade);
  },
  onState: showFeedState,
});

begin();
setInterval(() => live && refreshInstruments(), INSTRUMENTS_INTERVAL);
addEventListener("online", () => feed.start());

/** Starts everything anew for the chosen base URL and symbol. */
function begin() {
  api = new Api(settings.origin);
  instrument = null; // no order goes out until the chosen one is known
  wasDown = false;
  connection.reset();
  showDurability(undefined);
  book.clear();
  tape.clear();
  ownOrders.pause();
  orders.clear("Waiting for the orders…");
  document.querySelector("#api-docs").href = api.url("/docs");
  health.follow(api);
  feed.start();
}

function changeSetting(name) {
  if (name !== "account") {
    form.clear(); // a price of one instrument is not a price of another
    return begin();
  }
  orders.clear("Waiting for the orders…");
  if (instrument) followOrders();
}

/** Before each session: the instruments as they are now, and with them the symbol. */
async function prepare(signal) {
  useInstruments((await api.instruments(signal)).instruments);
  followOrders();
  return { api, symbol: instrument.symbol };
}

async function refreshInstruments() {
  try {
    const asked = api;
    const { instruments } = await asked.instruments();
    if (asked === api) useInstruments(instruments);
  } catch {
    // The connection's own checks tell it; the next round asks again.
  }
}

function useInstruments(instruments) {
  const chosen = settings.offer(instruments);
  if (!chosen) throw new Error("this exchange lists no instruments yet");
  instrument = chosen;
  for (const view of [book, tape, form]) view.useInstrument(instrument);
  instrumentView.show(instrument);
}

function followOrders() {
  ownOrders.follow({ api, account: settings.account, symbol: instrument.symbol });
}

function showFeedState(state) {
  live = state.phase === "live";
  if (state.phase === "lost" && state.retryIn > 0) {
    ownOrders.pause();
    orders.showProblem("Out of date while the connection is lost.");
  }
  connection.showFeed(state);
}

function showHealth({ up, sync }) {
  connection.showHealth({ up });
  if (up) {
    showDurability(sync);
    if (wasDown) feed.start(); // what happened meanwhile is fetched anew
  }
  if (up !== null) wasDown = !up;
  unanswered = up === null ? unanswered + 1 : 0;
  if (unanswered >= UNANSWERED_HEALTH && live) feed.drop("the gateway does not answer");
}

function showDurability(sync) {
  const { short, long } = durabilityWords(sync);
  const node = document.querySelector("#durability");
  setText(node, short);
  node.title = long;
}

function showOrders(list, more) {
  orders.show(list, more);
  const resting = list.filter((order) => order.resting);
  const prices = (side) => new Set(resting.filter((order) => order.side === side).map((order) => order.price));
  book.markOwn({ buy: prices("buy"), sell: prices("sell") });
}

function showOrdersProblem(error) {
  orders.showProblem(`These may be out of date: ${error.detail || error.title}`);
}

/** Sends the order under a client order id in any case: only so can it be sent again safely when no answer comes. */
async function placeOrder(fields) {
  const traded = instrument;
  if (!traded) return answer.show({ kind: "bad", headline: "No instrument yet: the exchange has not answered." });
  const order = { symbol: traded.symbol, account: settings.account, client_order_id: newClientOrderId(), ...fields };
  try {
    answer.show(orderWords(await api.placeOrder(order), traded));
    form.set("client_order_id", "");
  } catch (error) {
    const words = errorWords("The order", error);
    if (error.outcomeUnknown) {
      form.set("client_order_id", order.client_order_id);
      words.detail = `${words.detail} Its client order id is filled in: placing the same order again is safe, it is never made twice.`.trim();
    }
    answer.show(words);
    if (error.field) form.mark(error.field, error.detail || error.title) || settings.mark(error.field);
  }
  ownOrders.refresh();
}

async function cancelOrder(order) {
  const traded = instrument;
  try {
    answer.show(cancelWords(await api.cancelOrder(order.order_id, order.account), traded));
  } catch (error) {
    answer.show(errorWords("The cancel", error));
  }
  await ownOrders.refresh();
}

async function cancelAll() {
  const { account, symbol } = settings;
  try {
    answer.show(cancelAllWords((await api.cancelAll(account, symbol)).orders, symbol, account));
  } catch (error) {
    answer.show(errorWords("The cancel", error));
  }
  await ownOrders.refresh();
}

function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
