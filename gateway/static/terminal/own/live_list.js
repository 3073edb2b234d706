// A list that is known as a whole and changes all the time, looked at in pages. It is shown as a PagedList is.

import { PAGE } from "./paged_list.js";

export class LiveList {
  #items = []; // newest first
  #first = 0;
  #matches = () => true;
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** The items, the newest first, in the place of those before. */
  set items(items) {
    this.#items = items;
    const last = Math.max(0, this.all.length - 1);
    this.#first = Math.min(this.#first, last - (last % PAGE));
    this.#onChange();
  }

  set filter(matches) {
    this.#matches = matches;
    this.#first = 0;
    this.#onChange();
  }

  get all() {
    return this.#items.filter(this.#matches);
  }

  get page() {
    return this.all.slice(this.#first, this.#first + PAGE);
  }

  get place() {
    const count = this.all.length;
    return { from: count ? this.#first + 1 : 0, to: Math.min(this.#first + PAGE, count), count };
  }

  newer() {
    this.#first = Math.max(0, this.#first - PAGE);
    this.#onChange();
  }

  older() {
    if (this.#first + PAGE < this.all.length) this.#first += PAGE;
    this.#onChange();
  }
}
