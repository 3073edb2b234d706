// How wide numbers are in the page's own face, so that the style sheets can give them all the room that they take.

import { element } from "./dom.js";

export const BOLD = 600;

const EM = 100; // the size of the probe's face, in pixels
const MARGIN = 1.02; // small faces are a little wider in proportion
const probe = document.body.appendChild(element("span", { class: "probe", "aria-hidden": "true" }));
const widths = new Map(); // weight and shape of a text -> its width in em

/** Sets the property to the width in em of the longest of these texts, which are all of one kind; gives that width. */
export function setWidth(node, property, texts, weight = 400) {
  const width = widthOf(texts.reduce((longest, text) => (text.length > longest.length ? text : longest), ""), weight);
  if (node.style.getPropertyValue(property) !== String(width)) node.style.setProperty(property, width);
  return width;
}

/** Digits are all as wide as each other: a text is measured once for all of its shape. */
function widthOf(text, weight) {
  const shape = text.replace(/\d/g, "0");
  const key = `${weight} ${shape}`;
  if (!widths.has(key)) {
    probe.textContent = shape;
    probe.style.fontWeight = weight;
    widths.set(key, (MARGIN * probe.getBoundingClientRect().width) / EM);
    probe.textContent = "";
  }
  return widths.get(key);
}
