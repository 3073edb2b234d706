// What all rooms of the administrator's page have in common: rows, an outcome in words, and forms that send one call.

import { setText } from "../common/dom.js";

export class Room {
  admin = null;
  #outcome;
  #seen = "";

  constructor(name) {
    this.#outcome = document.querySelector(`.outcome[data-of="${name}"]`);
    this.rows = document.querySelector(`#${name} tbody`);
  }

  /** Shows what is there now. An answer to somebody who is signed in no more is left out. */
  async look() {
    const { admin } = this;
    const answer = await this.read(admin);
    if (admin === this.admin) this.draw(answer);
  }

  /** Shows the rows of this data. What is the same stays as it is, with the focus in it. */
  show(data, rowOf) {
    const seen = JSON.stringify(data);
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.rows.replaceChildren(...data.map(rowOf));
  }

  /** The administrator's calls from now on; null: nobody is signed in, and nothing of before may stay. */
  use(admin) {
    this.admin = admin;
    this.show([], () => "");
    this.tell("", "");
  }

  tell(kind, words) {
    this.#outcome.dataset.kind = kind;
    setText(this.#outcome, words);
    return this.#outcome;
  }

  /** Calls act(fields, the pressed button's value) when the form is sent; act gives the words of success. */
  onSend(form, act) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
      this.run(() => act(fields, event.submitter?.value));
    });
  }

  /** Carries out one call, tells what became of it, and looks anew. */
  async run(act) {
    const { admin } = this;
    try {
      const words = await act();
      if (admin !== this.admin) return void this.tell("", "");
      if (words) this.tell("good", words);
      if (this.admin) await this.look();
    } catch (error) {
      if (admin !== this.admin) return;
      const field = error.field ? `${error.field}: ` : "";
      this.tell("bad", `${field}${[error.title, error.detail].filter(Boolean).join(". ") || error.message}`);
    }
  }
}
