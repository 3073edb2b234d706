// Levels of a coarser step: bids go down to it and asks up, so that no group looks better than what is in it.

import { fromUnits, scaleOf, toUnits, widestScale } from "../../common/decimal.js";

const STEPS = 6;
const COARSEST = 20n; // a step is at most this part of the price

/** The steps by which the book may be grouped: the tick, and ten times the one before. price: about where the market is, or null. */
export function stepsOf(tick, price) {
  const scale = widestScale([tick, price ?? "0"]);
  const most = price === null ? null : toUnits(price, scale) / COARSEST;
  const steps = [tick];
  for (let units = toUnits(tick, scale) * 10n; steps.length < STEPS && (most === null || units <= most); units *= 10n) {
    steps.push(fromUnits(units, scale));
  }
  return steps;
}

/** The group that the price is in. */
export function groupOf(price, step, isBid) {
  const scale = widestScale([price, step]);
  const [units, size] = [toUnits(price, scale), toUnits(step, scale)];
  const rest = units % size;
  return fromUnits(rest === 0n ? units : isBid ? units - rest : units - rest + size, scale);
}

/** The first `count` groups of the levels [price, quantity], best first. A group at 0 would be no price: it is called by its worst one. */
export function grouped(levels, step, isBid, count) {
  const groups = [];
  let held = null;
  for (const [price, quantity] of levels) {
    const name = groupOf(price, step, isBid);
    if (!held || held.name !== name) {
      if (groups.length === count) break;
      groups.push((held = { name, price: name === "0" ? price : name, quantities: [] }));
    }
    held.quantities.push(quantity);
  }
  return groups.map(({ price, quantities }) => [price, sumOf(quantities)]);
}

function sumOf(quantities) {
  const scale = quantities.reduce((widest, text) => Math.max(widest, scaleOf(text)), 0);
  return fromUnits(quantities.reduce((sum, text) => sum + toUnits(text, scale), 0n), scale);
}
