// Asks /health again and again: is the matcher up, and how durable is an answer?
// Tells onHealth({up: true | false | null, sync}); null means that the gateway itself did not answer.

const INTERVAL = 3_000;

export class Health {
  #onHealth;
  #controller = null;

  constructor(onHealth) {
    this.#onHealth = onHealth;
  }

  follow(api) {
    this.#controller?.abort();
    this.#controller = new AbortController();
    this.#ask(api, this.#controller.signal);
  }

  async #ask(api, signal) {
    const health = await this.#once(api, signal);
    if (signal.aborted) return;
    this.#onHealth(health);
    setTimeout(() => !signal.aborted && this.#ask(api, signal), INTERVAL);
  }

  async #once(api, signal) {
    try {
      const { sync } = await api.health(signal);
      return { up: true, sync };
    } catch (error) {
      return { up: error.kind === "problem" ? false : null };
    }
  }
}

/** What the sync mode means, in words. */
export function durabilityWords(sync) {
  if (sync === "always") return { short: "always synced", long: "An answer comes only after its command is on disk." };
  if (sync === "off") return { short: "not synced", long: "The journal is never forced to disk: a power cut may lose answered commands." };
  const interval = /^interval:(\d+)$/.exec(sync ?? "");
  if (interval) {
    const long = `The journal is forced to disk every ${interval[1]} ms: a power cut may lose the commands since.`;
    return { short: `synced every ${interval[1]} ms`, long };
  }
  return { short: "unknown", long: "The exchange has not said how it writes its journal." };
}
