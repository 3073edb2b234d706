"""The role of one node: when it may elect itself, and how long it surely leads. The log alone decides who leads.

This knows no log and no clock. Its owner tells what has happened, and carries out what `work` says. All times are of
one clock (`matcher.replication.timings`), and the order in which its owner reads it matters:

- `received`: read after the record was taken. So the time is later than the begin of the record's append.
- `begun`: read before the append is sent.
- `may_answer`: read right before the answer is sent.

No older leader answers queries once a new one leads. It answers for LEASE from the begin of its last committed
append. Who elects itself has received that record, or the log refuses its Epoch. It has then waited for its silence,
which is longer than LEASE.
"""

from enum import Enum, IntEnum
from typing import Final

from matcher.replication.timings import BEAT_EVERY, LEASE, LOG_IS_BACK, PROBE_EVERY, PROBE_SLOW, silence_of
from matcher.storage.log import Appended, HeadAnswer, Position

FRESH: Final = 2 * PROBE_EVERY
"""An answer of the log that is older does not show that nobody has appended."""


class Role(IntEnum):
    """What the node is. It is a standby at the start, and never goes back from leading."""

    STANDBY = 1
    ELECTING = 2
    LEADER = 3
    DEPOSED = 4


class Step(Enum):
    """What the owner has to do now.

    ASK: `ask_head` of the log, then `asked`.
    ELECT: append an Epoch at `applied`, then `electing`. Take nothing from the follower until its outcome is told.
    BEAT: append a Beat, then `begun`.
    """

    ASK = "ask"
    ELECT = "elect"
    BEAT = "beat"


class RewoundLogError(Exception):
    """The log ends before what this node has received of it: it has lost what was answered. The message is one line."""


class Member:
    """A node of this `rank`, at the position up to which it has replayed the log.

    now: read after the last record of the replay was read. The node may have been its only reader.
    applied: the position of the last record that was received, or committed by this node.
    """

    def __init__(self, rank: int, applied: Position, now: int) -> None:
        self.role = Role.STANDBY
        self.applied = applied
        self._rank = rank
        self._silence = silence_of(rank)
        self._received_at = now
        self._asking = False
        self._asked_applied = applied
        self._probe_at = 0
        self._head: HeadAnswer | None = None
        self._log_away = False
        self._log_slow = False
        self._log_back_at = 0
        self._appended_at = 0
        self._lease_until = 0
        self._resigned = False

    # As a standby

    def received(self, position: Position, now: int) -> None:
        """A record was taken from the follower, and is carried out."""
        self.applied = position
        self._received_at = now
        self._silence = silence_of(self._rank)

    def handed_over(self, now: int) -> None:
        """The last received record is a Handover to this node: no silence has to pass. Its leader answers no query any
        more."""
        self._silence = 0
        self._head = HeadAnswer(self.applied, now, now)

    def asked(self, now: int) -> None:
        """The log was asked for its end."""
        self._asking = True
        self._asked_applied = self.applied
        self._probe_at = now + PROBE_EVERY

    def head(self, answer: HeadAnswer) -> None:
        """The log has answered, or failed to. RewoundLogError if it ends before what was received of it."""
        self._asking = False
        if answer.position is None:
            self._log_away = True
            self._head = None
            return
        slow = answer.answered - answer.asked > PROBE_SLOW
        if self._log_away or (slow and not self._log_slow):
            # The log was away, and not the leader: its waiting append goes first. A log that stays slow is not away.
            self._log_back_at = answer.answered
        self._log_away = False
        self._log_slow = slow
        if answer.position < self._asked_applied:
            raise RewoundLogError(
                f"the log ends at position {answer.position}, this node has received it up to {self._asked_applied}: "
                "it has lost what was answered"
            )
        self._head = answer

    def electing(self) -> None:
        """An Epoch is being appended at `applied`."""
        self.role = Role.ELECTING

    def elected(self, appended: Appended) -> None:
        """The Epoch is in the log: this node leads from here on."""
        self.role = Role.LEADER
        self._appended_at = appended.begun
        self.committed(appended)

    def not_elected(self) -> None:
        """Another record stands where the Epoch was to go. This node follows on."""
        self.role = Role.STANDBY
        self._silence = silence_of(self._rank)
        self._head = None

    # As the leader

    def begun(self, now: int) -> None:
        """An append is sent now."""
        self._appended_at = now

    def committed(self, appended: Appended) -> None:
        """The append under way is in the log."""
        self.applied = appended.position
        self._lease_until = appended.begun + LEASE

    def fenced(self) -> None:
        """The log has refused an append: another node leads."""
        self.role = Role.DEPOSED

    def resign(self) -> None:
        """Answer no query from now on, whatever is committed: a Handover is to be appended."""
        self._resigned = True

    def may_answer(self, now: int) -> bool:
        """Whether this node surely leads, so that an answer to a query is of now."""
        return self.role is Role.LEADER and not self._resigned and now < self._lease_until

    def work(self, now: int, *, append_under_way: bool = False) -> Step | None:
        """What to do now, if anything."""
        if self.role is Role.LEADER:
            return Step.BEAT if not append_under_way and now >= self._appended_at + BEAT_EVERY else None
        if self.role is not Role.STANDBY:
            return None
        if self._head is not None and now - self._head.answered >= FRESH:
            self._head = None
        if now >= self._elect_at() and self._may_lead():
            return Step.ELECT
        return Step.ASK if not self._asking and now >= self._ask_at() else None

    def due(self, *, append_under_way: bool = False) -> int | None:
        """When `work` is to be asked at the latest, unless something happens before; None for not by itself."""
        if self.role is Role.LEADER:
            return None if append_under_way else self._appended_at + BEAT_EVERY
        if self.role is not Role.STANDBY:
            return None
        if not self._asking:
            return min(self._ask_at(), self._elect_at()) if self._may_lead() else self._ask_at()
        return self._elect_at() if self._may_lead() else None

    def _elect_at(self) -> int:
        return max(self._received_at + self._silence, self._log_back_at + LOG_IS_BACK)

    def _ask_at(self) -> int:
        return max(self._received_at + self._silence // 2, self._probe_at)

    def _may_lead(self) -> bool:
        """Whether the log has ended lately at what this node has carried out, and was not away."""
        return self._head is not None and not self._log_away and self._head.position == self.applied
