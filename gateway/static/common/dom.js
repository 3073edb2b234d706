// Small helpers for the page: elements, text that changes only when it must, one rendering per frame.

export { clock } from "./clock.js";

/** An element with attributes and children; strings become text, never markup. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** A table with a caption, these columns ([words, attributes of the head's cell]) and an empty body. Roles, as a style may break it up. */
export function tableOf(caption, columns, attributes = {}) {
  const heads = columns.map(([words, more]) => element("th", { scope: "col", role: "columnheader", ...more }, ...[words].flat()));
  const head = element("thead", {}, element("tr", { role: "row" }, ...heads));
  return element("table", { role: "table", ...attributes }, caption, head, element("tbody", { role: "rowgroup" }));
}

/** Writes the text of an element that holds nothing else, where it differs; cheap to call on every frame. */
export function setText(node, text) {
  const held = node.firstChild;
  if (!held) {
    if (text) node.textContent = text;
  } else if (held.nodeType !== Node.TEXT_NODE || held.nextSibling || text === "") node.textContent = text;
  else if (held.data !== text) held.data = text;
}

/** The words with a capital at their beginning and a full stop at their end. */
export function asSentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1).replace(/\.$/, "")}.`;
}

/** Sets the data attribute, or removes it for null. */
export function setData(node, name, value) {
  if (value === null || value === undefined) delete node.dataset[name];
  else if (node.dataset[name] !== value) node.dataset[name] = value;
}

/** Draws the eye to an element that has changed, unless the reader wants no motion; what changes all the time does not stay dimmed. */
export function flash(node) {
  node.onanimationend = () => node.classList.remove("picked");
  node.classList.add("picked");
}

/** A function that asks for `render` on the next frame, however often it is called before; at most once in `pause` milliseconds. */
export function oncePerFrame(render, pause = 0) {
  let asked = false;
  let last = -Infinity;
  const draw = () => {
    asked = false;
    last = performance.now();
    render();
  };
  return () => {
    if (asked) return;
    asked = true;
    const wait = last + pause - performance.now();
    if (wait > 0) setTimeout(() => requestAnimationFrame(draw), wait);
    else requestAnimationFrame(draw);
  };
}
