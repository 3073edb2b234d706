"""SetInstrument: adds an instrument, or changes the one that is there."""

from typing import Final

import msgspec

from matcher.core.asset_list import add_book
from matcher.core.assets import lock_rate
from matcher.core.protection import count_open
from matcher.core.registry import Registry
from protocol.commands import SetInstrument
from protocol.events import CommandRefused, Event, InstrumentSet
from protocol.instrument import Instrument, InstrumentError, check_instrument
from protocol.units import InstrumentStatus, Reason, Refusal

MAX_INSTRUMENTS: Final = 1_000

REQUIRED = ("base", "quote", "tick_size", "lot_size", "max_quantity", "max_price")
FIXED = ("base", "quote", "tick_size", "lot_size")
PROTECTION = (
    "price_band_bps",
    "reference_price",
    "max_open_orders",
    "max_order_notional",
    "halt_bps",
    "halt_window_ms",
    "halt_ms",
)
CHANGEABLE = (
    *("min_quantity", "max_quantity", "max_price", "min_notional", "maker_fee_bps", "taker_fee_bps", "status"),
    *PROTECTION,
)

REJECTED_BY = {
    InstrumentStatus.CANCEL_ONLY: (Reason.INSTRUMENT_CANCEL_ONLY, Refusal.INSTRUMENT_CANCEL_ONLY),
    InstrumentStatus.HALTED: (Reason.INSTRUMENT_HALTED, Refusal.INSTRUMENT_HALTED),
}
"""Why an instrument that is not trading takes no new order, and no amend."""


def set_instrument(registry: Registry, command: SetInstrument) -> list[Event]:
    """Add an instrument with its book, or change a known one. Refuses what cannot be, and changes nothing then."""
    book = registry.books.get(command.symbol)
    made = made_instrument(None if book is None else book.instrument, command)
    if isinstance(made, CommandRefused):
        return [made]
    if book is not None:
        if book.instrument.halted_until and not made.halted_until:
            registry.halts.discard(book.instrument.halted_until, made.symbol)
        if registry.ledgers:
            oldest = next(iter(book.orders), None)
            book.currencies.change(
                made,
                registry.running.sequence,
                registry.last_order_id,
                None if oldest is None else oldest.order_id,
            )
        else:
            book.currencies.lock_rate = lock_rate(made)
        book.change(made)
    elif len(registry.books) >= MAX_INSTRUMENTS:
        return [CommandRefused(Refusal.TOO_MANY_INSTRUMENTS, "symbol", f"takes at most {MAX_INSTRUMENTS} instruments")]
    else:
        book = add_book(registry, made)
    count_open(book)
    registry.note_guards()
    return [InstrumentSet(made)]


def made_instrument(known: Instrument | None, command: SetInstrument) -> Instrument | CommandRefused:
    """The instrument as the command wants it, or why it cannot be so."""
    made = _add(command) if known is None else _change(known, command)
    if isinstance(made, Instrument):
        try:
            check_instrument(made)
        except InstrumentError as error:
            return CommandRefused(Refusal.INVALID_INSTRUMENT, error.field, str(error))
    return made


def _add(command: SetInstrument) -> Instrument | CommandRefused:
    for field in REQUIRED:
        if getattr(command, field) is None:
            return CommandRefused(Refusal.INVALID_INSTRUMENT, field, "is required for a new instrument")
    assert command.base is not None and command.quote is not None and command.tick_size is not None
    assert command.lot_size is not None and command.max_quantity is not None
    assert command.max_price is not None
    return Instrument(
        symbol=command.symbol,
        base=command.base,
        quote=command.quote,
        price_decimals=command.price_decimals,
        quantity_decimals=command.quantity_decimals,
        tick_size=command.tick_size,
        lot_size=command.lot_size,
        min_quantity=command.lot_size if command.min_quantity is None else command.min_quantity,
        max_quantity=command.max_quantity,
        max_price=command.max_price,
        min_notional=command.min_notional or 0,
        maker_fee_bps=command.maker_fee_bps or 0,
        taker_fee_bps=command.taker_fee_bps or 0,
        status=command.status or InstrumentStatus.TRADING,
        **{field: getattr(command, field) or 0 for field in PROTECTION},
    )


def _change(known: Instrument, command: SetInstrument) -> Instrument | CommandRefused:
    if command.price_decimals != known.price_decimals:
        return CommandRefused(Refusal.INSTRUMENT_FIXED, "tick_size", "never changes")
    if command.quantity_decimals != known.quantity_decimals:
        return CommandRefused(Refusal.INSTRUMENT_FIXED, "lot_size", "never changes")
    for field in FIXED:
        if getattr(command, field) not in (None, getattr(known, field)):
            return CommandRefused(Refusal.INSTRUMENT_FIXED, field, "never changes")
    changes = {field: getattr(command, field) for field in CHANGEABLE if getattr(command, field) is not None}
    if command.status is not None:
        changes["halted_until"] = 0
    return msgspec.structs.replace(known, **changes)
