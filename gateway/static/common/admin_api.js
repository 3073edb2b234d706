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

  #call(method, path, options = {}) {
    const headers = this.token === null ? {} : { Authorization: `Bearer ${this.token}` };
    return request(this.base, method, path, { ...options, headers });
  }
}
