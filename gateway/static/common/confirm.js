// Asks once before something that cannot be undone.

import { setText } from "./dom.js";

export class Confirm {
  #dialog = document.querySelector("#confirm");
  #question = document.querySelector("#confirm-question");
  #detail = document.querySelector("#confirm-detail");
  #yes = document.querySelector("#confirm-yes");
  #no = document.querySelector("#confirm-no");

  constructor() {
    this.#yes.addEventListener("click", () => this.#dialog.close("yes"));
    this.#no.addEventListener("click", () => this.#dialog.close("no"));
  }

  /** Takes the question back, as if the answer were no. */
  leave() {
    if (this.#dialog.open) this.#dialog.close("no");
  }

  /** Resolves to whether the user agrees; Escape means no. */
  ask({ question, detail, yes, no }) {
    setText(this.#question, question);
    setText(this.#detail, detail);
    setText(this.#yes, yes);
    setText(this.#no, no);
    this.#dialog.returnValue = "no";
    this.#dialog.showModal();
    this.#no.focus();
    return new Promise((resolve) => {
      this.#dialog.addEventListener("close", () => resolve(this.#dialog.returnValue === "yes"), { once: true });
    });
  }
}
