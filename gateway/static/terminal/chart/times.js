// Times on the chart's axis: of the reader's own clock.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const KINDS = { year: 0, month: 1, day: 2, seconds: 4 }; // TickMarkType of lightweight-charts

function two(number) {
  return String(number).padStart(2, "0");
}

/** A tick of the axis at this time, in seconds since 1970. */
export function axisTime(time, kind) {
  const date = new Date(time * 1000);
  if (kind === KINDS.year) return String(date.getFullYear());
  if (kind === KINDS.month) return MONTHS[date.getMonth()];
  if (kind === KINDS.day) return `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  const seconds = kind === KINDS.seconds ? `:${two(date.getSeconds())}` : "";
  return `${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
}

/** Day and time, with seconds where there are any. */
export function fullTime(time) {
  const date = new Date(time * 1000);
  const seconds = date.getSeconds() ? `:${two(date.getSeconds())}` : "";
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}, ${two(date.getHours())}:${two(date.getMinutes())}${seconds}`;
}
