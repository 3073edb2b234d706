"""Nodes of a replicated log in memory, without their sockets of commands: one writes, others follow."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.node.checkpoints import Checkpoints
from matcher.node.fetching import SnapshotFetcher
from matcher.node.snapshot_server import SnapshotServer
from matcher.node.start import Start
from matcher.replication.outputs import outputs_of
from matcher.replication.records import EpochInfo, pack_content
from matcher.replication.replay import Replay
from matcher.reply import Reply
from matcher.sessions import Taken
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.log import Kind, Logged, Record
from protocol.codec import encode
from protocol.commands import VERSION, Command, Commands, Hello, PlaceOrder
from protocol.node import NodePulse, NodeRole
from protocol.units import OrderType, Side
from tests.replicated_log import FakeClock, NodeLog, SharedLog

if TYPE_CHECKING:
    from protocol.sockets import Context, Socket

SESSION = 7
BUDGET = 1_000_000
EVERY = 1_000_000


class Writer:
    """Appends records as a leader does, with the state that they give."""

    def __init__(self, shared: SharedLog, epoch: int = 5) -> None:
        self.shared = shared
        self.state = State(Engine())
        self.epoch = epoch
        self.sent = 0
        self._put(Kind.EPOCH, [pack_content(EpochInfo(epoch, 0, [], "0"))])
        instruments = list(read_instruments(None))
        self.state.apply(OWN_SESSION, 0, instruments, self.state.time + 1)
        hello = Hello(VERSION, SESSION)
        self.state.sessions.hello(hello)
        self._put(Kind.BATCH, [encode(OwnCommands(list(instruments))), encode(hello)], first=1)

    def trade(self, batches: int = 1, commands: int = 2) -> None:
        """Append batches of orders that trade now and then."""
        for _ in range(batches):
            first = self.state.sequence + 1
            orders: list[Command] = []
            for _ in range(commands):
                self.sent += 1
                side = Side.BUY if self.sent % 3 else Side.SELL
                price = 6_000_000 + self.sent % 5
                orders.append(
                    PlaceOrder("BTC-USDT", "ann", side, OrderType.LIMIT, 100_000, price, None, str(self.sent))
                )
            frame = Commands(VERSION, SESSION, self.sent - commands + 1, max(0, self.sent - 3 * commands), orders)
            outcome = self.state.sessions.receive(frame)
            assert isinstance(outcome, Taken)
            reply, _ = self.state.apply(SESSION, outcome.number, outcome.commands, self.state.time + 1)
            self._put(Kind.BATCH, [encode(frame)], first, [reply])

    def beat(self) -> None:
        self._put(Kind.BEAT, [])

    def checkpoint(self, entries: list[bytes]) -> int:
        """Append a Checkpoint. Returns its position."""
        return self._put(Kind.CHECKPOINT, entries).position

    def put(self, kind: Kind, entries: list[bytes]) -> Logged:
        return self._put(kind, entries)

    def _put(self, kind: Kind, entries: list[bytes], first: int | None = None, replies: Sequence[Reply] = ()) -> Logged:
        sequence = self.state.sequence + 1 if first is None else first
        self.state.time += 0 if kind is Kind.BATCH else 1
        return self.shared.put(Record(sequence, self.state.time, entries, kind, self.epoch, 0, outputs_of(replies)))

    @property
    def digest(self) -> str:
        return digest(self.state.registry)


class FollowingNode:
    """A node that follows. `fetch_from`: endpoints of other nodes' snapshots."""

    def __init__(
        self,
        path: Path,
        shared: SharedLog,
        fetch_from: Sequence[str] = (),
        *,
        every: int = EVERY,
        budget: int = BUDGET,
        alone: bool = False,
    ) -> None:
        self.directory = DataDirectory(path)
        path.mkdir(exist_ok=True)
        self.log = NodeLog(shared, FakeClock())
        fetcher = SnapshotFetcher(fetch_from, None, self.directory.snapshots)
        self.standing = Start(self.directory, self.log, "memory", fetcher).find()
        state = self.standing.state
        self.replay = Replay(state, self.standing.position, self.standing.crc, self.standing.epoch)
        self.poller = zmq.Poller()
        self.checkpoints = Checkpoints(
            self.directory, self.log, self.standing, self.poller, every=every, budget=budget, alone=alone
        )
        self._follower = self.log.follow(self.standing.position, self.standing.crc if self.standing.position else None)

    def catch_up(self, *, wait: bool = True) -> None:
        """Carry out all that the log holds; at each Checkpoint, let the snapshot be written first if `wait`."""
        while batch := self._follower.take():
            for logged in batch:
                self.replay.take(logged, lambda *_: None)
                self.checkpoints.received(logged)
                if wait and logged.record.kind is Kind.CHECKPOINT:
                    self.wait()

    def wait(self) -> None:
        """Until the snapshot is written."""
        self.checkpoints.turn(dict(self.poller.poll(20_000)))

    def pulse(self, number: int) -> NodePulse:
        """What the node tells of itself."""
        checkpoints, standing = self.checkpoints, self.standing
        return NodePulse(
            1,
            number,
            NodeRole.STANDBY,
            standing.epoch,
            standing.position,
            standing.state.sequence,
            0,
            0,
            checkpoints.snapshot_position,
            checkpoints.snapshot_digest,
            standing.log_id,
            "memory",
            checkpoints.warnings(),
        )

    @property
    def digest(self) -> str:
        return digest(self.standing.state.registry)

    def close(self) -> None:
        self.checkpoints.stop()
        self.log.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the snapshots of the folder; the endpoint."""
    context: Context = zmq.Context()
    socket: Socket = context.socket(zmq.REP)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    SnapshotServer(socket, folder).start()
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        context.term()
