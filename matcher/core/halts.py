"""Halts by themselves: a move of the last trade that is too large for its time halts the instrument for a while."""

from typing import Final

from msgspec.structs import replace

from matcher.core.price_window import MILLISECOND
from matcher.core.registry import Registry
from protocol.events import Event, InstrumentSet
from protocol.units import InstrumentStatus

TRADING: Final = InstrumentStatus.TRADING
HALTED: Final = InstrumentStatus.HALTED


def halt_if_moved(registry: Registry, events: list[Event]) -> None:
    """Halt the instrument of the running command's trades if they have moved its price too far."""
    running = registry.running
    # A command trades in one book.
    prices = [trade.price for _, _, trades in running.takes for trade in trades]
    if not prices:
        return
    book = running.takes[0][0].book
    window = book.window
    if window is None:
        return
    window.add(running.time, min(prices), max(prices))
    if window.is_left_by(prices[-1]):
        instrument = book.instrument
        until = running.time + instrument.halt_ms * MILLISECOND
        book.change(replace(instrument, status=HALTED, halted_until=until))
        registry.halts.add(until, instrument.symbol)
        events.append(InstrumentSet(book.instrument))


def end_halts(registry: Registry, events: list[Event]) -> None:
    """Let the instruments trade again whose halt is over."""
    for symbol in registry.halts.take_before(registry.running.time + 1):
        book = registry.books[symbol]
        book.change(replace(book.instrument, status=TRADING, halted_until=0))
        events.append(InstrumentSet(book.instrument))


def move_halts(registry: Registry, by: int, events: list[Event]) -> None:
    """Let each halt end later by these nanoseconds, or earlier."""
    for symbol in registry.halts.move(by):
        book = registry.books[symbol]
        book.change(replace(book.instrument, halted_until=book.instrument.halted_until + by))
        events.append(InstrumentSet(book.instrument))
