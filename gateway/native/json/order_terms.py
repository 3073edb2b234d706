"""The terms of an order: read from a request, and written into an order, as the rows of `protocol.order_types` say."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from msgspec import Raw

from gateway.native.enum_words import TERM_MEMBERS, TERM_WORDS
from gateway.native.json.decimals import NumberField, is_given, optional_number, price_field, quantity_field
from gateway.native.json.field_types import MISSING
from gateway.native.json.names import read_word
from gateway.native.json.schemas import OrderRequest
from gateway.native.json.times import format_exact_time, parse_exact_time
from gateway.native.problems import ProblemError
from protocol.commands import NO_TERMS, OrderTerms
from protocol.events import OrderState
from protocol.instrument import Instrument, format_decimal
from protocol.order_types import TERMS, Term, Unit
from protocol.units import MAX_INTEGER, TAG_PATTERN, SelfTradePrevention, TimeInForce

Read = Callable[[Any, Instrument], Any]
Write = Callable[[Any, Instrument], Any]


def read_terms(request: OrderRequest, instrument: Instrument) -> OrderTerms:
    """The terms of a new order; NO_TERMS where all are as their defaults. ProblemError for a value that is none."""
    values = _values(request)
    if values == _NONE_GIVEN:
        # Most orders: they pay for this comparison only.
        return NO_TERMS
    given: dict[str, Any] = {}
    for value, (name, read) in zip(values, _READ, strict=True):
        if value is not None and value is not MISSING:
            given[name] = read(value, instrument)
    terms = OrderTerms(**given)
    return NO_TERMS if terms == NO_TERMS else terms


def asked_terms(request: OrderRequest) -> OrderTerms:
    """Which terms the request asks for: any value stands for each of them, good or bad."""
    given: dict[str, Any] = {name: True for name in TERMS if _is_asked(getattr(request, name))}
    return OrderTerms(**given)


def _is_asked(value: Any) -> bool:
    return is_given(value) if isinstance(value, Raw) else not (value is None or value is MISSING or value is False)


def read_self_trade_prevention(text: str | None) -> SelfTradePrevention:
    if text is None:
        return SelfTradePrevention.NONE
    return SelfTradePrevention(read_word("self_trade_prevention", text, TERM_MEMBERS[SelfTradePrevention]))


def read_time_in_force(field: str, text: str | None) -> TimeInForce:
    """The time in force; GTC for none."""
    return TimeInForce.GTC if text is None else TimeInForce(read_word(field, text, TERM_MEMBERS[TimeInForce]))


def read_tag(field: str, text: str | None) -> str | None:
    if text is not None and not TAG_PATTERN.fullmatch(text):
        raise ProblemError("invalid_tag", field=field)
    return text


def read_expire_time(text: str | None) -> int:
    """The time in nanoseconds; zero for none."""
    if text is None:
        return 0
    nanoseconds = parse_exact_time(text, "expire_time")
    if nanoseconds <= 0:
        # No command can carry it, and the time that the matcher stamps is always beyond it.
        raise ProblemError("expire_time_past")
    return nanoseconds


def terms_view(state: OrderState, instrument: Instrument) -> dict[str, Any]:
    """The fields of an Order that only an order with terms, or of an OCO, has."""
    view: dict[str, Any] = {}
    if state.oco_id is not None:
        view["oco_id"] = str(state.oco_id)
    if state.cancel_on_first_fill:
        view["cancel_on_first_fill"] = True
    if state.list_client_order_id is not None:
        view["list_client_order_id"] = state.list_client_order_id
    if state.terms is None:
        return view
    for name, default, write in _WRITE:
        value = getattr(state.terms, name)
        if value != default:
            view[name] = write(value, instrument)
    if state.unspent is not None:
        view["unspent_quote_quantity"] = format_decimal(state.unspent, instrument.value_decimals)
    return view


def _reader(term: Term) -> Read:
    """How a given value of the term is read."""
    match term.unit:
        case Unit.FLAG:
            return lambda value, _: value
        case Unit.WORD:
            assert term.words is not None, term
            members = TERM_MEMBERS[term.words]
            return lambda text, _: read_word(term.name, text, members)
        case Unit.TEXT:
            return lambda text, _: read_tag(term.name, text)
        case Unit.TIME:
            return lambda text, _: read_expire_time(text)
        case Unit.BASIS_POINTS:
            return lambda value, _: _whole_number(term, value)
        case Unit.PRICE:
            price = price_field(term.name)
            return lambda raw, instrument: optional_number(raw, price, instrument.price_decimals)
        case Unit.QUANTITY:
            quantity = quantity_field(term.name)
            return lambda raw, instrument: optional_number(raw, quantity, instrument.quantity_decimals)
    field = NumberField(term.name, MAX_INTEGER)
    return lambda raw, instrument: optional_number(raw, field, instrument.value_decimals)


def _writer(term: Term) -> Write:
    """How a value of the term that is not its default is written."""
    match term.unit:
        case Unit.FLAG | Unit.BASIS_POINTS | Unit.TEXT:
            return lambda value, _: value
        case Unit.WORD:
            assert term.words is not None, term
            words = TERM_WORDS[term.words]
            return lambda member, _: words[member]
        case Unit.TIME:
            return lambda nanoseconds, _: format_exact_time(nanoseconds)
        case Unit.PRICE:
            return lambda value, instrument: format_decimal(value, instrument.price_decimals)
        case Unit.QUANTITY:
            return lambda value, instrument: format_decimal(value, instrument.quantity_decimals)
    return lambda value, instrument: format_decimal(value, instrument.value_decimals)


def _whole_number(term: Term, value: int) -> int:
    assert isinstance(term.most, int), term
    if not 1 <= value <= term.most:
        raise ProblemError("invalid_value", f"{term.name} takes a whole number from 1 to {term.most}.", term.name)
    return value


_values: Final[Callable[[OrderRequest], tuple[Any, ...]]] = attrgetter(*TERMS)
_NONE_GIVEN: Final = _values(OrderRequest("", "", ""))
_READ: Final = tuple((name, _reader(term)) for name, term in TERMS.items())
_WRITE: Final = tuple((name, getattr(NO_TERMS, name), _writer(term)) for name, term in TERMS.items())
