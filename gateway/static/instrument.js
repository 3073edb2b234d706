// Shows the chosen instrument: its steps and limits, fees and status.

import { clock, setText } from "./dom.js";
import { shown } from "./decimal.js";

const STATUS = {
  trading: { label: "Trading", notice: "" },
  cancel_only: {
    label: "Cancel only",
    notice: "Cancel only: new orders and amends are rejected for now. Cancels still work.",
  },
  halted: {
    label: "Halted",
    notice: "Halted: new orders are rejected and triggers do not fire. Cancels still work.",
  },
};

export class InstrumentView {
  #facts = Object.fromEntries(
    ["tick-size", "lot-size", "quantity-limits", "min-notional", "fees", "instrument-status"].map((id) => [
      id,
      document.getElementById(id),
    ]),
  );
  #notice = document.querySelector("#status-notice");

  show(instrument) {
    const { base, quote, status } = instrument;
    const { label, notice: always } = STATUS[status] ?? { label: status, notice: `This instrument's status is ${status}.` };
    const notice = instrument.halted_until ? `${always} Trades again at ${clock(new Date(instrument.halted_until))}.` : always;
    setText(this.#facts["tick-size"], `${shown(instrument.tick_size)} ${quote}`);
    setText(this.#facts["lot-size"], `${shown(instrument.lot_size)} ${base}`);
    setText(this.#facts["quantity-limits"], `${shown(instrument.min_quantity)} to ${shown(instrument.max_quantity)} ${base}`);
    setText(this.#facts["min-notional"], `${shown(instrument.min_notional)} ${quote}`);
    setText(this.#facts["fees"], `${instrument.maker_fee_bps} maker, ${instrument.taker_fee_bps} taker`);
    setText(this.#facts["instrument-status"], label);
    this.#facts["instrument-status"].dataset.status = status;
    setText(this.#notice, notice);
    this.#notice.hidden = notice === "";
    for (const node of document.querySelectorAll("[data-unit]")) setText(node, instrument[node.dataset.unit]);
    document.title = `${instrument.symbol} · Exchange`;
  }
}
