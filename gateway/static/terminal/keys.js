// The keys of the page: B and S go to the order form, ? tells them all, Escape leaves. Never while somebody types in a field.

import { element } from "../common/dom.js";

const TOLD = [
  [["B"], "Buy: go to the order form"],
  [["S"], "Sell: go to the order form"],
  [["Esc"], "Leave a field, a row that is edited or a line that is dragged; close a message, a list or this"],
  [["?"], "These keys"],
  [["↑", "↓"], "In a price or quantity: one step more or less. In the book: the next price"],
  [["Enter"], "In the form: place the order. In an edited row: save"],
  [["←", "→"], "Between tabs. On the chart: scroll"],
  [["+", "-"], "On the chart: zoom"],
];
const TYPING = "input:not([type='radio'], [type='checkbox']), select, textarea, [contenteditable]";

export class Keys {
  #dialog = dialogOf();
  #handlers;

  /** onSide(side): to the order form; closeMessage(): whether there was one to close. */
  constructor(handlers) {
    this.#handlers = handlers;
    document.querySelector("#keys-open").addEventListener("click", () => this.#dialog.showModal());
    // After all others: what they have taken is not taken twice.
    addEventListener("keydown", (event) => this.#onKey(event));
  }

  #onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const isTyping = event.target instanceof Element && event.target.matches(TYPING);
    if (event.key === "Escape") return this.#leave(isTyping);
    if (isTyping || document.querySelector("dialog[open]")) return;
    const act = {
      b: () => this.#handlers.onSide("buy"),
      s: () => this.#handlers.onSide("sell"),
      "?": () => this.#dialog.showModal(),
    }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Dialogs and what is folded away close by themselves. */
  #leave(isTyping) {
    if (document.querySelector("dialog[open]")) return;
    if (isTyping) document.activeElement.blur();
    else this.#handlers.closeMessage();
  }
}

function dialogOf() {
  const list = TOLD.flatMap(([keys, words]) => [element("dt", {}, ...keys.flatMap((key) => [element("kbd", {}, key), " "])), element("dd", {}, words)]);
  const close = element("button", { type: "button" }, "Close");
  const heading = element("h2", { id: "keys-heading" }, "Keys of this page");
  const dialog = element("dialog", { id: "keys", "aria-labelledby": "keys-heading" }, heading, element("dl", {}, ...list), element("div", { class: "answers" }, close));
  close.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  return dialog;
}
