"""A simulation: instruments, agents with their latencies and balances, recorded flows; and a run of it.

The same seed gives the same run, on every machine and every Python, with the compiled core and the interpreted one.
"""

import gc
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Final, Protocol

from matching_exchange.sim.chance import Chance
from matching_exchange.sim.durations import MILLISECOND
from matching_exchange.sim.kernel.desk import Desk
from matching_exchange.sim.kernel.feeds import Feed, Hearers, Watch
from matching_exchange.sim.kernel.kernel import Kernel
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.kernel.venue import EngineVenue, Venue
from matching_exchange.sim.kernel.wires import Wire
from matching_exchange.sim.latency import Latency
from matching_exchange.sim.order_entry import Number, OrderEntryError, units_of
from matching_exchange.sim.result.result import Result
from matching_exchange.sim.strategy import MOST_LEVELS, Strategy, overrides
from protocol.commands import Deposit, SetInstrument
from protocol.events import CommandRefused, Event
from protocol.instrument import Instrument
from protocol.units import NAME_PATTERN

START: Final = 1_767_225_600_000_000_000
"""Where virtual time begins unless it is told: 2026-01-01 00:00 UTC."""

QUOTE_EVERY: Final = 100 * MILLISECOND
"""The least time between two recorded quotes of a symbol, unless it is told."""

LATEST: Final = 2**62
"""The latest start: a run of a century ends within 63 bits."""

AMOUNT_DECIMALS: Final = 18

RARELY: Final = 500_000
"""New objects after which Python looks for cycles."""

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9]+")


class SimulationError(ValueError):
    """The simulation cannot be set up so. The message names what it takes."""


class Flow(Protocol):
    """A recorded market that plays into the exchange.

    counts: what is to be told of it, by name, such as cancels that were dropped.
    """

    counts: Mapping[str, int]

    def begin(self, venue: Venue) -> None:
        """Bring the book to where the recording begins. Called once, at the start."""
        ...

    def next_time(self) -> int | None:
        """The time of what comes next, in nanoseconds since 1970; None at its end."""
        ...

    def play(self, time: int) -> Sequence[Event]:
        """Carry out what is due at that time. Returns all that it has caused."""
        ...


class _Added:
    """An agent with all that it was added with."""

    def __init__(
        self,
        strategy: Strategy,
        name: str,
        latency: Latency,
        balances: Mapping[str, Decimal] | None,
        measure: bool,  # noqa: FBT001  given once
    ) -> None:
        self.strategy = strategy
        self.name = name
        self.latency = latency
        self.balances = balances
        self.measure = measure


class Simulation:
    """Add agents, then run once.

    instruments: at least one; `sim.instrument` makes them.
    seed: a whole number or a text. All chance comes from it.
    start: nanoseconds since 1970.
    venue: another exchange than a fresh engine. It has the instruments if it has any.
    record_trades, quote_every: what the record holds of the public data; see `sim.Record`.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        *,
        seed: int | str = 0,
        start: int = START,
        venue: Venue | None = None,
        record_trades: bool = True,
        quote_every: int = QUOTE_EVERY,
    ) -> None:
        if not instruments:
            raise SimulationError("instruments takes at least one")
        if type(start) is not int or not 1 <= start <= LATEST:
            raise SimulationError(f"start takes nanoseconds since 1970, from 1 to {LATEST}, not {start!r}")
        self.seed = str(seed)
        self.start = start
        self._venue = EngineVenue() if venue is None else venue
        self._record_trades = record_trades
        self._quote_every = quote_every
        self._added: list[_Added] = []
        self._flows: list[Flow] = []
        self._names: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._strategies: set[int] = set()
        self._begun = False
        self.instruments = list(instruments)
        symbols = [each.symbol for each in instruments]
        if len(set(symbols)) < len(symbols):
            raise SimulationError("instruments takes each symbol once")

    def add(
        self,
        strategy: Strategy,
        name: str | None = None,
        *,
        latency: Latency | None = None,
        balances: Mapping[str, Number] | None = None,
        measure: bool = True,
    ) -> Strategy:
        """Let a strategy trade under this name; without one, the name of its class and a number.

        latency: none at all unless given.
        balances: amounts by asset. Without them it may buy and sell without limit.
        measure: whether the result tells of it.

        Raises SimulationError.
        """
        if self._begun:
            raise SimulationError("a strategy is added before the run begins")
        if latency is not None and not isinstance(latency, Latency):
            raise SimulationError(f"latency takes a Latency, such as Latency.of(Constant(ms(5))), not {latency!r}")
        if balances is not None and not balances:
            raise SimulationError("balances takes at least one asset; without balances, None, an agent has no limit")
        self._check(strategy)
        name = self._new_name(type(strategy).__name__) if name is None else name
        if not NAME_PATTERN.fullmatch(name):
            raise SimulationError(f"name takes 1 to 64 of A-Z a-z 0-9 . _ : -, not {name!r}")
        if name in self._names:
            raise SimulationError(f"name takes one that no other agent has, not {name!r}")
        amounts = None if balances is None else {asset: _amount(asset, value) for asset, value in balances.items()}
        self._added.append(_Added(strategy, name, latency or Latency(), amounts, measure))
        self._names.add(name)
        self._strategies.add(id(strategy))
        return strategy

    def add_flow(self, flow: Flow) -> None:
        """Let a recorded market play."""
        self._flows.append(flow)

    def begin(self) -> "Session":
        """Set all up, and stop before the first event. Call it once. Raises SimulationError."""
        if self._begun:
            raise SimulationError("a simulation runs once: make another one for another run")
        self._begun = True
        venue = self._venue
        known = [self._set_up(each) for each in self.instruments]
        record = Record(known, self.seed, self.start, self._quote_every)
        feeds = {each.symbol: Feed(index, each) for index, each in enumerate(known)}
        kernel = Kernel(venue, feeds, record, self._record_trades)
        for index, added in enumerate(self._added):
            self._fund(added)
            kernel.desks.append(self._desk(kernel, index, added))
            record.agents.append(added.name)
            record.latencies.append(added.latency.text)
            record.measured.append(added.measure)
            balances = added.balances
            record.balances.append(None if balances is None else {name: str(value) for name, value in balances.items()})
        for flow in self._flows:
            flow.begin(venue)
            kernel.add_flow(flow)
        kernel.look()
        return Session(kernel, [added.strategy for added in self._added])

    def run(self, duration: int) -> Result:
        """Run so long in virtual time, in nanoseconds."""
        return Result(self.run_record(duration))

    def run_record(self, duration: int) -> Record:
        """Run so long in virtual time, and return the record. Raises SimulationError."""
        if type(duration) is not int or duration < 0:
            raise SimulationError(f"duration takes nanoseconds, 0 or more, such as minutes(10), not {duration!r}")
        session = self.begin()
        session.run_until(self.start + duration)
        return session.finish()

    def _check(self, strategy: Strategy) -> None:
        """Whether it may be added. Raises SimulationError."""
        if not isinstance(strategy, Strategy):
            raise SimulationError(f"a strategy is an object of a class below Strategy, not {strategy!r}")
        if id(strategy) in self._strategies:
            raise SimulationError("a strategy is added once: make another object of its class")
        if type(strategy.book_levels) is not int or not 1 <= strategy.book_levels <= MOST_LEVELS:
            raise SimulationError(f"book_levels takes 1 to {MOST_LEVELS}, not {strategy.book_levels!r}")
        if type(strategy.book_every) is not int or strategy.book_every < 0:
            raise SimulationError(f"book_every takes nanoseconds, 0 or more, not {strategy.book_every!r}")
        known = [each.symbol for each in self.instruments]
        if strategy.symbols is not None and not strategy.symbols:
            raise SimulationError(f"symbols takes some of {', '.join(known)}; None for all")
        for symbol in strategy.symbols or ():
            if symbol not in known:
                raise SimulationError(f"symbols takes some of {', '.join(known)}, not {symbol!r}")

    def _new_name(self, kind: str) -> str:
        plain = "".join(_PLAIN_NAME.findall(kind)) or "agent"
        number = self._numbers.get(plain, 0) + 1
        while f"{plain}-{number}" in self._names:
            number += 1
        self._numbers[plain] = number
        return f"{plain}-{number}"

    def _set_up(self, wanted: Instrument) -> Instrument:
        try:
            return self._venue.instrument(wanted.symbol)
        except KeyError:
            pass
        for event in self._venue.apply(self.start, SetInstrument.of(wanted)):
            if isinstance(event, CommandRefused):
                raise SimulationError(f"{wanted.symbol}: {event.field} {event.detail}")
        return self._venue.instrument(wanted.symbol)

    def _fund(self, added: _Added) -> None:
        for asset, amount in (added.balances or {}).items():
            command = Deposit(added.name, asset, f"{amount:f}", f"{added.name[:40]}-{asset}")
            for event in self._venue.apply(self.start, command):
                if isinstance(event, CommandRefused):
                    raise SimulationError(f"balances: {asset}: {event.detail or event.refusal.name.lower()}")

    def _desk(self, kernel: Kernel, index: int, added: _Added) -> Desk:
        strategy, latency, name = added.strategy, added.latency, added.name
        wires = tuple(
            Wire(delay, Chance(f"{self.seed}/{name}/{channel}"))
            for channel, delay in (
                ("orders", latency.orders),
                ("reports", latency.reports),
                ("market_data", latency.market_data),
            )
        )
        symbols = list(kernel.feeds) if strategy.symbols is None else list(strategy.symbols)
        feeds = {symbol: kernel.feeds[symbol] for symbol in symbols}
        desk = Desk(
            kernel,
            index,
            name,
            Chance(f"{self.seed}/{name}"),
            (wires[0], wires[1], wires[2]),
            feeds,
            added.balances or {},
            strategy.book_levels,
            added.measure,
        )
        if overrides(strategy, "on_wakeup"):
            desk.on_wakeup = strategy.on_wakeup
        if overrides(strategy, "on_order"):
            desk.on_order = strategy.on_order
        if overrides(strategy, "on_trade"):
            desk.on_trade = strategy.on_trade
            for feed in feeds.values():
                _hearers(feed.to_tell, desk.data_wire).desks.append(desk)
        watches = overrides(strategy, "on_book")
        if watches:
            desk.on_book = strategy.on_book
        for feed in feeds.values():
            _watch(feed, desk, strategy.book_every, watches=watches)
        return desk


class Session:
    """A simulation that goes on step by step.

    now: virtual time, in nanoseconds since 1970.
    desks: the market of each agent, in the order in which they were added.
    """

    def __init__(self, kernel: Kernel, strategies: list[Strategy]) -> None:
        self._kernel = kernel
        self._strategies = strategies
        self._started = False
        self._finished = False
        self.desks = kernel.desks

    @property
    def now(self) -> int:
        return self._kernel.now

    def run_until(self, time: int) -> None:
        """Go on up to this time, included. Raises SimulationError."""
        if type(time) is not int:
            raise SimulationError(f"time takes nanoseconds since 1970, not {time!r}")
        with _rare_collections():
            if not self._started:
                self._started = True
                for strategy, desk in zip(self._strategies, self.desks, strict=True):
                    strategy.on_start(desk)
            self._kernel.run_until(time)

    def finish(self) -> Record:
        """End, and return the record."""
        if not self._finished:
            self.run_until(self.now)
            self._finished = True
            self._kernel.end()
            for strategy, desk in zip(self._strategies, self.desks, strict=True):
                strategy.on_end(desk)
        return self._kernel.record


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let Python look for cycles less often: the kernel makes many objects, and none."""
    before = gc.get_threshold()
    gc.set_threshold(max(RARELY, before[0]), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _watch(feed: Feed, desk: Desk, every: int, *, watches: bool) -> None:
    """Let a desk be told of a book, or look at it."""
    feed.levels = max(feed.levels, desk.book_levels)
    if not watches:
        if desk.data_wire.most > 0:
            feed.captures = True
            feed.lookback = max(feed.lookback, desk.data_wire.most)
        return
    feed.captures = True
    desk.watches[feed.symbol] = watch = Watch(desk, feed, desk.book_levels, every)
    if every:
        feed.throttled.append(watch)
    else:
        _hearers(feed.books, desk.data_wire).watches.append(watch)
    if desk.data_wire.most > 0:
        feed.lookback = max(feed.lookback, desk.data_wire.most)


def _hearers(known: list[Hearers], wire: Wire) -> Hearers:
    """Those who hear at the same time: all whose delay is the same constant."""
    for hearers in known:
        if hearers.wire.fixed >= 0 and hearers.wire.fixed == wire.fixed:
            return hearers
    hearers = Hearers(wire)
    known.append(hearers)
    return hearers


def _amount(asset: str, value: Number) -> Decimal:
    try:
        units_of(value, AMOUNT_DECIMALS, f"balances: {asset}")
    except OrderEntryError as error:
        raise SimulationError(str(error)) from error
    return Decimal(str(value))
