// The exchange's HTTP calls, one method each, and the addresses of its streams.
// Every failure is one ApiError: a problem+json answer, a broken connection or no answer in time.

const TIMEOUT = 10_000;
const UNAUTHORIZED = 401;

export class ApiError extends Error {
  /** `kind`: "problem" (the exchange answered), "network" or "timeout" (it did not). */
  constructor(kind, { status = 0, code = null, title = "", detail = "", field = null, retryAfter = null, auth = null } = {}) {
    super(detail || title || kind);
    Object.assign(this, { kind, status, code, title, detail, field, retryAfter, auth });
  }

  /** The exchange may or may not have executed the command. */
  get outcomeUnknown() {
    return this.kind !== "problem" || this.status === 504;
  }
}

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
    const url = new URL(this.base + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  socketUrl(path, query) {
    const url = this.url(path, query);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url;
  }

  /** A page is not told why a call failed; on another origin, a missing permission looks the same. */
  #unreachable() {
    const { origin } = new URL(this.base);
    if (origin === location.origin) return `The gateway at ${origin} cannot be reached. Check that it runs.`;
    const settings = `pages of ${location.origin} (GATEWAY_CORS_ORIGINS) or does not serve that host (GATEWAY_ALLOWED_HOSTS)`;
    return `The gateway at ${origin} cannot be reached, or does not allow ${settings}.`;
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

  async #call(method, path, { query, headers = {}, body, signal, timeout = TIMEOUT } = {}) {
    const deadline = AbortSignal.timeout(timeout);
    let response, text;
    try {
      response = await fetch(this.url(path, query), {
        method,
        headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      text = await response.text();
    } catch {
      if (deadline.aborted) throw new ApiError("timeout", { detail: `No answer within ${timeout / 1000} seconds.` });
      throw new ApiError("network", { detail: this.#unreachable() });
    }
    const parsed = parse(text);
    if (response.ok && parsed !== null) return parsed;
    const problem = parsed ?? {};
    throw new ApiError("problem", {
      status: response.status,
      code: asText(problem.code),
      title: asText(problem.title) ?? response.statusText,
      detail: asText(problem.detail) ?? "",
      field: asText(problem.field),
      retryAfter: response.headers.get("Retry-After"),
      auth: asText(problem.auth),
    });
  }
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function asText(value) {
  return typeof value === "string" && value !== "" ? value : null;
}
