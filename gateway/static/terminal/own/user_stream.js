// The stream of one account, kept alive: its open orders, and all that happens to them, each once.
//
// A first session begins with the open orders as of a sequence, joined with the last fills over HTTP. A later one asks for what came
// after the last update. Where the exchange does not have that any more, it sends the open orders anew; it may do so at any time. Each
// update names the one before it: where one is missing, everything is asked for anew. Where there are several shards, each does all
// this for its part.

import { KeepAlive } from "../../common/keep_alive.js";
import { Shards } from "./shards.js";

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
  #shards = new Shards(); // what has been told
  #starts = new Map(); // shard -> its fresh start that is not complete yet: the fills are asked for
  #round = null; // of the last question for fills
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
    this.#shards.forget();
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
    const query = this.#shards.cursor === null ? { account } : { account, after: this.#shards.cursor };
    const begun = new Map(); // shard -> the parts of its fresh start
    const onMessage = (message) => {
      if (message.type === "update") this.#update(session, message);
      else if (message.type === "resumed") session.live();
      else if (message.type === "orders") {
        const parts = [...(begun.get(message.shard) ?? []), message];
        begun.set(message.shard, parts);
        if (message.more) return;
        begun.delete(message.shard);
        const { ledger, balances } = parts[0]; // the first part tells them
        this.#begin(session, { ...message, orders: parts.flatMap((part) => part.orders), ledger, balances });
      }
    };
    this.#waiting = null;
    this.#starts.clear();
    const onClose = (code) => {
      if (code === BEGUN_ANEW) this.#shards.forget();
      if (code === UNAUTHORIZED) this.#handlers.onRefused();
      return CLOSE_WORDS[code];
    };
    session.open(api.socketUrl("/ws/user", query), onMessage, onClose, api.protocols);
  }

  /** A fresh start: the open orders are here, the fills are asked for, and what happens meanwhile waits. */
  async #begin(session, start) {
    const { api, account, symbol } = this.#target;
    const round = (this.#round = {});
    this.#starts.set(start.shard, start);
    this.#waiting = (this.#waiting ?? []).filter((update) => update.shard !== start.shard);
    let fills;
    try {
      ({ fills } = await session.orBroken(api.fills(account, symbol, FILLS_KEPT, session.signal)));
    } catch (error) {
      return session.end(error);
    }
    if (this.#round !== round) return; // a newer start has come
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const each of this.#starts.values()) this.#shards.begin(each);
    this.#starts.clear();
    this.#handlers.onFresh({ ...start, ...this.#shards.all(), fills });
    session.live();
    for (const update of waiting) this.#update(session, update);
  }

  #update(session, update) {
    if (this.#waiting) return this.#waiting.push(update);
    let told;
    try {
      told = this.#shards.take(update);
    } catch (error) {
      this.#shards.forget();
      return session.end(error);
    }
    if (told) this.#handlers.onUpdate(told);
  }
}
