"""The judge: sees what is committed, answered and decided, and raises Violation where a promise is broken."""

from typing import Final

from matcher.replication import record_format
from matcher.storage.log import Kind, Position, Record
from matching_exchange.tools.simulate_replication.seen import Seen
from matching_exchange.tools.simulate_replication.state import Answer, State, command_of
from matching_exchange.tools.simulate_replication.world import Violation, World

STALE: Final = "a query was answered from a state older than what had been answered before it was asked"


class Audit:
    """`log` has all records that were ever committed, trimmed ones too, in the order of their commits."""

    def __init__(self, world: World, seen: Seen) -> None:
        self._world = world
        self._seen = seen
        self.state = State()
        self.log: list[bytes] = []
        self.crcs: list[int] = [0]
        self.epoch = 0
        self.leader: int | None = None
        self.answers: dict[tuple[int, int], Answer] = {}
        self.values: list[int] = [0]
        self.floor = 0
        """The sequence of the newest state that anybody outside has seen."""

    def committed(self, position: Position, packed: bytes) -> None:
        """A server has put a record there."""
        if position != len(self.log) + 1:
            raise Violation(f"a record was put at position {position}, and {len(self.log)} were committed before")
        record, crc = record_format.unpack(packed, None)
        self._world.note(
            f"log {position}: {record.kind.name} of node {record.node}, epoch {record.epoch % 10**9}, "
            f"{len(record.entries)} entries"
        )
        if record.kind is Kind.EPOCH:
            if record.epoch <= self.epoch:
                raise Violation(f"epoch {record.epoch} follows epoch {self.epoch}")
            self.epoch, self.leader = record.epoch, record.node
            self._seen.elections += 1
        elif (record.epoch, record.node) != (self.epoch, self.leader):
            raise Violation(
                f"a record of epoch {record.epoch}, node {record.node} stands behind epoch {self.epoch} of node "
                f"{self.leader}"
            )
        record_format.unpack(packed, self.crcs[-1])
        self.log.append(packed)
        self.crcs.append(crc)
        self._replay(record)

    def _replay(self, record: Record) -> None:
        if record.time < self.state.time:
            raise Violation(f"time goes back from {self.state.time} to {record.time}")
        if record.sequence != self.state.sequence + 1:
            raise Violation(f"sequence {record.sequence} follows {self.state.sequence}")
        if record.kind is Kind.BATCH:
            for entry in record.entries:
                command = command_of(entry)
                # Those of the same record raise `taken` too: they are told apart by their numbers in `answers`.
                if (command.session, command.number) in self.answers:
                    raise Violation(f"command {command.number} of session {command.session} is in the log twice")
                answer = self.state.execute(entry, record.time)
                self.answers[command.session, command.number] = answer
                self.values.append(answer.value)
                if command.number > 1 and (command.session, command.number - 1) not in self.answers:
                    raise Violation(f"command {command.number} of session {command.session} came before the last one")
        self.state.time = record.time
        self.state.epoch = self.epoch

    def taken(self, position: Position, packed: bytes) -> None:
        """A node was told that its record is in the log."""
        if position > len(self.log) or self.log[position - 1] != packed:
            raise Violation(f"a node was told that its record stands at position {position}, and it does not")

    def fenced(self, position: Position, packed: bytes, trimmed: Position) -> None:
        """A node was told that another record stands where its own was to go, or that others have trimmed it."""
        if position > len(self.log):
            raise Violation(f"a node was fenced at position {position}, and the log ends at {len(self.log)}")
        if position > trimmed and self.log[position - 1] == packed:
            raise Violation(f"a node was fenced at position {position} by its own record")

    def replayed(self, node: int, outputs: int, record: Record) -> None:
        """A standby has carried out a record."""
        if outputs != record.outputs:
            raise Violation(f"node {node} has diverged: other answers at sequence {record.sequence}")

    def answered(self, answer: Answer) -> None:
        """A client has received an answer to a command."""
        committed = self.answers.get((answer.session, answer.number))
        if committed is None:
            raise Violation(f"command {answer.number} of session {answer.session} was answered and is not in the log")
        if committed != answer:
            raise Violation(f"command {answer.number} of session {answer.session} was answered otherwise than the log")
        self._seen.answers += 1
        self.floor = max(self.floor, answer.sequence)

    def read(self, floor: int, sequence: int, value: int) -> None:
        """A client has received the answer to a query that it had sent when the newest state seen was `floor`."""
        if sequence >= len(self.values) or self.values[sequence] != value:
            raise Violation(f"a query was answered from sequence {sequence}, which is not committed so")
        if sequence < floor:
            raise Violation(f"{STALE}: {sequence} < {floor}")
        self._seen.reads += 1
        self.floor = max(self.floor, sequence)
