"""Nodes of a replicated log in memory, with their sockets, stepped one by one: standbys, and leaders."""

import time
from collections.abc import Callable
from pathlib import Path

import zmq
from msgspec.structs import replace

from matcher.config import read_config
from matcher.core.digest import digest
from matcher.etcd.address import Credentials, LogAddress
from matcher.instrument_list import missing_instruments, read_instruments
from matcher.node.checkpoints import Checkpoints
from matcher.node.common import Common
from matcher.node.fetching import SnapshotFetcher
from matcher.node.leader import Leader
from matcher.node.standby import Standby
from matcher.node.start import Start
from matcher.node.telling import Telling
from matcher.node_config import NodeConfig
from matcher.replication.replay import Replay
from matcher.serving.service import open_doors
from matcher.storage.crash_notes import CrashNotes
from matcher.storage.data_directory import DataDirectory
from protocol import topics
from protocol.codec import decode_report, encode
from protocol.commands import VERSION, Ask, Command, Commands, Frame, Hello, Query, WatchAccount
from protocol.events import AccountUpdate
from protocol.public_number import public_number
from protocol.reports import Answers, QueryResult, Report
from protocol.sockets import Context, Socket, publisher
from tests.exchange import PATIENCE
from tests.replicated_log import FakeClock, NodeLog, SharedLog

BUDGET = 1_000_000_000

MILLISECOND = 1_000_000

MARKS = 1
"""The public number of a session that nobody has."""


class MemoryNode:
    """A node. Its clock is that of the shared log's test: it stands until a test moves it."""

    def __init__(self, path: Path, shared: SharedLog, clock: FakeClock, number: int = 0) -> None:
        path.mkdir(exist_ok=True)
        self.number = number
        self.clock = clock
        names = ("commands", "market-data", "reports")
        flags = [part for name in names for part in (f"--{name}", f"ipc://{path}/{name}")]
        self.config = read_config(["--data-dir", str(path), *flags], {})
        node = NodeConfig(LogAddress(("127.0.0.1:2379",), "memory"), number, (), "", BUDGET, Credentials())
        self.directory = DataDirectory(path)
        self.log = NodeLog(shared, clock)
        standing = Start(self.directory, self.log, "memory", SnapshotFetcher([], None, path)).find()
        self.state = standing.state
        replay = Replay(standing.state, standing.position, standing.crc, standing.epoch)
        self.doors = doors = open_doors(self.config)
        doors.sockets.bind()
        checkpoints = Checkpoints(
            self.directory, self.log, standing, doors.poller, every=10**9, budget=BUDGET, alone=True
        )
        telling = Telling(node, publisher(doors.sockets.reports), checkpoints, standing, monotonic=clock)
        self.common = Common(node, self.log, replay, checkpoints, CrashNotes(self.directory), doors, telling)
        self.standby = Standby(self.common, ["here"], clock)
        self.standby.register(doors.poller)
        self.leader: Leader | None = None
        self._context: Context = zmq.Context()
        self._commands: Socket = self._context.socket(zmq.PUSH)
        self._reports: Socket = self._context.socket(zmq.SUB)
        self._reports.subscribe(b"")
        self._commands.connect(self.config.commands)
        self._reports.connect(self.config.reports)
        self.heard: list[Report] = []
        self._marks = 0
        # It takes a while until the subscription stands.
        self._until(lambda: self._mark() > 0 and bool(self._reports.poll(10)))

    # Steps

    def step(self) -> None:
        """One step of what the node is now, with what its sockets hold."""
        ready = dict(self.doors.poller.poll(0))
        if self.leader is None:
            self.standby.step(ready)
        else:
            self.leader.step({} if self.leader.is_waiting else ready)

    def elect(self) -> Leader:
        """Let time pass until the node leads."""
        for _ in range(100):
            if self.standby.leads:
                break
            self.clock.forward(20 * MILLISECOND)
            self.step()
        assert self.standby.leads, "nobody else appends"
        return self.lead()

    def lead(self) -> Leader:
        self.standby.close(self.doors.poller)
        leader = Leader(
            self.config,
            self.directory,
            self.common,
            self.standby.member,
            lambda _: self.clock.forward(50 * MILLISECOND),
            self.clock,
        )
        self.leader = leader
        leader.begin([*missing_instruments(self.state.registry, read_instruments(None))], self.standby.tail)
        return leader

    # What a client does

    def send(self, frame: Frame | bytes) -> None:
        """Send a frame, and wait until the node's socket holds it."""
        self._commands.send(frame if isinstance(frame, bytes) else encode(frame))
        self._until(lambda: bool(self.doors.sockets.commands.poll(10)))

    def open(self, session: int) -> None:
        self.send(Hello(VERSION, session))

    def order(self, session: int, number: int, *commands: Command) -> None:
        self.send(Commands(VERSION, session, number, number - 1, list(commands)))

    def watch(self, session: int, number: int, account: str) -> None:
        self.order(session, number, WatchAccount(account))
        self.step()

    def updates(self) -> list[AccountUpdate]:
        return [report for report in self.said() if isinstance(report, AccountUpdate)]

    def ask(self, session: int, request: int, query: Query) -> None:
        self.send(Ask(VERSION, session, request, query))

    def said(self) -> list[Report]:
        """All that the node has said. A mark that comes behind shows that nothing is on its way."""
        mark = self._mark()
        self._until(lambda: self._hear() >= mark)
        return self.heard

    def _mark(self) -> int:
        """Publish a mark. Returns its number."""
        self._marks += 1
        mark = Answers(MARKS, 1, self._marks, 1, 0, [])
        publisher(self.doors.sockets.reports)(topics.reports(MARKS), encode(mark))
        return self._marks

    def _hear(self) -> int:
        """Take in what has come. Returns the number of the last mark."""
        last = 0
        while self._reports.poll(0):
            _, payload = self._reports.recv_multipart()
            report = decode_report(payload)
            if isinstance(report, Answers) and report.session == MARKS:
                last = report.number
            else:
                self.heard.append(report)
        return last

    def answers(self, session: int) -> list[Answers]:
        number = public_number(session)
        return [report for report in self.said() if isinstance(report, Answers) and report.session == number]

    def results(self) -> list[QueryResult]:
        return [report for report in self.said() if isinstance(report, QueryResult)]

    @property
    def digest(self) -> str:
        return digest(self.state.registry)

    def close(self) -> None:
        if self.leader is not None:
            self.leader.stop()
        else:
            self.standby.close(self.doors.poller)
        self.log.close()
        self.common.checkpoints.stop()
        self._context.destroy(linger=0)
        self.doors.sockets.close()

    def _until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, "the sockets of this machine carry messages"


def without_epoch(answers: list[Answers]) -> list[Answers]:
    """Answers as any leader gives them."""
    return [replace(each, epoch=0) for each in answers]
