// What stands around the lists: filters by side and type, the pager, and the export of what is shown.

import { setText } from "../../common/dom.js";
import { ORDER_TYPES } from "../ticket/order_types.js";

export class Toolbar {
  #side = document.querySelector("#filter-side");
  #type = document.querySelector("#filter-type");
  #export = document.querySelector("#export");
  #pager = document.querySelector("#pager");
  #newer = document.querySelector("#newer");
  #older = document.querySelector("#older");
  #words = document.querySelector("#pager-words");

  /** onFilter(), onNewer(), onOlder(), onExport(). */
  constructor({ onFilter, onNewer, onOlder, onExport }) {
    for (const [value, { label, call }] of Object.entries(ORDER_TYPES)) if (!call) this.#type.append(new Option(label, value));
    for (const select of [this.#side, this.#type]) select.addEventListener("change", onFilter);
    this.#newer.addEventListener("click", onNewer);
    this.#older.addEventListener("click", onOlder);
    this.#export.addEventListener("click", onExport);
  }

  /** Whether an order, or a fill, is of the chosen side and type; fills have no type. */
  get filter() {
    const [side, type] = [this.#side.value, this.#type.value];
    return (item) => (side === "" || item.side === side) && (type === "" || item.order_type === undefined || item.order_type === type);
  }

  get isFiltering() {
    return this.#side.value !== "" || this.#type.value !== "";
  }

  /** kind: "orders", "fills" or "money": what is filtered and exported. */
  use(kind) {
    this.#side.hidden = kind === "money";
    this.#type.hidden = kind !== "orders";
  }

  /** place: see PagedList; null where there are no pages. note: a sentence about what cannot be shown. */
  show(place, note, exports) {
    this.#export.disabled = !exports;
    const { from = 0, to = 0, count = 0, more = false, busy = false } = place ?? {};
    this.#pager.hidden = !place || (count <= to && from <= 1 && !more && !busy && !note);
    this.#newer.disabled = from <= 1;
    this.#older.disabled = busy || (count <= to && !more);
    const range = count ? `${from} to ${to} of ${count}${more ? " and more" : ""}` : more ? "None yet, there are older ones" : "";
    setText(this.#words, [busy ? "Loading…" : range, note].filter(Boolean).join(". "));
  }
}
