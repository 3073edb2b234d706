"""A node that leads: it takes commands in, and answers once their record is in the log.

One record is under way at a time. While one is, no frame is taken and no depth is published, for the state is ahead of
the log. Only pulses go on. Results of queries go out while this node surely leads, see `matcher.replication.member`.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from matcher import CORE
from matcher.config import Config
from matcher.node.common import Common
from matcher.node.standby import drop_frames
from matcher.node.tail import Tail
from matcher.node.telling import Told
from matcher.replication import timings
from matcher.replication.member import Member, Step
from matcher.replication.outputs import fresh, outputs_of
from matcher.replication.parts import MAX_BATCH_BYTES, split
from matcher.replication.records import Handover, Poisoned, pack_content
from matcher.serving.clock import Clock
from matcher.serving.intake import Replicated
from matcher.serving.queries import count_open_orders
from matcher.serving.service import Epoch, Service
from matcher.serving.turn import Turn, new_turn
from matcher.storage.data_directory import DataDirectory
from matcher.storage.log import FencedError, Kind, Logged, Record
from matching_exchange.process.histogram import Histogram
from protocol import topics
from protocol.codec import encode
from protocol.commands import OwnCommand
from protocol.events import MatcherStatus
from protocol.node import NodeRole
from protocol.node_frames import HandOver, NoteReader
from protocol.sockets import frame_receiver

ALWAYS_SAFE: Final = "replicated"
"""What the status says in place of MATCHER_SYNC."""

log = structlog.get_logger("matcher")


FULL: Final = 3_600_000_000_000
"""What a leader tells as `waiting` while the log is too full for commands: nanoseconds, so that gateways send none."""


class Figures:
    """What was appended: records, the bytes of their entries, and how long each append took."""

    def __init__(self) -> None:
        self.records = 0
        self.written = 0
        self.sync_times = Histogram()


class Leader:
    """Leads from the Epoch on that `replay` stands behind. `now` is the clock of the replication.

    wait(milliseconds): waits until the log's descriptor is readable. The loop and a crash use it.
    """

    def __init__(
        self,
        config: Config,
        directory: DataDirectory,
        common: Common,
        member: Member,
        wait: Callable[[int], None],
        now: Callable[[], int] = timings.now,
        clock: Clock | None = None,
    ) -> None:
        self._common = common
        self._node = common.config.node
        self._log = common.log
        self._replay = replay = common.replay
        self._state = state = replay.state
        self._member = member
        self._checkpoints = common.checkpoints
        self._doors = common.doors
        self._telling = common.telling
        self._wait = wait
        self._now = now
        self._clock = clock = clock or Clock(state.time)
        self._started_at = clock.monotonic()
        self._epoch = replay.epoch
        self.figures = Figures()
        replicated = Replicated(common.notes, MAX_BATCH_BYTES, self._poison, self._take_in)
        epoch = Epoch(replay.epoch, self._log.id, self.figures, replicated=replicated)
        self.service = Service(config, directory, state, clock, common.doors, epoch, self._status)
        # Committed, and so told.
        self._sequence = state.sequence
        self._time = state.time
        # The record under way, further Parts of its batch, the turn that made it, and what is said when it is safe.
        self._under_way: Record | None = None
        self._parts: deque[Record] = deque()
        self._made_by: Turn | None = None
        self._said_then: list[Turn] = []
        # What is said with the next record.
        self._held: list[Turn] = []
        self._ready: dict[object, int] = {}
        self._successor: int | None = None
        self.is_handed_over = False

    @property
    def is_waiting(self) -> bool:
        """Whether a record is under way."""
        return self._under_way is not None

    @property
    def is_idle(self) -> bool:
        """Whether all that was taken is answered."""
        return not self.is_waiting and not self.service.intake.waiting and not self._held

    @property
    def unanswered(self) -> int:
        """Commands that were carried out here and are not known to be in the log."""
        return self._state.sequence - self._sequence

    def begin(self, own: list[OwnCommand], tail: Tail) -> None:
        """Begin to lead. `own` are the commands of the matcher itself that are missing."""
        service = self.service
        # What waits there was sent to nobody, or to another leader. It comes again.
        drop_frames(frame_receiver(self._doors.sockets.commands))
        self._clock.stamp()
        self._checkpoints.lead(self._now())
        self._pulse()
        service.market_data.publish_all(self._sequence, self._time)
        service.outbox.say_again(tail.take())
        if own:
            turn = new_turn(self._state.sequence + 1, self._clock.stamp(), self._clock.monotonic())
            service.begin_with(own, turn)
            self._append_batch(turn)

    def until_due(self) -> int:
        """Milliseconds until the next step is due, if nothing happens."""
        monotonic = self._clock.monotonic()
        service = self.service
        wait = self._telling.until_due()
        if self._under_way is not None:
            wait = min(wait, service.outbox.pulse_due - monotonic)
        elif service.intake.waiting or service.desk or service.market_data.telling or self._held:
            return 0
        else:
            wait = min(wait, service.outbox.due - monotonic)
            books_due = service.books.due()
            if books_due is not None:
                wait = min(wait, books_due - monotonic)
            beat_due = self._member.due()
            if beat_due is not None:
                wait = min(wait, beat_due - self._now())
            stamp_due = self._state.engine.next_due()
            if stamp_due is not None:
                wait = min(wait, stamp_due - self._clock.stamp())
        return max(0, -(-wait // 1_000_000))

    def step(self, ready: dict[object, int]) -> None:
        """Do what waits. FencedError if another node leads."""
        if self._under_way is None:
            self._ready = ready
            self._turn()
        else:
            self._look()
        if self._under_way is None:
            self._keep_time()
        else:
            self._clock.stamp()
            self._pulse()

    def stop(self) -> None:
        self.service.stop()

    # Turns

    def _turn(self) -> None:
        service, state, clock = self.service, self._state, self._clock
        if self._log.descriptor in self._ready:
            self._let_the_log_work()
        self._common.hear(self._ready, self._now())
        if self._checkpoints.due:
            self._append([self._record(Kind.CHECKPOINT, self._checkpoints.entries())])
            return
        service.intake.takes_commands = not self._checkpoints.full
        service.look_after_subscribers(self._ready, state.sequence, self._time)
        turn = new_turn(state.sequence + 1, clock.stamp(), clock.monotonic())
        turn.told = self._time
        if self._successor is None or service.intake.waiting:
            service.begin(turn)
            service.intake.take(turn)
            if turn.caused:
                service.tally.note_applied(turn, clock.monotonic())
            service.desk.answer_waiting(turn)
        service.books.work(turn, self._ready)
        if turn.entries:
            self._append_batch(turn)
            return
        self._say(turn)
        self._take_in_children()
        if self._successor is not None and not service.intake.waiting:
            self._hand_over(self._successor)
        elif self._held or self._member.work(self._now()) is Step.BEAT:
            # What waits is said as soon as it is sure again that this node leads.
            self._append([self._record(Kind.BEAT, [])])

    def _take_in_children(self) -> None:
        """Tell what children have made, and start those that are due. The state is that of the log."""
        results = self.service.background.turn(self._ready)
        self._ready = {}
        if results:
            turn = new_turn(self._state.sequence + 1, self._time, self._clock.monotonic())
            turn.reports += [(topics.reports(result.session), encode(result)) for result in results]
            self._say(turn)

    def _say(self, turn: Turn) -> None:
        """Say what a turn without a record has to say: now if this node surely leads, else with the next record."""
        if not turn.reports and not turn.replies and not turn.public:
            return
        if not self._held and self._member.may_answer(self._now()):
            self._tell([turn])
        else:
            self._held.append(turn)

    def _tell(self, turns: Iterable[Turn]) -> None:
        outbox = self.service.outbox
        for turn in turns:
            outbox.hold(self._replay.position, turn)
        outbox.release(self._replay.position)

    # The log

    def _append_batch(self, turn: Turn) -> None:
        """Append what the turn has taken in. It is answered then."""
        self.service.intake.carried_out()
        first = turn.first_sequence
        outputs = outputs_of(fresh(turn.replies, first))
        record = Record(first, turn.time, turn.entries, Kind.BATCH, self._epoch, self._node, outputs)
        self._made_by = turn
        self._held.append(turn)
        self._append(split(record))

    def _record(self, kind: Kind, entries: list[bytes]) -> Record:
        """A record without commands, behind all that are committed."""
        return Record(self._sequence + 1, self._clock.stamp(), entries, kind, self._epoch, self._node)

    def _append(self, records: list[Record]) -> None:
        """Append records one by one. What is held is said after the last one."""
        self._said_then, self._held = self._held, []
        self._parts.extend(records)
        self._append_next()

    def _append_next(self) -> None:
        self._under_way = record = self._parts.popleft()
        self._member.begun(self._now())
        self._log.begin_append(self._replay.position, record)
        self._look()

    def _look(self) -> None:
        """See whether the record under way is in the log."""
        record = self._under_way
        assert record is not None, "a record is under way"
        appended = self._log.appended()
        if appended is None:
            self._log.head_answer()
            return
        self._under_way = None
        self._member.committed(appended)
        self._replay.committed(appended.position, appended.crc, record)
        self._checkpoints.received(Logged(appended.position, appended.crc, record))
        figures = self.figures
        figures.records += 1
        figures.written += sum(map(len, record.entries))
        figures.sync_times.observe(self._now() - appended.begun)
        if self._parts:
            self._append_next()
        elif record.kind is Kind.HANDOVER:
            self.is_handed_over = True
        else:
            self._committed()

    def _let_the_log_work(self) -> None:
        """The log has something to do by itself. A question of the time as a standby is answered to nobody."""
        self._log.appended()
        self._log.head_answer()

    def _committed(self) -> None:
        """All that was carried out is in the log."""
        self._sequence, self._time = self._state.sequence, self._state.time
        turns, self._said_then = self._said_then, []
        self._tell(turns)
        turn, self._made_by = self._made_by, None
        if turn is not None:
            self.service.intake.logged(turn)
            self.service.tally.count(turn)
        self._take_in_children()

    # Time

    def _keep_time(self) -> None:
        """Do the periodic work that is due. The state is that of the log."""
        self._clock.stamp()
        self.service.outbox.keep_time()
        self.service.meter.keep_time(self._clock.monotonic())
        self._telling.keep_time(self._told())
        self._checkpoints.trim(self._now())

    def _pulse(self) -> None:
        """Show that this node is alive, while the state is ahead of the log."""
        self.service.outbox.pulse(self._sequence, self._clock.monotonic())
        self._telling.keep_time(self._told())

    def _told(self) -> Told:
        waiting = FULL if self._checkpoints.full else self._log.waiting
        return Told(NodeRole.LEADER, self._epoch, self._replay.position, self._sequence, self._time, waiting)

    def _status(self) -> MatcherStatus:
        uptime = self._clock.monotonic() - self._started_at
        open_orders = count_open_orders(self._state.registry)
        refused = self.service.intake.refused_frames
        return MatcherStatus(self._epoch, ALWAYS_SAFE, open_orders, uptime, refused, CORE.kind)

    # The end

    def _take_in(self, frame: HandOver | NoteReader) -> None:
        """A frame to the nodes."""
        if isinstance(frame, NoteReader):
            self._checkpoints.note_reader(frame.name, frame.position, self._now())
        elif frame.node != self._node and self._successor is None:
            log.info("handing over", node=frame.node)
            self._successor = frame.node
            # The successor may lead as soon as it reads of it.
            self._member.resign()

    def _hand_over(self, node: int) -> None:
        """Append a Handover. Nothing is said any more: what is held was asked of who leads."""
        self._held = []
        self._append([self._record(Kind.HANDOVER, [pack_content(Handover(node))])])

    def _poison(self, session: int, number: int, error: str) -> None:
        """A command ends this process. Tell the other nodes, so that it ends none of them: one try."""
        until = self._now() + timings.TRY
        record = self._record(Kind.POISON, [pack_content(Poisoned(session, number, error))])
        try:
            self._log.begin_append(self._replay.position, record)
            while self._log.appended() is None:
                left = until - self._now()
                if left <= 0:
                    log.error("the other nodes do not know of the command: the log does not answer")
                    return
                self._wait(-(-left // 1_000_000))
        except FencedError:
            log.error("the other nodes do not know of the command: another node leads")
