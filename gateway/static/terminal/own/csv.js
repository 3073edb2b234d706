// Lists as tables for spreadsheets: one line of names, one line an item, the names and units of the exchange's JSON.

const FORMULA = /^[=+\-@\t\r]/; // a spreadsheet takes what begins like this for a formula
const NUMBER = /^-?\d+(\.\d+)?$/;

export const ORDER_COLUMNS = [
  ...["order_id", "client_order_id", "account", "symbol", "side", "order_type", "status", "reason", "price", "trigger_price"],
  ...["quantity", "filled_quantity", "remaining_quantity", "average_price", "timestamp", "updated", "tag"],
];
export const FILL_COLUMNS = ["timestamp", "sequence", "symbol", "trade_id", "order_id", "side", "price", "quantity", "fee", "liquidity"];
export const MONEY_COLUMNS = [
  ...["kind", "asset", "free", "locked", "symbol", "quantity", "average_price", "cost", "last_price", "unrealised", "realised", "fees_paid"],
];

/** The items as CSV. Texts that a spreadsheet would run are made plain by an apostrophe in front. */
export function csvOf(columns, items) {
  const lines = items.map((item) => columns.map((name) => cellOf(item[name])).join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}

/** Saves the text as a file of the user. The parts of its name: what it is, of whom, where. */
export function saveCsv(text, ...parts) {
  const day = new Date().toISOString().slice(0, 10);
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${[...parts, day].join("-").replace(/[^A-Za-z0-9._-]/g, "_")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

function cellOf(value) {
  if (value === null || value === undefined) return "";
  const text = String(value);
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
