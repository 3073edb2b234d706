// What is folded away behind a summary closes when the user is done with it: by Escape, or when he goes elsewhere.

const FOLDED = "details.more[open]";

export function setUpFolded() {
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && event.target.closest(FOLDED);
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  for (const leave of ["pointerdown", "focusin"]) {
    document.addEventListener(leave, ({ target }) => {
      for (const open of document.querySelectorAll(FOLDED)) if (!open.contains(target)) open.open = false;
    });
  }
}
