"""The loop: one turn after another.

A turn takes in the frames that have come, and logs them. Only then it sends answers to the sessions, and market data to
all. It is stamped once, and stamps never go back. Periodic work goes by the monotonic clock.
"""

import gc
import os
import signal
from types import FrameType

import zmq

from matcher import CORE
from matcher.config import Config, sync_interval
from matcher.serving.background import Background
from matcher.serving.book_feeds import BookFeeds
from matcher.serving.book_snapshots import BookSnapshots
from matcher.serving.clock import Clock
from matcher.serving.intake import Intake
from matcher.serving.market_data import MarketData
from matcher.serving.meter import Meter, Work
from matcher.serving.outbox import Outbox
from matcher.serving.queries import count_open_orders
from matcher.serving.query_desk import QueryDesk
from matcher.serving.sockets import Sockets
from matcher.serving.subscribers import Subscribers
from matcher.serving.tally import Tally
from matcher.serving.turn import Turn, new_turn
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.journal import Journal
from matcher.storage.local_log import LocalLog
from matcher.storage.log import Record
from matching_exchange.process.log_brake import LogBrake
from protocol.codec import encode
from protocol.commands import AdvanceTime, MoveTimers, OwnCommand
from protocol.events import CommandRefused, MatcherStatus
from protocol.sockets import frame_receiver, publisher

TIMER_TOLERANCE = 50_000_000
"""Nanoseconds by which a cancel-after may differ from a stopwatch."""


class Matcher:
    """`clock` goes on from the state's time. Without one, it is that of this machine."""

    def __init__(
        self, config: Config, directory: DataDirectory, journal: Journal, state: State, clock: Clock | None = None
    ) -> None:
        self._config = config
        self._state = state
        self._clock = clock = clock or Clock(state.time)
        # Above every time that was ever stamped: epochs ascend, even if the clock was set back.
        self._epoch = epoch = max(clock.stamp(), state.time + 1)
        self._started_at = clock.monotonic()
        self._stopping = False
        self._log = log = LocalLog(directory.journal, journal, sync_interval(config.sync), clock.monotonic)
        self._position = state.sequence
        brake = LogBrake()
        self._sockets = sockets = Sockets(config, brake)
        self._subscribers = Subscribers(sockets.market_data, brake)
        self._poller = zmq.Poller()
        self._background = Background(config, directory, log, state, self._poller)
        self._snapshots = BookSnapshots(self._poller, clock.monotonic)
        publish = publisher(sockets.market_data)
        self._books = BookFeeds(state, publish, self._subscribers, self._snapshots, epoch, clock.monotonic)
        self._desk = QueryDesk(state, self._books, self._status, clock.monotonic)
        self._intake = Intake(
            frame_receiver(sockets.commands),
            state,
            directory,
            self._desk,
            self._background,
            (epoch, log.id),
            clock.monotonic,
            brake,
            config.own,
        )
        self._market_data = MarketData(
            state.registry, publish, self._subscribers, epoch, config.depth_interval, clock.monotonic
        )
        reports = publisher(sockets.reports)
        self._outbox = Outbox(reports, self._market_data, self._books, state, clock, epoch, log.id, config.own)
        self._tally = Tally()
        work = Work(self._intake, self._desk, self._outbox, self._background, self._snapshots)
        self._meter = Meter(config, directory, state, self._tally, log, work, reports)

    def bind(self) -> None:
        """Open the sockets. EndpointError names the setting whose endpoint cannot be bound."""
        self._sockets.bind()
        self._meter.bind()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. All commands that were taken are answered before it returns."""
        # The core makes no cycles, so counting references frees all its garbage. To look for cycles among a million
        # orders would delay answers by up to a second.
        gc.freeze()
        gc.disable()
        self._meter.serve()
        wakeup = self._catch_signals()
        self._poller.register(wakeup, zmq.POLLIN)
        self._sockets.register(self._poller)
        self._log.begin(self._position)
        self._market_data.publish_all(self._state.sequence, self._stamp())
        self._keep_time()
        while not self._stopping or self._intake.waiting:
            self._turn(dict(self._poller.poll(self._until_due())))
        self._background.stop()
        self._snapshots.stop()
        self._log.sync()
        self.close()

    def close(self) -> None:
        self._log.close()
        self._sockets.close()

    def begin_with(self, commands: list[OwnCommand]) -> None:
        """Carry out the matcher's own commands, before it runs."""
        turn = new_turn(self._state.sequence + 1, self._stamp(), self._clock.monotonic())
        _, caused = self._state.apply(OWN_SESSION, 0, commands, turn.time)
        for refused in (event for one in caused for event in one.events if isinstance(event, CommandRefused)):
            raise AssertionError(f"the list was checked before: {refused}")
        turn.entries.append(encode(OwnCommands(commands)))
        self._append(turn)

    def _turn(self, ready: dict[object, int]) -> None:
        self._look_after_subscribers(ready)
        turn = new_turn(self._state.sequence + 1, self._stamp(), self._clock.monotonic())
        self._keep_timers(turn)
        if self._state.engine.due(turn.time):
            # This comes first in the turn: no order trades after it has expired.
            self._intake.carry_out_own(AdvanceTime(), turn)
        self._intake.take(turn)
        if turn.caused:
            self._tally.note_applied(turn, self._clock.monotonic())
        self._desk.answer_waiting(turn)
        self._books.work(turn, ready)
        if turn.entries:
            self._append(turn)
            self._intake.logged(turn)
        self._outbox.hold(self._position, turn)
        self._outbox.release(self._position)
        self._tally.count(turn)
        self._keep_time()
        self._outbox.tell(self._background.turn(ready))

    def _append(self, turn: Turn) -> None:
        """Log the entries of the turn."""
        record = Record(turn.first_sequence, turn.time, turn.entries)
        self._position = self._log.append(self._position, record, self._state.sequence)

    def _look_after_subscribers(self, ready: dict[object, int]) -> None:
        gone = self._sockets.gone(ready)
        if gone or self._sockets.market_data in ready:
            subscribed = self._subscribers.take(gone)
            self._market_data.subscribe(subscribed)
            self._books.subscribe(subscribed)
        if self._market_data.telling:
            self._market_data.tell_newcomers(self._state.sequence, self._stamp())

    def _keep_timers(self, turn: Turn) -> None:
        """Move the cancel-afters and the ends of halts if the stamps have gained or lost time. A stopwatch must show
        the time that was asked for."""
        if not self._state.registry.timers.count and not self._state.registry.halts.count:
            self._clock.settle()
        elif abs(self._clock.gained) > TIMER_TOLERANCE:
            self._intake.carry_out_own(MoveTimers(self._clock.gained), turn)
            self._clock.settle()

    def _keep_time(self) -> None:
        """Do the periodic work that is due: syncs, depth, pulses, heartbeats and metrics."""
        self._stamp()
        self._log.keep_time(self._clock.monotonic())
        self._outbox.keep_time()
        self._meter.keep_time(self._clock.monotonic())

    def _stamp(self) -> int:
        """The time, which never goes back."""
        self._state.time = self._clock.stamp()
        return self._state.time

    def _until_due(self) -> int:
        """Milliseconds until the next work that waits for a clock."""
        if self._intake.waiting or self._desk or self._market_data.telling:
            return 0
        due = self._outbox.due
        for other in (self._log.due, self._books.due()):
            if other is not None:
                due = min(due, other)
        wait = due - self._clock.monotonic()
        stamp_due = self._state.engine.next_due()
        if stamp_due is not None:
            wait = min(wait, stamp_due - self._state.time)
        return max(0, -(-wait // 1_000_000))

    def _status(self) -> MatcherStatus:
        uptime = self._clock.monotonic() - self._started_at
        open_orders = count_open_orders(self._state.registry)
        refused = self._intake.refused_frames
        return MatcherStatus(self._epoch, self._config.sync, open_orders, uptime, refused, CORE.kind)

    def _catch_signals(self) -> int:
        """Let a signal stop the matcher at the end of its turn. Returns the descriptor that a signal makes readable."""
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return reading
