// What a reader cannot read on the page as it is now: an array of sentences, empty where all is well.
//
// Looked at are all visible texts with a digit, and the values of inputs. Each must stand whole within its own box, within all boxes
// that cut off what is outside of them, and within the window; no two texts may stand on each other; nothing scrolls sideways.
() => {
  const NOT_A_NUMBER = ".masthead, .unseen, .probe, .skip, [data-unit], .unit, #toasts"; // messages float above all else
  const SLACK = 0.75; // boxes end between pixels
  const faults = [];
  const nameOf = (node) => {
    const parts = [];
    for (let at = node; at && at !== document.body && parts.length < 4; at = at.parentElement) {
      parts.unshift(at.id ? `#${at.id}` : [at.localName, ...at.classList].join("."));
      if (at.id) break;
    }
    return parts.join(" ");
  };
  const styles = new Map();
  const styleOf = (node) => styles.get(node) ?? styles.set(node, getComputedStyle(node)).get(node);
  const cuts = (node) => {
    const { overflowX, contain } = styleOf(node);
    return overflowX !== "visible" || /paint|strict|content/.test(contain);
  };
  const boxes = new Map();
  const boxOf = (node) => boxes.get(node) ?? boxes.set(node, node.getBoundingClientRect()).get(node);
  const layerOf = (node) => node.closest(".quote, .scroll thead, .scroll, .book, .ticket, .money") ?? document.body; // what scrolls, or stays while the rest scrolls
  const texts = [];

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const parent = text.parentElement;
    if (!text.data.trim() || parent.closest(NOT_A_NUMBER) || styleOf(parent).clipPath !== "none" || !parent.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const rects = [...range.getClientRects()].filter(({ width }) => width > 0);
    if (rects.length === 0) continue;
    texts.push({ words: text.data.trim(), parent, rects, layer: layerOf(parent) });
  }

  for (const { words, parent, rects } of texts) {
    if (!/\d/.test(words)) continue;
    const tell = (fault) => faults.push(`"${words}" in ${nameOf(parent)} ${fault}`);
    if (parent.clientWidth && parent.scrollWidth > parent.clientWidth) tell(`needs ${parent.scrollWidth} px and has ${parent.clientWidth}`);
    for (const { left, right } of rects) {
      if (left < -SLACK || right > innerWidth + SLACK) tell(`stands outside of the window, at ${left} to ${right}`);
      for (let node = parent; node !== document.documentElement; node = node.parentElement) {
        const box = boxOf(node);
        if (cuts(node) && (left < box.left - SLACK || right > box.right + SLACK)) tell(`is cut off by ${nameOf(node)}`);
      }
    }
    if (rects.length > 1 && /^[\d,.]+$/.test(words)) tell("is torn over several lines");
  }
  for (const input of document.querySelectorAll("#order-form input, .amend input")) {
    if (!input.checkVisibility() || !/\d/.test(input.value)) continue;
    if (input.scrollWidth > input.clientWidth) faults.push(`"${input.value}" in ${nameOf(input)} needs ${input.scrollWidth} px and has ${input.clientWidth}`);
  }

  const flat = texts.flatMap(({ rects, ...text }) => rects.map((rect) => ({ ...text, rect })));
  flat.sort((a, b) => a.rect.top - b.rect.top);
  flat.forEach((one, index) => {
    for (let other = index + 1; other < flat.length && flat[other].rect.top < one.rect.bottom - 2; other += 1) {
      const { rect, words, parent, layer } = flat[other];
      if (layer !== one.layer || parent === one.parent) continue;
      const across = Math.min(rect.right, one.rect.right) - Math.max(rect.left, one.rect.left);
      const down = Math.min(rect.bottom, one.rect.bottom) - Math.max(rect.top, one.rect.top);
      if (across > SLACK && down > 2) faults.push(`"${one.words}" in ${nameOf(one.parent)} and "${words}" in ${nameOf(parent)} stand on each other`);
    }
  });

  for (const node of [document.scrollingElement, ...document.querySelectorAll(".scroll:not([hidden])")]) {
    if (node.scrollWidth > node.clientWidth) faults.push(`${nameOf(node) || "the page"} scrolls sideways: ${node.scrollWidth} px in ${node.clientWidth}`);
  }
  return [...new Set(faults)];
}
