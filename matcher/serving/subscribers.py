"""The public market data socket's other side: who subscribes to what, bounded for each of them.

The socket hands each subscription over and waits to be told whether it stands. Prefixes that match no topic are not
kept, and not those above a peer's bound. They cost one look each, and nothing when the peer leaves. A peer is known by
the descriptor of its connection.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

import structlog
import zmq

from matching_exchange.process.log_brake import LogBrake
from protocol import topics
from protocol.sockets import Socket, frame_receiver

MAX_PEER_SUBSCRIPTIONS: Final = 10_000
"""The most subscriptions of one peer that stand at once: all topics of a thousand instruments, twice."""

MAX_TAKEN: Final = 1_024
"""The most subscriptions that one turn takes in."""

SUBSCRIBES: Final = b"\x01"
UNSUBSCRIBES: Final = b"\x00"

_TOPIC: Final = re.compile(rb"(?:trades|depth|instruments|book|orders)/[A-Z0-9._-]{0,32}/?")
_KINDS: Final = (topics.TRADES, topics.DEPTH, topics.INSTRUMENTS, topics.BOOK, topics.ORDERS, topics.HEARTBEAT)

log = structlog.get_logger("matcher")


class Subscribers:
    """What is subscribed to on the XPUB `socket`."""

    def __init__(self, socket: Socket, brake: LogBrake) -> None:
        self._socket = socket
        # Each subscription is passed on, even if another client has the same: each newcomer gets the current state.
        socket.set(zmq.XPUB_VERBOSE, 1)
        socket.set(zmq.XPUB_MANUAL, 1)
        self._receive = frame_receiver(socket)
        self._standing: Counter[bytes] = Counter()
        self._by_peer: dict[int, set[bytes]] = {}
        self._changes = 0
        self._brake = brake

    @property
    def changes(self) -> int:
        """Counts what has changed: while it stays, the same topics are wanted."""
        return self._changes

    def want(self, topic: bytes) -> bool:
        """Whether anybody subscribes to the topic, or a prefix of it."""
        standing = self._standing
        return any(topic[:end] in standing for end in range(len(topic) + 1))

    def take(self, gone: Iterable[int]) -> set[bytes]:
        """Take in a bounded part of what waits, and forget peers whose connections are gone. Returns the prefixes
        with a new subscription."""
        for peer in gone:
            self._by_peer.pop(peer, None)
        subscribed: set[bytes] = set()
        for _ in range(MAX_TAKEN):
            try:
                frame = self._receive()
            except zmq.Again:
                break
            message = frame.bytes
            action, prefix = message[:1], message[1:]
            if action == SUBSCRIBES:
                if is_topic(prefix) and self._may_stand(peer_of(frame), prefix):
                    self._socket.set(zmq.SUBSCRIBE, prefix)
                    self._standing[prefix] += 1
                    self._changes += 1
                    subscribed.add(prefix)
            elif action == UNSUBSCRIBES and is_topic(prefix):
                self._end(peer_of(frame), prefix)
        return subscribed

    def _may_stand(self, peer: int | None, prefix: bytes) -> bool:
        if peer is None:
            return True
        prefixes = self._by_peer.setdefault(peer, set())
        if len(prefixes) < MAX_PEER_SUBSCRIPTIONS:
            prefixes.add(prefix)
            return True
        if (left_out := self._brake.passes("subscriptions")) is not None:
            log.warning(
                "subscriptions of one reader beyond its bound are not kept", bound=MAX_PEER_SUBSCRIPTIONS, **left_out
            )
        return False

    def _end(self, peer: int | None, prefix: bytes) -> None:
        """A subscription ends: by itself, or, without a peer, with its connection."""
        if peer is not None:
            prefixes = self._by_peer.get(peer, set())
            if prefix not in prefixes:
                return
            prefixes.remove(prefix)
            self._socket.set(zmq.UNSUBSCRIBE, prefix)
        self._changes += 1
        self._standing[prefix] -= 1
        if self._standing[prefix] <= 0:
            del self._standing[prefix]


def is_topic(prefix: bytes) -> bool:
    """Whether a topic can begin so."""
    return _TOPIC.fullmatch(prefix) is not None or any(kind.startswith(prefix) for kind in _KINDS)


def peer_of(frame: zmq.Frame) -> int | None:
    """The descriptor of the connection that it came over; None if the socket itself reports a lost connection."""
    try:
        return int(frame.get(zmq.SRCFD))
    except zmq.ZMQError:
        return None
