// Messages above the page: what was filled or canceled. A few at a time; each goes by itself, or when it is closed.

import { asSentence, element } from "../../common/dom.js";
import { nameOf, tidings } from "./news.js";

const MOST = 4;
const STAYS = 7_000; // milliseconds
const PAUSE = 500; // milliseconds between two: a burst becomes one message
const TOLD = { filled: "good", partially_filled: "good", canceled: "neutral" };

export class Toasts {
  #root = document.querySelector("#toasts");
  #waiting = []; // {kind, words} since the last message
  #timer = null;
  #instrumentOf;
  #onFill;

  /** instrumentOf(symbol). onFill(side): something was filled. */
  constructor(instrumentOf, onFill) {
    this.#instrumentOf = instrumentOf;
    this.#onFill = onFill;
  }

  /** What one command changed. */
  take(update) {
    for (const { order, event, words } of tidings(update, this.#instrumentOf)) {
      if (!TOLD[event]) continue;
      if (TOLD[event] === "good") this.#onFill(order.side);
      this.#waiting.push({ kind: TOLD[event], words: asSentence(`${order.symbol}: ${nameOf(order)} ${words ?? "canceled"}`) });
    }
    if (this.#waiting.length && this.#timer === null) this.#tell();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = [];
    this.#root.replaceChildren();
  }

  /** Closes the newest one; false where there is none. */
  close() {
    const newest = this.#root.lastElementChild;
    newest?.remove();
    return newest !== null;
  }

  #tell() {
    this.#timer = null;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length <= 2) for (const { kind, words } of waiting) this.#show(kind, words);
    else this.#show(...summaryOf(waiting));
    this.#timer = setTimeout(() => this.#tell(), PAUSE);
  }

  #show(kind, words) {
    const close = element("button", { type: "button", class: "quiet", "aria-label": "Close this message" }, "×");
    const toast = element("div", { class: "toast", "data-kind": kind }, element("p", {}, words), close);
    let timer;
    const go = () => toast.remove();
    const wait = () => (timer = setTimeout(go, STAYS));
    // Who reads it keeps it.
    for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, () => clearTimeout(timer));
    for (const event of ["pointerleave", "focusout"]) toast.addEventListener(event, wait);
    close.addEventListener("click", go);
    wait();
    this.#root.append(toast);
    while (this.#root.children.length > MOST) this.#root.firstElementChild.remove();
  }
}

function summaryOf(waiting) {
  const fills = waiting.filter(({ kind }) => kind === "good").length;
  const cancels = waiting.length - fills;
  const counted = (count, what) => count && `${count} ${count === 1 ? "order" : "orders"} ${what}`;
  const words = [counted(fills, "filled"), counted(cancels, "canceled")].filter(Boolean).join(", ");
  return [fills ? "good" : "neutral", `${words}. The last: ${waiting.at(-1).words}`];
}
