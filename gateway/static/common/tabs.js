// Tabs as the ARIA practices have them: one tab stop, the arrow keys choose.

export class Tabs {
  #tabs;
  #onChoose;

  /** onChoose(tab) after each choice. */
  constructor(root, onChoose = () => {}) {
    this.#onChoose = onChoose;
    this.#tabs = [...root.querySelectorAll("[role=tab]")];
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => this.#choose(tab));
      tab.addEventListener("keydown", (event) => this.#move(event, tab));
    }
  }

  #choose(chosen) {
    for (const tab of this.#tabs) {
      const selected = tab === chosen;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = true;
    }
    // Two tabs may share a panel.
    const panel = document.getElementById(chosen.getAttribute("aria-controls"));
    panel.hidden = false;
    panel.setAttribute("aria-labelledby", chosen.id);
    this.#onChoose(chosen);
  }

  #move(event, tab) {
    const shown = this.#tabs.filter((each) => !each.hidden);
    const last = shown.length - 1;
    const at = shown.indexOf(tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = shown[(to + last + 1) % (last + 1)];
    next.focus();
    this.#choose(next);
  }
}
