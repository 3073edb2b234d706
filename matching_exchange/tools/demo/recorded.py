"""A recorded market that plays in a loop, and can jump."""

from collections.abc import Iterator, Sequence
from typing import Final

from matching_exchange.recordings.orders import RecordedOrders, recorded_instrument
from matching_exchange.recordings.recording import Cancel, Place, Recording, Reduce, Replace, Take
from matching_exchange.tools.demo.venue import EngineVenue, Venue, cancel_all, check_known
from protocol.commands import Command, OrderQuery, OrdersQuery, SetInstrument
from protocol.events import CommandRefused, OrderPage, OrderState
from protocol.instrument import Instrument, InstrumentError, check_instrument

ACCOUNT: Final = "demo-recorded"

PAGE: Final = 1_000
"""Orders that one query asks for."""

Sendable = Place | Take | Cancel | Reduce | Replace


class RecordedError(Exception):
    """The recording cannot be played here; the message says why."""


class RecordedMarket:
    """Plays a recording at a venue. `run` begins the names of its orders: no other run there may have it.

    begin, end: the times of its first and last step, in nanoseconds on its own clock.
    time: where it is.
    """

    def __init__(self, recording: Recording, run: str) -> None:
        """Raises RecordedError if no exchange can hold it."""
        self.instrument = _instrument(recording)
        self.symbol = recording.symbol
        self._recording = recording
        self._steps = [step for step in recording.steps if isinstance(step, Sendable)]
        self.begin = self._steps[0].time
        self.end = self._steps[-1].time
        self.time = self.begin
        self._run = run
        self._laps = 1
        self._next = 0
        self._orders = RecordedOrders(self.symbol, self._prefix(), ACCOUNT)

    def prepare(self, venue: Venue) -> None:
        """Make its instrument. Raises RecordedError if the venue refuses it."""
        [answer] = venue.carry_out([SetInstrument.of(self.instrument)])
        if isinstance(answer, CommandRefused):
            why = " ".join((answer.refusal.name, answer.field, answer.detail)).strip()
            raise RecordedError(f"the exchange refuses {self.symbol} as the recording needs it ({why})")

    def play(self, venue: Venue, nanoseconds: int) -> None:
        """Go on by so much time. At its end it begins again, with an empty book. Raises LostError."""
        self._play_to(venue, self.time + nanoseconds)
        if self._next == len(self._steps):
            cancel_all(venue, [ACCOUNT], self.symbol)
            self._restart()
            self.time = self.begin

    def jump(self, venue: Venue, time: int) -> None:
        """Make the book that of this time: cancel its orders, and place those that rest then. It trades nothing."""
        there = RecordedMarket(self._recording, self._run)
        aside = EngineVenue()
        there.prepare(aside)
        there._play_to(aside, time)
        cancel_all(venue, [ACCOUNT], self.symbol)
        self._restart()
        self._orders = there._orders.again(self._prefix())
        self._next = there._next
        self.time = time
        venue.carry_out([self._orders.place(place) for place in _resting(aside, there._orders)])

    def resume(self, venue: Venue) -> None:
        """The same for where it is: its book is lost, or nobody knows."""
        self.jump(venue, self.time)

    def _restart(self) -> None:
        self._laps += 1
        self._next = 0
        self._orders = RecordedOrders(self.symbol, self._prefix(), ACCOUNT)

    def _prefix(self) -> str:
        return f"{self._run}-{self._laps}-"

    def _play_to(self, venue: Venue, time: int) -> None:
        commands: list[Command] = []
        while self._next < len(self._steps) and self._steps[self._next].time <= time:
            step = self._steps[self._next]
            self._next += 1
            match step:
                case Place():
                    commands.append(self._orders.place(step))
                case Take():
                    commands.append(self._orders.take(step))
                case Cancel():
                    commands.append(self._orders.cancel(step))
                case Reduce():
                    commands.append(self._orders.reduce(step))
                case Replace():
                    # Ask first what was filled of it here.
                    self._send(venue, commands)
                    [state] = venue.ask([OrderQuery(None, ACCOUNT, self._orders.name(step.order))])
                    filled = state.filled_quantity if isinstance(state, OrderState) else 0
                    commands = [self._orders.replace(step, filled)]
        self._send(venue, commands)
        self.time = min(time, self.end)

    def _send(self, venue: Venue, commands: Sequence[Command]) -> None:
        for answer in venue.carry_out(commands):
            check_known(self.symbol, answer)


def _instrument(recording: Recording) -> Instrument:
    instrument = recorded_instrument(recording, recording.symbol)
    if instrument is None:
        raise RecordedError("the recording holds no orders")
    try:
        check_instrument(instrument)
    except InstrumentError as error:
        raise RecordedError(
            f"no exchange can hold this recording as {recording.symbol}: {error.field} {error}"
        ) from error
    return instrument


def _resting(venue: Venue, orders: RecordedOrders) -> Iterator[Place]:
    """The orders that rest there, oldest first, as their steps would place what is left of them."""
    after: int | None = 0
    while after is not None:
        [page] = venue.ask([OrdersQuery(account=ACCOUNT, limit=PAGE, after=after)])
        assert isinstance(page, OrderPage), "the query has no other result"
        for order in page.orders:
            assert order.price is not None and order.client_order_id is not None, "it is a limit order"
            yield Place(0, orders.order(order.client_order_id), order.side, order.price, order.remaining_quantity)
        after = page.next
