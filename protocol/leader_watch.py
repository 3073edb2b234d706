"""Hears the nodes of a group, and tells a client that speaks to one of them at a time which one leads."""

from collections.abc import Callable, Sequence
from typing import Final

import zmq
from msgspec import MsgspecError, Struct

from protocol import topics
from protocol.bases import Endpoints
from protocol.codec import decode_report
from protocol.commands import VERSION
from protocol.curve import ClientKeys
from protocol.events import NodePulse, Pulse
from protocol.leader import Leadership
from protocol.sockets import Context, Socket, message_receiver, open_updates

NOWHERE: Final = Endpoints("", "", "")
"""Where the leader is while nobody leads."""


class Moved(Struct, frozen=True):
    """Another node leads. pulse: that by which it was heard."""

    before: Endpoints
    now: Endpoints
    pulse: Pulse


class LeaderWatch:
    """`look` again and again, from one thread at a time. `descriptors` tell that something may have come.

    leader: the endpoints of the node that leads.
    """

    def __init__(
        self, context: Context, nodes: Sequence[Endpoints], keys: ClientKeys | None, leadership: Leadership
    ) -> None:
        self.leader = NOWHERE
        self._nodes = nodes
        self._leadership = leadership
        self._sockets = [self._open(context, node.reports, keys) for node in nodes]
        self._receivers = [message_receiver(socket) for socket in self._sockets]
        self.descriptors: list[int] = [int(socket.getsockopt(zmq.FD)) for socket in self._sockets]

    @staticmethod
    def _open(context: Context, endpoint: str, keys: ClientKeys | None) -> Socket:
        socket = open_updates(context, endpoint, keys)
        socket.subscribe(topics.PULSE)
        socket.subscribe(topics.NODES)
        return socket

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()

    def look(self, now: float) -> Moved | None:
        """Take in what has come. Returns where the leader is, if that is new."""
        epoch, heard = self._leadership.epoch, None
        for place, receive in enumerate(self._receivers):
            while (payload := _next(receive)) is not None:
                try:
                    report = decode_report(payload)
                except MsgspecError:
                    # It speaks another version: it leads nobody here.
                    continue
                if isinstance(report, NodePulse):
                    self._leadership.hear_node(place, report)
                elif (
                    isinstance(report, Pulse)
                    and report.version == VERSION
                    and self._leadership.hear(place, report, now)
                ):
                    heard = report
        if heard is None or self._leadership.epoch == epoch:
            return None
        before, self.leader = self.leader, self._nodes[self._leadership.node]
        return Moved(before, self.leader, heard)


def _next(receive: Callable[[], list[bytes]]) -> bytes | None:
    try:
        _, payload = receive()
    except zmq.Again:
        return None
    return payload
