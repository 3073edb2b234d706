// Two pages at once would change each other's books. A second page of this browser waits for the first one's lock.
// Pages elsewhere are noticed by what they do: see LearnPage.

const LOCK = "exchange.learn";

/** Resolves once this page has the lessons for itself; onWait() where another page of this browser has them. */
export async function haveAlone(onWait) {
  if (!navigator.locks) return; // only pages of a safe address have locks
  const free = await tryLock();
  if (free) return;
  onWait();
  await new Promise((got) => {
    navigator.locks.request(LOCK, () => {
      got();
      return new Promise(() => {}); // until the page is closed
    });
  });
}

function tryLock() {
  return new Promise((tell) => {
    navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => {
      tell(lock !== null);
      return lock && new Promise(() => {});
    });
  });
}
