"""What errors of the use cases read as. A call that knows better catches RefusedError itself."""

from collections.abc import Mapping
from typing import Final

from gateway.binance.errors import (
    BAD_KEY,
    BAD_PRICE,
    BAD_PRICE_RELATION,
    BAD_QUANTITY,
    BAD_SYMBOL,
    CANCEL_RESTRICTED,
    DUPLICATE_ORDER,
    FILTER_FAILURE,
    HTTP_FAULT,
    INSUFFICIENT_BALANCE,
    MARKET_CLOSED,
    MAY_NOT_TRADE,
    NO_LIQUIDITY,
    NO_MATCHER,
    ORDER_REFUSED,
    OUTCOME_UNKNOWN,
    OUTSIDE_WINDOW,
    QUEUE_FULL,
    TOO_MANY_REQUESTS,
    UNKNOWN_METHOD,
    UNKNOWN_ORDER,
    UNKNOWN_PATH,
    UNSUPPORTED_COMBINATION,
    WOULD_TAKE,
    WOULD_TRIGGER,
    DialectError,
    Fault,
)
from gateway.http.errors import HttpError
from gateway.link.errors import (
    HistoryBehindError,
    MatcherUnavailableError,
    OutcomeUnknownError,
    RefusedError,
    TooMuchInFlightError,
)
from history.reading.database import HistoryUnavailableError
from protocol.units import Reason, Refusal


def filter_failure(name: str) -> Fault:
    return Fault(FILTER_FAILURE.code, FILTER_FAILURE.text % name)


LOT_SIZE: Final = filter_failure("LOT_SIZE")
PRICE_FILTER: Final = filter_failure("PRICE_FILTER")
NOTIONAL: Final = filter_failure("NOTIONAL")
PERCENT_PRICE: Final = filter_failure("PERCENT_PRICE_BY_SIDE")
MAX_NUM_ORDERS: Final = filter_failure("MAX_NUM_ORDERS")
ICEBERG_PARTS: Final = filter_failure("ICEBERG_PARTS")
TRAILING_DELTA: Final = filter_failure("TRAILING_DELTA")

REFUSALS: Final[Mapping[Refusal, Fault]] = {
    Refusal.UNKNOWN_SYMBOL: BAD_SYMBOL,
    Refusal.CLIENT_ORDER_ID_CONFLICT: DUPLICATE_ORDER,
    Refusal.QUANTITY_OFF_LOT: LOT_SIZE,
    Refusal.QUANTITY_TOO_SMALL: LOT_SIZE,
    Refusal.QUANTITY_TOO_LARGE: LOT_SIZE,
    Refusal.DISPLAY_QUANTITY_OFF_LOT: LOT_SIZE,
    Refusal.DISPLAY_QUANTITY_TOO_LARGE: LOT_SIZE,
    Refusal.DISPLAY_QUANTITY_TOO_SMALL: ICEBERG_PARTS,
    Refusal.PRICE_OFF_TICK: PRICE_FILTER,
    Refusal.PRICE_TOO_LARGE: PRICE_FILTER,
    Refusal.TRIGGER_PRICE_OFF_TICK: PRICE_FILTER,
    Refusal.TRIGGER_PRICE_TOO_LARGE: PRICE_FILTER,
    Refusal.ACTIVATION_PRICE_OFF_TICK: PRICE_FILTER,
    Refusal.ACTIVATION_PRICE_TOO_LARGE: PRICE_FILTER,
    Refusal.BELOW_MIN_NOTIONAL: NOTIONAL,
    Refusal.NOTIONAL_TOO_LARGE: NOTIONAL,
    Refusal.PRICE_OUTSIDE_BAND: PERCENT_PRICE,
    Refusal.UNKNOWN_ORDER: UNKNOWN_ORDER,
    Refusal.ORDER_NOT_OPEN: UNKNOWN_ORDER,
    Refusal.INSTRUMENT_CANCEL_ONLY: MARKET_CLOSED,
    Refusal.INSTRUMENT_HALTED: MARKET_CLOSED,
    Refusal.POST_ONLY_WOULD_CROSS: WOULD_TAKE,
    Refusal.NO_LAST_TRADE: BAD_PRICE_RELATION,
    Refusal.PRICE_ON_WRONG_SIDE: BAD_PRICE_RELATION,
    Refusal.TRIGGER_PRICE_ON_WRONG_SIDE: BAD_PRICE_RELATION,
    Refusal.INSUFFICIENT_BALANCE: INSUFFICIENT_BALANCE,
    Refusal.CLIENT_ORDER_ID_IN_USE: DUPLICATE_ORDER,
    Refusal.LIST_CLIENT_ORDER_ID_IN_USE: DUPLICATE_ORDER,
    Refusal.CANCEL_RESTRICTED: CANCEL_RESTRICTED,
    Refusal.TOO_LATE: OUTSIDE_WINDOW,
    Refusal.ACCOUNT_SUSPENDED: MAY_NOT_TRADE,
    Refusal.QUANTITY_REQUIRED: BAD_QUANTITY,
    Refusal.PRICE_REQUIRED: BAD_PRICE,
    Refusal.POST_ONLY_NOT_ALLOWED: UNSUPPORTED_COMBINATION,
    Refusal.DISPLAY_QUANTITY_NOT_ALLOWED: UNSUPPORTED_COMBINATION,
    Refusal.TIME_IN_FORCE_NOT_ALLOWED: UNSUPPORTED_COMBINATION,
    Refusal.WRONG_SHARD: NO_MATCHER,
}
"""Refusals that have a text of their own here."""

REJECTIONS: Final[Mapping[Reason, Fault]] = {
    Reason.TOO_LATE: OUTSIDE_WINDOW,
    Reason.INSTRUMENT_CANCEL_ONLY: MARKET_CLOSED,
    Reason.INSTRUMENT_HALTED: MARKET_CLOSED,
    Reason.POST_ONLY_WOULD_CROSS: WOULD_TAKE,
    Reason.ACCOUNT_SUSPENDED: MAY_NOT_TRADE,
    Reason.QUOTE_QUANTITY_TOO_SMALL: LOT_SIZE,
    Reason.INSUFFICIENT_BALANCE: INSUFFICIENT_BALANCE,
    Reason.PRICE_OUTSIDE_BAND: PERCENT_PRICE,
    Reason.TOO_MANY_OPEN_ORDERS: MAX_NUM_ORDERS,
    Reason.NOTIONAL_TOO_LARGE: NOTIONAL,
    Reason.NO_LIQUIDITY: NO_LIQUIDITY,
    Reason.WOULD_TRIGGER_IMMEDIATELY: WOULD_TRIGGER,
}
"""Reasons of orders that were rejected at entry."""

_HTTP: Final[Mapping[str, Fault]] = {
    "not_found": UNKNOWN_PATH,
    "method_not_allowed": UNKNOWN_METHOD,
    "unauthorized": BAD_KEY,
    "keys_unavailable": NO_MATCHER,
    "overloaded": QUEUE_FULL,
}


def refused(refusal: Refusal) -> DialectError:
    """How the matcher's refusal reads."""
    fault = REFUSALS.get(refusal)
    return DialectError(ORDER_REFUSED, _sentence(refusal.name)) if fault is None else DialectError(fault)


def rejected(reason: Reason) -> DialectError:
    """How the rejection of an order at entry reads."""
    fault = REJECTIONS.get(reason)
    return DialectError(ORDER_REFUSED, _sentence(reason.name)) if fault is None else DialectError(fault)


def told(error: Exception) -> DialectError | None:
    """How the error reads; None where no call is meant to end with it."""
    match error:
        case DialectError():
            return error
        case RefusedError():
            return refused(error.refusal)
        case HttpError():
            return http_error(error)
        case TooMuchInFlightError():
            return DialectError(QUEUE_FULL)
        case MatcherUnavailableError() | HistoryUnavailableError() | HistoryBehindError():
            return DialectError(NO_MATCHER)
        case OutcomeUnknownError():
            return DialectError(OUTCOME_UNKNOWN)
    return None


def http_error(error: HttpError) -> DialectError:
    """How an error of HTTP reads. Its own status is kept, but for what is 503 there and can be waited for."""
    fault = _HTTP.get(error.code)
    if fault is not None:
        return DialectError(fault, headers=error.headers)
    if error.status == 429:
        return DialectError(TOO_MANY_REQUESTS, error.detail, headers=error.headers)
    return DialectError(Fault(HTTP_FAULT.code, HTTP_FAULT.text, error.status), error.detail, headers=error.headers)


def _sentence(name: str) -> str:
    """The words of a member of an enumeration."""
    return f"{name.replace('_', ' ').capitalize()}."
