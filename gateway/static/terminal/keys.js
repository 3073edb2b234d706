// The keys of the page: B and S go to the order form, ? tells them all, Escape leaves. Never while somebody types in a field.

const TYPING = "input:not([type='radio'], [type='checkbox']), select, textarea, [contenteditable]";

export class Keys {
  #dialog = document.querySelector("#keys");
  #handlers;

  /** onSide(side): to the order form; closeMessage(): whether there was one to close. */
  constructor(handlers) {
    this.#handlers = handlers;
    document.querySelector("#keys-open").addEventListener("click", () => this.#dialog.showModal());
    document.querySelector("#keys-close").addEventListener("click", () => this.#dialog.close());
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
