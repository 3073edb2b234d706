"""The gateway's session with a group of matchers of which one leads.

Each node has two sockets of its own, so it is known who speaks. Commands and queries go to the leader alone, and only
its reports count. A new leader is a restart of the matcher to the session: it says hello there, and sends again what is
not answered.

What still lies on the way to an earlier leader does no harm. That one cannot write to the log any more, and ends. A
standby drops what comes. Numbers of the session tell each later leader what was taken already.
"""

import time
from functools import partial
from typing import Final

import structlog
import zmq
from msgspec import MsgspecError

from gateway.link.broker import READ_AT_ONCE, Broker
from gateway.link.connection import Connection
from gateway.link.group import Group
from gateway.link.published import Reports
from protocol import topics
from protocol.bases import Endpoints
from protocol.codec import decode_report
from protocol.commands import VERSION
from protocol.curve import ClientKeys
from protocol.events import NodePulse, Pulse
from protocol.session import SessionState

PULSES: Final = (topics.PULSE, topics.NODES)

log = structlog.get_logger("gateway")


class _Everywhere:
    """Subscriptions that stand to all nodes."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections

    def subscribe(self, topic: bytes) -> None:
        for connection in self._connections:
            connection.subscribe(topic)

    def unsubscribe(self, topic: bytes) -> None:
        for connection in self._connections:
            connection.unsubscribe(topic)


class NodesBroker(Broker):
    """As a Broker, for the nodes at these base addresses. They share one CURVE key, where they have CURVE.

    group: what is known of the nodes. shard, shards_hash: the name of their shard, and the hash of the map.
    """

    def __init__(
        self,
        nodes: dict[str, Endpoints],
        deadline: float,
        keys: ClientKeys | None = None,
        shard: str = "",
        shards_hash: str = "",
    ) -> None:
        super().__init__("", "", deadline, keys)
        self._endpoints = list(nodes.values())
        self.group = Group(tuple(nodes), shard, shards_hash)
        self.groups = (self.group,)

    def _connect(self) -> Reports:
        self._connections = [self._open(each.commands, each.reports) for each in self._endpoints]
        # Nobody leads yet.
        self._send_frame = _refuse
        for place, connection in enumerate(self._connections):
            self._loop.add_reader(connection.descriptor, partial(self._read_from, place))
        everywhere = _Everywhere(self._connections)
        everywhere.subscribe(topics.NODES)
        return everywhere

    def _disconnect(self) -> None:
        for connection in self._connections:
            self._loop.remove_reader(connection.descriptor)
            connection.close()

    @property
    def available(self) -> bool:
        """Whether the leader has welcomed the session, its pulse is heard, and it can write to the log."""
        welcome = self._session.state is SessionState.OPEN and self._session.epoch >= self.group.leadership.epoch
        return welcome and self.group.leadership.takes_commands(time.monotonic())

    def _read(self) -> None:
        for place in range(len(self._connections)):
            self._read_from(place)

    def _read_from(self, place: int) -> None:
        connection = self._connections[place]
        if connection.closed:
            return
        for _ in range(READ_AT_ONCE):
            try:
                topic, payload = connection.receive()
            except zmq.Again:
                return
            if topic in PULSES:
                self._hear_node(place, payload)
            elif place == self.group.leadership.node:
                self._take_in(payload)
        self._loop.call_soon(self._read_from, place)

    def _hear_node(self, place: int, payload: bytes) -> None:
        try:
            report = decode_report(payload)
        except MsgspecError as error:
            self._count_strange_report(str(error))
            return
        if isinstance(report, NodePulse):
            self.group.hear(place, report, time.monotonic())
        elif isinstance(report, Pulse) and self._leads(place, report):
            self._take_in(payload)

    def _leads(self, place: int, pulse: Pulse) -> bool:
        """Whether the pulse is that of the leader, which is followed if it is a new one."""
        leadership = self.group.leadership
        before = leadership.epoch
        # What speaks another version leads nobody here. It is told of.
        if pulse.version == VERSION and not leadership.hear(place, pulse, time.monotonic()):
            return False
        if leadership.epoch != before:
            self._send_frame = self._connections[place].send
            self._commands_endpoint = self.group.nodes[place].address
            self._pump.ask_again()
            self._flush_soon()
            log.info("another node leads", commands=self._commands_endpoint, epoch=pulse.epoch)
        return True

    def _refuse_unsent(self) -> None:
        """What a dead leader does not take waits for the next one, as long as the dead one counts as there."""
        if not self.group.leadership.takes_commands(time.monotonic()):
            super()._refuse_unsent()

    def _tell_failures(self) -> None:
        for node, connection in zip(self.group.nodes, self._connections, strict=True):
            for reason in connection.failures():
                log.warning("no connection to the matcher", endpoint=node.address, reason=reason)


def _refuse(_: bytes) -> None:
    """Send nothing: nobody takes it."""
    raise zmq.Again
