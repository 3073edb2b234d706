"""The loop: one turn after another.

A turn takes in the frames that have come, and logs them. Only then it sends answers to the sessions, and market data to
all. It is stamped once, and stamps never go back. Periodic work goes by the monotonic clock.
"""

import gc

import zmq

from matcher import CORE
from matcher.config import Config, sync_interval
from matcher.serving.clock import Clock
from matcher.serving.queries import count_open_orders
from matcher.serving.service import Epoch, Service, open_doors
from matcher.serving.signals import catch_signals
from matcher.serving.turn import Turn, new_turn
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.journal import Journal
from matcher.storage.local_log import LocalLog
from matcher.storage.log import Record
from protocol.commands import OwnCommand
from protocol.events import MatcherStatus


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
        doors = open_doors(config)
        self._sockets = doors.sockets
        self._subscribers = doors.subscribers
        self._poller = doors.poller
        service = Service(config, directory, state, clock, doors, Epoch(epoch, log.id, log, log), self._status)
        self._service = service
        self._books = service.books
        self._desk = service.desk
        self._intake = service.intake
        self._market_data = service.market_data
        self._outbox = service.outbox
        self._tally = service.tally
        self._meter = service.meter
        self._background = service.background

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
        wakeup = catch_signals(self._stop)
        self._poller.register(wakeup, zmq.POLLIN)
        self._sockets.register(self._poller)
        self._log.begin(self._position)
        self._market_data.publish_all(self._state.sequence, self._stamp())
        self._keep_time()
        while not self._stopping or self._intake.waiting:
            self._turn(dict(self._poller.poll(self._until_due())))
        self._service.stop()
        self._log.sync()
        self.close()

    def close(self) -> None:
        self._log.close()
        self._sockets.close()

    def begin_with(self, commands: list[OwnCommand]) -> None:
        """Carry out the matcher's own commands, before it runs."""
        turn = new_turn(self._state.sequence + 1, self._stamp(), self._clock.monotonic())
        self._service.begin_with(commands, turn)
        self._append(turn)

    def _turn(self, ready: dict[object, int]) -> None:
        service = self._service
        stamp = self._stamp()
        service.look_after_subscribers(ready, self._state.sequence, stamp)
        turn = new_turn(self._state.sequence + 1, stamp, self._clock.monotonic())
        service.begin(turn)
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

    def _stop(self) -> None:
        self._stopping = True
