// The intervals of candles, and when a candle of a time begins. All begin in UTC, weeks on Monday.

const SECOND = 1;
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const WEEK = 7 * DAY;
const MONDAY = 4 * DAY; // the first one after 1970 began

export const SECONDS = {
  "1s": SECOND,
  "1m": MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "1h": HOUR,
  "4h": 4 * HOUR,
  "1d": DAY,
  "1w": WEEK,
};

/** The beginning of the candle that holds this time, both in seconds since 1970. */
export function beginOf(time, interval) {
  const offset = interval === "1w" ? MONDAY : 0;
  const length = SECONDS[interval];
  return Math.floor((time - offset) / length) * length + offset;
}
