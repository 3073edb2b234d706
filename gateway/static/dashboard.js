// The dashboard's entry: makes the parts and wires them together. What the user does goes out through `api`;
// what the exchange says comes in through `feed` (market data), `ownOrders` (the account's stream) and `health`.

import { AnswerView, amendWords, cancelAllWords, cancelWords, errorWords, ocoWords, orderWords, unsentWords } from "./answer.js";
import { Api } from "./api.js";
import { BalancesView, giftWords } from "./balances.js";
import { Book } from "./book.js";
import { Confirm } from "./confirm.js";
import { ConnectionView } from "./connection.js";
import { clock, oncePerFrame, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { FillsView } from "./fills.js";
import { OrderForm } from "./form.js";
import { durabilityWords, Health } from "./health.js";
import { InstrumentView } from "./instrument.js";
import { NewsView } from "./news.js";
import { OrdersView } from "./orders.js";
import { OwnOrders } from "./own_orders.js";
import { Settings } from "./settings.js";
import { Tabs } from "./tabs.js";
import { Tape } from "./tape.js";

const INSTRUMENTS_INTERVAL = 10_000;
const UNANSWERED_HEALTH = 2; // so many checks without an answer end a session that seems alive
const UNLISTED = { base: "", quote: "", tick_size: "1", lot_size: "1" }; // what is not known yet of an instrument that was just added
const OWN_INTERVAL = 150; // a busy account changes faster than anyone reads
const DONE_CODES = ["order_not_open", "unknown_order"];

const settings = new Settings(changeSetting);
let api = new Api(settings.origin);
let instrument = null;
let instruments = new Map(); // symbol -> instrument
let followed = null; // what ownOrders follows
let live = false;
let wasDown = false;
let unanswered = 0;
let gifts = {}; // what the faucet gives
let ownState = { phase: "connecting" };

const instrumentOf = (symbol) => instruments.get(symbol) ?? UNLISTED;
const connection = new ConnectionView();
const answer = new AnswerView();
const confirm = new Confirm();
const instrumentView = new InstrumentView();
const tape = new Tape();
const form = new OrderForm({ onSubmit: placeOrder, onFault: (words) => answer.show(unsentWords(words)) });
const book = new Book((price) => form.fillPrice(price));
const orders = new OrdersView({ onCancel: cancelOrder, onAmend: amendOrder, onCancelAll: cancelAll, instrumentOf });
const fills = new FillsView(instrumentOf);
const balances = new BalancesView(askFaucet);
const news = new NewsView();
const ownOrders = new OwnOrders({
  onChange: oncePerFrame(showOwn, OWN_INTERVAL),
  onUpdate: (update) => news.show(update, instrumentOf),
  onState: showOwnState,
});
const own = document.querySelector("#own");
const allInstruments = document.querySelector("#all-instruments");
const health = new Health(showHealth);
const feed = new Feed({
  prepare,
  onDepth: (message) => book.show(message),
  onTrades: (trades) => tape.reset(trades),
  onTrade: (trade) => tape.add(trade),
  onState: showFeedState,
});

new Tabs(document.querySelector("#own-tabs"));
allInstruments.addEventListener("change", () => instrument && followOrders());
begin();
setInterval(() => live && refreshInstruments(), INSTRUMENTS_INTERVAL);
addEventListener("online", () => {
  feed.start();
  ownOrders.retry();
});

/** Starts everything anew for the chosen base URL and symbol. */
function begin() {
  api = new Api(settings.origin);
  instrument = null; // no order goes out until the chosen one is known
  instruments = new Map();
  wasDown = false;
  connection.reset(settings.origin);
  balances.offer((gifts = {}));
  showDurability(undefined);
  book.clear();
  tape.clear();
  forgetOwn();
  document.querySelector("#api-docs").href = api.url("/docs");
  health.follow(api);
  feed.start();
}

function changeSetting(name) {
  if (name !== "account") {
    form.clear(); // a price of one instrument is not a price of another
    return begin();
  }
  forgetOwn();
  if (instrument) followOrders();
}

/** Before each session: the instruments as they are now, and with them the symbol. */
async function prepare(signal) {
  useInstruments((await api.instruments(signal)).instruments);
  if (followed?.symbol !== shownSymbol()) followOrders();
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

function useInstruments(list) {
  const chosen = settings.offer(list);
  if (!chosen) throw new Error("this exchange lists no instruments yet");
  instrument = chosen;
  instruments = new Map(list.map((listed) => [listed.symbol, listed]));
  for (const view of [book, tape, form]) view.useInstrument(instrument);
  instrumentView.show(instrument);
}

/** The symbol of the orders and fills that are shown; null for those of all instruments. */
function shownSymbol() {
  return allInstruments.checked ? null : instrument.symbol;
}

function followOrders() {
  forgetOwn();
  followed = { api, account: settings.account, symbol: shownSymbol() };
  ownOrders.follow(followed);
}

function forgetOwn() {
  followed = null;
  ownOrders.stop();
  news.clear();
  book.markOwn({ buy: new Set(), sell: new Set() });
  showUnknown((what) => `Waiting for the ${what}…`);
  showAccount();
}

/** What stands in the place of orders and fills that have not come; wordsFor(which of them). */
function showUnknown(wordsFor) {
  orders.show([], wordsFor("orders"));
  fills.show([], wordsFor("fills"));
  balances.show(false, [], wordsFor("balances"));
}

function showFeedState(state) {
  live = state.phase === "live";
  connection.showFeed(state);
  for (const view of [book, tape]) view.lost = state.phase === "lost";
}

function showOwnState(state) {
  const { phase, error, retryIn } = (ownState = state);
  own.dataset.stream = phase;
  if (phase !== "lost") return orders.note("stream", "");
  const age = ownOrders.known ? "Out of date, the account’s stream is lost" : "The account’s stream cannot be read";
  const retry = retryIn > 0 ? `Retrying in ${retryIn} s.` : "Retrying now.";
  orders.note("stream", [`${age}.`, connection.reasonOf(error), retry].filter(Boolean).join(" "));
  if (!ownOrders.known) showUnknown((what) => `Not connected: the ${what} cannot be shown.`);
}

function showHealth({ up, sync, faucet }) {
  connection.showHealth({ up });
  if (followed) showOwnState(ownState);
  if (up) {
    showDurability(sync);
    balances.offer((gifts = faucet));
    if (wasDown) {
      feed.start(); // what happened meanwhile is fetched anew
      ownOrders.retry();
    }
  }
  if (up !== null) wasDown = !up;
  unanswered = up === null ? unanswered + 1 : 0;
  if (unanswered < UNANSWERED_HEALTH) return;
  if (live) feed.drop("the gateway does not answer");
  if (own.dataset.stream === "live") ownOrders.drop("the gateway does not answer");
}

function showDurability(sync) {
  const { short, long } = durabilityWords(sync);
  const node = document.querySelector("#durability");
  setText(node, short);
  node.title = long;
}

function showOwn() {
  if (!ownOrders.known) return;
  const { symbol } = followed;
  const all = ownOrders.orders;
  const list = symbol ? all.filter((order) => order.symbol === symbol) : all;
  const where = symbol ? " in this instrument" : "";
  own.dataset.scope = symbol ? "one" : "all";
  orders.show(list, `No open or pending orders of account ${settings.account}${where}.`);
  fills.show(ownOrders.fills, `No fills of account ${settings.account}${where} yet.`);
  balances.show(ownOrders.ledger, ownOrders.balances, `Account ${settings.account} has no deposit: it trades without limit.`);
  const elsewhere = all.length - list.length;
  setText(document.querySelector("#elsewhere"), elsewhere ? `${elsewhere} more` : "");
  const resting = all.filter((order) => order.resting && order.symbol === instrument.symbol);
  const prices = (side) => new Set(resting.filter((order) => order.side === side).map((order) => order.price));
  book.markOwn({ buy: prices("buy"), sell: prices("sell") });
  showAccount();
}

function showAccount() {
  const notice = document.querySelector("#account-notice");
  const { suspended, cancelAt } = ownOrders;
  setText(notice, suspended ? `Account ${settings.account} is suspended: its orders were canceled, and new ones are rejected.` : "");
  notice.hidden = !suspended;
  const silence = cancelAt ? `All orders of this account are canceled at ${clock(new Date(cancelAt))} unless that is renewed.` : "";
  orders.note("cancelAt", silence);
}

/** Sends the order under a client order id in any case: only so can it be sent again safely when no answer comes. */
async function placeOrder(fields, call) {
  const traded = instrument;
  if (!traded) return answer.show({ kind: "bad", headline: "No instrument yet: the exchange has not answered." });
  const order = { symbol: traded.symbol, account: settings.account, client_order_id: newClientOrderId(), ...fields };
  const words = { placeOrder: orderWords, placeOco: ocoWords }[call];
  try {
    answer.show(words(await api[call](order), traded));
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
}

async function cancelOrder(order) {
  try {
    answer.show(cancelWords(await api.cancelOrder(order.order_id, order.account), instrumentOf(order.symbol)));
  } catch (error) {
    answer.show(errorWords("The cancel", error));
  }
}

/** Resolves to null, or to what is wrong: it stands at the row, or where the row goes, in the answer. */
async function amendOrder(order, changes) {
  try {
    answer.show(amendWords(await api.amendOrder(order.order_id, order.account, changes), instrumentOf(order.symbol)));
    return null;
  } catch (error) {
    const words = errorWords("The amend", error);
    if (DONE_CODES.includes(error.code) || !ownOrders.has(order.order_id)) answer.show(words);
    return { words: [words.headline, words.detail].filter(Boolean).join(" "), field: error.field };
  }
}

async function cancelAll() {
  const { account } = settings;
  const symbol = shownSymbol();
  const where = symbol ? `in ${symbol}` : "in all instruments";
  const agreed = await confirm.ask({
    question: `Cancel all orders of account ${account} ${where}?`,
    detail: "Open and pending ones alike. What was filled stays filled.",
    yes: "Cancel all orders",
    no: "Keep them",
  });
  if (!agreed) return;
  try {
    answer.show(cancelAllWords((await api.cancelAll(account, symbol)).orders, symbol, account));
  } catch (error) {
    answer.show(errorWords("The cancel", error));
  }
}

async function askFaucet() {
  const { account } = settings;
  try {
    const { duplicate } = await api.faucet(account);
    const headline = duplicate ? `Account ${account} has had today’s ${giftWords(gifts)} before` : `Account ${account} got ${giftWords(gifts)}`;
    answer.show({ kind: duplicate ? "neutral" : "good", headline });
  } catch (error) {
    answer.show(errorWords("The faucet", error));
  }
}

function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
