// What an order will cost or bring, in words, before it is sent; and what its user should know first.

import { add, compare, cut, divide, multiply, scaleOf, shown, subtract } from "../../common/decimal.js";
import { distance, leavesBand, walk } from "./walk.js";

const TAKES_AT_ONCE = ["limit", "ioc", "fok"];
const HELD_TO_BAND = [...TAKES_AT_ONCE, "oco"]; // others are compared when they fire
const HALF = "2"; // the part of what is shown that is much to take: one in two

/**
 * order: {type, side, price, trigger, quantity, budget}, each a decimal string or null. levels: of the other side, the best first; null
 * while they are not known. reference: the price that the band is around, or null. free: what the account may spend, or null for any.
 * Gives {words, warnings}: what it costs or brings, and a list of sentences.
 */
export function estimate(order, instrument, levels, reference, free) {
  const told = order.type === "market" ? estimateMarket(order, instrument, levels, reference) : estimatePriced(order, instrument, levels, reference);
  const needed = order.side === "sell" ? order.quantity : (order.budget ?? told.total ?? null);
  if (free !== null && needed !== null && compare(needed, free) > 0) {
    const asset = order.side === "sell" ? instrument.base : instrument.quote;
    told.warnings.unshift(`Only ${shown(free)} ${asset} is free.`);
  }
  return told;
}

function estimatePriced(order, instrument, levels, reference) {
  const { type, side, price, trigger, quantity } = order;
  const warnings = [];
  if (price !== null && HELD_TO_BAND.includes(type)) warnings.push(...bandWarning(price, reference, instrument));
  if (quantity === null || compare(quantity, "0") === 0) return { words: "", warnings };
  const words = [];
  const at = price ?? trigger;
  const total = at === null ? null : afterFee(side, multiply(at, quantity), highestFee(instrument));
  if (total !== null) words.push(totalWords(side, total, instrument, price === null ? " at its trigger" : type === "oco" ? " at its limit price" : ""));
  if (price !== null && levels && warnings.length === 0 && TAKES_AT_ONCE.includes(type)) {
    const taking = walk(levels, side, { quantity, limit: price }, instrument);
    if (taking.worst !== null) words.push(takingWords(taking, instrument));
    warnings.push(...muchWarning(taking));
  }
  return { words: words.join(" "), warnings, total };
}

function estimateMarket({ side, quantity, budget }, instrument, levels, reference) {
  const wanted = budget ?? quantity;
  if (levels === null || wanted === null || compare(wanted, "0") === 0) return { words: "", warnings: [] };
  const taking = walk(levels, side, { quantity, budget }, instrument);
  if (levels.length === 0) return { words: "", warnings: [`Nobody ${side === "buy" ? "sells" : "buys"} now: it would be canceled.`] };
  if (taking.worst === null) return { words: "", warnings: ["One lot costs more than that."] };
  const { base, quote, tick_size, price_band_bps } = instrument;
  const scale = scaleOf(tick_size);
  const fee = feeOf(taking.value, instrument.taker_fee_bps);
  const total = afterFee(side, taking.value, instrument.taker_fee_bps);
  const about = shown(cut(total, scale), scale);
  const what = `${shown(taking.taken)} ${base}`;
  const deal = `${side === "buy" ? "Buys" : "Sells"} ${what} for about ${about} ${quote}`;
  const charge = compare(fee, "0") === 0 ? "no fee" : `${side === "buy" ? "with" : "after"} a fee of ${shown(cut(fee, scale), scale)}`;
  const warnings = [];
  if (!taking.whole) warnings.push(`The book shows only ${shown(taking.shown)} ${base}: there may be no more to trade with.`);
  else warnings.push(...muchWarning(taking));
  const worse = reference !== null && compare(taking.worst, reference) * (side === "buy" ? 1 : -1) > 0;
  if (price_band_bps && worse && leavesBand(taking.worst, reference, price_band_bps)) {
    warnings.push(`It runs out of the price band of ${percent(price_band_bps)} %: what is left there would be canceled.`);
  }
  return { words: `${deal}, ${charge}. ${averageWords(taking, instrument)}`, warnings, total };
}

/** where: the price at which it is so, where it may come to another one. */
function totalWords(side, total, { quote, tick_size }, where) {
  const scale = scaleOf(tick_size);
  const verb = side === "buy" ? "Costs" : "Brings";
  const bound = where ? "about" : side === "buy" ? "at most" : "at least";
  return `${verb} ${bound} ${shown(cut(total, scale), scale)} ${quote}${where}, fees included.`;
}

function takingWords(taking, instrument) {
  return `Takes ${shown(taking.taken)} ${instrument.base} at once. ${averageWords(taking, instrument)}`;
}

function averageWords({ average, best, taken }, { tick_size }) {
  const away = distance(average, best);
  const price = shown(average, scaleOf(tick_size));
  const slip = compare(away, "0") === 0 ? "the best price" : `${shown(away)} bps from the best`;
  return compare(taken, "0") === 0 ? "" : `Average ${price}, ${slip}.`;
}

function muchWarning({ taken, shown: all }) {
  if (compare(multiply(taken, HALF), all) <= 0) return [];
  return [`It takes ${divide(multiply(taken, "100"), all, 0)} % of what the book shows.`];
}

function bandWarning(price, reference, { price_band_bps, quote, tick_size }) {
  if (!price_band_bps || reference === null || !leavesBand(price, reference, price_band_bps)) return [];
  const away = divide(distance(price, reference), "100", 2);
  const around = shown(reference, scaleOf(tick_size));
  return [`Its price is ${shown(away)} % from ${around} ${quote}; the band allows ${percent(price_band_bps)} %. It would be rejected.`];
}

function afterFee(side, value, bps) {
  return side === "buy" ? add(value, feeOf(value, bps)) : subtract(value, feeOf(value, bps));
}

function highestFee({ maker_fee_bps, taker_fee_bps }) {
  return Math.max(maker_fee_bps, taker_fee_bps);
}

function feeOf(value, bps) {
  return multiply(multiply(value, String(bps)), "0.0001");
}

function percent(bps) {
  return multiply(String(bps), "0.01");
}
