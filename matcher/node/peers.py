"""Hears what the other nodes of a group tell of themselves."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog
import zmq

from protocol import topics
from protocol.curve import ClientKeys
from protocol.node import NodePulse
from protocol.reports import Report
from protocol.sockets import Context, message_receiver, open_updates

MAX_TAKEN: Final = 64
"""The most messages of one socket that one turn takes."""

log = structlog.get_logger("matcher")

_decode = msgspec.msgpack.Decoder(Report).decode


class Peers:
    """One socket to the reports of each of these endpoints. `node` is this node's own number, which is left out."""

    def __init__(self, context: Context, endpoints: Sequence[str], keys: ClientKeys | None, node: int) -> None:
        self._node = node
        self._sockets = [open_updates(context, endpoint, keys) for endpoint in endpoints]
        for socket in self._sockets:
            socket.subscribe(topics.NODES)
        self._receivers = [message_receiver(socket) for socket in self._sockets]

    def register(self, poller: zmq.Poller) -> None:
        for socket in self._sockets:
            poller.register(socket, zmq.POLLIN)

    def take(self, ready: dict[object, int]) -> list[NodePulse]:
        """What other nodes have told since the last call: a bounded number."""
        told: list[NodePulse] = []
        for socket, receive in zip(self._sockets, self._receivers, strict=True):
            if socket in ready:
                told += self._take(receive)
        return told

    def _take(self, receive: Callable[[], list[bytes]]) -> list[NodePulse]:
        told = []
        for _ in range(MAX_TAKEN):
            try:
                parts = receive()
            except zmq.Again:
                break
            try:
                report = _decode(parts[-1])
            except msgspec.MsgspecError as error:
                # An address may be that of another program, or of a later version. It stops nobody.
                log.debug("a node tells what cannot be read", error=str(error))
                continue
            if isinstance(report, NodePulse) and report.node != self._node:
                told.append(report)
        return told

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
