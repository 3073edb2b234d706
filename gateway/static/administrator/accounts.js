// Accounts: money that comes and goes, balances, and accounts that are suspended.

import { element } from "../common/dom.js";
import { Room } from "./room.js";

export class Accounts extends Room {
  #more = document.querySelector('.more-rows[data-of="accounts"]');
  #pages = 1; // so many are shown
  #unknown = null; // {wanted, transfer_id}: a transfer of which nobody knows yet whether it was made

  constructor() {
    super("accounts");
    this.onSend(document.querySelector("#money"), (fields, kind) => this.#move(fields, kind));
    this.onSend(document.querySelector("#hold"), ({ account }, kind) => this.#hold(account, kind));
    this.#more.addEventListener("click", () => this.run(() => void (this.#pages += 1)));
  }

  async read(admin) {
    const rows = [];
    let next = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const { accounts, next: after } = await admin.accounts(next);
      rows.push(...accounts.flatMap(({ account, balances }) => balances.map((balance) => ({ account, ...balance }))));
      next = after;
      if (!next) break;
    }
    return { rows, next };
  }

  draw({ rows, next }) {
    this.show(rows, row);
    this.#more.hidden = !next;
  }

  /** What has no answer keeps its transfer_id: sent again it moves the money once. */
  async #move({ account = "", asset = "", amount = "" }, kind) {
    const wanted = JSON.stringify([kind, account, asset, amount]);
    if (this.#unknown?.wanted !== wanted) this.#unknown = { wanted, transfer_id: newTransferId() };
    const { transfer_id } = this.#unknown;
    try {
      await this.admin.moveMoney(kind, account, { asset, amount, transfer_id });
    } catch (error) {
      if (!error.outcomeUnknown) this.#unknown = null;
      else error.detail = `${error.detail} The transfer ${transfer_id} may be made or not: the same, sent again, is made once.`.trim();
      throw error;
    }
    this.#unknown = null;
    return `${kind === "deposit" ? "Deposited" : "Withdrew"} ${amount} ${asset}: account ${account}, transfer ${transfer_id}.`;
  }

  async #hold(account, kind) {
    await this.admin.holdAccount(kind, account);
    return `Account ${account} is ${kind === "suspend" ? "suspended: its orders are canceled" : "resumed"}.`;
  }
}

function row({ account, asset, free, locked }) {
  const number = (text) => element("td", { class: "number" }, text);
  return element("tr", { "data-account": account }, element("th", { scope: "row" }, account), element("td", {}, asset), number(free), number(locked));
}

function newTransferId() {
  const parts = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36));
  return `page-${parts.join("")}`;
}
