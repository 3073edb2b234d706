"""Carries out the records of a replicated log, and checks that this gives what their leaders had.

The log has checked the chain of CRCs already.
"""

from collections.abc import Callable

import msgspec

from matcher.replication.outputs import outputs_of
from matcher.replication.parts import Joiner, PartsError
from matcher.reply import Reply
from matcher.state import Caused, JournalMismatchError, State
from matcher.storage.entries import OWN_SESSION
from matcher.storage.log import Kind, Logged, Position, Record

Observe = Callable[[Record, list[Reply], list[Caused]], None]
"""Gets a record that was carried out, its replies, and what its commands have caused."""


class DivergedError(Exception):
    """This node does not compute what the leader has. The message is one line with the position and the sequence."""


class Replay:
    """The state as of a place in the log.

    position, crc: that place. epoch: of the last record there.
    """

    def __init__(self, state: State, position: Position = 0, crc: int = 0, epoch: int = 0) -> None:
        self.state = state
        self.position = position
        self.crc = crc
        self.epoch = epoch
        self._joiner = Joiner()

    def take(self, logged: Logged, observe: Observe) -> Record | None:
        """Carry out the next record. Returns it, or the batch whose last Part it is; None for another Part.
        DivergedError if it does not continue the state, or gives other answers."""
        try:
            record = self._carry_out(logged.record, observe)
        except (JournalMismatchError, PartsError, msgspec.MsgspecError) as error:
            raise self._diverged(logged, str(error)) from error
        self.position, self.crc = logged.position, logged.crc
        return record

    def committed(self, position: Position, crc: int, record: Record) -> None:
        """This node has appended the record itself, and carried it out before."""
        self.position, self.crc = position, crc
        self.epoch = record.epoch
        self.state.time = record.time

    def drop_parts(self) -> None:
        """An Epoch of this node follows: a set of Parts that is not whole will never be."""
        self._joiner = Joiner()

    def _carry_out(self, taken: Record, observe: Observe) -> Record | None:
        if taken.epoch < self.epoch or (taken.kind is Kind.EPOCH and taken.epoch == self.epoch):
            raise JournalMismatchError(f"its epoch is {taken.epoch}, after {self.epoch}")
        state = self.state
        if taken.sequence != state.sequence + 1:
            raise JournalMismatchError(f"it begins with sequence {taken.sequence}, after {state.sequence}")
        record = self._joiner.take(taken)
        if record is None:
            return None
        self.epoch = record.epoch
        if record.kind is Kind.BATCH:
            replies: list[Reply] = []
            caused: list[Caused] = []

            def note(reply: Reply, of_reply: list[Caused]) -> None:
                if reply.session != OWN_SESSION:
                    replies.append(reply)
                caused.extend(of_reply)

            state.replay(record, note)
            outputs = outputs_of(replies)
            if outputs != record.outputs:
                raise JournalMismatchError(
                    f"its answers have the CRC {record.outputs:08x} at the leader, {outputs:08x} here"
                )
            observe(record, replies, caused)
        state.time = record.time
        return record

    def _diverged(self, logged: Logged, what: str) -> DivergedError:
        record = logged.record
        return DivergedError(
            f"this node differs from the log at position {logged.position}, sequence {record.sequence}: {what}"
        )
