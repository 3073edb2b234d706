"""Recorded markets as flows of a simulation.

A recorded order, cancel or change is a command of the account ACCOUNT. A recorded execution is an incoming order of the
other side, of the same quantity and at the same price, which ends at once. What does not find its order any more is
dropped, and counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from matcher.core.order import Order
from matching_exchange.recordings.recording import (
    Cancel,
    Hole,
    Levels,
    LevelTrade,
    OutOfTurn,
    Place,
    Reduce,
    Replace,
    Take,
    VenueBest,
)
from matching_exchange.recordings.source import Source
from matching_exchange.sim.kernel.shadow import ACCOUNT, ShadowVenue
from matching_exchange.sim.kernel.shadowed_levels import ShadowedLevels
from matching_exchange.sim.kernel.venue import EngineVenue, Venue
from protocol.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from protocol.events import CommandRefused, Event, OrderRejected, Trade
from protocol.units import OrderType, Side

BLOCK: Final = 4_096
"""Steps that are read ahead, bounds the memory."""

Timed = Place | Take | Cancel | Reduce | Replace | VenueBest | Levels | LevelTrade | Hole

TIMED: Final = (Place, Take, Cancel, Reduce, Replace, VenueBest, Levels, LevelTrade, Hole)


class BacktestError(ValueError):
    """The backtest cannot run so. The message names what it takes, or what the recorded market was refused."""


class Ahead:
    """The steps of a source that have a time, read a block ahead.

    Times are in nanoseconds since 1970. Executions that the recording itself calls out of turn are counted.
    """

    def __init__(self, source: Source, counts: Counter[str]) -> None:
        self._steps: Iterator[object] = source.steps()
        self._epoch = source.epoch
        self._block: list[Timed] = []
        self._place = 0
        self._counts = counts

    def next_time(self) -> int | None:
        """The time of the next step; None at the end."""
        if self._place == len(self._block):
            self._read()
        return None if not self._block else self._block[self._place].time + self._epoch

    def horizon(self) -> int | None:
        """The time of the last step that is read ahead; None at the end."""
        return None if self.next_time() is None else self._block[-1].time + self._epoch

    def take(self, time: int) -> Iterator[Timed]:
        """The steps up to that time, included."""
        while True:
            following = self.next_time()
            if following is None or following > time:
                return
            self._place += 1
            yield self._block[self._place - 1]

    def leading(self) -> Iterator[Place]:
        """The orders at the beginning that were there before the recording."""
        while self.next_time() is not None:
            step = self._block[self._place]
            if not isinstance(step, Place) or step.announced:
                return
            self._place += 1
            yield step

    def _read(self) -> None:
        self._place = 0
        self._block = []
        while not self._block:
            read = list(islice(self._steps, BLOCK))
            if not read:
                return
            for step in read:
                if isinstance(step, TIMED):
                    self._block.append(step)
                elif isinstance(step, OutOfTurn):
                    self._counts["out_of_turn"] += 1


class OrderFlow:
    """A recording of orders that plays into an engine: that of the agents, or one of its own that `shadow` follows.

    counts:
        recorded: orders, cancels, changes and executions of the recording.
        dropped_cancels, dropped_reductions, dropped_replaces: those whose order was gone.
        short_executions: executions that found less than they took in the recording.
        out_of_turn: executions that the recording itself calls so.
        quotes, quotes_as_recorded: best prices and quantities that the recording tells, and how many were the same.
    """

    def __init__(
        self, source: Source, engine: EngineVenue, shadow: ShadowVenue | None = None, *, prefix: str = ""
    ) -> None:
        self._engine = engine
        self._prefix = prefix
        self._shadow = shadow
        self._symbol = source.symbol
        self._counts: Counter[str] = Counter(
            dict.fromkeys(("recorded", "dropped_cancels", "dropped_reductions", "dropped_replaces"), 0)
            | dict.fromkeys(("short_executions", "out_of_turn", "quotes", "quotes_as_recorded"), 0)
        )
        self.counts: Mapping[str, int] = self._counts
        self._ahead = Ahead(source, self._counts)
        # When the run begins.
        self.start = self._ahead.next_time()
        # The order of the last cancel, if it found nothing.
        self._gone: str | None = None

    def horizon(self) -> int | None:
        """The time up to which the recording is read; None at its end."""
        return self._ahead.horizon()

    def begin(self, venue: Venue) -> None:
        """Place what was there before the recording, if it begins with the run. Else it comes when that begins."""
        time = self._ahead.next_time()
        if time != self.start:
            return
        for step in self._ahead.leading():
            assert time is not None, "there is a step"
            self._place(time, step)

    def next_time(self) -> int | None:
        return self._ahead.next_time()

    def play(self, time: int) -> Sequence[Event]:
        heard: list[Event] = []
        for step in self._ahead.take(time):
            match step:
                case Place():
                    events = self._place(time, step)
                case Take():
                    events = self._take(time, step)
                case Cancel():
                    events = self._cancel(time, step)
                case Reduce():
                    events = self._reduce(time, step)
                case Replace():
                    events = self._replace(time, step)
                case VenueBest():
                    self._compare(step)
                    continue
                case _:
                    raise AssertionError("a recording of orders has no other steps")
            heard += events if self._shadow is None else self._shadow.follow(time, self._symbol, events)
        return heard

    def _apply(self, time: int, command: Command) -> list[Event]:
        self._counts["recorded"] += 1
        return self._engine.apply(time, command)

    def _enter(self, time: int, command: PlaceOrder) -> list[Event]:
        events = self._apply(time, command)
        first = events[0]
        if isinstance(first, CommandRefused):
            raise BacktestError(
                f"{self._symbol}: the instrument refuses a recorded order of {command.quantity} units at "
                f"{command.price}: {first.refusal.name.lower()}; give instruments= with one that takes it"
            )
        if isinstance(first, OrderRejected):
            raise BacktestError(
                f"{self._symbol}: the instrument rejects a recorded order of {command.quantity} units at "
                f"{command.price}: {first.reason.name.lower()}; give instruments= with one that takes it"
            )
        return events

    def _place(self, time: int, step: Place) -> list[Event]:
        if step.replaces is not None and step.replaces == self._gone:
            # Nobody replaces what is gone.
            self._counts["dropped_cancels"] -= 1
            self._counts["dropped_replaces"] += 1
            return []
        return self._enter(
            time,
            PlaceOrder(
                self._symbol,
                ACCOUNT,
                step.side,
                OrderType.LIMIT,
                step.quantity,
                step.price,
                None,
                self._prefix + step.order,
                open_only_client_order_id=True,
            ),
        )

    def _take(self, time: int, step: Take) -> list[Event]:
        events = self._enter(
            time, PlaceOrder(self._symbol, ACCOUNT, step.side, OrderType.IOC, step.quantity, step.price)
        )
        traded = sum(event.quantity for event in events if isinstance(event, Trade))
        self._counts["short_executions"] += traded < step.quantity
        return events

    def _cancel(self, time: int, step: Cancel) -> list[Event]:
        events = self._apply(time, CancelOrder(None, ACCOUNT, self._prefix + step.order))
        self._gone = None
        if isinstance(events[0], CommandRefused):
            self._gone = step.order
            # A cancel of nothing tells that the order was filled.
            self._counts["dropped_cancels"] += step.remaining is not None
            return []
        return events

    def _reduce(self, time: int, step: Reduce) -> list[Event]:
        order = self._find(step.order)
        if order is None:
            self._counts["dropped_reductions"] += 1
            return []
        if step.quantity >= order.remaining:
            self._counts["dropped_reductions"] += step.quantity > order.remaining
            return self._apply(time, CancelOrder(order.order_id))
        return self._apply(time, AmendOrder(order.order_id, None, None, order.quantity - step.quantity))

    def _replace(self, time: int, step: Replace) -> list[Event]:
        order = self._find(step.order)
        if order is None:
            self._counts["dropped_replaces"] += 1
            return []
        filled = order.quantity - order.remaining
        command = AmendOrder(order.order_id, None, None, filled + step.remaining, step.price)
        events = self._apply(time, command)
        if isinstance(events[0], CommandRefused):
            raise BacktestError(
                f"{self._symbol}: the instrument refuses a recorded change to {step.remaining} units at {step.price}: "
                f"{events[0].refusal.name.lower()}; give instruments= with one that takes it"
            )
        return events

    def _find(self, name: str) -> Order | None:
        """The recorded order, if it rests."""
        order = self._engine.engine.registry.find(CancelOrder(None, ACCOUNT, self._prefix + name))
        return None if order is None or order.level is None else order

    def _compare(self, step: VenueBest) -> None:
        bids, asks = self._engine.top(self._symbol, 1)
        self._counts["quotes"] += 1
        same = (bids[0] if bids else None) == step.bid and (asks[0] if asks else None) == step.ask
        self._counts["quotes_as_recorded"] += same


class LevelFlow:
    """A recording of levels that plays beside the agents.

    counts: recorded: changes and trades of the recording. holes: where messages were missing.
    """

    def __init__(self, source: Source, book: ShadowedLevels, shadow: ShadowVenue) -> None:
        self._counts: Counter[str] = Counter(recorded=0, holes=0)
        self.counts: Mapping[str, int] = self._counts
        self._ahead = Ahead(source, self._counts)
        self.start = self._ahead.next_time()
        self._symbol = source.symbol
        self._book = book
        self._shadow = shadow

    def horizon(self) -> int | None:
        """The time up to which the recording is read; None at its end."""
        return self._ahead.horizon()

    def begin(self, venue: Venue) -> None:
        """The recording begins with a whole book."""

    def next_time(self) -> int | None:
        return self._ahead.next_time()

    def play(self, time: int) -> Sequence[Event]:
        heard: list[Event] = []
        for step in self._ahead.take(time):
            self._counts["recorded"] += 1
            match step:
                case Levels():
                    if step.whole:
                        self._book.replace(step.bids, step.asks)
                    else:
                        for side, levels in ((Side.BUY, step.bids), (Side.SELL, step.asks)):
                            for price, quantity in levels:
                                self._book.set(side, price, quantity)
                    for side, prices in ((Side.BUY, step.hidden_bids), (Side.SELL, step.hidden_asks)):
                        for price in prices:
                            self._book.hide(side, price)
                    self._shadow.meet(time, self._symbol, heard)
                case LevelTrade():
                    heard += self._shadow.traded(time, self._symbol, step.side, step.price, step.quantity)
                case Hole():
                    self._counts["holes"] += 1
                    self._book.clear()
                case _:
                    raise AssertionError("a recording of levels has no other steps")
        return heard
