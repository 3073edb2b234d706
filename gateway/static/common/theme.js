// Sets the stored theme and colours before the first paint, and whether a key was asked for; a classic script, so that nothing flashes.
// "auto" follows the system and is written as no attribute at all.

(() => {
  const root = document.documentElement;
  let theme = null;
  try {
    theme = localStorage.getItem("exchange.theme");
    if (localStorage.getItem("exchange.colours") === "blue") root.dataset.colours = "blue";
    if (localStorage.getItem("exchange.auth") === "keys") root.dataset.access = sessionStorage.getItem("exchange.proof") ? "in" : "out";
  } catch {
    // Storage may be closed to this page: then the system's theme it is.
  }
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
})();
