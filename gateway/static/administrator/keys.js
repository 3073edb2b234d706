// API keys: made, shown once, revoked.

import { element } from "../common/dom.js";
import { Room } from "./room.js";

export class Keys extends Room {
  #confirm;
  #more = document.querySelector('.more-rows[data-of="keys"]');
  #pages = 1;

  constructor(confirm) {
    super("keys");
    this.#confirm = confirm;
    this.onSend(document.querySelector("#key"), (fields) => this.#make(fields));
    this.#more.addEventListener("click", () => this.run(() => void (this.#pages += 1)));
  }

  async read(admin) {
    const rows = [];
    let next = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const { keys, next: after } = await admin.keys(next);
      rows.push(...keys);
      next = after;
      if (!next) break;
    }
    return { rows, next };
  }

  draw({ rows, next }) {
    this.show(rows, (key) => this.#row(key));
    this.#more.hidden = !next;
  }

  #row({ key, account, label, type, permissions, last_used }) {
    const revoke = element("button", { type: "button", class: "quiet", "aria-label": `Revoke the key ${key}` }, "Revoke");
    revoke.addEventListener("click", () => this.run(() => this.#revoke(key, account)));
    return element(
      "tr",
      { "data-key": key },
      element("td", { title: key }, element("code", {}, `${key.slice(0, 10)}…`)),
      element("td", {}, account),
      element("td", {}, label),
      element("td", {}, type),
      element("td", {}, permissions.join(", ")),
      element("td", {}, last_used ?? "never"),
      element("td", {}, revoke),
    );
  }

  /** The secret stands on the page until something else is done here. */
  async #make({ account, label, permissions }) {
    const wanted = { account, ...(label && { label }), ...(permissions && { permissions: permissions.split(",") }) };
    const { key, secret } = await this.admin.createKey(wanted);
    const shown = element("code", { id: "made-key" }, `${key}.${secret}`);
    this.tell("good", "").replaceChildren(`A key for ${account}, shown this once: `, shown);
  }

  async #revoke(key, account) {
    const agreed = await this.#confirm.ask({
      question: `Revoke the key ${key.slice(0, 10)}… of ${account}?`,
      detail: "Whoever uses it is refused at once. It cannot be brought back.",
      yes: "Revoke",
      no: "Keep it",
    });
    if (!agreed) return "";
    await this.admin.revokeKey(key);
    return "The key is revoked.";
  }
}
