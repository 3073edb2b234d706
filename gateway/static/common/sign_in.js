// Who is signed in. Where the exchange asks for keys, an account needs one: `<key>.<secret>`, the holder's proof. It is kept in
// this tab's sessionStorage until he signs out, and goes to the exchange that it was given for alone.

import { Api } from "./api.js";
import { setText } from "./dom.js";

const STORED = "exchange.proof";
const ASKED = "exchange.auth"; // in localStorage: so the next visit begins with what it will show
const PROOF = /^(?:Bearer\s+)?([A-Za-z0-9]{1,128}\.[A-Za-z0-9]{1,128})$/i;
const NEEDED = ["user_data", "user_stream"]; // what this page does with every key
const NO_PROOF = "This is no <key>.<secret>: letters and digits, with one point between.";
const REFUSED = "Signed out: the exchange no longer takes this key.";

export class SignIn {
  auth = null; // "off", "keys", or null while the exchange has not told it
  holder = null; // {proof, base, key, label, account, permissions}, or null where nobody is signed in
  #base;
  #onChange;
  #busy = false;
  #form = document.querySelector("#sign-in");
  #input = document.querySelector("#proof");
  #error = document.querySelector("#proof-error");
  #note = document.querySelector("#sign-in-note");
  #submit = document.querySelector("#sign-in-submit");
  #to = document.querySelector("#to-sign-in");
  #out = document.querySelector("#sign-out");
  #heading = document.querySelector("#form-heading");
  #skip = document.querySelector(".skip");
  #words = { heading: this.#heading.textContent, skip: this.#skip.textContent };

  /** base: where the exchange is. onChange(left): what may be seen or done has changed; left: a holder has gone. */
  constructor(base, onChange) {
    this.#base = base;
    this.#onChange = onChange;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener("input", () => this.#tell(""));
    this.#to.addEventListener("click", () => this.#input.focus());
    this.#out.addEventListener("click", () => this.#leave(""));
  }

  /** Whether orders, fills and balances may be read; false while that is not known. */
  get mayRead() {
    return this.auth === "off" || this.holder !== null;
  }

  get mayTrade() {
    return this.auth !== "keys" || (this.holder?.permissions.includes("trade") ?? false);
  }

  /** Whether a key is asked for and nobody is signed in. */
  get isOut() {
    return this.auth === "keys" && this.holder === null;
  }

  /** The exchange has told whether it asks for keys. */
  use(auth) {
    if (auth === this.auth) return;
    const had = this.holder !== null;
    this.auth = auth;
    this.holder = auth === "keys" ? recall(this.#base) : null;
    if (this.holder === null) forget();
    noteAuth(auth);
    this.#show("");
    this.#onChange(had);
  }

  /** Another exchange: a key of the one before is none of its business. */
  move(base) {
    const had = this.holder !== null;
    this.#base = base;
    this.auth = this.holder = null;
    forget();
    this.#show("");
    this.#onChange(had);
  }

  /** The exchange does not take the key any more. */
  refused() {
    if (this.holder) this.#leave(REFUSED);
  }

  #leave(note) {
    this.holder = null;
    forget();
    this.#show(note);
    this.#onChange(true);
    // What had the focus may be gone.
    if (!document.activeElement?.checkVisibility() || document.activeElement === document.body) this.#to.focus();
  }

  async #send() {
    if (this.#busy) return;
    const given = this.#input.value.trim();
    const proof = PROOF.exec(given)?.[1];
    if (!proof) return this.#fail(given ? NO_PROOF : "Key and secret are missing.");
    const base = this.#base;
    this.#showBusy(true);
    let holder, fault;
    try {
      const { key, label, account, permissions } = await new Api(base, proof).ownKey();
      holder = { proof, base, key, label, account, permissions };
      const lacking = NEEDED.filter((name) => !permissions.includes(name));
      if (lacking.length) fault = `This page needs a key that may read. This one lacks ${lacking.join(" and ")}.`;
    } catch (error) {
      fault = faultWords(error);
    }
    this.#showBusy(false);
    if (base !== this.#base || this.mayRead) return; // another exchange was chosen meanwhile
    if (fault) return this.#fail(fault);
    this.holder = holder;
    remember(holder);
    this.#show("");
    this.#onChange(false);
    document.querySelector(this.mayTrade ? "#order-form" : "#own [aria-selected='true']").focus({ preventScroll: true });
  }

  #fail(words) {
    this.#tell(words);
    this.#input.focus();
  }

  #tell(words) {
    setText(this.#error, words);
    if (words) this.#input.setAttribute("aria-invalid", "true");
    else this.#input.removeAttribute("aria-invalid");
  }

  #show(note) {
    this.#input.value = "";
    this.#tell("");
    setText(this.#note, note);
    document.documentElement.dataset.access = this.isOut ? "out" : this.holder ? "in" : "open";
    document.querySelector("#may-not-trade").hidden = this.isOut || this.mayTrade;
    setText(this.#heading, this.isOut ? "Sign in" : this.#words.heading);
    setText(this.#skip, this.isOut ? "Skip to the sign-in" : this.#words.skip);
    this.#skip.href = this.isOut ? "#sign-in" : "#order-form";
    this.#out.title = this.holder ? `Key ${[this.holder.label, `${this.holder.key.slice(0, 8)}…`].filter(Boolean).join(", ")}` : "";
  }

  #showBusy(busy) {
    this.#busy = busy;
    this.#input.readOnly = busy;
    setText(this.#submit, busy ? "Signing in…" : "Sign in");
    this.#submit.setAttribute("aria-disabled", String(busy));
  }
}

/** Why a key does not sign in. */
function faultWords({ kind, status, code, detail, title, retryAfter }) {
  if (kind !== "problem") return detail || "The exchange did not answer.";
  if (status === 401) return "The exchange does not take this key. It may be mistyped, revoked, expired, or for another address.";
  if (code === "permission_missing") return "This page needs a key that may read. This one lacks user_data.";
  const wait = retryAfter ? `Try again in ${retryAfter} s.` : "Try again in a moment.";
  if (status === 503) return `The exchange is down or busy. ${wait}`;
  return [detail || title, retryAfter && wait].filter(Boolean).join(" ");
}

/** The holder who has signed in to this exchange in this tab; null for none. */
function recall(base) {
  try {
    const holder = JSON.parse(sessionStorage.getItem(STORED));
    return holder?.base === base ? holder : null;
  } catch {
    return null;
  }
}

function remember(holder) {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(holder));
  } catch {
    // Storage may be full or closed: he then stays signed in as long as the page.
  }
}

function noteAuth(auth) {
  try {
    if (auth === "keys") localStorage.setItem(ASKED, auth);
    else localStorage.removeItem(ASKED);
  } catch {
    // Without storage the form of orders stands there for a moment.
  }
}

function forget() {
  try {
    sessionStorage.removeItem(STORED);
  } catch {
    // Where storage is closed, nothing was kept.
  }
}
