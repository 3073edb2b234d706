"""A node that follows the log, and is ready to lead.

It carries out each record as it is committed. What comes in at its sockets is dropped; subscriptions stand. It elects
itself as `matcher.replication.member` says.
"""

import time
from collections.abc import Callable
from typing import Final

import structlog
import zmq

from matcher.node.common import Common
from matcher.node.tail import Tail
from matcher.node.telling import Told
from matcher.replication import timings
from matcher.replication.member import Member, Role, Step
from matcher.replication.records import Handover, Poisoned, content, epoch_record
from matcher.reply import Reply
from matcher.state import Caused
from matcher.storage.log import FencedError, Kind, Logged, Record
from matching_exchange.process.version import VERSION
from protocol.node import NodeRole
from protocol.sockets import frame_receiver

FOLLOWED_AT_ONCE: Final = 50_000_000
"""Nanoseconds after which a step carries out nothing more: others hear of this node meanwhile."""

MAX_DROPPED: Final = 10_000
"""Frames that a step drops at most."""

MAX_WAIT: Final = 1_000
"""Milliseconds."""

log = structlog.get_logger("matcher")


class Standby:
    """`now` is the clock of the replication, `wall` gives nanoseconds since 1970."""

    def __init__(
        self,
        common: Common,
        endpoints: list[str],
        now: Callable[[], int] = timings.now,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._common = common
        self._node = common.config.node
        self._endpoints = endpoints
        self._log = common.log
        self._replay = replay = common.replay
        self._state = replay.state
        self._notes = common.notes
        self._doors = doors = common.doors
        self._telling = common.telling
        self._now = now
        self._wall = wall
        self._receive = frame_receiver(doors.sockets.commands)
        self._follower = self._log.follow(replay.position, replay.crc if replay.position else None)
        self._is_caught_up = False
        self._is_live = False
        self._began_at = replay.position
        self._epoch_record: Record | None = None
        self.tail = Tail()
        self.member = Member(self._node, replay.position, now())

    @property
    def leads(self) -> bool:
        """Whether this node has been elected. Then nothing is left to do here."""
        return self.member.role is Role.LEADER

    def register(self, poller: zmq.Poller) -> None:
        """Let the poller wait for what a step works on."""
        self._doors.sockets.register(poller)
        poller.register(self._log.descriptor, zmq.POLLIN)
        if self._follower.descriptor is not None:
            poller.register(self._follower.descriptor, zmq.POLLIN)

    def close(self, poller: zmq.Poller) -> None:
        """Follow no more. The poller waits for the sockets only."""
        poller.unregister(self._log.descriptor)
        if self._follower.descriptor is not None:
            poller.unregister(self._follower.descriptor)
        self._follower.close()

    def until_due(self) -> int:
        """Milliseconds until the next step is due, if nothing happens."""
        if not self._is_caught_up and self.member.role is Role.STANDBY:
            return 0
        wait = self._telling.until_due()
        due = self.member.due()
        if due is not None:
            wait = min(wait, due - self._now())
        return max(0, min(MAX_WAIT, -(-wait // 1_000_000)))

    def step(self, ready: dict[object, int]) -> None:
        """Do what waits. DivergedError, RewoundLogError, or an error of the log if this node cannot go on."""
        self._drain(ready)
        self._common.hear(ready, self._now())
        if self.member.role is not Role.ELECTING:
            self._follow()
        answer = self._log.head_answer()
        if answer is not None:
            self.member.head(answer)
        if self.member.role is Role.ELECTING:
            self._look_at_election()
        else:
            self._work()
        if not self.leads:
            state, replay = self._state, self._replay
            self._telling.keep_time(Told(NodeRole.STANDBY, replay.epoch, replay.position, state.sequence, state.time))

    def _drain(self, ready: dict[object, int]) -> None:
        """Drop what comes in, and keep who subscribes to what."""
        doors = self._doors
        gone = doors.sockets.gone(ready)
        if gone or doors.sockets.market_data in ready:
            doors.subscribers.take(gone)
        if doors.sockets.commands in ready:
            drop_frames(self._receive)

    def _follow(self) -> None:
        """Carry out records that are committed."""
        began = self._now()
        while True:
            taken = self._follower.take()
            self._is_caught_up = not taken
            if not taken:
                # From the second record on: the first ones are as old as this node's state.
                self._is_live = self._replay.position > self._began_at
                return
            live, self._is_live = self._is_live, False
            for logged in taken:
                record = self._replay.take(logged, self._observe)
                self._common.checkpoints.received(logged)
                now = self._now()
                self.member.received(logged.position, now)
                if record is not None:
                    self._note(record, now)
            if live:
                self._telling.note_skew(self._state.time, self._wall())
            if self._now() - began > FOLLOWED_AT_ONCE:
                return

    def _observe(self, record: Record, replies: list[Reply], caused: list[Caused]) -> None:
        self.tail.note(record.time, caused)
        if self._notes:
            for reply in replies:
                self._notes.forget(reply.session, reply.number, len(reply.answers))

    def _note(self, record: Record, now: int) -> None:
        """Act on a record that is no batch."""
        if record.kind is Kind.POISON:
            poisoned = content(record, Poisoned)
            self._notes.poisoned(poisoned.session, poisoned.number, poisoned.error)
        elif record.kind is Kind.HANDOVER and content(record, Handover).node == self._node:
            self.member.handed_over(now)

    def _work(self) -> None:
        now = self._now()
        step = self.member.work(now)
        if step is Step.ASK:
            self._log.ask_head()
            self.member.asked(now)
        elif step is Step.ELECT:
            self._elect()

    def _elect(self) -> None:
        """Append an Epoch behind what this node has carried out."""
        replay, state = self._replay, self._state
        epoch = max(self._wall(), state.time + 1)
        record = epoch_record(state.sequence + 1, epoch, self._node, self._endpoints, VERSION)
        self._epoch_record = record
        log.info("this node elects itself", epoch=epoch, position=replay.position)
        self._log.begin(replay.position, replay.crc)
        self._log.begin_append(replay.position, record)
        self.member.electing()
        self._look_at_election()

    def _look_at_election(self) -> None:
        assert self._epoch_record is not None, "an Epoch is being appended"
        try:
            appended = self._log.appended()
        except FencedError:
            log.info("not elected: another node has appended")
            self.member.not_elected()
            return
        if appended is not None:
            self.member.elected(appended)
            self._replay.drop_parts()
            self._replay.committed(appended.position, appended.crc, self._epoch_record)
            self._common.checkpoints.received(Logged(appended.position, appended.crc, self._epoch_record))


def drop_frames(receive: Callable[[], zmq.Frame], most: int = MAX_DROPPED) -> None:
    """Drop what waits, at most so many frames."""
    for _ in range(most):
        try:
            receive()
        except zmq.Again:
            return
