// Asks /health again and again: is the matcher up, and how durable is an answer?
// Tells onHealth({up: true | false | null, sync, faucet, auth, history, faults, groups}); null means that the gateway itself did not answer. One bad
// answer is not news yet, a round trip may be slow for once: it is asked again soon, and the second one counts.

const INTERVAL = 3_000;
const SOON = 1_000;
const BAD_ANSWERS = 2;

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

  async #ask(api, signal, bad = 0) {
    const health = await this.#once(api, signal);
    if (signal.aborted) return;
    bad = health.up === false ? bad + 1 : 0;
    if (bad === 0 || bad >= BAD_ANSWERS) this.#onHealth(health);
    setTimeout(() => !signal.aborted && this.#ask(api, signal, bad), bad === 0 ? INTERVAL : SOON);
  }

  async #once(api, signal) {
    try {
      const { sync, faucet, auth, history, faults, groups } = await api.health(signal);
      const known = { faucet: faucet ?? {}, auth: auth ?? "off", history: history?.status ?? "off", faults: faults ?? null };
      return { up: true, sync, ...known, groups: groups ?? [] };
    } catch (error) {
      return { up: error.kind === "problem" ? false : null, auth: error.auth, groups: error.groups };
    }
  }
}

/** Whether the exchange asks for keys: "keys" or "off". An exchange of before there were keys does not say. */
export async function askAuth(api, signal) {
  try {
    return (await api.health(signal)).auth ?? "off";
  } catch (error) {
    if (error.kind === "problem") return error.auth ?? "off";
    throw error;
  }
}

/** What a page says of injected faults, by how many are kept; empty where none are allowed. */
export function faultWords(faults) {
  if (faults === null) return "";
  if (faults === 0) return "This exchange is for tests: faults may be injected into calls.";
  return `This exchange is for tests: ${faults === 1 ? "1 injected fault" : `${faults} injected faults`} may strike any call.`;
}

/** What the sync mode means, in words. */
export function durabilityWords(sync) {
  if (sync === "always") return { short: "always synced", long: "An answer comes only after its command is on disk." };
  if (sync === "replicated") return { short: "on a majority", long: "An answer comes only after its command is on disk at a majority of the log’s servers." };
  if (sync === "off") return { short: "not synced", long: "The journal is never forced to disk: a power cut may lose answered commands." };
  const interval = /^interval:(\d+)$/.exec(sync ?? "");
  if (interval) {
    const long = `The journal is forced to disk every ${interval[1]} ms: a power cut may lose the commands since.`;
    return { short: `synced every ${interval[1]} ms`, long };
  }
  return { short: "unknown", long: "The exchange has not said how it writes its journal." };
}
