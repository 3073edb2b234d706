// One HTTP call of the exchange. Every failure is one ApiError: a problem+json answer, a broken connection or no answer in time.

const TIMEOUT = 10_000;

export class ApiError extends Error {
  /** `kind`: "problem" (the exchange answered), "network" or "timeout" (it did not). */
  constructor(kind, { status = 0, code = null, title = "", detail = "", field = null, retryAfter = null, auth = null, groups = [] } = {}) {
    super(detail || title || kind);
    Object.assign(this, { kind, status, code, title, detail, field, retryAfter, auth, groups });
  }

  /** The exchange may or may not have executed the command. */
  get outcomeUnknown() {
    return this.kind !== "problem" || this.status === 504;
  }
}

/** The address of a path below the base. */
export function addressOf(base, path, query = {}) {
  const url = new URL(base + path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** The JSON of the answer. `timeout` in milliseconds. */
export async function request(base, method, path, { query, headers = {}, body, signal, timeout = TIMEOUT } = {}) {
  const deadline = AbortSignal.timeout(timeout);
  let response, text;
  try {
    response = await fetch(addressOf(base, path, query), {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    text = await response.text();
  } catch {
    if (deadline.aborted) throw new ApiError("timeout", { detail: `No answer within ${timeout / 1000} seconds.` });
    throw new ApiError("network", { detail: unreachable(base) });
  }
  const parsed = parse(text);
  if (response.ok && parsed !== null) return parsed;
  const problem = parsed ?? {};
  throw new ApiError("problem", {
    status: response.status,
    code: asText(problem.code),
    title: asText(problem.title) ?? response.statusText,
    detail: asText(problem.detail) ?? "",
    field: asText(problem.field),
    retryAfter: response.headers.get("Retry-After"),
    auth: asText(problem.auth),
    groups: Array.isArray(problem.groups) ? problem.groups : [],
  });
}

/** A page is not told why a call failed; on another origin, a missing permission looks the same. */
function unreachable(base) {
  const { origin } = new URL(base);
  if (origin === location.origin) return `The gateway at ${origin} cannot be reached. Check that it runs.`;
  const settings = `pages of ${location.origin} (GATEWAY_CORS_ORIGINS) or does not serve that host (GATEWAY_ALLOWED_HOSTS)`;
  return `The gateway at ${origin} cannot be reached, or does not allow ${settings}.`;
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

function asText(value) {
  return typeof value === "string" && value !== "" ? value : null;
}
