"""All that a journal restores: the engine, the sessions, and the last sequence and time.

Frames that change the state are executed here. Live and journaled frames take the same calls; nothing here can tell
them apart.
"""

from collections.abc import Callable, Sequence
from typing import Final

from mypy_extensions import mypyc_attr

from matcher.engine import Engine
from matcher.feeds.tracker import BookChange
from matcher.feeds.trackers import Trackers
from matcher.reply import Reply
from matcher.serving.account_streams import AccountStreams
from matcher.serving.answers import answer
from matcher.sessions import MatcherSessions, Taken
from matcher.storage.entries import OWN_SESSION, read_entry
from matcher.storage.log import Record
from protocol.commands import Commands, Hello, OwnCommand, WatchAccount
from protocol.events import AccountState, AccountUpdate, AccountWatched, Answer, Event

MANY_EVENTS: Final = 8
ASK_EVERY: Final = 8
"""Whether the time is over is asked after a command of more events, and after every eighth command."""


NO_UPDATES: Final[list[AccountUpdate]] = []
"""Shared by all commands that no watched account hears of. Never changed."""

NO_CHANGES: Final[list[BookChange]] = []
"""Shared by all commands that change no followed book. Never changed."""


@mypyc_attr(acyclic=True)
class Caused:
    """A command with its sequence, what it caused, what watched accounts are to hear of it, and how it changed books
    that are followed."""

    __slots__ = ("changes", "command", "events", "sequence", "updates")

    def __init__(self, sequence: int, command: OwnCommand, events: list[Event]) -> None:
        self.sequence = sequence
        self.command = command
        self.events = events
        self.updates = NO_UPDATES
        self.changes = NO_CHANGES


Observe = Callable[[Reply, list[Caused]], None]
"""Gets the answers to commands that have run, and what each has caused."""


def unobserved(_reply: Reply, _caused: list[Caused]) -> None:
    """Watch nothing."""


class JournalMismatchError(Exception):
    """A record does not continue the state: the message says where."""


class State:
    """`running` is the reply in the making. If the core fails, it shows at which command. `trackers` follow books that
    somebody reads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.registry = engine.registry
        self.sessions: MatcherSessions[Reply] = MatcherSessions()
        self.streams = AccountStreams()
        self.trackers = Trackers(engine.registry)
        self.sequence = 0
        self.time = 0
        self.running: Reply | None = None

    def apply(
        self,
        session: int,
        number: int,
        commands: Sequence[OwnCommand],
        time: int,
        is_over: Callable[[], bool] | None = None,
    ) -> tuple[Reply, list[Caused]]:
        """Apply commands in order; each is answered as the state is right after it.

        The reply is kept until the session has it. `is_over` is asked now and then: from True on, the commands that are
        left are not applied. At least one is.
        """
        registry, engine = self.registry, self.engine
        watching = bool(self.streams)
        trackers = self.trackers
        sequence = self.sequence
        self.time = time
        answers: list[Answer] = []
        caused: list[Caused] = []
        self.running = reply = Reply(session, number, sequence + 1, time, answers)
        for command in commands:
            sequence += 1
            events = engine.apply(sequence, time, command)
            given = answer(registry, command, events)
            outcome = Caused(sequence, command, events)
            if watching or type(command) is WatchAccount:
                watching = True
                given = self._watch(sequence, events, given)
                outcome.updates = self.streams.note(registry, sequence, time, events)
            if trackers.on:
                outcome.changes = trackers.take(command, events)
            # The last step: if one before fails, the count of answers tells which command has failed.
            answers.append(given)
            caused.append(outcome)
            if is_over is not None and (len(events) > MANY_EVENTS or not sequence % ASK_EVERY) and is_over():
                break
        self.sequence = sequence
        self.running = None
        if session != OWN_SESSION:
            self.sessions.keep(session, number, len(answers), reply)
        return reply, caused

    def _watch(self, sequence: int, events: list[Event], given: Answer) -> Answer:
        """Watch an account if the command asks for that. Its answer gets `watched_since`."""
        for event in events:
            if isinstance(event, AccountWatched):
                assert isinstance(given, AccountState), "it is the answer to a WatchAccount"
                since = self.streams.watch(event.account, sequence)
                given = AccountState(given.account, given.suspended, given.cancel_at, given.orders, since)
        return given

    def replay(self, record: Record, observe: Observe = unobserved) -> None:
        """Carry out a journaled batch. `observe` hears of each frame's commands once they have run."""
        if record.sequence != self.sequence + 1:
            raise JournalMismatchError(f"a record begins with sequence {record.sequence}, after {self.sequence}")
        for payload in record.entries:
            entry = read_entry(payload)
            if isinstance(entry, Commands):
                outcome = self.sessions.receive(entry)
                if not isinstance(outcome, Taken):
                    raise JournalMismatchError(
                        f"the record of sequence {record.sequence} holds a frame that no session sent"
                    )
                observe(*self.apply(entry.session, outcome.number, outcome.commands, record.time))
            elif isinstance(entry, Hello):
                self.sessions.hello(entry)
            else:
                observe(*self.apply(OWN_SESSION, 0, entry.commands, record.time))
