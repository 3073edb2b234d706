"""All that serves one epoch, on sockets that are there already. The loop over a local journal and the leader of a
replicated log share it."""

from collections.abc import Callable
from typing import Final

import zmq
from msgspec import Struct

from matcher.config import Config
from matcher.serving.background import Background
from matcher.serving.book_feeds import BookFeeds
from matcher.serving.book_snapshots import BookSnapshots
from matcher.serving.clock import Clock
from matcher.serving.intake import Intake, Replicated
from matcher.serving.market_data import MarketData
from matcher.serving.meter import Counted, Meter, Work
from matcher.serving.outbox import Outbox
from matcher.serving.query_desk import QueryDesk
from matcher.serving.sockets import Sockets
from matcher.serving.subscribers import Subscribers
from matcher.serving.tally import Tally
from matcher.serving.turn import Turn
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.local_log import LocalLog
from matching_exchange.process.log_brake import LogBrake
from protocol.codec import encode
from protocol.commands import AdvanceTime, MoveTimers, OwnCommand
from protocol.events import CommandRefused, MatcherStatus
from protocol.sockets import frame_receiver, publisher

TIMER_TOLERANCE: Final = 50_000_000
"""Nanoseconds by which a cancel-after may differ from a stopwatch."""


class Doors(Struct, frozen=True):
    """What a matcher has from its start to its end."""

    sockets: Sockets
    subscribers: Subscribers
    poller: zmq.Poller
    brake: LogBrake


def open_doors(config: Config) -> Doors:
    """The sockets are open, and not bound yet."""
    brake = LogBrake()
    sockets = Sockets(config, brake)
    return Doors(sockets, Subscribers(sockets.market_data, brake), zmq.Poller(), brake)


class Epoch(Struct, frozen=True):
    """What is served: the number of the epoch, the id of its log, and what that log counts.

    snapshots_of: the journal of which snapshots are taken now and then; None for a replicated log.
    replicated: what the intake has with a replicated log only.
    """

    number: int
    log_id: str
    counted: Counted
    snapshots_of: LocalLog | None = None
    replicated: Replicated | None = None


class Service:
    """`status` tells how the matcher does. `clock` goes on from the state's time."""

    def __init__(
        self,
        config: Config,
        directory: DataDirectory,
        state: State,
        clock: Clock,
        doors: Doors,
        epoch: Epoch,
        status: Callable[[], MatcherStatus],
    ) -> None:
        self._state = state
        self._clock = clock
        self._doors = doors
        number, monotonic = epoch.number, clock.monotonic
        self.background = Background(config, directory, epoch.snapshots_of, state, doors.poller)
        self.snapshots = BookSnapshots(doors.poller, monotonic)
        publish = publisher(doors.sockets.market_data)
        self.books = BookFeeds(state, publish, doors.subscribers, self.snapshots, number, monotonic)
        self.desk = QueryDesk(state, self.books, status, monotonic)
        self.intake = Intake(
            frame_receiver(doors.sockets.commands),
            state,
            directory,
            self.desk,
            self.background,
            (number, epoch.log_id),
            monotonic,
            doors.brake,
            epoch.replicated,
            config.own,
        )
        self.market_data = MarketData(
            state.registry, publish, doors.subscribers, number, config.depth_interval, monotonic
        )
        self.report = publisher(doors.sockets.reports)
        # A node of a replicated log tells of itself anyway.
        shards_hash = config.own.hash if config.own is not None and config.node is None else ""
        self.outbox = Outbox(self.report, self.market_data, self.books, state, clock, number, epoch.log_id, shards_hash)
        self.tally = Tally()
        work = Work(self.intake, self.desk, self.outbox, self.background, self.snapshots)
        self.meter = Meter(config, directory, state, self.tally, epoch.counted, work, self.report)

    def look_after_subscribers(self, ready: dict[object, int], sequence: int, time: int) -> None:
        """Take in who subscribes and who has gone. Newcomers get states as of this sequence and time."""
        doors, market_data = self._doors, self.market_data
        gone = doors.sockets.gone(ready)
        if gone or doors.sockets.market_data in ready:
            subscribed = doors.subscribers.take(gone)
            market_data.subscribe(subscribed)
            self.books.subscribe(subscribed)
        if market_data.telling:
            market_data.tell_newcomers(sequence, time)

    def begin(self, turn: Turn) -> None:
        """Carry out what the clocks bring. This comes first in a turn: no order trades after it has expired."""
        registry, clock = self._state.registry, self._clock
        # A stopwatch must show the time that was asked for: if the stamps have gained or lost time, cancel-afters and
        # the ends of halts move.
        if not registry.timers.count and not registry.halts.count:
            clock.settle()
        elif abs(clock.gained) > TIMER_TOLERANCE:
            self.intake.carry_out_own(MoveTimers(clock.gained), turn)
            clock.settle()
        if self._state.engine.due(turn.time):
            self.intake.carry_out_own(AdvanceTime(), turn)

    def begin_with(self, commands: list[OwnCommand], turn: Turn) -> None:
        """Carry out commands of the matcher itself that were checked before: its instruments and limits."""
        _, caused = self._state.apply(OWN_SESSION, 0, commands, turn.time)
        for refused in (event for one in caused for event in one.events if isinstance(event, CommandRefused)):
            raise AssertionError(f"the list was checked before: {refused}")
        turn.entries.append(encode(OwnCommands(commands)))
        turn.caused += caused

    def stop(self) -> None:
        """End the children: what they have not finished is not needed."""
        self.background.stop()
        self.snapshots.stop()
