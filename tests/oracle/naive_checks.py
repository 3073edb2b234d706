"""What the naive engine refuses before anything happens."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec.structs import asdict, replace

from protocol.commands import OrderTerms, PlaceOco, PlaceOrder, SetInstrument
from protocol.instrument import Instrument, InstrumentError, check_instrument
from protocol.units import NAME_PATTERN, OrderType, Refusal, Side, TimeInForce
from tests.oracle.naive_order import stop_name
from tests.order_matrix import FIELDS, takers

PRICED = takers("price")
TRIGGERED = takers("trigger_price")
TAKEN_BY = {name: takers(name) for name in FIELDS if name not in ("quantity", "price", "trigger_price")}
"""The types that take each term."""

FIXED = {
    "price_decimals": "tick_size",
    "quantity_decimals": "lot_size",
    "base": "base",
    "quote": "quote",
    "tick_size": "tick_size",
    "lot_size": "lot_size",
}
"""What never changes, and the field that is at fault where it is given otherwise."""

REQUIRED = ("base", "quote", "tick_size", "lot_size", "max_quantity", "max_price")


class RefusedError(Exception):
    """The command changes nothing: the arguments are those of CommandRefused."""


def check_name(field: str, name: str | None) -> None:
    if name is not None and not NAME_PATTERN.fullmatch(name):
        raise RefusedError(Refusal.INVALID_NAME, field)


def check_fields(command: PlaceOrder, terms: OrderTerms) -> None:
    """Refuse what is missing, and what the order_type does not take."""
    order_type = command.order_type
    if (command.price is None) == (order_type in PRICED):
        raise RefusedError(Refusal.PRICE_REQUIRED if command.price is None else Refusal.PRICE_NOT_ALLOWED)
    if (command.trigger_price is None) == (order_type in TRIGGERED):
        raise RefusedError(
            Refusal.TRIGGER_PRICE_REQUIRED if command.trigger_price is None else Refusal.TRIGGER_PRICE_NOT_ALLOWED
        )
    for name, order_types in TAKEN_BY.items():
        if getattr(terms, name) and order_type not in order_types:
            raise RefusedError(Refusal[name.upper() + "_NOT_ALLOWED"])
    if order_type in TAKEN_BY["activation_price"]:
        if terms.trailing_bps is None and terms.trailing_amount is None:
            raise RefusedError(Refusal.TRAILING_REQUIRED)
        if terms.trailing_bps is not None and terms.trailing_amount is not None:
            raise RefusedError(Refusal.TRAILING_AMOUNT_NOT_ALLOWED)
    if terms.time_in_force is not TimeInForce.GTC and (terms.post_only or terms.display_quantity is not None):
        raise RefusedError(Refusal.TIME_IN_FORCE_NOT_ALLOWED)
    if terms.tag is not None and not all("!" <= letter <= "~" for letter in terms.tag):
        raise RefusedError(Refusal.INVALID_TAG)
    if (command.quantity == 0) != (terms.quote_quantity is not None):
        raise RefusedError(Refusal.QUANTITY_NOT_ALLOWED if command.quantity else Refusal.QUANTITY_REQUIRED)


Check = tuple[Refusal, bool]


def raise_first(checks: Iterable[Check], field: str = "") -> None:
    """Refuse with the first one that applies."""
    for refusal, applies in checks:
        if applies:
            raise RefusedError(refusal, field)


def quantity_checks(instrument: Instrument, quantity: int) -> Iterator[Check]:
    yield Refusal.QUANTITY_OFF_LOT, quantity % instrument.lot_size != 0
    yield Refusal.QUANTITY_TOO_SMALL, quantity < instrument.min_quantity
    yield Refusal.QUANTITY_TOO_LARGE, quantity > instrument.max_quantity


def price_checks(instrument: Instrument, name: str, price: int | None) -> Iterator[Check]:
    if price is not None:
        yield Refusal[name + "_OFF_TICK"], price % instrument.tick_size != 0
        yield Refusal[name + "_TOO_LARGE"], price > instrument.max_price


def notional_check(instrument: Instrument, quantity: int, price: int | None) -> Iterator[Check]:
    yield Refusal.BELOW_MIN_NOTIONAL, price is not None and price * quantity < instrument.min_notional


def check_limits(instrument: Instrument, quantity: int, price: int | None, trigger_price: int | None) -> None:
    """Refuse what the instrument's limits forbid. A quantity of zero stands for none."""
    if quantity:
        raise_first(quantity_checks(instrument, quantity))
    raise_first(price_checks(instrument, "PRICE", price))
    raise_first(price_checks(instrument, "TRIGGER_PRICE", trigger_price))
    raise_first(notional_check(instrument, quantity, price))


def check_terms(instrument: Instrument, quantity: int, terms: OrderTerms, time: int, iceberg_parts: int) -> None:
    """Refuse terms that the instrument's limits, the order's quantity or the time forbid."""
    display = terms.display_quantity
    if display is not None:
        raise_first([(Refusal.DISPLAY_QUANTITY_OFF_LOT, display % instrument.lot_size != 0)])
        raise_first([(Refusal.DISPLAY_QUANTITY_TOO_LARGE, display > quantity)])
        raise_first([(Refusal.DISPLAY_QUANTITY_TOO_SMALL, quantity > display * iceberg_parts)])
    raise_first(price_checks(instrument, "TRAILING_AMOUNT", terms.trailing_amount))
    raise_first(price_checks(instrument, "ACTIVATION_PRICE", terms.activation_price))
    raise_first([(Refusal.EXPIRE_TIME_PAST, terms.expire_time != 0 and terms.expire_time <= time)])


STOP_FIELDS = ("display_quantity", "time_in_force", "tag")
"""The terms that each leg of an OCO has of its own. Those of the stop leg have `stop_` before their names."""


def legs_of(command: PlaceOco) -> tuple[PlaceOrder, PlaceOrder]:
    """The limit or take-profit leg and the stop leg, as orders."""
    trigger_price, stop_price = command.take_profit_trigger_price, command.stop_price
    limit_type = OrderType.LIMIT
    if trigger_price is not None:
        limit_type = OrderType.TAKE_PROFIT if command.price is None else OrderType.TAKE_PROFIT_LIMIT
    stop_type = OrderType.STOP_MARKET if stop_price is None else OrderType.STOP_LIMIT
    both = OrderTerms(self_trade_prevention=command.self_trade_prevention, expire_time=command.expire_time)
    own = {name: getattr(command, name) for name in STOP_FIELDS}
    stops = {name: getattr(command, f"stop_{name}") for name in STOP_FIELDS}
    limit_terms, stop_terms = replace(both, post_only=command.post_only, **own), replace(both, **stops)
    what = (command.symbol, command.account, command.side)
    prices = (command.price, trigger_price)
    return (
        PlaceOrder(
            *what,
            limit_type,
            command.quantity,
            *prices,
            command.client_order_id,
            terms=limit_terms,
            open_only_client_order_id=command.open_only_client_order_id,
        ),
        PlaceOrder(
            *what,
            stop_type,
            command.quantity,
            stop_price,
            command.stop_trigger_price,
            stop_name(command),
            terms=stop_terms,
            open_only_client_order_id=command.open_only_client_order_id,
        ),
    )


def check_oco(instrument: Instrument, command: PlaceOco, time: int, iceberg_parts: int) -> None:
    """What each leg takes, then the limit leg as any limit order, then the stop leg, with the names of its fields."""
    limit, stop = legs_of(command)
    check_leg(limit)
    named_as_stops(lambda: check_leg(stop))
    check_limits(instrument, command.quantity, command.price, None)
    raise_first(price_checks(instrument, "TRIGGER_PRICE", limit.trigger_price), "take_profit_trigger_price")
    raise_first(price_checks(instrument, "TRIGGER_PRICE", command.stop_trigger_price), "stop_trigger_price")
    raise_first(price_checks(instrument, "PRICE", command.stop_price), "stop_price")
    raise_first(notional_check(instrument, command.quantity, command.stop_price), "stop_price")
    check_terms(instrument, command.quantity, limit.terms or OrderTerms(), time, iceberg_parts)
    named_as_stops(lambda: check_terms(instrument, command.quantity, stop.terms or OrderTerms(), time, iceberg_parts))


def check_leg(leg: PlaceOrder) -> None:
    """Both legs take an expire_time, a market order too."""
    check_fields(leg, replace(leg.terms or OrderTerms(), expire_time=0))


def named_as_stops(check: Callable[[], None]) -> None:
    """Name the stop leg's field at fault."""
    try:
        check()
    except RefusedError as error:
        refusal: Refusal = error.args[0]
        [field] = [name for name in STOP_FIELDS if name.upper() in refusal.name]
        raise RefusedError(refusal, f"stop_{field}") from error


def check_sides(command: PlaceOco, last: int | None) -> None:
    """The legs of an OCO stand on both sides of the last trade."""
    if last is None:
        raise RefusedError(Refusal.NO_LAST_TRADE, "stop_trigger_price")
    above = 1 if command.side is Side.SELL else -1
    takes_profit = command.take_profit_trigger_price is not None
    price = command.take_profit_trigger_price or command.price or 0
    if (price - last) * above <= 0:
        raise RefusedError(Refusal.PRICE_ON_WRONG_SIDE, "take_profit_trigger_price" if takes_profit else "price")
    if (last - command.stop_trigger_price) * above <= 0:
        raise RefusedError(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price")


def changed_instrument(known: Instrument | None, command: SetInstrument) -> Instrument:
    """The instrument as the command makes it, of the known one or a new one."""
    given: dict[str, Any] = {field: value for field, value in asdict(command).items() if value is not None}
    if known is None:
        for field in REQUIRED:
            if field not in given:
                raise RefusedError(Refusal.INVALID_INSTRUMENT, field, "is missing")
        defaults = {"min_quantity": command.lot_size, "min_notional": 0, "maker_fee_bps": 0, "taker_fee_bps": 0}
        instrument = Instrument(**{**defaults, **given})
    else:
        for field, at_fault in FIXED.items():
            if field in given and given[field] != getattr(known, field):
                raise RefusedError(Refusal.INSTRUMENT_FIXED, at_fault, "never changes")
        halted_until = known.halted_until if command.status is None else 0
        instrument = replace(known, **given, halted_until=halted_until)
    try:
        check_instrument(instrument)
    except InstrumentError as error:
        raise RefusedError(Refusal.INVALID_INSTRUMENT, error.field, str(error)) from error
    return instrument
