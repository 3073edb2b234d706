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
import { askAuth, durabilityWords, Health } from "./health.js";
import { InstrumentView } from "./instrument.js";
import { NewsView } from "./news.js";
import { OrdersView } from "./orders.js";
import { OwnOrders } from "./own_orders.js";
import { Settings } from "./settings.js";
import { SignIn } from "./sign_in.js";
import { Tabs } from "./tabs.js";
import { Tape } from "./tape.js";

const INSTRUMENTS_INTERVAL = 10_000;
const UNANSWERED_HEALTH = 2; // so many checks without an answer end a session that seems alive
const UNLISTED = { base: "", quote: "", tick_size: "1", lot_size: "1" }; // what is not known yet of an instrument that was just added
const OWN_INTERVAL = 150; // a busy account changes faster than anyone reads
const DONE_CODES = ["order_not_open", "unknown_order"];

const settings = new Settings(changeSetting);
const signIn = new SignIn(settings.origin, changeHolder);
let market = new Api(settings.origin); // for calls that nobody needs a key for
let api = market; // for those of the account
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
  onRefused: () => signIn.refused(),
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
  market = new Api(settings.origin);
  api = accountApi();
  instrument = null; // no order goes out until the chosen one is known
  instruments = new Map();
  wasDown = false;
  connection.reset(settings.origin);
  balances.offer((gifts = {}));
  showDurability(undefined);
  book.clear();
  tape.clear();
  forgetOwn();
  document.querySelector("#api-docs").href = market.url("/docs");
  health.follow(market);
  feed.start();
}

function changeSetting(name) {
  if (name !== "account") {
    form.clear(); // a price of one instrument is not a price of another
    if (name === "baseUrl") signIn.move(settings.origin);
    return begin();
  }
  forgetOwn();
  if (instrument) followOrders();
}

/** The calls of the account, with the key of who is signed in. */
function accountApi() {
  const made = new Api(settings.origin, signIn.holder?.proof ?? null, () => made === api && signIn.refused());
  return made;
}

function account() {
  return signIn.holder?.account ?? settings.account;
}

/** Somebody has signed in or out, or it is told now whether that is asked for. `left`: somebody has gone. */
function changeHolder(left) {
  api = accountApi();
  if (left) {
    confirm.leave();
    answer.clear();
    form.clear();
  }
  settings.fixAccount(signIn.holder?.account ?? null);
  form.permit(signIn.mayTrade);
  orders.permit(signIn.mayTrade);
  balances.keep(signIn.isOut);
  offerGifts();
  if (instrument) followOrders();
  else forgetOwn();
}

function offerGifts() {
  balances.offer(signIn.mayTrade ? gifts : {});
}

/** Shows what became of a call of the account, unless who made it has gone meanwhile. */
function tell(asked, words) {
  if (asked.proof === api.proof) answer.show(words);
}

/** Before each session: the instruments as they are now, and with them the symbol; and whether keys are asked for. */
async function prepare(signal) {
  const [{ instruments }, auth] = await Promise.all([market.instruments(signal), signIn.auth ?? askAuth(market, signal)]);
  useInstruments(instruments);
  signIn.use(auth);
  if (followed?.symbol !== shownSymbol()) followOrders();
  return { api: market, symbol: instrument.symbol };
}

async function refreshInstruments() {
  try {
    const asked = market;
    const { instruments } = await asked.instruments();
    if (asked === market) useInstruments(instruments);
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
  if (!signIn.mayRead) return;
  followed = { api, account: account(), symbol: shownSymbol() };
  ownOrders.follow(followed);
}

function forgetOwn() {
  followed = null;
  ownOrders.stop();
  news.clear();
  book.markOwn({ buy: new Set(), sell: new Set() });
  showUnknown((what) => (signIn.isOut ? `Sign in to see your ${what}.` : `Waiting for the ${what}…`));
  if (signIn.isOut) {
    own.dataset.stream = "out";
    orders.note("stream", "");
    setText(document.querySelector("#elsewhere"), "");
  }
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

function showHealth({ up, sync, faucet, auth }) {
  if (auth) signIn.use(auth);
  connection.showHealth({ up });
  if (followed) showOwnState(ownState);
  if (up) {
    showDurability(sync);
    gifts = faucet;
    offerGifts();
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
  orders.show(list, `No open or pending orders of account ${account()}${where}.`);
  fills.show(ownOrders.fills, `No fills of account ${account()}${where} yet.`);
  balances.show(ownOrders.ledger, ownOrders.balances, `Account ${account()} has no deposit: it trades without limit.`);
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
  setText(notice, suspended ? `Account ${account()} is suspended: its orders were canceled, and new ones are rejected.` : "");
  notice.hidden = !suspended;
  const silence = cancelAt ? `All orders of this account are canceled at ${clock(new Date(cancelAt))} unless that is renewed.` : "";
  orders.note("cancelAt", silence);
}

/** Sends the order under a client order id in any case: only so can it be sent again safely when no answer comes. */
async function placeOrder(fields, call) {
  const traded = instrument;
  if (!traded) return answer.show({ kind: "bad", headline: "No instrument yet: the exchange has not answered." });
  const order = { symbol: traded.symbol, account: account(), client_order_id: newClientOrderId(), ...fields };
  const words = { placeOrder: orderWords, placeOco: ocoWords }[call];
  const asked = api;
  try {
    tell(asked, words(await asked[call](order), traded));
    form.set("client_order_id", "");
  } catch (error) {
    if (asked.proof !== api.proof) return; // a refused key has signed out
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
  const asked = api;
  try {
    tell(asked, cancelWords(await asked.cancelOrder(order.order_id, order.account), instrumentOf(order.symbol)));
  } catch (error) {
    tell(asked, errorWords("The cancel", error));
  }
}

/** Resolves to null, or to what is wrong: it stands at the row, or where the row goes, in the answer. */
async function amendOrder(order, changes) {
  const asked = api;
  try {
    tell(asked, amendWords(await asked.amendOrder(order.order_id, order.account, changes), instrumentOf(order.symbol)));
    return null;
  } catch (error) {
    const words = errorWords("The amend", error);
    if (DONE_CODES.includes(error.code) || !ownOrders.has(order.order_id)) tell(asked, words);
    return { words: [words.headline, words.detail].filter(Boolean).join(" "), field: error.field };
  }
}

async function cancelAll() {
  const asked = api;
  const whose = account();
  const symbol = shownSymbol();
  const where = symbol ? `in ${symbol}` : "in all instruments";
  const agreed = await confirm.ask({
    question: `Cancel all orders of account ${whose} ${where}?`,
    detail: "Open and pending ones alike. What was filled stays filled.",
    yes: "Cancel all orders",
    no: "Keep them",
  });
  if (!agreed) return;
  try {
    tell(asked, cancelAllWords((await asked.cancelAll(whose, symbol)).orders, symbol, whose));
  } catch (error) {
    tell(asked, errorWords("The cancel", error));
  }
}

async function askFaucet() {
  const asked = api;
  const whose = account();
  try {
    const { duplicate } = await asked.faucet(whose);
    const headline = duplicate ? `Account ${whose} has had today’s ${giftWords(gifts)} before` : `Account ${whose} got ${giftWords(gifts)}`;
    tell(asked, { kind: duplicate ? "neutral" : "good", headline });
  } catch (error) {
    tell(asked, errorWords("The faucet", error));
  }
}

function newClientOrderId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
