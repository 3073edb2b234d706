// What this browser remembers of the user's choices, in localStorage.

const PREFIX = "exchange.";

/** What was remembered under the key; null for nothing. */
export function recall(key) {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Storage may be full or closed: the choice then lasts as long as the page.
  }
}
