// What the user has chosen to look at: base URL, instrument, account, interval, theme. Remembered in localStorage; what the page's
// address says goes before it, and the address says what is shown: a link opens the same view.

import { recall, remember } from "./stored.js";

/** Where this page's gateway is: the page's own origin, with the path below which a proxy serves it. */
export const HERE = new URL(".", document.baseURI).href.replace(/\/$/, "");

const ACCOUNT = /^[A-Za-z0-9._:-]{1,64}$/;
export const INTERVALS = ["1s", "1m", "5m", "15m", "1h", "4h", "1d", "1w"];

const FIRST_INTERVAL = "1m";
const THEMES = ["auto", "dark", "light"];

export class Settings {
  #symbol = document.querySelector("#symbol");
  #account = document.querySelector("#account");
  #baseUrl = document.querySelector("#base-url");
  #error = document.querySelector("#settings-error");
  #onChange;
  #intervalIsChosen;
  #fixed = null; // the account of the holder's key

  /** onChange("symbol" | "account" | "baseUrl" | "interval") after each valid choice of the user. */
  constructor(onChange) {
    this.#onChange = onChange;
    const address = new URLSearchParams(location.search);
    this.account = valid(address.get("account"), ACCOUNT) ?? valid(recall("account"), ACCOUNT) ?? "default";
    this.symbol = address.get("symbol") ?? recall("symbol");
    this.interval = [address.get("interval"), recall("interval")].find((word) => INTERVALS.includes(word)) ?? null;
    this.#intervalIsChosen = this.interval !== null;
    this.interval ??= FIRST_INTERVAL;
    this.baseUrl = normalBase(recall("base_url") ?? "") ?? "";
    this.#account.value = this.account;
    this.#baseUrl.value = this.baseUrl;
    this.#baseUrl.placeholder = HERE;
    this.#symbol.addEventListener("change", () => this.chooseSymbol(this.#symbol.value));
    this.#account.addEventListener("change", () => this.#chooseAccount());
    this.#baseUrl.addEventListener("change", () => this.#chooseBase());
    document.querySelector("#settings").addEventListener("submit", (event) => event.preventDefault());
    setUpTheme(document.querySelector("#theme"));
  }

  /** Where the exchange is: the base URL, or else where this page comes from. */
  get origin() {
    return this.baseUrl || HERE;
  }

  /** Fills the select. Keeps the chosen symbol where it is listed, else takes the first; gives its instrument. */
  offer(instruments) {
    const symbols = instruments.map((instrument) => instrument.symbol);
    const offered = [...this.#symbol.options].map((option) => option.value);
    if (symbols.join() !== offered.join()) this.#symbol.replaceChildren(...symbols.map((symbol) => new Option(symbol)));
    const chosen = instruments.find((instrument) => instrument.symbol === this.symbol) ?? instruments[0] ?? null;
    this.symbol = chosen?.symbol ?? null;
    if (chosen && this.#symbol.value !== chosen.symbol) this.#symbol.value = chosen.symbol;
    this.#writeAddress();
    return chosen;
  }

  chooseSymbol(symbol) {
    this.#symbol.value = symbol;
    this.#tell(this.#symbol, "");
    this.#choose("symbol", "symbol", symbol);
  }

  chooseInterval(interval) {
    this.#intervalIsChosen = true;
    this.#choose("interval", "interval", interval);
  }

  /** Takes the shortest interval, unless the user has chosen one: an exchange that has just begun has few candles. */
  preferShort() {
    if (this.#intervalIsChosen || this.interval === INTERVALS[0]) return;
    this.#intervalIsChosen = true;
    this.interval = INTERVALS[0];
    this.#writeAddress();
    this.#onChange("interval");
  }

  /** Shows the account of the holder's key, which cannot be changed; null: the one that was chosen, which can. */
  fixAccount(fixed) {
    this.#fixed = fixed;
    this.#account.readOnly = fixed !== null;
    this.#account.value = fixed ?? this.account;
    this.#tell(this.#account, "");
    this.#writeAddress();
  }

  /** Goes to the choice that the exchange named as wrong. */
  mark(name) {
    const input = { symbol: this.#symbol, account: this.#account }[name];
    input?.setAttribute("aria-invalid", "true");
    input?.focus();
  }

  #chooseAccount() {
    const account = this.#account.value.trim() || "default";
    const fine = ACCOUNT.test(account);
    this.#tell(this.#account, fine ? "" : "An account is 1 to 64 letters, digits and . _ : -");
    if (!fine) return;
    this.#account.value = account;
    this.#choose("account", "account", account);
  }

  #chooseBase() {
    const base = normalBase(this.#baseUrl.value);
    this.#tell(this.#baseUrl, base === null ? "A base URL names a host, as in http://127.0.0.1:8000; empty means this page's origin." : "");
    if (base === null) return;
    this.#baseUrl.value = base;
    this.#choose("baseUrl", "base_url", base);
  }

  #choose(name, key, value) {
    if (this[name] === value) return;
    this[name] = value;
    remember(key, value);
    this.#writeAddress();
    this.#onChange(name);
  }

  /** The account of a key is no part of the address: who opens the link needs a key of his own. */
  #writeAddress() {
    if (!this.symbol) return;
    const query = new URLSearchParams({ symbol: this.symbol, ...(this.#fixed === null && { account: this.account }), interval: this.interval });
    const address = `${location.pathname}?${query}${location.hash}`;
    if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
  }

  #tell(input, message) {
    this.#error.textContent = message;
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

/** The origin and path without a final slash; "" for nothing; null for what is no HTTP address. */
function normalBase(text) {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
    if (url.protocol !== "http:" && url.protocol !== "https:") return null;
    if (!namesHost(trimmed, url.hostname)) return null;
    return url.origin + url.pathname.replace(/\/+$/, "");
  } catch {
    return null;
  }
}

/** Whether the host is one that was written: a browser makes 0.0.31.64 of 8000, and a host of any word. */
function namesHost(text, hostname) {
  if (/^\d+(\.\d+){3}$/.test(hostname)) return text.includes(hostname);
  return /^[a-z]+:\/\//i.test(text) || hostname === "localhost" || /[.[]/.test(hostname) || /^[^/]+:\d+/.test(text);
}

function setUpTheme(button) {
  const root = document.documentElement;
  const show = () => {
    const theme = root.dataset.theme ?? "auto";
    button.textContent = { auto: "◐ Auto", dark: "● Dark", light: "○ Light" }[theme];
    button.setAttribute("aria-label", `Theme: ${theme}. Change`);
    return theme;
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(show()) + 1) % THEMES.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    remember("theme", next);
    show();
  });
  show();
}

function valid(text, pattern) {
  return text !== null && pattern.test(text) ? text : null;
}
