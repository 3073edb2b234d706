// Where the account's open and pending orders come from. Today: GET /orders every two seconds, after own actions and
// after trades that may concern them. A user stream (/ws/user) can take its place behind the same methods:
// follow, pause, refresh, tradeSeen; and the same calls: onOrders, onProblem.

const INTERVAL = 2_000;
const AFTER_TRADE = 250;
export const LIMIT = 100;

export class OwnOrders {
  #onOrders;
  #onProblem;
  #target = null; // {api, account, symbol}
  #asked = 0; // counts the requests: only the newest one's answer is shown
  #request = null;
  #timer = null;
  #soon = null;
  #orders = [];

  /** onOrders(orders oldest first, whether there are more); onProblem(error) when a refresh fails. */
  constructor({ onOrders, onProblem }) {
    this.#onOrders = onOrders;
    this.#onProblem = onProblem;
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh());
  }

  follow(target) {
    this.#target = target;
    this.refresh();
  }

  pause() {
    this.#target = null;
    this.#request?.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
    this.#soon = null;
  }

  /** Asks now; an answer still on its way is older than this moment and is dropped. */
  async refresh() {
    const target = this.#target;
    clearTimeout(this.#timer);
    if (!target) return;
    this.#request?.abort();
    this.#request = new AbortController();
    const number = ++this.#asked;
    try {
      const { orders, next } = await target.api.orders(target.account, target.symbol, LIMIT, this.#request.signal);
      if (number !== this.#asked || target !== this.#target) return;
      this.#orders = orders;
      this.#onOrders(orders, next !== null && next !== undefined);
    } catch (error) {
      if (number !== this.#asked || target !== this.#target) return;
      this.#onProblem(error);
    }
    this.#timer = setTimeout(() => this.#tick(), INTERVAL);
  }

  /** A trade may have filled one of these orders, or fired a pending one: asks soon, once for a burst. */
  tradeSeen({ maker_order_id, taker_order_id }) {
    if (this.#soon || !this.#target) return;
    const concerned = this.#orders.some(
      ({ order_id, status }) => status === "pending" || order_id === maker_order_id || order_id === taker_order_id,
    );
    if (!concerned) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      this.refresh();
    }, AFTER_TRADE);
  }

  #tick() {
    // A hidden page asks for nothing; it asks as soon as it is seen again.
    if (!document.hidden) this.refresh();
  }
}
