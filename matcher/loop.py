"""The shell around the engine: sockets, clock, batches.

One turn of the loop: wait, drain what has come (bounded), apply it, and only then speak: answers to the sessions, market data to
everybody. Times are stamped once a turn and never go back.
"""

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

import structlog
import zmq
from msgspec import Struct

from matcher import queries
from matcher.answers import answer
from matcher.config import Config
from matcher.data_directory import BadSavedBookError, DataDirectory, NoSavedBookError, SavedBookTooLargeError
from matcher.engine import Engine
from matcher.market_data import MarketData
from matcher.saved_books import save_book
from protocol import topics
from protocol.codec import FrameError, encode, read_frame
from protocol.commands import (
    VERSION,
    Ask,
    Command,
    Commands,
    DepthQuery,
    Frame,
    Hello,
    InstrumentsQuery,
    LoadBook,
    OrderQuery,
    OrdersQuery,
    RefuseCommand,
    SaveBook,
    StatusQuery,
    TradesQuery,
)
from protocol.events import (
    Answer,
    Answers,
    BookSaved,
    CommandRefused,
    Event,
    FrameRefused,
    MatcherStatus,
    Pulse,
    QueryAnswer,
    QueryResult,
    SessionUnknown,
    Welcome,
)
from protocol.session import MatcherSessions, Repeat, Taken
from protocol.units import Refusal

MAX_BATCH_FRAMES = 1_024
"""The most frames of one turn: so long does nobody hear anything at the most."""

MAX_BATCH_COMMANDS = 4_096
"""A turn takes in no further frame once it has so many commands."""

MAX_SUBSCRIPTIONS = 1_024
"""The most subscriptions that one turn answers."""

MAX_TRANSPORT_BYTES = 16 * 1024 * 1024
"""The transport cuts off who sends a larger message; between this and MAX_FRAME_BYTES a frame is read, refused and counted."""

MAX_SUBSCRIPTION_BYTES = 256
"""The largest subscription."""

PULSE_EVERY = 200_000_000
HEARTBEAT_EVERY = 1_000_000_000
"""In nanoseconds."""

LINGER_AT_EXIT = 1_000
"""How many milliseconds a clean stop waits for slow readers to fetch the last answers."""

log = structlog.get_logger("matcher")


class _Batch(Struct):
    """What one turn has to say once its commands are safe: in the order in which it is said."""

    reports: list[tuple[bytes, bytes]]
    answers: list["_Reply"]
    noted: list[tuple[Command, list[Event], int]]


class _Reply(Struct):
    """The answers to commands of one session with contiguous numbers and sequences."""

    session: int
    number: int
    sequence: int
    answers: list[Answer]


class Matcher:
    """`clock` gives nanoseconds since 1970; `journal_id` names the state's history: a session finds by it that the state is another one."""

    def __init__(
        self,
        config: Config,
        directory: DataDirectory,
        engine: Engine,
        sequence: int,
        journal_id: str,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._config = config
        self._directory = directory
        self._engine = engine
        self._sequence = sequence
        self._journal_id = journal_id
        self._clock = clock
        self._time = self._epoch = clock()
        self._sessions = MatcherSessions()
        self._refused_frames = 0
        self._stopping = False
        self._pulse_at = self._heartbeat_at = 0
        self._depth_due: int | None = None
        self._queries: dict[type, Callable[..., QueryResult]] = {
            OrderQuery: lambda query: queries.find_order(engine, query),
            OrdersQuery: lambda query: queries.list_orders(engine, query),
            DepthQuery: lambda query: queries.depth(engine, query),
            TradesQuery: lambda query: queries.trade_history(engine, query),
            InstrumentsQuery: lambda query: queries.list_instruments(engine, query),
            StatusQuery: self._status,
            SaveBook: self._save,
        }
        self._context = zmq.Context()
        self._commands = self._context.socket(zmq.PULL)
        self._reports = self._context.socket(zmq.PUB)
        self._market = self._context.socket(zmq.XPUB)
        self._market_data = MarketData(engine, self._send_market_data, self._epoch, config.depth_interval)

    def bind(self) -> None:
        """Open the sockets; zmq.ZMQError names the endpoint that cannot be bound."""
        for socket, endpoint in (
            (self._commands, self._config.commands),
            (self._reports, self._config.reports),
            (self._market, self._config.market_data),
        ):
            # A peer that has vanished without a word is dropped after three silent seconds.
            socket.set(zmq.HEARTBEAT_IVL, 1_000)
            socket.set(zmq.HEARTBEAT_TIMEOUT, 3_000)
            socket.set(zmq.LINGER, 0)
            # A reader that falls behind by so many messages loses some and sees the hole; it never slows the matcher.
            socket.set(zmq.SNDHWM, 10_000)
            # Senders beyond it wait in their own process, where a full window tells them.
            socket.set(zmq.RCVHWM, 1_000)
            socket.set(zmq.MAXMSGSIZE, MAX_TRANSPORT_BYTES if socket is self._commands else MAX_SUBSCRIPTION_BYTES)
            if socket is self._market:
                # Each subscription is passed on, also one that somebody else has already: each newcomer gets the current state.
                socket.set(zmq.XPUB_VERBOSE, 1)
            try:
                socket.bind(endpoint)
            except zmq.ZMQError as error:
                raise zmq.ZMQError(error.errno, f"{endpoint} cannot be bound: {error.strerror}") from error

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; what was taken is answered before it returns."""
        wakeup = self._catch_signals()
        poller = zmq.Poller()
        for waited_for in (self._commands, self._market, wakeup):
            poller.register(waited_for, zmq.POLLIN)
        self._market_data.publish_all(self._sequence, self._stamp())
        self._keep_time()
        while not self._stopping:
            poller.poll(self._until_due())
            self._answer_subscriptions()
            batch = _Batch([], [], [])
            self._drain(batch)
            self._speak(batch)
            self._keep_time()
        self.close()

    def close(self) -> None:
        for socket in (self._commands, self._reports, self._market):
            socket.close(linger=LINGER_AT_EXIT)
        self._context.term()

    def set_instruments(self, commands: list[Command]) -> None:
        """Apply the matcher's own commands, before it runs."""
        for command in commands:
            self._sequence += 1
            self._engine.apply(self._sequence, self._stamp(), command)

    def _catch_signals(self) -> int:
        """Stop at the end of the turn when a signal comes; the file descriptor that becomes readable then."""
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return reading

    def _stamp(self) -> int:
        """The time, which never goes back."""
        self._time = max(self._time, self._clock())
        return self._time

    def _until_due(self) -> int:
        """Milliseconds until the next thing that the clock brings."""
        due = min(self._pulse_at, self._heartbeat_at)
        if self._depth_due is not None:
            due = min(due, self._depth_due)
        return max(0, -((self._clock() - due) // 1_000_000))

    def _drain(self, batch: _Batch) -> None:
        """Take in the frames that wait and carry them out."""
        time = self._stamp()
        first = self._sequence
        for _ in range(MAX_BATCH_FRAMES):
            try:
                payload = self._commands.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                frame = read_frame(payload)
            except FrameError as error:
                self._refuse(error, batch)
                continue
            self._carry_out(frame, time, batch)
            if self._sequence - first >= MAX_BATCH_COMMANDS:
                return

    def _refuse(self, error: FrameError, batch: _Batch) -> None:
        self._refused_frames += 1
        log.warning("frame refused", detail=str(error), session=f"{error.session:016x}", refused_frames=self._refused_frames)
        if error.session:
            report = FrameRefused(error.session, error.number, str(error))
            batch.reports.append((topics.reports(error.session), encode(report)))

    def _carry_out(self, frame: Frame, time: int, batch: _Batch) -> None:
        if type(frame) is Commands:
            outcome = self._sessions.receive(frame)
            if isinstance(outcome, Taken):
                self._apply(frame.session, outcome, time, batch)
            elif isinstance(outcome, Repeat):
                batch.reports += [(topics.reports(frame.session), payload) for payload in outcome.frames]
            else:
                batch.reports.append((topics.reports(frame.session), encode(SessionUnknown(frame.session, frame.number))))
        elif type(frame) is Hello:
            taken = self._sessions.hello(frame)
            welcome = Welcome(VERSION, frame.session, self._epoch, self._journal_id, taken, frame.answered)
            batch.reports.append((topics.reports(frame.session), encode(welcome)))
        else:
            assert isinstance(frame, Ask), "there is no other frame"
            result = self._queries[type(frame.query)](frame.query)
            report = QueryAnswer(frame.session, frame.request, self._sequence, time, result)
            batch.reports.append((topics.reports(frame.session), encode(report)))

    def _apply(self, session: int, taken: Taken, time: int, batch: _Batch) -> None:
        """Apply a session's commands; each is answered as the state is right after it."""
        engine = self._engine
        sequence = self._sequence
        answers: list[Answer] = []
        for received in taken.commands:
            command = self._read_book(received) if type(received) is LoadBook else received
            sequence += 1
            events = engine.apply(sequence, time, command)
            answers.append(answer(engine, command, events))
            batch.noted.append((command, events, sequence))
        last = batch.answers[-1] if batch.answers else None
        if last is not None and last.session == session and last.sequence + len(last.answers) == self._sequence + 1:
            last.answers += answers
        else:
            batch.answers.append(_Reply(session, taken.number, self._sequence + 1, answers))
        self._sequence = sequence

    def _speak(self, batch: _Batch) -> None:
        """Say what the batch has caused. Nothing of it has been said before."""
        time = self._time
        for reply in batch.answers:
            payload = encode(Answers(reply.session, self._epoch, reply.number, reply.sequence, time, reply.answers))
            self._sessions.keep(reply.session, reply.number, len(reply.answers), payload)
            self._reports.send_multipart((topics.reports(reply.session), payload), zmq.NOBLOCK)
        for report in batch.reports:
            self._reports.send_multipart(report, zmq.NOBLOCK)
        note = self._market_data.note
        for command, events, sequence in batch.noted:
            note(command, events, sequence, time)

    def _keep_time(self) -> None:
        """Do what the clock brings: depth that is due, pulses and heartbeats."""
        time = self._stamp()
        self._depth_due = self._market_data.flush(self._sequence, time)
        if time >= self._pulse_at:
            self._pulse_at = time + PULSE_EVERY
            pulse = Pulse(VERSION, self._epoch, self._journal_id, self._sequence)
            self._reports.send_multipart((topics.PULSE, encode(pulse)), zmq.NOBLOCK)
        if time >= self._heartbeat_at:
            self._heartbeat_at = time + HEARTBEAT_EVERY
            self._market_data.heartbeat(self._sequence, time)

    def _answer_subscriptions(self) -> None:
        for _ in range(MAX_SUBSCRIPTIONS):
            try:
                message = self._market.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            if message[:1] == b"\x01":
                self._market_data.subscribe(message[1:], self._sequence, self._stamp())
            elif message[:1] == b"\x00":
                self._market_data.unsubscribe(message[1:])

    def _send_market_data(self, topic: bytes, payload: bytes) -> None:
        self._market.send_multipart((topic, payload), zmq.NOBLOCK)

    def _read_book(self, command: LoadBook) -> Command:
        """The command with the file's contents inside, or the refusal that stands in its place."""
        if command.symbol not in self._engine.books:
            return command
        try:
            return LoadBook(command.symbol, self._directory.read_book(command.symbol))
        except NoSavedBookError as error:
            return RefuseCommand(Refusal.NO_SAVED_BOOK, str(error))
        except BadSavedBookError as error:
            return RefuseCommand(Refusal.INVALID_SAVED_BOOK, str(error))
        except SavedBookTooLargeError as error:
            return RefuseCommand(Refusal.SAVED_BOOK_TOO_LARGE, str(error))

    def _save(self, query: SaveBook) -> BookSaved | CommandRefused:
        book = self._engine.books.get(query.symbol)
        if book is None:
            return CommandRefused(Refusal.UNKNOWN_SYMBOL)
        saved = save_book(book, self._sequence)
        try:
            name = self._directory.write_book(saved)
        except OSError as error:
            log.error("book not saved", symbol=query.symbol, error=error.strerror)
            return CommandRefused(Refusal.SAVE_FAILED, detail=f"the file cannot be written: {error.strerror}")
        return BookSaved(query.symbol, name, len(saved.bids) + len(saved.asks) + len(saved.pending))

    def _status(self, _: StatusQuery) -> MatcherStatus:
        return MatcherStatus(
            self._epoch, self._config.sync, queries.count_open_orders(self._engine), self._stamp() - self._epoch, self._refused_frames
        )
