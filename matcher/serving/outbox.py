"""Says what turns have caused, once their records are committed: answers, account updates, market data. Says that the
matcher is alive."""

from collections import deque
from collections.abc import Callable
from typing import Final

from matcher.reply import Reply
from matcher.serving.book_feeds import BookFeeds
from matcher.serving.clock import Clock
from matcher.serving.market_data import MarketData
from matcher.serving.turn import Turn
from matcher.state import Caused, State
from matcher.storage.log import Position
from protocol import topics
from protocol.codec import encode
from protocol.commands import VERSION, NoteKeyUse, RevokeKey, SetKey
from protocol.events import Answers, KeyRevoked, KeySet, Pulse, QueryResult
from protocol.node import NodePulse, NodeRole
from protocol.public_number import public_number

KEY_COMMANDS: Final = (SetKey, RevokeKey, NoteKeyUse)
"""All gateways hear of their events."""

PULSE_EVERY = 200_000_000
HEARTBEAT_EVERY = 1_000_000_000
"""In nanoseconds."""


LOCAL: Final = "local"
"""The log of a matcher with a journal of its own, as it tells gateways."""


class Outbox:
    """`report(topic, payload)` sends to sessions, `market_data` and `books` to everybody. `due` is the monotonic time
    at which `keep_time` has something to do."""

    def __init__(
        self,
        report: Callable[[bytes, bytes], None],
        market_data: MarketData,
        books: BookFeeds,
        state: State,
        clock: Clock,
        epoch: int,
        journal: str,
        shards_hash: str = "",
    ) -> None:
        self._report = report
        self._market_data = market_data
        self._books = books
        self._state = state
        self._clock = clock
        self._epoch = epoch
        self._journal = journal
        self._shards_hash = shards_hash
        self._held: deque[tuple[Position, Turn]] = deque()
        self._pulse_at = self._heartbeat_at = 0
        self._depth_at: int | None = None
        self._step_told = False

    @property
    def due(self) -> int:
        """A pulse is never far."""
        due = min(self._pulse_at, self._heartbeat_at)
        return due if self._depth_at is None else min(due, self._depth_at)

    @property
    def waiting(self) -> int:
        """Turns that wait until their records are committed."""
        return len(self._held)

    def hold(self, position: Position, turn: Turn) -> None:
        """Keep what the turn has to say until the log is committed up to the position."""
        self._held.append((position, turn))

    def release(self, committed: Position) -> None:
        """Say what is safe now. Nothing of it has been said before."""
        while self._held and self._held[0][0] <= committed:
            self._say(self._held.popleft()[1])

    def keep_time(self) -> None:
        """Send depth that is due, pulses and heartbeats."""
        sequence, time, now = self._state.sequence, self._state.time, self._clock.monotonic()
        self._depth_at = self._market_data.flush(sequence, time)
        self.pulse(sequence, now)
        if now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT_EVERY
            self._market_data.heartbeat(sequence, time)
            if self._shards_hash:
                self._tell_map(self._shards_hash, sequence, time)

    def pulse(self, sequence: int, now: int) -> None:
        """Send a pulse if one is due, with the sequence of the last committed command."""
        # Gateways hear of a step of the wall clock at once.
        if now >= self._pulse_at or self._clock.stepping is not self._step_told:
            self._step_told = self._clock.stepping
            self._pulse_at = now + PULSE_EVERY
            pulse = Pulse(VERSION, self._epoch, self._journal, sequence, self._clock.told)
            self._report(topics.PULSE, encode(pulse))

    @property
    def pulse_due(self) -> int:
        """The monotonic time of the next pulse."""
        return self._pulse_at

    def _tell_map(self, shards_hash: str, sequence: int, time: int) -> None:
        """Tell gateways the map of shards that this matcher goes by, as the only node of its shard."""
        role, log_id = NodeRole.LEADER, self._journal
        pulse = NodePulse(
            VERSION, 0, role, self._epoch, sequence, sequence, time, 0, 0, "", log_id, LOCAL, [], shards_hash
        )
        self._report(topics.NODES, encode(pulse))

    def tell(self, results: list[QueryResult]) -> None:
        """Send results that children have made."""
        for result in results:
            self._report(topics.reports(result.session), encode(result))

    def _say(self, turn: Turn) -> None:
        report = self._report
        for reply in _joined(turn.replies):
            to = public_number(reply.session)
            answers = Answers(to, self._epoch, reply.number, reply.sequence, reply.timestamp, reply.answers)
            report(topics.reports(to), encode(answers))
        for topic, payload in turn.reports:
            report(topic, payload)
        self._tell_accounts(turn.caused)
        self._market_data.publish(turn.caused, turn.time)
        if self._books.on:
            self._books.publish(turn.caused, turn.time)
            self._books.send(turn.public)

    def say_again(self, caused: list[Caused]) -> None:
        """Tell what committed commands have caused for accounts, keys and trades, in case it was not heard."""
        self._tell_accounts(caused)
        for one in caused:
            self._market_data.publish_trades(one.events)

    def _tell_accounts(self, caused: list[Caused]) -> None:
        report = self._report
        for one in caused:
            for update in one.updates:
                report(topics.account_updates(update.account), encode(update))
            if isinstance(one.command, KEY_COMMANDS):
                for event in one.events:
                    if isinstance(event, KeySet | KeyRevoked):
                        report(topics.KEYS, encode(event))


def _joined(replies: list[Reply]) -> list[Reply]:
    """The replies, with those that continue one another in one. A session that sends frame by frame gets fewer."""
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
