"""The shell around the engine: sockets, clock, batches.

One turn of the loop: wait, drain what has come (bounded), apply it, write and sync it, and only then speak: answers to
the sessions, market data to everybody. Times are stamped once a turn and never go back. What is periodic goes by the
monotonic clock.
"""

import gc
import os
import signal
from collections.abc import Iterable
from itertools import islice
from types import FrameType

import structlog
import zmq
from msgspec import Struct

from matcher.background import Background
from matcher.clock import Clock
from matcher.config import Config, sync_interval
from matcher.crash_notes import CrashNotes
from matcher.data_directory import BadSavedBookError, DataDirectory, NoSavedBookError, SavedBookTooLargeError
from matcher.journal import Journal
from matcher.limits import MAX_LOADED_ORDERS
from matcher.market_data import MarketData
from matcher.order import Order
from matcher.queries import answer_query, count_open_orders
from matcher.query_queue import SHARE, QueryQueue, is_light
from matcher.sockets import Sockets
from matcher.state import OWN_SESSION, Caused, OwnCommands, Reply, State
from matcher.subscribers import Subscribers
from matching_exchange.process.log_brake import LogBrake
from protocol import topics
from protocol.codec import FrameError, encode, read_frame
from protocol.commands import (
    VERSION,
    AccountUpdatesQuery,
    AdvanceTime,
    Command,
    Commands,
    DigestQuery,
    Frame,
    Hello,
    LoadBook,
    MoveTimers,
    OwnCommand,
    Query,
    RefuseCommand,
    SaveBook,
    StatusQuery,
)
from protocol.events import (
    Answers,
    CommandRefused,
    FrameRefused,
    MatcherStatus,
    Pulse,
    QueryAnswer,
    QueryResult,
    SessionUnknown,
    Welcome,
)
from protocol.session import Repeat, Taken
from protocol.sockets import frame_receiver, publisher
from protocol.units import Refusal

MAX_BATCH_FRAMES = 1_024
"""The most frames of one turn: so long does nobody hear anything at the most."""

MAX_BATCH_COMMANDS = 1_024
"""A turn takes in no further frame once it has so many commands."""

PULSE_EVERY = 200_000_000
HEARTBEAT_EVERY = 1_000_000_000
"""In nanoseconds."""

SYNC_MARGIN = 50_000_000
"""Nanoseconds before the end of its interval at which a sync is due, at most a quarter of it: the running turn fits
in."""

TIMER_TOLERANCE = 50_000_000
"""Nanoseconds by which a cancel on silence may differ from a stopwatch."""

log = structlog.get_logger("matcher")


class _Batch(Struct):
    """What one turn has taken in, from its first sequence on, all stamped with one time, and what it has to say once
    that is safe."""

    first_sequence: int
    time: int
    entries: list[bytes]
    replies: list[Reply]
    reports: list[tuple[bytes, bytes]]
    caused: list[Caused]


class JournalFailedError(Exception):
    """The journal did not take a batch: nothing of it was said, and nothing more can be."""


class Matcher:
    """`clock` goes on from the state's time; None for that of this machine."""

    def __init__(
        self, config: Config, directory: DataDirectory, journal: Journal, state: State, clock: Clock | None = None
    ) -> None:
        self._config = config
        self._directory = directory
        self._journal = journal
        self._state = state
        self._clock = clock or Clock(state.time)
        # Above every time that was ever stamped: epochs ascend, also where the clock was set back.
        self._epoch = max(self._clock.stamp(), state.time + 1)
        self._started_at = self._clock.monotonic()
        self._crash_notes = CrashNotes(directory)
        self._queries = QueryQueue()
        self._refused_frames = 0
        self._skipping_parts = False
        self._stopping = False
        self._pulse_at = self._heartbeat_at = 0
        self._step_told = False
        self._depth_due: int | None = None
        self._sync_interval = sync_interval(config.sync)
        self._sync_due: int | None = None
        self._brake = LogBrake()
        self._sockets = sockets = Sockets(self._brake)
        self._subscribers = Subscribers(sockets.market_data, self._brake)
        self._receive = frame_receiver(sockets.commands)
        self._report = publisher(sockets.reports)
        self._poller = zmq.Poller()
        self._background = Background(config, directory, journal, state, self._poller)
        self._market_data = MarketData(
            state.registry,
            publisher(sockets.market_data),
            self._subscribers,
            self._epoch,
            config.depth_interval,
            self._clock.monotonic,
        )

    def bind(self) -> None:
        """Open the sockets; EndpointError names the setting whose endpoint cannot be bound."""
        self._sockets.bind(self._config)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; what was taken is answered before it returns."""
        # The core makes no cycles, so counting references frees all that it lets go of; looking for cycles among a
        # million orders would take longer than anybody wants to wait for an answer.
        gc.freeze()
        gc.disable()
        wakeup = self._catch_signals()
        poller = self._poller
        poller.register(wakeup, zmq.POLLIN)
        self._sockets.register(poller)
        self._market_data.publish_all(self._state.sequence, self._stamp())
        self._keep_time()
        while not self._stopping:
            ready = dict(poller.poll(self._until_due()))
            gone = self._sockets.gone(ready)
            if gone or self._sockets.market_data in ready:
                self._market_data.subscribe(self._subscribers.take(gone))
            if self._market_data.telling:
                self._market_data.tell_newcomers(self._state.sequence, self._stamp())
            batch = _Batch(self._state.sequence + 1, self._stamp(), [], [], [], [])
            self._keep_timers(batch)
            self._advance_time(batch)
            self._drain(batch)
            self._answer_queries(batch)
            self._write(batch)
            self._speak(batch)
            self._keep_time()
            self._look_after_children(ready)
        self._background.stop()
        self._sync()
        self.close()

    def close(self) -> None:
        self._sockets.close()

    def begin_with(self, commands: list[OwnCommand]) -> None:
        """Carry out commands of the matcher's own, before it runs."""
        first = self._state.sequence + 1
        time = self._stamp()
        _, caused = self._state.apply(OWN_SESSION, 0, commands, time)
        for refused in (event for one in caused for event in one.events if isinstance(event, CommandRefused)):
            raise AssertionError(f"the list was checked before: {refused}")
        self._append(first, time, [encode(OwnCommands(commands))])

    def _catch_signals(self) -> int:
        """Stop at the end of the turn when a signal comes; the file descriptor that becomes readable then."""
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return reading

    def _stamp(self) -> int:
        """The time, which never goes back."""
        self._state.time = self._clock.stamp()
        return self._state.time

    def _until_due(self) -> int:
        """Milliseconds until the next thing that a clock brings; a pulse is never far."""
        if self._queries or self._market_data.telling:
            return 0
        due = min(self._pulse_at, self._heartbeat_at)
        for other in (self._depth_due, self._sync_due):
            if other is not None:
                due = min(due, other)
        wait = due - self._clock.monotonic()
        stamp_due = self._state.engine.next_due()
        if stamp_due is not None:
            wait = min(wait, stamp_due - self._state.time)
        return max(0, -(-wait // 1_000_000))

    def _keep_timers(self, batch: _Batch) -> None:
        """Cancels on silence last as long as they say by a stopwatch: where the stamps have gained or lost time, move
        them along."""
        if not self._state.registry.timers.count:
            self._clock.settle()
        elif abs(self._clock.gained) > TIMER_TOLERANCE:
            self._carry_out_own(MoveTimers(self._clock.gained), batch)
            self._clock.settle()

    def _advance_time(self, batch: _Batch) -> None:
        """Before anything else of the batch, do what has fallen due by its time: no order trades after it has
        expired."""
        if self._state.engine.due(batch.time):
            self._carry_out_own(AdvanceTime(), batch)

    def _carry_out_own(self, command: OwnCommand, batch: _Batch) -> None:
        _, caused = self._state.apply(OWN_SESSION, 0, [command], batch.time)
        batch.entries.append(encode(OwnCommands([command])))
        batch.caused += caused

    def _drain(self, batch: _Batch) -> None:
        """Take in the frames that wait and carry them out."""
        taken = 0
        receive = self._receive
        for _ in range(MAX_BATCH_FRAMES):
            try:
                part = receive()
            except zmq.Again:
                return
            payload = part.bytes
            skipping, self._skipping_parts = self._skipping_parts, part.more
            if skipping:
                continue
            if self._skipping_parts:
                # The other parts of the message are read and dropped, in the turns to come too if they are many.
                self._refuse(FrameError("a message of several parts: takes messages of one frame"), batch)
                continue
            try:
                frame = read_frame(payload)
            except FrameError as error:
                self._refuse(error, batch)
                continue
            taken += self._carry_out(frame, payload, batch)
            if taken >= MAX_BATCH_COMMANDS:
                return

    def _refuse(self, error: FrameError, batch: _Batch) -> None:
        self._refused_frames += 1
        if (left_out := self._brake.passes("frame refused")) is not None:
            session = f"{error.session:016x}"
            log.warning(
                "frame refused", detail=str(error), session=session, refused_frames=self._refused_frames, **left_out
            )
        if error.session:
            report = FrameRefused(error.session, error.number, str(error))
            batch.reports.append((topics.reports(error.session), encode(report)))

    def _carry_out(self, frame: Frame, payload: bytes, batch: _Batch) -> int:
        """Carry out one frame; how many commands it brought."""
        state = self._state
        if isinstance(frame, Commands):
            outcome = state.sessions.receive(frame)
            if isinstance(outcome, Taken):
                commands = self._prepare(frame.session, outcome)
                if commands is not outcome.commands:
                    payload = encode(Commands(VERSION, frame.session, outcome.number, frame.answered, commands))
                self._apply(frame.session, outcome.number, commands, batch)
                batch.entries.append(payload)
                return len(commands)
            if isinstance(outcome, Repeat):
                batch.replies += outcome.answers
            else:
                batch.reports.append(
                    (topics.reports(frame.session), encode(SessionUnknown(frame.session, frame.number)))
                )
        elif isinstance(frame, Hello):
            if not state.sessions.knows(frame.session):
                batch.entries.append(payload)
            taken = state.sessions.hello(frame)
            welcome = Welcome(VERSION, frame.session, self._epoch, self._journal.id, taken, frame.answered)
            batch.reports.append((topics.reports(frame.session), encode(welcome)))
        elif isinstance(frame.query, DigestQuery):
            self._background.ask_digest(frame.session, frame.request)
        elif isinstance(frame.query, SaveBook):
            self._background.ask_save(frame.session, frame.request, frame.query.symbol)
        elif is_light(frame.query):
            self._answer(frame.session, frame.request, frame.query, batch)
        else:
            self._queries.ask(frame.session, frame.request, frame.query, self._clock.monotonic())
        return 0

    def _apply(self, session: int, number: int, commands: list[Command], batch: _Batch) -> None:
        """Carry out commands of a session, noting what runs; one by one where one of them may have ended an earlier
        process."""
        notes = self._crash_notes
        step = 1 if notes and notes.suspects(session, number, len(commands)) else len(commands)
        for start in range(0, len(commands), step):
            some = commands if step == len(commands) else commands[start : start + step]
            notes.begin(session, number + start, len(some))
            try:
                reply, caused = self._state.apply(session, number + start, some, batch.time)
            except Exception as error:
                self._note_crash(error)
                raise
            notes.end()
            batch.replies.append(reply)
            batch.caused += caused

    def _answer_queries(self, batch: _Batch) -> None:
        """Answer lists that wait, at least one, until their share of the turn is used up."""
        begun = now = self._clock.monotonic()
        while now - begun < SHARE and (asked := self._queries.take(now)) is not None:
            self._answer(*asked, batch)
            now = self._clock.monotonic()

    def _answer(self, session: int, request: int, query: Query, batch: _Batch) -> None:
        report = QueryAnswer(session, request, self._state.sequence, batch.time, self._answer_query(query))
        batch.reports.append((topics.reports(session), encode(report)))

    def _prepare(self, session: int, taken: Taken) -> list[Command]:
        """The commands as they are carried out and journaled: with the contents of a file that one names, and a refusal
        in the place of one that crashed the matcher before."""
        commands = taken.commands
        notes = self._crash_notes
        if not notes and LoadBook not in map(type, commands):
            return commands
        for index, command in enumerate(taken.commands):
            replaced: Command | None = None
            if notes and (refusal := notes.refusal(session, taken.number + index)) is not None:
                replaced = RefuseCommand(Refusal.COMMAND_REFUSED, refusal)
            elif type(command) is LoadBook:
                replaced = self._read_book(command)
            if replaced is not None:
                if commands is taken.commands:
                    commands = list(commands)
                commands[index] = replaced
        return commands

    def _note_crash(self, error: Exception) -> None:
        """Write down which command crashed the core, so that the next start refuses it instead of crashing again."""
        running = self._state.running
        assert running is not None, "only a running command crashes the core"
        number = running.number + len(running.answers)
        log.critical("command crashed the matcher", session=f"{running.session:016x}", number=number, exc_info=error)
        self._crash_notes.crashed(running.session, number, error)

    def _write(self, batch: _Batch) -> None:
        """Put the batch on disk, as far as the sync mode asks for it, before anybody hears of it."""
        if not batch.entries:
            return
        self._append(batch.first_sequence, batch.time, batch.entries)
        if self._crash_notes:
            # What is journaled, as refused or as carried out, need not be remembered any more.
            for reply in batch.replies:
                self._crash_notes.forget(reply.session, reply.number, len(reply.answers))

    def _append(self, first_sequence: int, time: int, entries: list[bytes]) -> None:
        try:
            self._journal.append(first_sequence, time, entries)
            if self._sync_interval == 0:
                self._journal.sync()
            elif self._sync_interval is not None and self._sync_due is None:
                margin = min(SYNC_MARGIN, self._sync_interval // 4)
                self._sync_due = self._clock.monotonic() + self._sync_interval - margin
        except OSError as error:
            raise JournalFailedError(f"the journal does not take a record: {error.strerror}") from error

    def _sync(self) -> None:
        """Sync what an interval or a clean stop has left."""
        self._sync_due = None
        try:
            self._journal.sync()
        except OSError as error:
            raise JournalFailedError(f"the journal cannot be synced: {error.strerror}") from error

    def _speak(self, batch: _Batch) -> None:
        """Say what the batch has caused. Nothing of it has been said before."""
        report = self._report
        for reply in _joined(batch.replies):
            answers = Answers(reply.session, self._epoch, reply.number, reply.sequence, reply.timestamp, reply.answers)
            report(topics.reports(reply.session), encode(answers))
        for topic, payload in batch.reports:
            report(topic, payload)
        for caused in batch.caused:
            for update in caused.updates:
                report(topics.account_updates(update.account), encode(update))
        self._market_data.publish(batch.caused, batch.time)

    def _keep_time(self) -> None:
        """Do what the clocks bring: depth and syncs that are due, pulses and heartbeats."""
        time, now = self._stamp(), self._clock.monotonic()
        if self._sync_due is not None and now >= self._sync_due:
            self._sync()
        self._depth_due = self._market_data.flush(self._state.sequence, time)
        # Of a step of the wall clock gateways hear at once.
        if now >= self._pulse_at or self._clock.stepping is not self._step_told:
            self._step_told = self._clock.stepping
            self._pulse_at = now + PULSE_EVERY
            pulse = Pulse(VERSION, self._epoch, self._journal.id, self._state.sequence, self._clock.told)
            self._report(topics.PULSE, encode(pulse))
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_EVERY
            self._market_data.heartbeat(self._state.sequence, time)

    def _look_after_children(self, ready: dict[object, int]) -> None:
        try:
            answers = self._background.turn(ready)
        except OSError as error:
            raise JournalFailedError(f"the journal cannot be synced: {error.strerror}") from error
        for answer in answers:
            self._report(topics.reports(answer.session), encode(answer))

    def _read_book(self, command: LoadBook) -> Command | None:
        """The command with the file's contents inside, or the refusal that stands in its place; None where the engine
        refuses it anyway."""
        book = self._state.registry.books.get(command.symbol)
        if book is None:
            return None
        too_large = f"takes at most {MAX_LOADED_ORDERS} orders"
        if more_than(book.orders.after(0), MAX_LOADED_ORDERS):
            return RefuseCommand(
                Refusal.SAVED_BOOK_TOO_LARGE, f"the book of {command.symbol} has more live orders: {too_large}"
            )
        try:
            saved = self._directory.read_book(command.symbol)
        except NoSavedBookError as error:
            return RefuseCommand(Refusal.NO_SAVED_BOOK, str(error))
        except BadSavedBookError as error:
            return RefuseCommand(Refusal.INVALID_SAVED_BOOK, str(error))
        except SavedBookTooLargeError as error:
            return RefuseCommand(Refusal.SAVED_BOOK_TOO_LARGE, str(error))
        if len(saved.bids) + len(saved.asks) + len(saved.pending) > MAX_LOADED_ORDERS:
            return RefuseCommand(Refusal.SAVED_BOOK_TOO_LARGE, f"the file of {command.symbol} has more: {too_large}")
        return LoadBook(command.symbol, saved)

    def _answer_query(self, query: Query) -> QueryResult:
        assert not isinstance(query, DigestQuery | SaveBook), "children do that"
        if isinstance(query, StatusQuery):
            return self._status()
        if isinstance(query, AccountUpdatesQuery):
            return self._state.streams.after(query.account, query.after)
        return answer_query(self._state.registry, query)

    def _status(self) -> MatcherStatus:
        open_orders = count_open_orders(self._state.registry)
        uptime = self._clock.monotonic() - self._started_at
        return MatcherStatus(self._epoch, self._config.sync, open_orders, uptime, self._refused_frames)


def more_than(orders: Iterable[Order], count: int) -> bool:
    """Whether there are more than so many; looks at no further ones."""
    return next(islice(orders, count, None), None) is not None


def _joined(replies: list[Reply]) -> list[Reply]:
    """The replies, those that continue one another in one: a session that sends frame by frame is answered in fewer."""
    result: list[Reply] = []
    last: Reply | None = None
    number = sequence = 0
    own = False
    for reply in replies:
        answers = reply.answers
        if (
            last is not None
            and reply.number == number
            and reply.sequence == sequence
            and reply.session == last.session
            and reply.timestamp == last.timestamp
        ):
            if not own:
                # A reply is kept as it is: what is joined is a copy.
                last = Reply(last.session, last.number, last.sequence, last.timestamp, list(last.answers))
                result[-1] = last
                own = True
            last.answers += answers
        else:
            last, own = reply, False
            result.append(reply)
        number, sequence = reply.number + len(answers), reply.sequence + len(answers)
    return result
