"""The matcher's state, its queries and its market data, turn by turn, each turn with one command."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import zmq

from matcher import CORE
from matcher.core.digest import digest
from matcher.core.limits import DEFAULT_MAX_ACCOUNTS, standing_limits
from matcher.core.saved_books import save_book
from matcher.engine import Engine
from matcher.instrument_list import missing_instruments, read_instruments
from matcher.serving.book_feeds import BookFeeds
from matcher.serving.book_snapshots import BookSnapshots
from matcher.serving.market_data import MarketData
from matcher.serving.money_queries import account_list
from matcher.serving.queries import count_open_orders
from matcher.serving.query_desk import QueryDesk
from matcher.serving.turn import Turn, new_turn
from matcher.state import Caused, State
from matcher.storage.book_files import read_saved_book
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OWN_SESSION
from matching_exchange.testing.in_process.clock import Clock
from protocol.codec import decode_report, encode
from protocol.commands import (
    AccountsQuery,
    AdvanceTime,
    Command,
    DigestQuery,
    LoadBook,
    NoteKeyUse,
    OwnCommand,
    Query,
    RevokeKey,
    SaveBook,
    SetKey,
)
from protocol.events import (
    AccountUpdate,
    Answer,
    Answers,
    BookSaved,
    CommandRefused,
    Digest,
    KeyRevoked,
    KeySet,
    MatcherStatus,
    QueryResult,
    Result,
)
from protocol.units import Refusal

EPOCH: Final = 1
SYNC: Final = "off"
WAIT: Final = 1_000
"""Milliseconds to wait for the child that makes a large snapshot, each time."""

Update = AccountUpdate | KeySet | KeyRevoked
"""What all gateways hear."""


class Topics:
    """What is subscribed to."""

    def __init__(self) -> None:
        self.changes = 0
        self._counts: dict[bytes, int] = {}

    def want(self, topic: bytes) -> bool:
        return topic in self._counts

    def add(self, topic: bytes) -> None:
        self._counts[topic] = self._counts.get(topic, 0) + 1
        self.changes += 1

    def remove(self, topic: bytes) -> None:
        self._counts[topic] -= 1
        if not self._counts[topic]:
            del self._counts[topic]
        self.changes += 1


class DirectMatcher:
    """instruments: a list of instruments; None for the built-in one. directory: for saved books.

    hear: gets each message of market data, with its topic. hear_update: gets each update.
    """

    def __init__(self, clock: Clock, instruments: Path | None, directory: DataDirectory) -> None:
        self._clock = clock
        self._directory = directory
        self.state = state = State(Engine())
        self.hear: list[Callable[[bytes, bytes], None]] = []
        self.hear_update: list[Callable[[Update], None]] = []
        self._topics = Topics()
        self._poller = zmq.Poller()
        self._snapshots = BookSnapshots(self._poller, clock.monotonic)
        self._market_data = MarketData(state.registry, self._send, self._topics, EPOCH, 0, clock.monotonic)
        self._books = BookFeeds(state, self._send, self._topics, self._snapshots, EPOCH, clock.monotonic)
        self._desk = QueryDesk(state, self._books, self._status, clock.monotonic)
        clock.move = self._move
        for listed in missing_instruments(state.registry, read_instruments(instruments)):
            self._carry_out(listed)
        self._carry_out(standing_limits(DEFAULT_MAX_ACCOUNTS))

    def close(self) -> None:
        self._snapshots.stop()

    @property
    def sequence(self) -> int:
        return self.state.sequence

    # What a gateway asks

    def submit(self, command: Command) -> tuple[int, int, Answer]:
        """Carry the command out: its sequence, its time, and its answer as it crosses the wire."""
        if isinstance(command, LoadBook):
            command = read_saved_book(self.state.registry, self._directory, command) or command
        if self.state.engine.due(self._clock.now()):
            # No order trades after it has expired.
            self._carry_out(AdvanceTime())
        sequence, time = self.state.sequence + 1, self._clock.now()
        answers = Answers(OWN_SESSION, EPOCH, 1, sequence, time, self._carry_out(command))
        told = decode_report(encode(answers))
        assert isinstance(told, Answers), "it was encoded just now"
        return sequence, time, told.answers[0]

    def ask(self, query: Query) -> tuple[int, int, Result]:
        """The result of the query, as it crosses the wire, with the sequence and the time that it is of."""
        turn = self._new_turn()
        if isinstance(query, DigestQuery | SaveBook | AccountsQuery):
            report = QueryResult(0, 1, self.state.sequence, turn.time, self._made(query))
            payload = encode(report)
        else:
            self._desk.ask(0, 1, query, turn)
            self._desk.answer_waiting(turn)
            [(_, payload)] = turn.reports
        told = decode_report(payload)
        assert isinstance(told, QueryResult), "it was encoded just now"
        return told.sequence, told.timestamp, told.result

    def _made(self, query: DigestQuery | SaveBook | AccountsQuery) -> Result:
        """What children of a matcher make."""
        registry = self.state.registry
        if isinstance(query, DigestQuery):
            return Digest(digest(registry))
        if isinstance(query, AccountsQuery):
            return account_list(registry, query)
        book = registry.books.get(query.symbol)
        if book is None:
            return CommandRefused(Refusal.UNKNOWN_SYMBOL)
        saved = save_book(book, self.state.sequence)
        orders = len(saved.bids) + len(saved.asks) + len(saved.pending)
        return BookSaved(query.symbol, self._directory.write_book(saved), orders)

    # What is subscribed to

    def subscribe(self, topic: bytes) -> None:
        """Publish the topic. Its current state comes with the next `tell`."""
        self._topics.add(topic)
        self._market_data.subscribe([topic])
        self._books.subscribe([topic])

    def unsubscribe(self, topic: bytes) -> None:
        self._topics.remove(topic)

    def tell(self) -> None:
        """Publish what newcomers wait for."""
        while self._market_data.telling:
            self._market_data.tell_newcomers(self.state.sequence, self._clock.now())
        turn = self._new_turn()
        self._work(turn)
        self._books.send(turn.public)

    # Turns

    def _carry_out(self, command: OwnCommand) -> list[Answer]:
        turn = self._new_turn()
        reply, caused = self.state.apply(OWN_SESSION, 0, [command], turn.time)
        turn.caused += caused
        self._work(turn)
        self._say(turn)
        return reply.answers

    def _new_turn(self) -> Turn:
        return new_turn(self.state.sequence + 1, self._clock.now(), self._clock.monotonic())

    def _work(self, turn: Turn) -> None:
        """Make the snapshots that newcomers wait for."""
        self._books.work(turn, {})
        while self._snapshots.busy:
            self._books.work(turn, dict(self._poller.poll(WAIT)))

    def _say(self, turn: Turn) -> None:
        for caused in turn.caused:
            for update in (*caused.updates, *_about_keys(caused)):
                for hear_update in list(self.hear_update):
                    hear_update(_crossed(update))
        self._market_data.publish(turn.caused, turn.time)
        self._books.publish(turn.caused, turn.time)
        self._books.send(turn.public)
        self._market_data.flush(self.state.sequence, turn.time)

    def _send(self, topic: bytes, payload: bytes) -> None:
        for hear in list(self.hear):
            hear(topic, payload)

    def _move(self, target: int) -> None:
        """Go to the time. What is due on the way happens at its own time."""
        while (due := self.state.engine.next_due()) is not None and due <= target:
            self._clock.set(max(self._clock.now(), due))
            self._carry_out(AdvanceTime())
        self._clock.set(target)
        self.tell()

    def _status(self) -> MatcherStatus:
        orders = count_open_orders(self.state.registry)
        return MatcherStatus(EPOCH, SYNC, orders, self._clock.monotonic(), 0, CORE.kind)


def _about_keys(caused: Caused) -> Sequence[KeySet | KeyRevoked]:
    if not isinstance(caused.command, SetKey | RevokeKey | NoteKeyUse):
        return ()
    return [event for event in caused.events if isinstance(event, KeySet | KeyRevoked)]


def _crossed(update: Update) -> Update:
    """As it crosses the wire: nobody shares what the core may change."""
    told = decode_report(encode(update))
    assert isinstance(told, Update), "it was encoded just now"
    return told
