// On a phone one room is shown at a time: chart, book, trade or orders. Buttons go there, and so does what needs a room.
// On a wider page all rooms stand beside each other, and the buttons are not there.

export class Rooms {
  /** onSide(side): the user wants to buy or to sell. */
  onSide = () => {};
  #root = document.documentElement;
  #buttons = [...document.querySelectorAll("[data-go]")];

  constructor() {
    this.go("chart");
    for (const button of this.#buttons) {
      button.addEventListener("click", () => {
        this.go(button.dataset.go);
        if (button.dataset.side) this.onSide(button.dataset.side);
        scrollTo({ top: 0 });
      });
    }
    // What these go to stands in that room.
    for (const node of document.querySelectorAll(".skip, #to-sign-in")) node.addEventListener("click", () => this.go("trade"));
  }

  go(room) {
    this.#root.dataset.room = room;
    for (const button of this.#buttons) {
      if (!button.dataset.side) button.setAttribute("aria-current", String(button.dataset.go === room));
    }
  }
}
