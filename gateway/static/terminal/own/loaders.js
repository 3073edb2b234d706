// What an account has done before, asked for in parts: done orders and fills.

import { PAGE } from "./paged_list.js";

const AT_ONCE = 1_000; // fills in an answer at most
const CALLS = 100; // bounds how many fills are read to come to the ones before the last thousand
const BEGIN = "0-0";

/** Done orders, of all instruments where the symbol is null; see PagedList. */
export function doneLoader({ api, account, symbol }) {
  return async (cursor) => {
    const { orders, next } = await api.doneOrders(account, symbol, cursor, PAGE);
    return { items: orders, cursor: next };
  };
}

/** Fills. The exchange tells the last thousand at once; those before only from the first one on: they are read to the end, then shown. */
export function fillLoader({ api, account, symbol }) {
  return async (cursor, oldest) => {
    if (cursor === null) {
      const { fills } = await api.fills(account, symbol, AT_ONCE);
      return { items: fills.reverse(), cursor: fills.length < AT_ONCE ? null : BEGIN };
    }
    const before = [];
    let next = cursor;
    for (let calls = 0; calls < CALLS && next !== null; calls += 1) {
      const page = await api.fillsAfter(account, symbol, next, AT_ONCE);
      before.push(...page.fills);
      const last = page.fills.at(-1);
      next = last && oldest && last.sequence >= oldest.sequence ? null : page.next;
    }
    const older = oldest ? before.filter(({ sequence }) => sequence <= oldest.sequence) : before;
    return { items: older.reverse(), cursor: null };
  };
}
