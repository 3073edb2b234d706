"""What the nodes of a group say of themselves, heard from outside."""

import time
from collections.abc import Sequence
from typing import Final

import zmq
from msgspec import Struct

from protocol import topics
from protocol.codec import decode_report
from protocol.events import NodePulse, NodeRole
from protocol.sockets import open_updates

FRESH_SECONDS: Final = 2.5
"""A node whose last pulse is older says nothing: each sends one a second."""


class Heard(Struct, frozen=True):
    """A node's last pulse, and when it came, by time.monotonic."""

    pulse: NodePulse
    at: float

    @property
    def leads(self) -> bool:
        return self.pulse.role is NodeRole.LEADER


class Pulses:
    """Hears the nodes with these endpoints of reports. For one thread."""

    def __init__(self, reports: Sequence[str]) -> None:
        self._context = zmq.Context()
        self._sockets = [open_updates(self._context, endpoint) for endpoint in reports]
        self._poller = zmq.Poller()
        for socket in self._sockets:
            socket.subscribe(topics.NODES)
            self._poller.register(socket, zmq.POLLIN)
        self.nodes: dict[int, Heard] = {}

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
        self._context.term()

    def hear(self, seconds: float = 0.0) -> None:
        """Take in what has come; wait up to `seconds` seconds if nothing has."""
        for socket, _ in self._poller.poll(int(seconds * 1000)):
            while socket.poll(0):
                report = decode_report(socket.recv_multipart()[1])
                if isinstance(report, NodePulse):
                    self.nodes[report.node] = Heard(report, time.monotonic())

    @property
    def leader(self) -> NodePulse | None:
        """The node of the highest epoch that has said lately that it leads."""
        fresh = time.monotonic() - FRESH_SECONDS
        leaders = [heard.pulse for heard in self.nodes.values() if heard.leads and heard.at >= fresh]
        return max(leaders, key=lambda pulse: pulse.epoch, default=None)
