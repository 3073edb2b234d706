// Figures in few digits, to look at: sums and changes of the last 24 hours. What trades is never written like this.

import { scaleOf, shown } from "../../common/decimal.js";

const STEPS = ["", "K", "M", "B", "T"];
const SHORT = 7; // digits before the point from which on a step is taken
const PLACES = 2;

/** A sum cut to few digits: 12,345.67, 1.23M; beyond the steps with an exponent. */
export function compact(text) {
  const [whole, fraction = ""] = text.split(".");
  if (whole.length < SHORT) return shown(`${whole}${fraction && whole.length < 5 ? `.${fraction.slice(0, whole === "0" ? 4 : PLACES)}` : ""}`);
  const step = Math.floor((whole.length - 1) / 3);
  if (step >= STEPS.length) return `${whole[0]}.${whole.slice(1, 1 + PLACES)}e${whole.length - 1}`;
  const lead = whole.length - 3 * step;
  return `${whole.slice(0, lead)}.${whole.slice(lead, lead + PLACES)}${STEPS[step]}`;
}

/** The change of the last 24 hours in words, and its direction: "up", "down" or null. */
export function change(ticker, scale) {
  const { change: amount = null, change_percent: percent = null } = ticker ?? {};
  if (amount === null || percent === null) return { direction: null, words: "–" };
  const down = amount.startsWith("-");
  const plain = amount.replace("-", "");
  const direction = /[1-9]/.test(plain) ? (down ? "down" : "up") : null;
  const sign = { up: "+", down: "−" }[direction] ?? "";
  return { direction, words: `${sign}${shown(plain, Math.max(scale, scaleOf(plain)))} (${sign}${percentText(percent)})` };
}

/** A percentage with two decimals, cut; without its sign. */
export function percentText(percent) {
  const [whole, fraction = ""] = percent.replace("-", "").split(".");
  return `${shown(whole)}.${fraction.slice(0, PLACES).padEnd(PLACES, "0")} %`;
}
