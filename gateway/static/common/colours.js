// The page's colours for what is drawn on a canvas, which knows no style sheet.

const probe = document.body.appendChild(document.createElement("span"));
probe.hidden = true;

const resolved = new Map(); // name -> colour of the theme that is shown
const listeners = [];

/** The colour of a custom property such as "--bid", as "rgb(...)". */
export function colourOf(name) {
  if (!resolved.has(name)) {
    probe.style.color = `var(${name})`;
    resolved.set(name, getComputedStyle(probe).color);
  }
  return resolved.get(name);
}

/** The same colour, let through by `alpha` from 0 to 1. */
export function faded(name, alpha) {
  return colourOf(name).replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}

/** Calls listener() whenever the colours have changed. */
export function onColours(listener) {
  listeners.push(listener);
}

function change() {
  resolved.clear();
  for (const listener of listeners) listener();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", change);
new MutationObserver(change).observe(document.documentElement, { attributeFilter: ["data-theme", "data-colours"] });
