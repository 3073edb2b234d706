"""The exchange of a simulation: it takes the commands of agents. EngineVenue is the very engine."""

from typing import Final

from matcher.core.digest import digest
from matcher.core.levels import Levels as EngineLevels
from matcher.engine import Engine
from matching_exchange.sim.kernel.values import Levels
from protocol.commands import AdvanceTime, OwnCommand
from protocol.events import Event
from protocol.instrument import Instrument
from protocol.units import OrderStatus

REMEMBERED_ORDERS: Final = 1_000
"""Done orders that the engine remembers: nobody asks for them here."""

ADVANCE: Final = AdvanceTime()


class Venue:
    """What the kernel asks of an exchange. A subclass must be compiled as well."""

    def apply(self, time: int, command: OwnCommand) -> list[Event]:
        """Carry out the command of that time. Returns what it has caused."""
        raise NotImplementedError

    def due(self, time: int) -> int:
        """The first time up to `time` at which something falls due: an expiry, a cancel-after, the end of a halt. -1 if
        there is none."""
        raise NotImplementedError

    def next_due(self) -> int:
        """The first time at which something falls due; -1 if nothing waits."""
        raise NotImplementedError

    def advance(self, time: int) -> list[Event]:
        """Carry out what falls due up to that time."""
        raise NotImplementedError

    def instrument(self, symbol: str) -> Instrument:
        """The instrument as it stands. Raises KeyError."""
        raise NotImplementedError

    def top(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        """Bids and asks, best first, at most so many levels each."""
        raise NotImplementedError

    def best(self, symbol: str) -> tuple[int, int]:
        """The best bid and the best ask; 0 for an empty side."""
        raise NotImplementedError

    def ahead(self, order_id: int) -> int:
        """The quantity that stands before an order at its price; 0 if it does not rest."""
        raise NotImplementedError

    def rests(self, order_id: int) -> bool:
        """Whether the order stands in the book. One that waits for its trigger does not."""
        raise NotImplementedError

    def digest(self) -> str:
        """A hash of all that it holds."""
        raise NotImplementedError


class EngineVenue(Venue):
    """The engine, its commands numbered from 1."""

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = Engine(REMEMBERED_ORDERS) if engine is None else engine
        self.sequence = 0

    def apply(self, time: int, command: OwnCommand) -> list[Event]:
        self.sequence += 1
        return self.engine.apply(self.sequence, time, command)

    def due(self, time: int) -> int:
        if not self.engine.due(time):
            return -1
        due = self.engine.next_due()
        assert due is not None, "the engine says so"
        return due

    def next_due(self) -> int:
        due = self.engine.next_due()
        return -1 if due is None else due

    def advance(self, time: int) -> list[Event]:
        return self.apply(time, ADVANCE)

    def instrument(self, symbol: str) -> Instrument:
        return self.engine.registry.books[symbol].instrument

    def top(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        book = self.engine.registry.books[symbol]
        if levels == 1:
            return _best(book.bids), _best(book.asks)
        return tuple(book.bids.top(levels)), tuple(book.asks.top(levels))

    def best(self, symbol: str) -> tuple[int, int]:
        book = self.engine.registry.books[symbol]
        bids, asks = book.bids.keys, book.asks.keys
        return bids[-1] if bids else 0, -asks[-1] if asks else 0

    def ahead(self, order_id: int) -> int:
        order = self.engine.registry.orders.get(order_id)
        if order is None or order.level is None:
            return 0
        return order.level.quantity + order.level.hidden - order.remaining

    def rests(self, order_id: int) -> bool:
        order = self.engine.registry.orders.get(order_id)
        return order is not None and order.level is not None and order.status is OrderStatus.OPEN

    def digest(self) -> str:
        return digest(self.engine.registry)


def _best(side: EngineLevels) -> Levels:
    keys = side.keys
    if not keys:
        return ()
    level = side.by_key[keys[-1]]
    return ((level.price, level.quantity),)
