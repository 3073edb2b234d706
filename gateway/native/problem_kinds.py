"""Every error that a client can see: one table of codes, with status, title and text."""

from typing import Final

from gateway.http.errors import FAULTS
from protocol.refusals import REFUSALS, Kind


def _of_http(code: str, title: str) -> Kind:
    fault = FAULTS[code]
    return Kind(fault.status, title, fault.detail)


KINDS: Final[dict[str, Kind]] = {
    # What the gateway itself finds.
    "invalid_json": Kind(422, "Not a JSON object", "The body takes one JSON object."),
    "missing_field": Kind(422, "A field is missing", "A field that the call needs is missing."),
    "unknown_field": Kind(422, "Unknown field", "The call takes no such field."),
    "invalid_value": Kind(422, "Invalid value", "The field does not take this value."),
    "body_too_large": _of_http("body_too_large", "The body is too large"),
    "bad_request": _of_http("bad_request", "Not a valid HTTP request"),
    "request_timeout": _of_http("request_timeout", "Request timeout"),
    "request_line_too_long": _of_http("request_line_too_long", "The request line is too long"),
    "content_encoding_not_supported": _of_http("content_encoding_not_supported", "Content coding not supported"),
    "expectation_failed": _of_http("expectation_failed", "Expectation failed"),
    "host_not_allowed": _of_http("host_not_allowed", "Host not allowed"),
    "head_too_large": _of_http("head_too_large", "The head is too large"),
    "transfer_coding_not_supported": _of_http("transfer_coding_not_supported", "Transfer coding not supported"),
    "too_many_connections": _of_http("too_many_connections", "Too many connections"),
    "unauthorized": _of_http("unauthorized", "Not authorized"),
    "wrong_account": _of_http("wrong_account", "Another account"),
    "permission_missing": _of_http("permission_missing", "Permission missing"),
    "timestamp_outside_window": _of_http("timestamp_outside_window", "Outside of the window"),
    "too_many_guesses": _of_http("too_many_guesses", "Too many guesses"),
    "keys_unavailable": _of_http("keys_unavailable", "Keys not known"),
    "key_file_required": Kind(409, "Server key needed", "An HMAC key needs GATEWAY_KEY_FILE."),
    "no_secret": Kind(409, "No secret", "Only HMAC keys have a secret; this one has a public key."),
    "origin_not_allowed": _of_http("origin_not_allowed", "Origin not allowed"),
    "not_found": _of_http("not_found", "Not found"),
    "method_not_allowed": _of_http("method_not_allowed", "Method not allowed"),
    "rate_limited": _of_http("rate_limited", "Too much in a short time"),
    "too_many_open": _of_http("too_many_open", "Too many open for one address"),
    "too_many_streams": _of_http("too_many_streams", "Too many streams"),
    "faucet_off": Kind(
        403, "The faucet is off", "The operator turns it on with GATEWAY_FAUCET, as in USDT:100000,BTC:1."
    ),
    "faults_off": Kind(403, "Faults are off", "The operator allows injected faults with GATEWAY_FAULTS=allow."),
    "unknown_fault": Kind(404, "Unknown fault", "No injected fault of this fault_id is kept."),
    "too_many_faults": Kind(409, "Too many faults", "No further injected fault is kept."),
    "internal_error": _of_http("internal_error", "Internal error"),
    "matcher_unavailable": Kind(
        503, "No matcher", "The matcher does not answer. Nothing was changed, and nothing will be."
    ),
    "too_much_in_flight": Kind(
        503, "Too much in flight", "Too many commands wait for answers. This one was not taken, and never will be."
    ),
    "history_unavailable": Kind(503, "No history", "The history cannot be read."),
    "history_behind": Kind(
        503, "The history is behind", "The history does not reach up to what the matcher remembers yet; try again."
    ),
    "overloaded": _of_http("overloaded", "Overloaded"),
    "outcome_unknown": Kind(
        504,
        "Outcome unknown",
        "No answer in time: the command may have been executed. Send it again with the same client_order_id, or "
        "look the order up.",
    ),
    "shards_pending": Kind(
        503,
        "Shards lack the change",
        "The shards of pending_shards are away. The others have the change; these get it about 10 seconds after they "
        "are back, or sooner.",
    ),
    "unknown_shard": Kind(422, "Unknown shard", "No shard has this name.", "shard"),
    "no_demo": Kind(404, "No demo market", "No demo market trades beside this exchange."),
    **REFUSALS,
}
