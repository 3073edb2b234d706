// The buttons that fill in a share of what is free: of the quote currency to buy, fees included; of the base to sell.

import { add, compare, cut, divide, floorTo, lesser, multiply, scaleOf, shown } from "../../common/decimal.js";
import { element, setText } from "../../common/dom.js";
import { affordable, walk } from "./walk.js";

const SHARES = ["25", "50", "75"];

export class Shares {
  #root = element("div", { id: "shares", class: "shares", role: "group", "aria-label": "A share of what is free", hidden: true });
  #free = element("span", { id: "shares-free" });

  /** onChoose(percent as a decimal string). */
  constructor(onChoose) {
    const buttons = SHARES.map((share) => element("button", { type: "button", class: "quiet", "data-share": share }, `${share} %`));
    const all = element("button", { type: "button", class: "quiet", "data-share": "100", "aria-label": "Max, 100 %" }, "Max");
    this.#root.append(this.#free, ...buttons, all);
    document.querySelector("#options").before(this.#root);
    this.#root.addEventListener("click", ({ target }) => {
      const share = target.closest("[data-share]")?.dataset.share;
      if (share) onChoose(share);
    });
  }

  /** own: see View. Without a ledger nothing limits the account: there is no share to take. */
  show(own, side, instrument) {
    const known = Boolean(own?.ledger && instrument);
    this.#root.hidden = !known;
    if (!known) return;
    const { base, quote, tick_size, lot_size } = instrument;
    const [asset, step] = side === "buy" ? [quote, tick_size] : [base, lot_size];
    const free = freeOf(own, asset);
    setText(this.#free, `Free ${shown(cut(free, scaleOf(step)), scaleOf(step))} ${asset}`);
    this.#free.title = shown(free);
  }
}

/**
 * What goes into which field for this share of what is free: [name, decimal string]; null where it cannot be told.
 * order: as for `estimate`, `takes`: "quantity" or "quote_quantity".
 */
export function shareOf(percent, own, { type, side, price, stop, trigger, takes }, instrument, levels) {
  const { base, quote, lot_size, max_quantity, tick_size } = instrument;
  const part = (amount) => divide(multiply(amount, percent), "100", scaleOf(amount) + 2);
  const inLots = (amount) => lesser(floorTo(amount, lot_size), max_quantity);
  if (side === "sell" && takes === "quantity") return ["quantity", inLots(part(freeOf(own, base)))];
  if (side === "sell") return null;
  const budget = part(freeOf(own, quote));
  // The exchange takes the fee out of it by itself.
  if (takes === "quote_quantity") return ["quote_quantity", cut(budget, scaleOf(tick_size) + scaleOf(lot_size))];
  const { maker_fee_bps, taker_fee_bps } = instrument;
  const fee = type === "market" ? taker_fee_bps : Math.max(maker_fee_bps, taker_fee_bps);
  const beforeFee = divide(budget, add("1", multiply(String(fee), "0.0001")), scaleOf(budget) + 4);
  if (type === "market") {
    const { taken } = walk(levels ?? [], side, { budget: beforeFee }, instrument);
    return compare(taken, "0") > 0 ? ["quantity", inLots(taken)] : null;
  }
  // An order locks its dearer leg.
  const prices = [price, stop ?? trigger].filter((each) => each !== null && compare(each, "0") > 0);
  const at = type === "oco" ? prices.sort(compare).at(-1) : (prices[0] ?? levels?.[0]?.[0]);
  return at === undefined ? null : ["quantity", lesser(affordable(beforeFee, at, lot_size), max_quantity)];
}

export function freeOf(own, asset) {
  return own.balances.find((each) => each.asset === asset)?.free ?? "0";
}
