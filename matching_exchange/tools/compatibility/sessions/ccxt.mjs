// ccxt in JavaScript: markets, an order that rests, one that takes, over HTTP. EXCHANGE_CONFIG has its options, the key
// and the secret come apart.
import dns from "node:dns";

import ccxt from "ccxt";

const PAIR = "BTC/USDT";

const config = {
  ...JSON.parse(process.env.EXCHANGE_CONFIG),
  apiKey: process.env.EXCHANGE_API_KEY,
  secret: process.env.EXCHANGE_API_SECRET,
};
const host = new URL(config.urls.api.public).host;

const tell = (call, error = null) => console.log(JSON.stringify({ call, error }));

dns.lookup = (name, ...rest) => {
  tell("no look-up of another host", name);
  rest.at(-1)(new Error(`${name} is another host`));
};

function refuseOtherHosts(urls) {
  for (const value of Object.values(urls)) {
    if (typeof value === "object") refuseOtherHosts(value);
    else if (new URL(value).host !== host) throw new Error(`${value} names another host`);
  }
}

async function step(call, run, check = () => true) {
  try {
    const value = await run();
    tell(call, check(value) ? null : `it gave ${JSON.stringify(value).slice(0, 300)}`);
    return value;
  } catch (error) {
    tell(call, String(error).slice(0, 300));
    return {};
  }
}

const client = new ccxt.binance({ ...config, enableRateLimit: false });
refuseOtherHosts(client.urls.api);
await step("loadMarkets", () => client.loadMarkets(), (markets) => PAIR in markets);
await step("fetchOrderBook", () => client.fetchOrderBook(PAIR, 5), (book) => book.asks[0][0] === 30010);
await step("fetchTicker", () => client.fetchTicker(PAIR), (ticker) => ticker.last > 0);
await step("fetchOHLCV", () => client.fetchOHLCV(PAIR, "1m"), (rows) => rows.length > 0);
await step("fetchBalance", () => client.fetchBalance(), (balance) => balance.BTC.free === 100);
const order = await step("createOrder", () => client.createOrder(PAIR, "limit", "buy", 0.5, 20000), (made) => made.status === "open");
await step("fetchOrder", () => client.fetchOrder(order.id, PAIR), (found) => found.status === "open");
await step("cancelOrder", () => client.cancelOrder(order.id, PAIR), (found) => found.status === "canceled");
await step("createOrder market", () => client.createOrder(PAIR, "market", "buy", 0.1), (made) => made.status === "closed");
await step("fetchMyTrades", () => client.fetchMyTrades(PAIR), (trades) => trades.length === 1);
