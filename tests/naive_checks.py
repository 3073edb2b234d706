"""What the naive engine refuses before anything happens."""

from typing import Any

from msgspec.structs import asdict, replace

from protocol.commands import PlaceOrder, SetInstrument
from protocol.instrument import Instrument, InstrumentError, check_instrument
from protocol.units import NAME_PATTERN, OrderType, Refusal

PRICED = (OrderType.LIMIT, OrderType.IOC, OrderType.FOK, OrderType.STOP_LIMIT)
TRIGGERED = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT)
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


def check_names(command: PlaceOrder) -> None:
    for field, name in (("account", command.account), ("client_order_id", command.client_order_id)):
        if name is not None and not NAME_PATTERN.fullmatch(name):
            raise RefusedError(Refusal.INVALID_NAME, field)


def check_fields(command: PlaceOrder) -> None:
    """Refuse a price or a trigger_price that is missing, or that the order_type does not take."""
    if (command.price is None) == (command.order_type in PRICED):
        raise RefusedError(Refusal.PRICE_REQUIRED if command.price is None else Refusal.PRICE_NOT_ALLOWED)
    if (command.trigger_price is None) == (command.order_type in TRIGGERED):
        raise RefusedError(Refusal.TRIGGER_PRICE_REQUIRED if command.trigger_price is None else Refusal.TRIGGER_PRICE_NOT_ALLOWED)


def check_terms(instrument: Instrument, quantity: int, price: int | None, trigger_price: int | None) -> None:
    """Refuse what the instrument's limits forbid."""
    checks = (
        (Refusal.QUANTITY_OFF_LOT, quantity % instrument.lot_size != 0),
        (Refusal.QUANTITY_TOO_SMALL, quantity < instrument.min_quantity),
        (Refusal.QUANTITY_TOO_LARGE, quantity > instrument.max_quantity),
        (Refusal.PRICE_OFF_TICK, price is not None and price % instrument.tick_size != 0),
        (Refusal.PRICE_TOO_LARGE, price is not None and price > instrument.max_price),
        (Refusal.TRIGGER_PRICE_OFF_TICK, trigger_price is not None and trigger_price % instrument.tick_size != 0),
        (Refusal.TRIGGER_PRICE_TOO_LARGE, trigger_price is not None and trigger_price > instrument.max_price),
        (Refusal.BELOW_MIN_NOTIONAL, price is not None and price * quantity < instrument.min_notional),
    )
    for refusal, applies in checks:
        if applies:
            raise RefusedError(refusal)


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
        instrument = replace(known, **given)
    try:
        check_instrument(instrument)
    except InstrumentError as error:
        raise RefusedError(Refusal.INVALID_INSTRUMENT, error.field, str(error)) from error
    return instrument
