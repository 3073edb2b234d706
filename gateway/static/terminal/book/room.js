// How many rows a side of the book has: as many as its panel has room for on a desk, the least where the page scrolls.

const DESK = matchMedia("(min-width: 1100px)");
const MOST = 50;
const ROW = 21; // pixels: rows are this high where more than the least fit
const HEADS = 128; // pixels of the panel that are no rows: its heading, the columns' heads, the last trade

/** Calls onRows(count) now and whenever the room has changed. */
export function rowsThatFit(panel, least, onRows) {
  let shown = 0;
  const fit = () => {
    const rows = DESK.matches ? Math.floor((panel.clientHeight - HEADS) / 2 / ROW) : least;
    const count = Math.min(MOST, Math.max(least, rows));
    if (count === shown) return;
    shown = count;
    panel.style.setProperty("--rows", count);
    panel.classList.toggle("deep", count > least);
    onRows(count);
  };
  new ResizeObserver(fit).observe(panel);
  DESK.addEventListener("change", fit);
  fit();
}
