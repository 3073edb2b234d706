// The one clock of the page: every time that it tells is of the zone that the user has chosen, his own or UTC.

import { recall, remember } from "./stored.js";

export const ZONES = { local: "Local time", utc: "UTC" };

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const listeners = [];
let zone = recall("zone") === "utc" ? "utc" : "local";

export function chosenZone() {
  return zone;
}

export function chooseZone(chosen) {
  zone = chosen;
  remember("zone", chosen);
  for (const listener of listeners) listener();
}

/** Calls listener() whenever another zone was chosen. */
export function onZone(listener) {
  listeners.push(listener);
}

/** How the zone is called beside a time: "UTC", or the reader's own as "UTC+2". */
export function zoneWord() {
  if (zone === "utc") return "UTC";
  const minutes = -new Date().getTimezoneOffset();
  const size = Math.abs(minutes);
  const rest = size % 60 ? `:${two(size % 60)}` : "";
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
}

/** {year, month (its name), day, hours, minutes, seconds} of a Date, the last three with two digits. */
export function partsOf(date) {
  const read = (part) => (zone === "utc" ? date[`getUTC${part}`]() : date[`get${part}`]());
  return {
    year: read("FullYear"),
    month: MONTHS[read("Month")],
    day: read("Date"),
    hours: two(read("Hours")),
    minutes: two(read("Minutes")),
    seconds: two(read("Seconds")),
  };
}

/** The time of a field of type datetime-local, read in the chosen zone. */
export function readMoment(text) {
  return new Date(zone === "utc" ? `${text}Z` : text);
}

/** HH:MM:SS. */
export function clock(date) {
  const { hours, minutes, seconds } = partsOf(date);
  return `${hours}:${minutes}:${seconds}`;
}

/** Time, with the day before it where that is not today. */
export function moment(date) {
  const [now, then] = [partsOf(new Date()), partsOf(date)];
  const today = now.year === then.year && now.month === then.month && now.day === then.day;
  return today ? clock(date) : `${then.day} ${then.month} ${then.year} ${clock(date)}`;
}

function two(number) {
  return String(number).padStart(2, "0");
}
