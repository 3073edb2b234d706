// The administrator's calls, one method each.

import { request } from "./request.js";

export class AdminApi {
  /** token: the administrator's, or null where the exchange asks for none. */
  constructor(base, token = null) {
    this.base = base;
    this.token = token;
  }

  /** Adds an instrument, or changes what is named of one. */
  setInstrument(instrument) {
    return this.#call("POST", "/admin/instruments", { body: instrument });
  }

  /** Makes the saved book the symbol's book: {restored, skipped, sequence}. Its orders count as entered now. */
  loadBook(symbol, book) {
    return this.#call("POST", "/admin/load", { query: { symbol }, body: { book, new_order_ids: true } });
  }

  /** A new key: {key, secret, account}. */
  createKey(wanted) {
    return this.#call("POST", "/admin/keys", { body: wanted });
  }

  /** {keys, next}, without secrets. */
  keys(after) {
    return this.#call("GET", "/admin/keys", { query: { limit: 100, ...(after && { after }) } });
  }

  revokeKey(key) {
    return this.#call("DELETE", `/admin/keys/${encodeURIComponent(key)}`);
  }

  /** {sessions}: the one that has sent last comes first. */
  sessions() {
    return this.#call("GET", "/admin/sessions");
  }

  /** {accounts, next, sums}: the accounts with a ledger. */
  accounts(after) {
    return this.#call("GET", "/admin/accounts", { query: { limit: 50, ...(after && { after }) } });
  }

  /** kind: "deposit" or "withdraw". */
  moveMoney(kind, account, transfer) {
    return this.#call("POST", `/admin/accounts/${encodeURIComponent(account)}/${kind}`, { body: transfer });
  }

  /** kind: "suspend" or "resume". */
  holdAccount(kind, account) {
    return this.#call("POST", `/admin/accounts/${encodeURIComponent(account)}/${kind}`);
  }

  #call(method, path, options = {}) {
    const headers = this.token === null ? {} : { Authorization: `Bearer ${this.token}` };
    return request(this.base, method, path, { ...options, headers });
  }
}
