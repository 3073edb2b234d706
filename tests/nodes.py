"""An exchange of several nodes, without a replicated log: matchers that work with one data directory in turn.

The next one that is started there has a higher epoch, the same journal and the same sessions, as a standby has that
takes over. What nodes tell of themselves, a test says in their place.
"""

import time
from pathlib import Path
from threading import Thread
from typing import Any

import zmq

from protocol import topics
from protocol.codec import encode
from protocol.commands import VERSION
from protocol.node import NodePulse, NodeRole
from tests.exchange import Exchange, Gateway, Matcher, wait_until
from tests.scripts import free_base

TELL_SECONDS = 0.1


def told(node: int, role: NodeRole = NodeRole.STANDBY, **more: Any) -> NodePulse:
    """What a node tells, unless the test knows better."""
    values = {
        "version": VERSION,
        "node": node,
        "role": role,
        "epoch": 1,
        "position": 100,
        "sequence": 10,
        "timestamp": 1_800_000_000_000_000_000,
        "waiting": 0,
        "snapshot_position": 0,
        "snapshot_digest": "",
        "log_id": "log",
        "log": "etcd://10.0.0.1:2379/exchange",
        "warnings": [],
    }
    return NodePulse(**{**values, **more})


class Node(Matcher):
    """A matcher at a base address. Its reports go through this process, which adds what it tells of itself.

    tells: what that is; None for nothing.
    """

    def __init__(self, directory: Path, name: str, *flags: str) -> None:
        self.base = free_base()
        self.address = f"127.0.0.1:{self.base}"
        commands, market_data = (f"tcp://127.0.0.1:{self.base + more}" for more in (0, 1))
        super().__init__(directory, f"--commands={commands}", f"--market-data={market_data}", *flags)
        self.commands, self.market_data = commands, market_data
        self.log = directory / f"{name}.log"
        self.tells: NodePulse | None = None
        self._ended = False
        self._voice = Thread(target=self._speak, daemon=True)
        self._voice.start()

    def _speak(self) -> None:
        context = zmq.Context()
        heard, spoken = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
        for each in (heard, spoken):
            each.set(zmq.LINGER, 0)
        heard.connect(self.reports)
        spoken.bind(f"tcp://127.0.0.1:{self.base + 2}")
        poller = zmq.Poller()
        poller.register(heard, zmq.POLLIN)
        poller.register(spoken, zmq.POLLIN)
        tell_at = 0.0
        while not self._ended:
            ready = dict(poller.poll(int(TELL_SECONDS * 1_000)))
            if spoken in ready:
                heard.send(spoken.recv())
            if heard in ready:
                spoken.send_multipart(heard.recv_multipart())
            if self.tells is not None and time.monotonic() >= tell_at:
                spoken.send_multipart((topics.NODES, encode(self.tells)))
                tell_at = time.monotonic() + TELL_SECONDS
        context.destroy()

    def close(self) -> None:
        super().close()
        self._ended = True
        self._voice.join()


class Nodes:
    """Matchers that lead in turn; the first one does when this is entered."""

    def __init__(self, directory: Path, count: int) -> None:
        self.all = [Node(directory, f"node{number}") for number in range(count)]
        self.leader = self.all[0]

    def __enter__(self) -> "Nodes":
        self.leader.start()
        try:
            self.leader.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def addresses(self) -> list[str]:
        return [node.address for node in self.all]

    def start_next(self) -> None:
        """The leader has died: start the node that leads then."""
        self.leader = self.all[(self.all.index(self.leader) + 1) % len(self.all)]
        self.leader.start()

    def take_over(self) -> None:
        self.leader.kill()
        self.start_next()

    def close(self) -> None:
        for node in self.all:
            node.close()


class NodesExchange(Exchange):
    """A gateway of `count` nodes."""

    def __init__(self, directory: Path, count: int) -> None:
        self.nodes = Nodes(directory, count)
        self.matcher = self.nodes.leader
        self.gateway = Gateway(directory, self.matcher)
        addresses = ",".join(self.nodes.addresses)
        self.gateway.arguments = [f"--matchers={addresses}", f"--port={self.gateway.port}", "--deadline=60000"]

    def take_over(self) -> None:
        """The leader dies, and the next node leads."""
        self.nodes.take_over()
        wait_until(self._goes_on, "a command that the new leader takes")

    def _goes_on(self) -> bool:
        return self.http.delete("/orders", params={"account": "nobody"}).status_code == 200

    def close(self) -> None:
        try:
            self.gateway.close()
        finally:
            self.nodes.close()
