"""The matcher's side of sessions (`protocol.session`): what it has taken from each, and the answers that it keeps."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

from mypy_extensions import mypyc_attr

from protocol.commands import Command, Commands, Hello
from protocol.session import WINDOW

MAX_SESSIONS: Final = 1_024
"""Sessions that the matcher knows at most. A further one replaces the one that has been silent longest."""

Kept = TypeVar("Kept")
"""The form in which answers to a frame are kept: encoded, or as values."""


class _Peer(Generic[Kept]):
    """One session, as the matcher knows it.

    taken: the number of the last taken command.
    answers: the kept answers in order, each with its first and last number.
    """

    __slots__ = ("answers", "taken")

    def __init__(self) -> None:
        self.taken = 0
        self.answers: deque[tuple[int, int, Kept]] = deque()


@mypyc_attr(acyclic=True)
class Taken:
    """Execute these commands now. `number` is that of the first."""

    __slots__ = ("commands", "number")

    def __init__(self, number: int, commands: list[Command]) -> None:
        self.number = number
        self.commands = commands


class Repeat(Generic[Kept]):
    """The frame has no new command. Send these answers again.

    gap: whether frames before it are missing.
    """

    __slots__ = ("answers", "gap")

    def __init__(self, answers: list[Kept], *, gap: bool = False) -> None:
        self.answers = answers
        self.gap = gap


class Unknown:
    """The matcher does not know the session. The client must open a new one."""

    __slots__ = ()


class MatcherSessions(Generic[Kept]):
    """The matcher's side: the commands taken from each session, and the answers that its client may still need.

    This state depends only on the frames that opened a session or were taken, in their order. So a replay of those
    frames restores it.
    """

    def __init__(self) -> None:
        self._peers: OrderedDict[int, _Peer[Kept]] = OrderedDict()
        self._latest: _Peer[Kept] | None = None

    def __len__(self) -> int:
        return len(self._peers)

    def knows(self, session: int) -> bool:
        return session in self._peers

    def hello(self, frame: Hello) -> int:
        """Open the session if it is new. Returns the last number taken from it."""
        peer = self._peers.get(frame.session)
        if peer is None:
            self._latest = peer = self._peers[frame.session] = _Peer()
            if len(self._peers) > MAX_SESSIONS:
                self._peers.popitem(last=False)
        return peer.taken

    def receive(self, frame: Commands) -> Taken | Repeat[Kept] | Unknown:
        """Decide how to act on the frame. The commands of a returned Taken count as taken from here on."""
        peer = self._peers.get(frame.session)
        if peer is None:
            return Unknown()
        answers = peer.answers
        last = frame.number + len(frame.commands) - 1
        skip = peer.taken + 1 - frame.number
        if skip < 0:
            return Repeat([], gap=True)
        if last <= peer.taken:
            return Repeat([kept for first, final, kept in answers if final >= frame.number and first <= last])
        if last - frame.answered > WINDOW:
            return Repeat([])
        # Not for a frame that brings nothing new: no log tells of it, and a replay would keep more.
        while answers and answers[0][1] <= frame.answered:
            answers.popleft()
        peer.taken = last
        if peer is not self._latest:
            self._latest = peer
            self._peers.move_to_end(frame.session)
        return Taken(frame.number + skip, frame.commands[skip:] if skip else frame.commands)

    def give_back(self, session: int, count: int) -> None:
        """No longer count the last `count` commands as taken: they will come again."""
        self._peers[session].taken -= count

    def keep(self, session: int, number: int, count: int, answers: Kept) -> None:
        """Keep the answers to `count` commands from `number` on until the client has them."""
        peer = self._peers.get(session)
        if peer is not None:
            peer.answers.append((number, number + count - 1, answers))

    def known(self) -> Iterator[tuple[int, int, list[Kept]]]:
        """Each session's id, last taken number and kept answers; the longest silent session first."""
        for session, peer in self._peers.items():
            yield session, peer.taken, [kept for _, _, kept in peer.answers]

    def restore(self, session: int, taken: int, answers: Iterable[tuple[int, int, Kept]]) -> None:
        """Restore a session that `known` has given, with the number and count of each of its kept answers."""
        self._latest = peer = self._peers[session] = _Peer()
        peer.taken = taken
        peer.answers.extend((number, number + count - 1, kept) for number, count, kept in answers)
