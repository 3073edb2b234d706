// The stream of one account, kept alive: its open orders, and all that happens to them, each once.
//
// A first session begins with the open orders as of a sequence, joined with the last fills over HTTP. A later one asks for what came
// after the last update. Where the exchange does not have that any more, it sends the open orders anew; it may do so at any time. Each
// update names the one before it: where one is missing, everything is asked for anew.

import { KeepAlive } from "../../common/keep_alive.js";

export const FILLS_KEPT = 100;

const BEGUN_ANEW = 1012;
const UNAUTHORIZED = 4401;
const CLOSE_WORDS = {
  [BEGUN_ANEW]: "the exchange has begun anew",
  [UNAUTHORIZED]: "the exchange asks for a key",
  4408: "this page was too slow for the account’s stream",
  4422: "the exchange does not take this account’s name",
};

export class UserStream {
  #handlers;
  #connection;
  #target = null; // {api, account, symbol}
  #sequence = null; // of the last update, or null where nothing is known
  #waiting = null; // the updates that came since a fresh start that is not complete yet, or null

  /**
   * onFresh({orders, fills, suspended, cancel_at, ledger, balances}): all of it, oldest first, replaces what was there.
   * onUpdate(update): what one command changed.
   * onRefused(): the exchange does not take the proof.
   * onState: see KeepAlive.
   */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#connection = new KeepAlive({ run: (session) => this.#run(session), onState: handlers.onState });
  }

  /** Begins anew with this account, and with the fills in this symbol; null: in all. */
  follow(target) {
    this.#target = target;
    this.#sequence = null;
    this.#connection.start();
  }

  stop() {
    this.#target = null;
    this.#connection.stop();
  }

  /** Asks at once for what came after the last update. */
  retry() {
    if (this.#target) this.#connection.start();
  }

  /** Ends the session as if its connection had broken; the next one goes on where it was. */
  drop(reason) {
    this.#connection.drop(reason);
  }

  #run(session) {
    const { api, account } = this.#target;
    const query = this.#sequence === null ? { account } : { account, after: this.#sequence };
    let orders = [];
    let money = {}; // the first part tells it
    const onMessage = (message) => {
      if (message.type === "update") this.#update(session, message);
      else if (message.type === "resumed") session.live();
      else if (message.type === "orders") {
        if (orders.length === 0) money = { ledger: message.ledger, balances: message.balances };
        orders.push(...message.orders);
        if (message.more) return;
        this.#begin(session, { ...message, orders, ...money });
        orders = [];
      }
    };
    this.#waiting = null;
    const onClose = (code) => {
      if (code === BEGUN_ANEW) this.#sequence = null;
      if (code === UNAUTHORIZED) this.#handlers.onRefused();
      return CLOSE_WORDS[code];
    };
    session.open(api.socketUrl("/ws/user", query), onMessage, onClose, api.protocols);
  }

  /** A fresh start: the open orders are here, the fills are asked for, and what happens meanwhile waits. */
  async #begin(session, start) {
    const { api, account, symbol } = this.#target;
    const waiting = (this.#waiting = []);
    let fills;
    try {
      ({ fills } = await session.orBroken(api.fills(account, symbol, FILLS_KEPT, session.signal)));
    } catch (error) {
      return session.end(error);
    }
    if (this.#waiting !== waiting) return; // a newer start has come
    this.#waiting = null;
    this.#sequence = start.sequence;
    this.#handlers.onFresh({ ...start, fills });
    session.live();
    for (const update of waiting) this.#update(session, update);
  }

  #update(session, update) {
    if (this.#waiting) return this.#waiting.push(update);
    if (update.sequence <= this.#sequence) return;
    if (update.previous > this.#sequence) {
      this.#sequence = null;
      return session.end(new Error("an update was missing"));
    }
    this.#sequence = update.sequence;
    this.#handlers.onUpdate(update);
  }
}
