// What an account has done before, asked for in parts: done orders and fills.

import { PAGE } from "./paged_list.js";

const AT_ONCE = 1_000; // fills in an answer at most
const PAGES = 4; // of one span; where there are more it is made shorter
const STEP = 8; // times as long, or as short
const BEFORE = "before"; // a cursor: the oldest one tells the place

/** Done orders, of all instruments where the symbol is null; see PagedList. */
export function doneLoader({ api, account, symbol }) {
  return async (cursor) => {
    const { orders, next } = await api.doneOrders(account, symbol, cursor, PAGE);
    return { items: orders, cursor: next };
  };
}

/** Fills. The exchange tells the last thousand at once, those before only forwards: they are sought in spans of sequences that go back. */
export function fillLoader({ api, account, symbol }) {
  let span = AT_ONCE; // so many sequences are looked through at once
  return async (cursor, oldest) => {
    if (cursor === null || oldest === null) {
      const { fills } = await api.fills(account, symbol, AT_ONCE);
      return { items: fills.reverse(), cursor: fills.length < AT_ONCE ? null : BEFORE };
    }
    let items = [];
    for (let last = oldest.sequence; ; ) {
      const first = Math.max(0, last - span);
      const found = await between({ api, account, symbol }, first, last, span > 1 ? PAGES : Infinity);
      if (found === null) {
        span = Math.ceil(span / STEP);
        continue;
      }
      items = items.concat(found.reverse());
      if (first === 0) return { items, cursor: null };
      if (found.length < AT_ONCE) span *= STEP;
      if (items.length > 0 && items.at(-1).sequence < oldest.sequence) return { items, cursor: BEFORE };
      last = first - 1;
    }
  };
}

/** The fills of these sequences, oldest first; null where they are more than so many pages. */
async function between({ api, account, symbol }, first, last, pages) {
  const found = [];
  let next = `${first}-0`;
  for (let calls = 0; next !== null; calls += 1) {
    if (calls === pages) return null;
    const page = await api.fillsAfter(account, symbol, next, AT_ONCE);
    found.push(...page.fills.filter(({ sequence }) => sequence <= last));
    next = page.fills.length > 0 && page.fills.at(-1).sequence > last ? null : page.next;
  }
  return found;
}
