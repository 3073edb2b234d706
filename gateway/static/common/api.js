// The exchange's HTTP calls, one method each, and the addresses of its streams.

import { addressOf, request } from "./request.js";

const UNAUTHORIZED = 401;

export class Api {
  #onRefused;

  /**
   * proof: "<key>.<secret>" for the calls of an account, or null; never part of an address.
   * onRefused(): the exchange does not take the proof.
   */
  constructor(base, proof = null, onRefused = () => {}) {
    this.base = base;
    this.proof = proof;
    this.#onRefused = onRefused;
  }

  /** What opens the account's stream: a page can give it no header. */
  get protocols() {
    return this.proof === null ? [] : ["exchange", `bearer.${this.proof}`];
  }

  /** Of the proof: {key, account, label, permissions, expires}. */
  ownKey() {
    return this.#callAsHolder("GET", "/key");
  }

  instruments(signal) {
    return this.#call("GET", "/instruments", { signal });
  }

  health(signal) {
    return this.#call("GET", "/health", { signal, timeout: 3_000 });
  }

  trades(symbol, limit, signal) {
    return this.#call("GET", "/trades", { query: { symbol, limit }, signal });
  }

  /** {candles, next}: the newest ones before `to`, or of all, oldest first. */
  candles(symbol, interval, { to = null, limit }, signal) {
    return this.#call("GET", "/candles", { query: { symbol, interval, limit, ...(to && { to }) }, signal });
  }

  /** The account's newest fills, oldest first; in all instruments where the symbol is null: {fills, next}. */
  fills(account, symbol, limit, signal) {
    return this.#callAsHolder("GET", "/fills", { query: { account, ...(symbol && { symbol }), limit }, signal });
  }

  /** The account's live orders in the instrument, newest first: {orders, next}. */
  orders(account, symbol, signal) {
    return this.#callAsHolder("GET", "/orders", { query: { account, symbol }, signal });
  }

  /** The account's done orders, newest first; in all instruments where the symbol is null: {orders, next}. */
  doneOrders(account, symbol, after, limit) {
    const query = { account, status: "done", limit, ...(symbol && { symbol }), ...(after && { after }) };
    return this.#callAsHolder("GET", "/orders", { query });
  }

  /** The account's fills after this cursor, oldest first: {fills, next}. */
  fillsAfter(account, symbol, after, limit) {
    return this.#callAsHolder("GET", "/fills", { query: { account, ...(symbol && { symbol }), after, limit } });
  }

  /** The account's balances, open orders and positions. */
  summary(account) {
    return this.#callAsHolder("GET", `/accounts/${encodeURIComponent(account)}`);
  }

  placeOrder(order) {
    return this.#callAsHolder("POST", "/orders", { body: order });
  }

  /** {orders: [limit leg, stop leg]}. */
  placeOco(order) {
    return this.#callAsHolder("POST", "/orders/oco", { body: order });
  }

  amendOrder(orderId, account, changes) {
    return this.#callAsHolder("PATCH", `/orders/${encodeURIComponent(orderId)}`, { query: { account }, body: changes });
  }

  cancelOrder(orderId, account) {
    return this.#callAsHolder("DELETE", `/orders/${encodeURIComponent(orderId)}`, { query: { account } });
  }

  /** What the faucet gives each day: the account's balances after it, and whether it had all of it before. */
  faucet(account) {
    return this.#callAsHolder("POST", `/accounts/${encodeURIComponent(account)}/faucet`);
  }

  /** All of the account's orders; in all instruments where the symbol is null. */
  cancelAll(account, symbol) {
    return this.#callAsHolder("DELETE", "/orders", { query: { account, ...(symbol && { symbol }) } });
  }

  url(path, query = {}) {
    return addressOf(this.base, path, query);
  }

  socketUrl(path, query) {
    const url = this.url(path, query);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url;
  }

  /** Only calls of an account bear the proof. */
  async #callAsHolder(method, path, options = {}) {
    if (this.proof === null) return this.#call(method, path, options);
    try {
      return await this.#call(method, path, { ...options, headers: { Authorization: `Bearer ${this.proof}` } });
    } catch (error) {
      if (error.status === UNAUTHORIZED) this.#onRefused();
      throw error;
    }
  }

  #call(method, path, options) {
    return request(this.base, method, path, options);
  }
}
