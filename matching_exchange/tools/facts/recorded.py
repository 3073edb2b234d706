"""The series of a recorded market, as a fresh engine plays it."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from matcher.engine import Engine
from matching_exchange.recordings.orders import RecordedOrders, recorded_instrument
from matching_exchange.recordings.recording import Cancel, Place, Recording, Reduce, Replace, Sent, Take
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.facts import Series
from protocol.commands import Command, SetInstrument
from protocol.events import OrderCanceled, OrderPlaced, Trade
from protocol.units import Side

if TYPE_CHECKING:
    from matcher.core.book import Book

DEPTH_EVERY: Final = 10 * SECOND
DEPTH_LEVELS: Final = 200


class EmptyRecordingError(Exception):
    """The recording holds no orders."""


def series_of_recording(recording: Recording, name: str) -> Series:
    """Trades are those of the engine: the recorded orders meet each other in it. Raises EmptyRecordingError."""
    return _Play(recording, name).run()


class _Play:
    """One run of a recording through an engine."""

    def __init__(self, recording: Recording, name: str) -> None:
        instrument = recorded_instrument(recording, recording.symbol)
        if instrument is None:
            raise EmptyRecordingError
        self._steps = [step for step in recording.steps if isinstance(step, Sent)]
        self._orders = RecordedOrders(recording.symbol, "")
        self._engine = Engine()
        self._sequence = 0
        self._numbers: dict[str, int] = {}
        self._filled: Counter[int] = Counter()
        self._entered: dict[int, int] = {}
        begin, end = self._steps[0].time, self._steps[-1].time
        self._series = Series(name, recording.tick_size, begin, end)
        self._apply(begin, SetInstrument.of(instrument))
        self._book: Book = self._engine.registry.books[recording.symbol]

    def run(self) -> Series:
        series = self._series
        next_depth = series.begin
        for step in self._steps:
            while next_depth < step.time:
                bids, asks = (side.top(DEPTH_LEVELS) for side in (self._book.bids, self._book.asks))
                series.depths.append((next_depth, bids, asks))
                next_depth += DEPTH_EVERY
            self._take(step)
            series.quote(step.time, self._book.bids.top(1), self._book.asks.top(1))
        return series

    def _take(self, step: Sent) -> None:
        match step:
            case Place():
                number = self._apply(step.time, self._orders.place(step))
                self._numbers[step.order] = number
                if step.announced:
                    self._series.placed += 1
                    self._entered[number] = step.time
            case Take():
                self._apply(step.time, self._orders.take(step))
            case Cancel():
                self._apply(step.time, self._orders.cancel(step))
            case Reduce():
                self._apply(step.time, self._orders.reduce(step))
            case Replace():
                filled = self._filled[self._numbers.get(step.order, 0)]
                self._apply(step.time, self._orders.replace(step, filled))

    def _apply(self, time: int, command: Command) -> int:
        """Carry it out. Returns the order_id of a new order, else 0."""
        self._sequence += 1
        placed = 0
        for event in self._engine.apply(self._sequence, time, command):
            if isinstance(event, OrderPlaced):
                placed = event.order_id
            elif isinstance(event, Trade):
                self._filled[event.maker_order_id] += event.quantity
                self._filled[event.taker_order_id] += event.quantity
                sign = 1 if event.aggressor_side is Side.BUY else -1
                self._series.trade(time, event.price, event.quantity, sign)
            elif isinstance(event, OrderCanceled) and event.order_id in self._entered:
                self._series.canceled += 1
                self._series.lifetimes.append(time - self._entered[event.order_id])
        return placed
