"""Every error that a client can see: one table of codes, and the RFC 9457 document that tells of one.

A WebSocket is closed with 4000 plus the problem's status.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from gateway.broker import MatcherUnavailableError, OutcomeUnknownError, TooMuchInFlightError
from protocol.events import CommandRefused
from protocol.units import NAME_LENGTH, Refusal

Kept = TypeVar("Kept")

MAX_BODY_BYTES: Final = 64 * 1024
"""The largest body of a request."""

MAX_HEAD_BYTES: Final = 64 * 1024
"""The most that the request line may hold, and the head and the trailers of a request together."""

RETRY_AFTER_SECONDS: Final = 1


UNTOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{
            name: f"the instrument's {name}"
            for name in ("tick_size", "lot_size", "min_quantity", "max_quantity", "max_price", "min_notional")
        },
        "quantity": "the order's quantity",
    }
)
"""The limits that a `detail` may name, as they are called where their numbers are not known."""


class Kind(Struct, frozen=True):
    """What is the same for all problems of a code. `field` is the one at fault where the code alone tells it; {field}
    stands in `detail` for the one that it is in the end, the name of a limit for its number."""

    status: int
    title: str
    detail: str
    field: str = ""


KINDS: Final[dict[str, Kind]] = {
    # what the gateway itself finds
    "invalid_json": Kind(422, "Not a JSON object", "The body takes one JSON object."),
    "missing_field": Kind(422, "A field is missing", "A field that the call needs is missing."),
    "unknown_field": Kind(422, "Unknown field", "The call takes no such field."),
    "invalid_value": Kind(422, "Invalid value", "The field does not take this value."),
    "body_too_large": Kind(413, "The body is too large", f"A body takes at most {MAX_BODY_BYTES} bytes."),
    "bad_request": Kind(
        400, "Not a valid HTTP request", "The request breaks a rule of HTTP; the connection is closed."
    ),
    "request_timeout": Kind(
        408, "Request timeout", "The whole request did not arrive in time; the connection is closed."
    ),
    "request_line_too_long": Kind(
        414, "The request line is too long", f"A request line takes at most {MAX_HEAD_BYTES} bytes."
    ),
    "content_encoding_not_supported": Kind(
        415, "Content coding not supported", "Send the body as it is: no Content-Encoding is taken."
    ),
    "expectation_failed": Kind(417, "Expectation failed", "Expect takes 100-continue and nothing else."),
    "host_not_allowed": Kind(
        421, "Host not allowed", "This Host is not served; GATEWAY_ALLOWED_HOSTS names those that are."
    ),
    "head_too_large": Kind(
        431, "The head is too large", f"The head and the trailers of a request take at most {MAX_HEAD_BYTES} bytes."
    ),
    "transfer_coding_not_supported": Kind(
        501, "Transfer coding not supported", "Transfer-Encoding takes chunked and nothing else."
    ),
    "too_many_connections": Kind(
        503, "Too many connections", "This gateway can hold no more connections; try again later."
    ),
    "unauthorized": Kind(401, "Not authorized", "The call needs the header Authorization: Bearer <admin token>."),
    "origin_not_allowed": Kind(
        403, "Origin not allowed", "Pages of this origin may not call; GATEWAY_CORS_ORIGINS names those that may."
    ),
    "not_found": Kind(404, "Not found", "Nothing is at this path."),
    "method_not_allowed": Kind(
        405, "Method not allowed", "The path does not take this method; the Allow header tells those it takes."
    ),
    "too_many_streams": Kind(429, "Too many streams", "This gateway serves no more streams; try again later."),
    "internal_error": Kind(500, "Internal error", "The gateway failed; its log tells more."),
    "matcher_unavailable": Kind(
        503, "No matcher", "The matcher does not answer; nothing was changed and nothing will be."
    ),
    "too_much_in_flight": Kind(
        503, "Too much in flight", "Too many commands wait for answers; this one was not taken and never will be."
    ),
    "overloaded": Kind(
        503, "Overloaded", "The gateway is overloaded: the request waited too long, was not taken and never will be."
    ),
    "outcome_unknown": Kind(
        504,
        "Outcome unknown",
        "No answer in time: the command may have been executed. Send it again with the same client_order_id, or "
        "look the order up.",
    ),
    # what the matcher refuses: one for each Refusal
    "invalid_name": Kind(422, "Invalid name", f"{{field}} takes 1 to {NAME_LENGTH} of letters, digits and . _ : -."),
    "unknown_symbol": Kind(404, "Unknown symbol", "No such instrument; GET /instruments lists them.", "symbol"),
    "client_order_id_conflict": Kind(
        409, "client_order_id in use", "The account has used this client_order_id for another order.", "client_order_id"
    ),
    "price_required": Kind(422, "Price required", "This order_type needs a price.", "price"),
    "price_not_allowed": Kind(422, "Price not allowed", "This order takes no price.", "price"),
    "trigger_price_required": Kind(
        422, "Trigger price required", "This order_type needs a trigger_price.", "trigger_price"
    ),
    "trigger_price_not_allowed": Kind(
        422, "Trigger price not allowed", "This order takes no trigger_price.", "trigger_price"
    ),
    "quantity_off_lot": Kind(422, "Quantity off the lot", "{field} takes a multiple of {lot_size}.", "quantity"),
    "quantity_too_small": Kind(422, "Quantity too small", "{field} takes at least {min_quantity}.", "quantity"),
    "quantity_too_large": Kind(422, "Quantity too large", "{field} takes at most {max_quantity}.", "quantity"),
    "price_off_tick": Kind(422, "Price off the tick", "{field} takes a multiple of {tick_size}.", "price"),
    "price_too_large": Kind(422, "Price too large", "{field} takes at most {max_price}.", "price"),
    "trigger_price_off_tick": Kind(
        422, "Trigger price off the tick", "{field} takes a multiple of {tick_size}.", "trigger_price"
    ),
    "trigger_price_too_large": Kind(
        422, "Trigger price too large", "{field} takes at most {max_price}.", "trigger_price"
    ),
    "below_min_notional": Kind(
        422, "Below the least value", "price x quantity takes at least {min_notional}.", "quantity"
    ),
    "unknown_order": Kind(404, "Unknown order", "No such order, or it is another account's."),
    "order_not_open": Kind(409, "Order not open", "The order is done."),
    "instrument_cancel_only": Kind(409, "Instrument takes cancels only", "The instrument takes cancels only."),
    "instrument_halted": Kind(409, "Instrument halted", "The instrument is halted."),
    "quantity_below_filled": Kind(
        409, "Quantity below what is filled", "{field} takes more than what is filled or prevented.", "quantity"
    ),
    "invalid_instrument": Kind(422, "Invalid instrument", "The instrument cannot be so."),
    "instrument_fixed": Kind(409, "Fixed for a known instrument", "The field of a known instrument never changes."),
    "too_many_instruments": Kind(409, "Too many instruments", "The exchange holds no more instruments."),
    "no_saved_book": Kind(409, "No saved book", "No book of this symbol was saved."),
    "invalid_saved_book": Kind(409, "Invalid saved book", "The saved book cannot be loaded; nothing was changed."),
    "saved_book_too_large": Kind(
        409, "Saved book too large", "The saved book is too large to load; nothing was changed."
    ),
    "save_failed": Kind(500, "Save failed", "The book could not be written to its file."),
    "command_refused": Kind(500, "Command refused", "This command made the matcher fail before; it was not executed."),
    "post_only_not_allowed": Kind(
        422, "post_only not allowed", "Only limit, stop_limit and take_profit_limit orders take post_only.", "post_only"
    ),
    "expire_time_not_allowed": Kind(
        422,
        "expire_time not allowed",
        "Only limit, stop_limit and take_profit_limit orders take an expire_time.",
        "expire_time",
    ),
    "display_quantity_not_allowed": Kind(
        422, "Display quantity not allowed", "Only limit orders take a display_quantity.", "display_quantity"
    ),
    "quote_quantity_not_allowed": Kind(
        422, "Quote quantity not allowed", "Only market orders take a quote_quantity.", "quote_quantity"
    ),
    "trailing_bps_not_allowed": Kind(
        422, "Trail not allowed", "Only trailing_stop orders take trailing_bps.", "trailing_bps"
    ),
    "trailing_amount_not_allowed": Kind(
        422,
        "Trail not allowed",
        "Only trailing_stop orders take a trailing_amount, in place of trailing_bps.",
        "trailing_amount",
    ),
    "activation_price_not_allowed": Kind(
        422, "Activation price not allowed", "Only trailing_stop orders take an activation_price.", "activation_price"
    ),
    "trailing_required": Kind(
        422, "Trail required", "A trailing_stop needs trailing_bps or a trailing_amount.", "trailing_bps"
    ),
    "quantity_required": Kind(
        422, "Quantity required", "The order needs a quantity; a market order, or a quote_quantity.", "quantity"
    ),
    "quantity_not_allowed": Kind(
        422, "Quantity not allowed", "quantity has no place beside a quote_quantity.", "quantity"
    ),
    "display_quantity_off_lot": Kind(
        422, "Display quantity off the lot", "{field} takes a multiple of {lot_size}.", "display_quantity"
    ),
    "display_quantity_too_large": Kind(
        422, "Display quantity too large", "{field} takes at most {quantity}.", "display_quantity"
    ),
    "trailing_amount_off_tick": Kind(
        422, "Trail off the tick", "{field} takes a multiple of {tick_size}.", "trailing_amount"
    ),
    "trailing_amount_too_large": Kind(422, "Trail too large", "{field} takes at most {max_price}.", "trailing_amount"),
    "activation_price_off_tick": Kind(
        422, "Activation price off the tick", "{field} takes a multiple of {tick_size}.", "activation_price"
    ),
    "activation_price_too_large": Kind(
        422, "Activation price too large", "{field} takes at most {max_price}.", "activation_price"
    ),
    "expire_time_past": Kind(422, "Expired already", "expire_time takes a time to come.", "expire_time"),
    "post_only_would_cross": Kind(
        409, "Would take", "The order is post_only; with such a price it would take at once.", "price"
    ),
    "no_last_trade": Kind(
        422,
        "No last trade",
        "price and {field} lie around the last trade; the instrument has none yet.",
        "stop_trigger_price",
    ),
    "price_on_wrong_side": Kind(
        422,
        "Price on the wrong side",
        "{field} takes a price above the last trade's for a sell, below it for a buy.",
        "price",
    ),
    "trigger_price_on_wrong_side": Kind(
        422,
        "Trigger price on the wrong side",
        "{field} takes a price below the last trade's for a sell, above it for a buy.",
        "stop_trigger_price",
    ),
    "display_quantity_too_small": Kind(
        422,
        "Display quantity too small",
        "display_quantity takes at least a thousandth of the quantity.",
        "display_quantity",
    ),
    "too_many_accounts": Kind(409, "Too many accounts", "The exchange takes no more accounts.", "account"),
    "too_many_timers": Kind(409, "Too many timers", "No more accounts can have a cancel-after.", "account"),
}

_WITH_LIMIT: Final = frozenset(
    code for code, kind in KINDS.items() if any(f"{{{name}}}" in kind.detail for name in UNTOLD)
)

UNANSWERED: Final[dict[type[Exception], str]] = {
    MatcherUnavailableError: "matcher_unavailable",
    TooMuchInFlightError: "too_much_in_flight",
    OutcomeUnknownError: "outcome_unknown",
}
"""The code for each way in which the matcher did not answer."""


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error. `code` is a stable word; `field` names the field at fault, where one is."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None


class ProblemError(Exception):
    """Ends a call with the error `code`; `detail` and `field` say more than the code alone does, `status` is another
    than the code's. `limits` are texts for the names of UNTOLD; `names_limit` tells whether one of them stands in the
    detail."""

    def __init__(
        self, code: str, detail: str = "", field: str = "", status: int = 0, limits: Mapping[str, str] = UNTOLD
    ) -> None:
        super().__init__(code)
        kind = KINDS[code]
        self.code = code
        self.status = status or kind.status
        self.field = field or kind.field
        self.detail = detail or kind.detail.format_map({**limits, "field": self.field or "The field"})
        self.names_limit = not detail and code in _WITH_LIMIT

    def with_limits(self, limits: Mapping[str, str]) -> "ProblemError":
        """The same problem, with these limits in its text."""
        return ProblemError(self.code, "", self.field, self.status, limits)

    def document(self) -> Problem:
        title = KINDS[self.code].title
        return Problem(f"urn:problem-type:{self.code}", title, self.status, self.detail, self.code, self.field or None)

    def headers(self) -> dict[str, str]:
        """The headers that its status asks for."""
        if self.status == 503:
            return {"retry-after": str(RETRY_AFTER_SECONDS)}
        if self.status == 401:
            return {"www-authenticate": "Bearer"}
        return {}


encode_problem = msgspec.json.Encoder().encode


def refusal_code(refusal: Refusal) -> str:
    return refusal.name.lower()


def expect(kind: type[Kept], answer: object) -> Kept:
    """The matcher's answer, which is a `kind`, or else a refusal: that is raised as its ProblemError."""
    if isinstance(answer, CommandRefused):
        raise ProblemError(refusal_code(answer.refusal), answer.detail, answer.field)
    assert isinstance(answer, kind), answer
    return answer


def unanswered(failure: Exception) -> ProblemError:
    """The problem for a failure of `UNANSWERED`."""
    return ProblemError(UNANSWERED[type(failure)])
