"""What an order may ask for beyond its type, price and quantity: from the request to the command, and from the order to
the answer."""

from typing import Any, Final

from msgspec import Raw

from gateway.native.json.decimals import (
    ACTIVATION_PRICE,
    DISPLAY_QUANTITY,
    QUOTE_QUANTITY,
    TRAILING_AMOUNT,
    is_given,
    optional_number,
)
from gateway.native.json.field_types import MISSING
from gateway.native.json.schemas import OrderRequest
from gateway.native.json.times import format_exact_time, parse_exact_time
from gateway.native.json.words import SELF_TRADE_PREVENTION_WORDS, SELF_TRADE_PREVENTIONS, read_word
from gateway.native.problems import ProblemError
from protocol.commands import NO_TERMS, OrderTerms
from protocol.events import OrderState
from protocol.instrument import Instrument, format_decimal
from protocol.units import MAX_TRAILING_BPS, OrderType, SelfTradePrevention

_RESTING: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_TRAILING: Final = frozenset({OrderType.TRAILING_STOP})

TAKEN_BY: Final = {
    "post_only": _RESTING,
    "expire_time": _RESTING,
    "display_quantity": frozenset({OrderType.LIMIT}),
    "quote_quantity": frozenset({OrderType.MARKET}),
    "trailing_bps": _TRAILING,
    "trailing_amount": _TRAILING,
    "activation_price": _TRAILING,
}
"""Which order types take which term, in the order in which the terms are checked; every type takes
self_trade_prevention."""


def has_terms(request: OrderRequest) -> bool:
    """Whether any of the fields for terms is there. Most orders have none, and pay nothing more for them than this."""
    return not (
        request.post_only is None
        and request.self_trade_prevention is None
        and request.expire_time is None
        and request.trailing_bps is None
        and request.display_quantity is MISSING
        and request.quote_quantity is MISSING
        and request.trailing_amount is MISSING
        and request.activation_price is MISSING
    )


def read_terms(request: OrderRequest, order_type: OrderType, instrument: Instrument) -> OrderTerms | None:
    """The terms of a new order, None where all are as their defaults; ProblemError for the first that its type or its
    instrument's units do not allow."""
    for name, order_types in TAKEN_BY.items():
        if order_type not in order_types and _is_asked(getattr(request, name)):
            raise ProblemError(f"{name}_not_allowed")
    if order_type is OrderType.TRAILING_STOP:
        by_amount = _is_asked(request.trailing_amount)
        if by_amount is _is_asked(request.trailing_bps):
            raise ProblemError("trailing_amount_not_allowed" if by_amount else "trailing_required")
    terms = OrderTerms(
        bool(request.post_only),
        read_self_trade_prevention(request.self_trade_prevention),
        read_expire_time(request.expire_time),
        optional_number(request.display_quantity, DISPLAY_QUANTITY, instrument.quantity_decimals),
        optional_number(request.quote_quantity, QUOTE_QUANTITY, instrument.value_decimals),
        _trailing_bps(request.trailing_bps),
        optional_number(request.trailing_amount, TRAILING_AMOUNT, instrument.price_decimals),
        optional_number(request.activation_price, ACTIVATION_PRICE, instrument.price_decimals),
    )
    return None if terms == NO_TERMS else terms


def _is_asked(value: Raw | str | int | None) -> bool:
    """Whether the request asks for the term: it is there, and neither null nor false."""
    return is_given(value) if isinstance(value, Raw) else not (value is None or value is MISSING or value is False)


def read_self_trade_prevention(text: str | None) -> SelfTradePrevention:
    if text is None:
        return SelfTradePrevention.NONE
    return read_word("self_trade_prevention", text, SELF_TRADE_PREVENTIONS)


def read_expire_time(text: str | None) -> int:
    """The time in nanoseconds; zero where there is none."""
    if text is None:
        return 0
    nanoseconds = parse_exact_time(text, "expire_time")
    if nanoseconds <= 0:
        # No command can carry it, and the time that the matcher stamps is always beyond it.
        raise ProblemError("expire_time_past")
    return nanoseconds


def _trailing_bps(value: int | None) -> int | None:
    if value is None:
        return None
    if not 1 <= value <= MAX_TRAILING_BPS:
        raise ProblemError(
            "invalid_value", f"trailing_bps takes a whole number from 1 to {MAX_TRAILING_BPS}.", "trailing_bps"
        )
    return value


def terms_view(state: OrderState, instrument: Instrument) -> dict[str, Any]:
    """The fields of an Order that only an order with terms, or of an OCO, has."""
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals
    view: dict[str, Any] = {}
    if state.oco_id is not None:
        view["oco_id"] = str(state.oco_id)
    terms = state.terms
    if terms is None:
        return view
    if terms.post_only:
        view["post_only"] = True
    if terms.self_trade_prevention is not SelfTradePrevention.NONE:
        view["self_trade_prevention"] = SELF_TRADE_PREVENTION_WORDS[terms.self_trade_prevention]
    if terms.expire_time:
        view["expire_time"] = format_exact_time(terms.expire_time)
    if terms.display_quantity is not None:
        view["display_quantity"] = format_decimal(terms.display_quantity, quantity_decimals)
    if terms.quote_quantity is not None:
        view["quote_quantity"] = format_decimal(terms.quote_quantity, instrument.value_decimals)
    if state.unspent is not None:
        view["unspent_quote_quantity"] = format_decimal(state.unspent, instrument.value_decimals)
    if terms.trailing_bps is not None:
        view["trailing_bps"] = terms.trailing_bps
    if terms.trailing_amount is not None:
        view["trailing_amount"] = format_decimal(terms.trailing_amount, price_decimals)
    if terms.activation_price is not None:
        view["activation_price"] = format_decimal(terms.activation_price, price_decimals)
    return view
