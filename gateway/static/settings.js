// What the user has chosen to look at: base URL, instrument, account, theme. Remembered in localStorage.

/** Where this page's gateway is: the page's own origin, with the path below which a proxy serves it. */
export const HERE = new URL(".", document.baseURI).href.replace(/\/$/, "");

const PREFIX = "exchange.";
const ACCOUNT = /^[A-Za-z0-9._:-]{1,64}$/;
const THEMES = ["auto", "dark", "light"];

export class Settings {
  #symbol = document.querySelector("#symbol");
  #account = document.querySelector("#account");
  #baseUrl = document.querySelector("#base-url");
  #error = document.querySelector("#settings-error");
  #onChange;

  /** onChange("symbol" | "account" | "baseUrl") after each valid choice of the user. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.account = valid(recall("account"), ACCOUNT) ?? "default";
    this.symbol = recall("symbol");
    this.baseUrl = normalBase(recall("base_url") ?? "") ?? "";
    this.#account.value = this.account;
    this.#baseUrl.value = this.baseUrl;
    this.#baseUrl.placeholder = HERE;
    this.#symbol.addEventListener("change", () => {
      this.#tell(this.#symbol, "");
      this.#choose("symbol", "symbol", this.#symbol.value);
    });
    this.#account.addEventListener("change", () => this.#chooseAccount());
    this.#baseUrl.addEventListener("change", () => this.#chooseBase());
    document.querySelector("#settings").addEventListener("submit", (event) => event.preventDefault());
    setUpTheme(document.querySelector("#theme"));
    setUpMore(document.querySelector("#more-settings"));
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
    return chosen;
  }

  /** Shows the account of the holder's key, which cannot be changed; null: the one that was chosen, which can. */
  fixAccount(fixed) {
    this.#account.readOnly = fixed !== null;
    this.#account.value = fixed ?? this.account;
    this.#tell(this.#account, "");
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
    this.#onChange(name);
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

/** On a narrow screen the base URL is folded away behind this button. */
function setUpMore(button) {
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
  });
}

function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Storage may be full or closed: the choice then lasts as long as the page.
  }
}

function valid(text, pattern) {
  return text !== null && pattern.test(text) ? text : null;
}
