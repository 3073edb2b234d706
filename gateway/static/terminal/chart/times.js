// Times on the chart's axis, of the page's clock.

import { partsOf } from "../../common/clock.js";

const KINDS = { year: 0, month: 1, day: 2, seconds: 4 }; // TickMarkType of lightweight-charts

/** A tick of the axis at this time, in seconds since 1970. */
export function axisTime(time, kind) {
  const { year, month, day, hours, minutes, seconds } = partsOf(new Date(time * 1000));
  if (kind === KINDS.year) return String(year);
  if (kind === KINDS.month) return month;
  if (kind === KINDS.day) return `${day} ${month}`;
  return `${hours}:${minutes}${kind === KINDS.seconds ? `:${seconds}` : ""}`;
}

/** Day and time, with seconds where there are any. */
export function fullTime(time) {
  const { year, month, day, hours, minutes, seconds } = partsOf(new Date(time * 1000));
  return `${day} ${month} ${year}, ${hours}:${minutes}${seconds === "00" ? "" : `:${seconds}`}`;
}
