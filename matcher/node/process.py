"""A matcher of a replicated log, from its start to its end: a standby first, and a leader once it is elected."""

import gc
import os
import select
import time
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
import zmq

from matcher import CORE
from matcher.config import PREFIX, PROGRAM, Config
from matcher.node.checkpoints import Checkpoints
from matcher.node.common import Common
from matcher.node.fetching import SnapshotFetcher
from matcher.node.leader import Leader
from matcher.node.peers import Peers
from matcher.node.snapshot_server import SnapshotServer
from matcher.node.standby import Standby
from matcher.node.standing import Standing
from matcher.node.start import Start
from matcher.node.telling import Telling
from matcher.node_config import NodeConfig
from matcher.replication import timings
from matcher.replication.member import RewoundLogError
from matcher.replication.record_format import NewerFormatError
from matcher.replication.replay import DivergedError, Replay
from matcher.serving.service import open_doors
from matcher.serving.signals import catch_signals
from matcher.state import State
from matcher.storage.crash_notes import CrashNotes
from matcher.storage.data_directory import DataDirectory
from matcher.storage.log import FencedError, LogAwayError, LogFailedError, ReplicatedLog, RewoundError, TrimmedError
from matching_exchange.metrics.own import own_families
from matching_exchange.metrics.server import MetricsServer, open_server
from matching_exchange.process.readiness import tell_ready
from protocol.commands import OwnCommand
from protocol.curve import ClientKeys, public_key
from protocol.metrics import Family
from protocol.sockets import publisher

EXIT_FAILED: Final = 1
EXIT_FENCED: Final = 3
"""Another node leads. Start again, as a standby."""
EXIT_DIVERGED: Final = 4
"""This node computes otherwise than the leader. A start on the same data would end the same way."""

STOP_PATIENCE: Final = 3_000_000_000
"""Nanoseconds that a clean stop waits for the record under way."""

PAUSE_SECONDS: Final = 0.2
"""Before a log that does not answer is asked again at the start."""

log = structlog.get_logger("matcher")


class Node:
    """`of` is the log. `own` says which commands of the matcher itself a state lacks."""

    def __init__(
        self,
        config: Config,
        node: NodeConfig,
        directory: DataDirectory,
        of: ReplicatedLog,
        own: Callable[[State], list[OwnCommand]],
    ) -> None:
        self._config = config
        self._node = node
        self._directory = directory
        self._log = of
        self._own = own
        self._doors = open_doors(config)
        secret = config.curve_secret
        # All nodes of a group have the same keys: gateways know one.
        self._keys = ClientKeys(public_key(secret), secret) if secret else None
        self._stopping = False
        self._leader: Leader | None = None
        self._checkpoints: Checkpoints | None = None
        self._peers: Peers | None = None
        self._server: MetricsServer | None = None

    def bind(self) -> None:
        """Open the sockets. EndpointError names the setting whose endpoint cannot be bound."""
        sockets = self._doors.sockets
        sockets.bind()
        SnapshotServer(sockets.open_snapshots(self._node.snapshots), self._directory.snapshots).start()
        self._server = open_server(PROGRAM, PREFIX, self._config.metrics, self._told)

    def find(self) -> Standing:
        """The state to go on from. StartError if there is none; OSError if the disk does not do."""
        fetch_from = [endpoints.snapshots for endpoints in self._node.others]
        fetcher = SnapshotFetcher(fetch_from, self._keys, self._directory.snapshots)
        start = Start(self._directory, self._log, str(self._node.log), fetcher)
        told = False
        while True:
            try:
                return start.find()
            except LogAwayError as error:
                if not told:
                    log.warning("waiting for the log", error=str(error))
                    told = True
            time.sleep(PAUSE_SECONDS)

    def run(self, standing: Standing) -> int:
        """Follow the log from there on, and lead if that is due. Returns the exit status."""
        gc.freeze()
        gc.disable()
        self._wakeup = catch_signals(self._stop)
        self._doors.poller.register(self._wakeup, zmq.POLLIN)
        if self._server is not None:
            self._server.serve()
        replay = Replay(standing.state, standing.position, standing.crc, standing.epoch)
        try:
            status = self._work(replay, standing)
            if self._leader is None or not self._leader.is_handed_over:
                self._write_last()
            return status
        except FencedError:
            if self._is_log_lost(replay):
                log.critical("the log has lost what was answered: nothing more is answered", position=replay.position)
                self._write_last()
                return EXIT_FAILED
            log.critical("another node leads: nothing more is answered", applied=self._unanswered)
            return EXIT_FENCED
        except (DivergedError, msgspec.MsgspecError) as error:
            log.critical("matcher stops", error=str(error), position=replay.position, sequence=replay.state.sequence)
            return EXIT_DIVERGED
        except (LogFailedError, NewerFormatError, RewoundError, RewoundLogError, TrimmedError) as error:
            log.critical("matcher stops", error=str(error), position=replay.position, sequence=replay.state.sequence)
            if isinstance(error, RewoundError | RewoundLogError):
                self._write_last()
            return EXIT_FAILED
        finally:
            if self._leader is not None:
                self._leader.stop()
            if self._checkpoints is not None:
                self._checkpoints.stop()

    def close(self) -> None:
        """Drop what is under way, and close the sockets."""
        self._log.close()
        if self._peers is not None:
            self._peers.close()
        self._doors.sockets.close()

    def _is_log_lost(self, replay: Replay) -> bool:
        """Whether the log, which takes nothing more of this node, ends before what this node has of it."""
        try:
            return self._log.head() < replay.position
        except LogAwayError:
            return False

    def _write_last(self) -> None:
        """Write a last snapshot. If the log is lost then, this is what is left of it."""
        if self._checkpoints is not None:
            self._checkpoints.write_last(ahead=self._unanswered > 0)

    @property
    def _unanswered(self) -> int:
        return 0 if self._leader is None else self._leader.unanswered

    def _work(self, replay: Replay, standing: Standing) -> int:
        common = self._common(replay, standing)
        tell_ready(os.environ)
        poller = self._doors.poller
        if common.peers is not None:
            common.peers.register(poller)
        config = self._config
        standby = Standby(common, [config.commands, config.market_data, config.reports])
        standby.register(poller)
        try:
            while not standby.leads:
                if self._stopping:
                    log.info("matcher stopped", sequence=replay.state.sequence)
                    return 0
                standby.step(dict(poller.poll(standby.until_due())))
        finally:
            standby.close(poller)
        log.info("this node leads", epoch=replay.epoch, position=replay.position, sequence=replay.state.sequence)
        leader = Leader(config, self._directory, common, standby.member, self._waiter())
        self._leader = leader
        leader.begin(self._own(replay.state), standby.tail)
        return self._lead(leader, replay)

    def _common(self, replay: Replay, standing: Standing) -> Common:
        node, doors = self._node, self._doors
        others = node.others
        self._checkpoints = checkpoints = Checkpoints(
            self._directory,
            self._log,
            standing,
            doors.poller,
            every=self._config.snapshot_every,
            budget=node.budget,
            alone=not others,
        )
        notes = CrashNotes(self._directory)
        taken = {session: number for session, number, _ in replay.state.sessions.known()}
        for poison in standing.poisons:
            if taken.get(poison.session, 0) < poison.number:
                notes.poisoned(poison.session, poison.number, poison.error)
        own = self._config.own
        report, shards_hash = publisher(doors.sockets.reports), "" if own is None else own.hash
        telling = Telling(node, report, checkpoints, standing, shards_hash=shards_hash)
        reports = [endpoints.reports for endpoints in others]
        if others:
            self._peers = Peers(doors.sockets.context, reports, self._keys, node.node)
        return Common(node, self._log, replay, checkpoints, notes, doors, telling, self._peers)

    def _lead(self, leader: Leader, replay: Replay) -> int:
        wait, poller = self._waiter(), self._doors.poller
        poller.register(self._log.descriptor, zmq.POLLIN)
        give_up_at: int | None = None
        while not leader.is_handed_over and not (self._stopping and leader.is_idle):
            if leader.is_waiting:
                wait(leader.until_due())
                leader.step({})
            else:
                leader.step(dict(poller.poll(leader.until_due())))
            if self._stopping:
                give_up_at = give_up_at or timings.now() + STOP_PATIENCE
                if leader.is_waiting and timings.now() >= give_up_at:
                    log.error("the log does not answer: the last commands are not answered", applied=leader.unanswered)
                    return EXIT_FAILED
        log.info("matcher stopped", sequence=replay.state.sequence, handed_over=leader.is_handed_over)
        return 0

    def _waiter(self) -> Callable[[int], None]:
        """Waits for the log, and for signals, at most so many milliseconds."""
        poll = select.poll()
        poll.register(self._log.descriptor, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        wakeup = self._wakeup

        def wait(milliseconds: int) -> None:
            for descriptor, _ in poll.poll(milliseconds):
                if descriptor == wakeup:
                    os.read(wakeup, 64)

        return wait

    def _stop(self) -> None:
        self._stopping = True

    def _told(self) -> list[Family]:
        """For the port of metrics. It has a thread of its own."""
        leader = self._leader
        return own_families(PROGRAM, CORE.kind) if leader is None else leader.service.meter.told
