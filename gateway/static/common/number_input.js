// What the inputs of numbers share, in the order form and in an order's row.

import { nudge, readDecimal } from "./decimal.js";

const TAKES_DECIMAL =
  "takes a number as in 60,011.13: a point before the decimals, commas or spaces only between thousands.";

/** What is wrong with a text that readDecimal does not read. */
export function decimalFault(text) {
  const written = text.trim();
  if (/^[-\u2212]\s*[\d.]/.test(written)) return "takes a positive number.";
  if (/^\+\s*[\d.]/.test(written)) return "takes a number without a sign.";
  if (/^\.\d+$/.test(written)) return `takes a digit before the point: 0${written}.`;
  if (/^\d+\.$/.test(written)) return `takes a digit behind the point: ${written}0.`;
  return TAKES_DECIMAL;
}

/** Once the user is done with the input, it shows the number as it was read. */
export function showAsRead(input) {
  input.addEventListener("change", () => {
    const number = readDecimal(input.value);
    if (number !== null && number !== input.value) input.value = number;
  });
}

/** The number to which an arrow key moves the one that stands in the input; null for another key, or where no number stands there. */
export function stepped({ key }, text, step) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[key];
  const number = readDecimal(text);
  return direction && step && number !== null ? nudge(number, step, direction) : null;
}
