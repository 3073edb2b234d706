// Exact arithmetic on decimal strings, with BigInt; no price or quantity ever passes through a float.
// "Units" are integers: value = units x 10^-scale.

function isDecimal(text) {
  return /^\d+(\.\d+)?$/.test(text);
}

const GROUPED = /^[1-9]\d{0,2}([, \u00a0\u2007\u2009\u202f])\d{3}(\1\d{3})*(\.\d+)?$/;
const SCIENTIFIC = /^(\d+)(?:\.(\d+))?e([+-]?\d{1,2})$/i;

/**
 * The decimal string that the user's text stands for; null for none, and for what may mean more than one number. Thousands may
 * be grouped by commas, as `shown` does it, or by spaces; an exponent is taken as the exchange takes it.
 */
export function readDecimal(text) {
  const written = text.trim();
  if (isDecimal(written)) return written;
  if (GROUPED.test(written)) return written.replace(/[^\d.]/g, "");
  const [, whole, fraction = "", exponent] = SCIENTIFIC.exec(written) ?? [];
  if (whole === undefined) return null;
  const units = BigInt(whole + fraction);
  const scale = fraction.length - Number(exponent);
  return scale > 0 ? fromUnits(units, scale) : String(units * 10n ** BigInt(-scale));
}

/** How many digits stand after the point. */
export function scaleOf(text) {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

export function widestScale(texts) {
  return texts.reduce((widest, text) => Math.max(widest, scaleOf(text)), 0);
}

export function toUnits(text, scale) {
  const [whole, fraction = ""] = text.split(".");
  if (fraction.length > scale) throw new RangeError(`${text} has more than ${scale} decimals`);
  return BigInt(whole + fraction.padEnd(scale, "0"));
}

/** The shortest decimal string of these units: no needless trailing zero. */
export function fromUnits(units, scale) {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return sign + whole + (fraction ? "." + fraction : "");
}

export function add(a, b) {
  const scale = widestScale([a, b]);
  return fromUnits(toUnits(a, scale) + toUnits(b, scale), scale);
}

export function subtract(a, b) {
  const scale = widestScale([a, b]);
  return fromUnits(toUnits(a, scale) - toUnits(b, scale), scale);
}

export function multiply(a, b) {
  return fromUnits(toUnits(a, scaleOf(a)) * toUnits(b, scaleOf(b)), scaleOf(a) + scaleOf(b));
}

/** -1, 0 or 1. */
export function compare(a, b) {
  const scale = widestScale([a, b]);
  const difference = toUnits(a, scale) - toUnits(b, scale);
  return difference < 0n ? -1 : Number(difference > 0n);
}

/** For the eye: thousands grouped, zeros added up to `scale` decimals; digits are never cut. */
export function shown(text, scale = 0) {
  const [whole, fraction = ""] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const padded = fraction.padEnd(scale, "0");
  return padded ? `${grouped}.${padded}` : grouped;
}

/** The next multiple of `step` above (direction 1) or below (-1); never below one step. */
export function nudge(text, step, direction) {
  const scale = widestScale([text, step]);
  const size = toUnits(step, scale);
  const value = toUnits(text, scale);
  const down = value % size === 0n ? value - size : value - (value % size);
  const next = direction > 0 ? value - (value % size) + size : down;
  return fromUnits(next < size ? size : next, scale);
}

/** The spread of two prices, and its share of their middle in basis points, rounded half up:
 * two decimals from 1 bps up, three significant digits below. */
export function spreadOf(bid, ask) {
  const scale = widestScale([bid, ask]);
  const [low, high] = [toUnits(bid, scale), toUnits(ask, scale)];
  const difference = high - low;
  const twiceTheMiddle = high + low;
  let decimals = 2;
  if (difference > 0n) {
    while (decimals < 12 && difference * 20000n * 10n ** BigInt(decimals) < twiceTheMiddle * 100n) decimals += 1;
  }
  const numerator = difference * 20000n * 10n ** BigInt(decimals);
  const bps = (2n * numerator + twiceTheMiddle) / (2n * twiceTheMiddle);
  return { absolute: fromUnits(difference, scale), bps: shown(fromUnits(bps, decimals), 2) };
}

/** The digits of a number beyond `scale` decimals cut off; towards zero. */
export function cut(text, scale) {
  const beyond = scaleOf(text) - scale;
  return beyond > 0 ? fromUnits(toUnits(text, scaleOf(text)) / 10n ** BigInt(beyond), scale) : text;
}

/** a / b with `scale` decimals at most, cut towards zero; b is not zero. */
export function divide(a, b, scale) {
  const [one, other] = [toUnits(a, scaleOf(a)), toUnits(b, scaleOf(b))];
  const shift = BigInt(scale + scaleOf(b) - scaleOf(a));
  const [above, below] = shift < 0n ? [one, other * 10n ** -shift] : [one * 10n ** shift, other];
  return fromUnits(above / below, scale);
}

/** The largest multiple of the step that is not above; of a number that is not negative. */
export function floorTo(text, step) {
  const scale = widestScale([text, step]);
  const size = toUnits(step, scale);
  return fromUnits((toUnits(text, scale) / size) * size, scale);
}

export function lesser(a, b) {
  return compare(a, b) <= 0 ? a : b;
}

export function greater(a, b) {
  return compare(a, b) >= 0 ? a : b;
}

/** For the eye, with its sign in front: +1,234.5, −3, 0. */
export function signed(text, scale = 0) {
  const sign = compare(text, "0");
  return `${{ 1: "+", 0: "", "-1": "−" }[sign]}${shown(text.replace("-", ""), scale)}`;
}
