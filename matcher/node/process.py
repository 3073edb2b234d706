"""A matcher of a replicated log, from its start to its end: a standby first, and a leader once it is elected."""

import gc
import os
import select
from collections.abc import Callable

import msgspec
import structlog
import zmq

from matcher import CORE
from matcher.config import PREFIX, PROGRAM, Config
from matcher.node.leader import Leader
from matcher.node.standby import Standby
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
from matcher.storage.journal_format import DamageError
from matcher.storage.log import FencedError, LogAwayError, ReplicatedLog, RewoundError, TrimmedError
from matching_exchange.metrics.own import own_families
from matching_exchange.metrics.server import MetricsServer, open_server
from matching_exchange.process.readiness import tell_ready
from protocol.commands import OwnCommand
from protocol.metrics import Family
from protocol.sockets import publisher

EXIT_FAILED = 1
EXIT_FENCED = 3
"""Another node leads. Start again, as a standby."""
EXIT_DIVERGED = 4
"""This node computes otherwise than the leader. A start on the same data would end the same way."""

STOP_PATIENCE = 3_000_000_000
"""Nanoseconds that a clean stop waits for the record under way."""

log = structlog.get_logger("matcher")


class Node:
    """`own` says which commands of the matcher itself a state lacks. `of` is the log, which the node closes."""

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
        self._stopping = False
        self._leader: Leader | None = None
        self._server: MetricsServer | None = None

    def bind(self) -> None:
        """Open the sockets. EndpointError names the setting whose endpoint cannot be bound."""
        self._doors.sockets.bind()
        self._server = open_server(PROGRAM, PREFIX, self._config.metrics, self._told)

    def run(self, replay: Replay) -> int:
        """Follow the log from there on, and lead if that is due. Returns the exit status."""
        gc.freeze()
        gc.disable()
        self._wakeup = catch_signals(self._stop)
        self._doors.poller.register(self._wakeup, zmq.POLLIN)
        if self._server is not None:
            self._server.serve()
        tell_ready(os.environ)
        try:
            return self._work(replay)
        except FencedError:
            applied = 0 if self._leader is None else self._leader.unanswered
            log.critical("another node leads: nothing more is answered", applied=applied)
            return EXIT_FENCED
        except (DamageError, DivergedError, msgspec.MsgspecError) as error:
            log.critical("matcher stops", error=str(error), position=replay.position, sequence=replay.state.sequence)
            return EXIT_DIVERGED
        except (LogAwayError, NewerFormatError, RewoundError, RewoundLogError, TrimmedError) as error:
            log.critical("matcher stops", error=str(error), position=replay.position, sequence=replay.state.sequence)
            return EXIT_FAILED
        finally:
            if self._leader is not None:
                self._leader.stop()

    def close(self) -> None:
        self._log.close()
        self._doors.sockets.close()

    def _work(self, replay: Replay) -> int:
        config, node, doors = self._config, self._node, self._doors
        notes = CrashNotes(self._directory)
        telling = Telling(node, publisher(doors.sockets.reports), lambda: self._log.id if replay.position else "")
        endpoints = [config.commands, config.market_data, config.reports]
        standby = Standby(node, endpoints, self._log, replay, notes, doors, telling)
        standby.register(doors.poller)
        try:
            while not standby.leads:
                if self._stopping:
                    return 0
                standby.step(dict(doors.poller.poll(standby.until_due())))
        finally:
            standby.unregister(doors.poller)
            standby.close()
        log.info("this node leads", epoch=replay.epoch, position=replay.position, sequence=replay.state.sequence)
        self._leader = leader = Leader(
            config, node, self._directory, self._log, replay, standby.member, notes, doors, telling, self._waiter()
        )
        doors.poller.register(self._log.descriptor, zmq.POLLIN)
        leader.begin(lambda: self._own(replay.state), standby.tail)
        return self._lead(leader, replay)

    def _lead(self, leader: Leader, replay: Replay) -> int:
        wait, poller = self._waiter(), self._doors.poller
        give_up_at: int | None = None
        while not leader.is_handed_over and not (self._stopping and leader.is_idle):
            if leader.is_waiting:
                wait(leader.until_due())
                leader.step({})
            else:
                leader.step(dict(poller.poll(leader.until_due())))
            if self._stopping:
                give_up_at = give_up_at or timings.now() + STOP_PATIENCE
                if timings.now() >= give_up_at and leader.is_waiting:
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
