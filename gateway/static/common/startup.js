// Where a script of the page cannot be loaded, nothing else would say so: this tells it, and loads the page anew.
// A classic script, which stands on its own.

(() => {
  const PAUSE = 5_000;

  const tell = () => {
    const find = (selector) => document.querySelector(selector);
    document.documentElement.dataset.connection = find("#connection").dataset.state = "lost";
    find("#connection-state").textContent = "Offline";
    find("#connection-what").textContent = "This page could not be loaded whole. It loads itself again in a moment.";
    find("#connection-notice").hidden = false;
    setTimeout(() => location.reload(), PAUSE);
  };

  const onError = ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", tell, { once: true });
    else tell();
  };
  addEventListener("error", onError, { capture: true });
})();
