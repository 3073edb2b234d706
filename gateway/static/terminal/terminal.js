// The page's entry: makes the rooms and wires them together. It holds no behaviour of its own but the order of their beginnings.

import { Api } from "../common/api.js";
import { Confirm } from "../common/confirm.js";
import { setUpFolded } from "../common/folded.js";
import { askAuth, faultWords, Health } from "../common/health.js";
import { NodesView } from "../common/nodes.js";
import { setUpPreferences } from "../common/preferences.js";
import { Settings } from "../common/settings.js";
import { SignIn } from "../common/sign_in.js";
import { Book } from "./book/book.js";
import { Tape } from "./book/tape.js";
import { Chart } from "./chart/chart.js";
import { Commands } from "./commands.js";
import { ConnectionView } from "./market/connection.js";
import { FirstSteps } from "./first_steps.js";
import { Keys } from "./keys.js";
import { DemoControl } from "./market/demo_control.js";
import { Feed } from "./market/feed.js";
import { InstrumentView } from "./market/instrument.js";
import { LastPrices } from "./market/last_prices.js";
import { Levels } from "./market/levels.js";
import { Tickers } from "./market/tickers.js";
import { Markets } from "./markets/markets.js";
import { Own } from "./own/own.js";
import { Sound } from "./own/sound.js";
import { Rooms } from "./rooms.js";
import { AnswerView, unsentWords } from "./ticket/answer.js";
import { OrderForm } from "./ticket/form.js";
import { View } from "./view.js";

const INSTRUMENTS_INTERVAL = 10_000;
const UNANSWERED_HEALTH = 2; // so many checks without an answer end a session that seems alive

const view = new View();
const rooms = new Rooms();
const settings = new Settings(changeSetting);
const signIn = new SignIn(settings.origin, changeHolder);
const connection = new ConnectionView();
const answer = new AnswerView();
const confirm = new Confirm();
const instrumentView = new InstrumentView(view);
const tape = new Tape(view);
const prices = new LastPrices(view);
const commands = new Commands(view, answer, confirm, {
  onPlaced: () => form.set("client_order_id", ""),
  onUnknown: (clientOrderId) => form.set("client_order_id", clientOrderId),
  onField: (name, words) => form.mark(name, words) || settings.mark(name),
  isOpen: (orderId) => own.has(orderId),
  shownSymbol: () => own.shownSymbol,
  live: () => own.live,
});
const form = new OrderForm(view, prices, {
  onSubmit: (order, call) => commands.place(order, call),
  onFault: (words) => answer.show(unsentWords(words)),
});
const levels = new Levels(view);
const book = new Book(view, levels, (price, quantity) => {
  rooms.go("trade");
  form.fillPrice(price);
  if (quantity !== null) form.set("quantity", quantity);
});
const sound = new Sound();
const own = new Own(view, signIn, connection, commands, prices, (side) => sound.play(side));
const nodes = new NodesView();
const health = new Health(showHealth);
const feed = new Feed({
  prepare,
  onDepth: (message) => view.tell("depth", message),
  onTrades: (trades) => view.tell("trades", trades),
  onTrade: (trade) => view.tell("trade", trade),
  onState: showFeedState,
});
new Chart(view, levels, {
  onInterval: (interval) => settings.chooseInterval(interval),
  onFew: () => settings.preferShort(),
  onMove: (orders, field, price) => commands.move(orders, field, price),
});
const demo = new DemoControl(document.querySelector("#demo-control"), { base: () => settings.origin });
view.on("live", (live) => (live ? demo.start() : demo.stop()));
new Markets(view, (symbol) => settings.chooseSymbol(symbol));
new Tickers(view);
new Keys({ onSide: trade, closeMessage: () => own.closeMessage() });
new FirstSteps(view, () => trade("sell"));

const faultsNotice = document.querySelector("#faults-notice");
let feedPhase = "connecting";
let down = false; // whether the gateway has answered that the matcher does not
let unanswered = 0;
let gifts = {}; // what the faucet gives

setUpFolded();
setUpPreferences((on, byUser) => {
  sound.on = on;
  if (on && byUser) sound.greet();
});
rooms.onSide = (side) => form.chooseSide(side);
begin();
setInterval(() => view.live && refreshInstruments(), INSTRUMENTS_INTERVAL);
addEventListener("online", () => {
  feed.start();
  own.retry();
});

/** Goes to the order form with this side. */
function trade(side) {
  rooms.go("trade");
  form.begin(side);
}

/** Starts everything anew for the chosen base URL and symbol. */
function begin() {
  view.market = new Api(settings.origin);
  useHolder();
  view.instrument = null; // no order goes out until the chosen one is known
  view.instruments = new Map();
  view.interval = settings.interval;
  view.tell("instrument", null);
  down = false;
  connection.reset(settings.origin);
  own.offer((gifts = {}));
  instrumentView.showDurability(undefined);
  own.forget();
  document.querySelector("#api-docs").href = view.market.url("/docs");
  health.follow(view.market);
  feed.start();
}

function changeSetting(name) {
  if (name === "interval") {
    view.interval = settings.interval;
    return view.tell("interval", view.interval);
  }
  if (name !== "account") {
    form.clear(); // a price of one instrument is not a price of another
    if (name === "baseUrl") signIn.move(settings.origin);
    return begin();
  }
  useHolder();
  own.forget();
  if (view.instrument) own.follow();
}

/** The account, and its calls with the key of who is signed in. */
function useHolder() {
  const api = new Api(settings.origin, signIn.holder?.proof ?? null, () => api === view.api && signIn.refused());
  view.api = api;
  view.account = signIn.holder?.account ?? settings.account;
}

/** Somebody has signed in or out, or it is told now whether that is asked for. `left`: somebody has gone. */
function changeHolder(left) {
  useHolder();
  if (left) {
    confirm.leave();
    answer.clear();
    form.clear();
  }
  settings.fixAccount(signIn.holder?.account ?? null);
  view.mayTrade = signIn.mayTrade;
  form.permit(signIn.mayTrade);
  own.permit();
  offerGifts();
  if (view.instrument) own.follow();
  else own.forget();
}

function offerGifts() {
  own.offer(signIn.mayTrade ? gifts : {});
}

/** Before each session: the instruments as they are now, and with them the symbol; and whether keys are asked for. */
async function prepare(signal) {
  const [{ instruments }, auth] = await Promise.all([view.market.instruments(signal), signIn.auth ?? askAuth(view.market, signal)]);
  useInstruments(instruments);
  signIn.use(auth);
  own.keepUp();
  return { api: view.market, symbol: view.symbol };
}

async function refreshInstruments() {
  try {
    const asked = view.market;
    const { instruments } = await asked.instruments();
    if (asked === view.market) useInstruments(instruments);
  } catch {
    // The connection's own checks tell it; the next round asks again.
  }
}

function useInstruments(list) {
  const chosen = settings.offer(list);
  if (!chosen) throw new Error("this exchange lists no instruments yet");
  view.instrument = chosen;
  view.instruments = new Map(list.map((listed) => [listed.symbol, listed]));
  view.tell("instruments");
  view.tell("instrument", chosen);
}

function showFeedState(state) {
  feedPhase = state.phase;
  connection.showFeed(state);
  showMarket();
}

/** Streams that stay open while the matcher is gone tell nothing: the market is then not live. */
function showMarket() {
  const away = down ? "down" : feedPhase === "lost" ? "lost" : null;
  for (const panel of [book, tape, instrumentView]) panel.away = away;
  const live = feedPhase === "live" && !down;
  if (live === view.live) return;
  view.live = live;
  view.tell("live", live);
}

function showHealth({ up, sync, faucet, auth, history, faults, groups }) {
  const wasDown = down;
  if (up !== null) nodes.show(groups);
  if (up !== null) down = !up;
  if (auth) signIn.use(auth);
  connection.showHealth({ up });
  own.showReason();
  if (up) {
    instrumentView.showDurability(sync);
    gifts = faucet;
    view.history = history;
    faultsNotice.textContent = faultWords(faults);
    faultsNotice.hidden = faults === null;
    offerGifts();
    if (wasDown) {
      feed.start(); // what happened meanwhile is fetched anew
      own.retry();
    }
  }
  showMarket();
  unanswered = up === null ? unanswered + 1 : 0;
  if (unanswered < UNANSWERED_HEALTH) return;
  if (feedPhase === "live") feed.drop("the gateway does not answer");
  if (own.isLive) own.drop("the gateway does not answer");
}
