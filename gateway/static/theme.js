// Sets the stored colour theme before the first paint; a classic script, so that nothing flashes.
// "auto" follows the system and is written as no attribute at all.

(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("exchange.theme");
  } catch {
    // Storage may be closed to this page: then the system's theme it is.
  }
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
})();
