// A list that is looked at in pages, the newest first. What lies further back is asked for as the user goes there.

export const PAGE = 100;

const CALLS = 20; // for one page at most: a filter may let few of many through
const KEPT = 20_000; // bounds memory

export class PagedList {
  more = false; // whether there is something older that is not here yet
  cut = false; // whether older ones were left out: the list holds no more
  fault = null; // why that could not be asked for, or null
  busy = false;
  #items = []; // newest first
  #known = new Set(); // their keys
  #first = 0; // index of the page's first one, among those that the filter lets through
  #matches = () => true;
  #cursor = null;
  #keyOf;
  #load;
  #onChange;

  /**
   * keyOf(item): what tells it from all others. onChange(): something else is shown now.
   * load(cursor, the oldest item): resolves to {items, the newest first, cursor}; a cursor of null: there is no more. A first call gets null.
   */
  constructor({ keyOf, load, onChange }) {
    this.#keyOf = keyOf;
    this.#load = load;
    this.#onChange = onChange;
  }

  /** Begins anew with these, the newest first; `more`: there are older ones. */
  reset(items = [], more = false) {
    this.#items = [];
    this.#known.clear();
    this.#first = 0;
    this.#cursor = this.fault = null;
    this.busy = false;
    this.more = more;
    this.cut = false;
    this.#append(items);
    this.#onChange();
  }

  /** Newer ones, the newest first; those that are here already are left out. */
  put(items) {
    const fresh = items.filter((item) => !this.#known.has(this.#keyOf(item)));
    if (fresh.length === 0) return;
    for (const item of fresh) this.#known.add(this.#keyOf(item));
    this.#items.unshift(...fresh);
    this.#trim();
    this.#onChange();
  }

  has(item) {
    return this.#known.has(this.#keyOf(item));
  }

  set filter(matches) {
    this.#matches = matches;
    this.#first = 0;
    this.#onChange();
  }

  /** All that are here and that the filter lets through. */
  get all() {
    return this.#items.filter(this.#matches);
  }

  get length() {
    return this.#items.length;
  }

  get page() {
    return this.all.slice(this.#first, this.#first + PAGE);
  }

  /** The oldest one, where older ones were left out; else null. */
  get end() {
    return this.cut ? this.#items.at(-1) : null;
  }

  /** What a pager says: {from, to, count, more, fault, busy}; from 1 on. */
  get place() {
    const count = this.all.length;
    const to = Math.min(this.#first + PAGE, count);
    return { from: count ? this.#first + 1 : 0, to, count, more: this.more, fault: this.fault, busy: this.busy };
  }

  newer() {
    this.#first = Math.max(0, this.#first - PAGE);
    this.#onChange();
  }

  /** Goes to the page before, in time; asks for what it needs. */
  async older() {
    const next = this.#first + PAGE;
    if (this.busy) return;
    await this.fill(next + PAGE);
    if (this.all.length > next) this.#first = next;
    this.#onChange();
  }

  /** Asks for older ones until the filter lets so many through, or there are no more. */
  async fill(count = PAGE) {
    for (let calls = 0; calls < CALLS && this.more && !this.busy && this.all.length < count; calls += 1) {
      this.busy = true;
      this.#onChange();
      const begun = this.#items;
      let loaded = null;
      try {
        loaded = await this.#load(this.#cursor, begun.at(-1) ?? null);
        this.fault = null;
      } catch (error) {
        this.fault = error;
      }
      if (begun !== this.#items) return; // it has begun anew meanwhile
      this.busy = false;
      if (loaded === null) break;
      this.#cursor = loaded.cursor;
      this.more = loaded.cursor !== null;
      this.#append(loaded.items);
    }
    this.#onChange();
  }

  #append(items) {
    for (const item of items) {
      if (this.#known.has(this.#keyOf(item))) continue;
      this.#known.add(this.#keyOf(item));
      this.#items.push(item);
    }
    this.#trim();
  }

  #trim() {
    const left = this.#items.splice(KEPT);
    for (const item of left) this.#known.delete(this.#keyOf(item));
    if (left.length === 0 && !(this.more && this.#items.length === KEPT)) return;
    this.cut = true;
    this.more = false;
  }
}
