// What an order would take from the levels of the book that are shown, exact.

import { add, compare, divide, floorTo, greater, lesser, multiply, scaleOf, subtract } from "../../common/decimal.js";

const MORE_DECIMALS = 2; // of an average price, beyond those of the tick

/**
 * levels: [price, quantity] of the other side, the best first. It ends at `quantity`, at a value of `budget` or at the price `limit`,
 * whichever is not null. Gives {taken, value, best, worst, average, shown: all that the levels hold, whole: whether nothing is left}.
 */
export function walk(levels, side, { quantity = null, budget = null, limit = null }, { tick_size, lot_size }) {
  const shown = levels.map(([, size]) => size).reduce(add, "0");
  const beyond = (price) => limit !== null && compare(price, limit) * (side === "buy" ? 1 : -1) > 0;
  let [taken, value, worst] = ["0", "0", null];
  let whole = false;
  for (const [price, size] of levels) {
    if (beyond(price) || whole) break;
    const wanted = quantity === null ? affordable(subtract(budget, value), price, lot_size) : subtract(quantity, taken);
    const part = lesser(wanted, size);
    whole = compare(wanted, size) <= 0;
    if (compare(part, "0") === 0) break;
    taken = add(taken, part);
    value = add(value, multiply(part, price));
    worst = price;
  }
  const best = levels[0]?.[0] ?? null;
  const average = worst === null ? null : divide(value, taken, scaleOf(tick_size) + MORE_DECIMALS);
  return { taken, value, best, worst, average, shown, whole };
}

/** How many lots a sum pays for at this price. */
export function affordable(sum, price, lot) {
  return floorTo(divide(greater(sum, "0"), price, scaleOf(lot)), lot);
}

/** How far a price is from another one, in basis points with two decimals, cut. */
export function distance(price, from) {
  return divide(multiply(apart(price, from), "10000"), from, 2);
}

/** Whether a price is farther from the reference than the band of the instrument allows. */
export function leavesBand(price, reference, bandBps) {
  return compare(multiply(apart(price, reference), "10000"), multiply(reference, String(bandBps))) > 0;
}

function apart(one, other) {
  return subtract(greater(one, other), lesser(one, other));
}
