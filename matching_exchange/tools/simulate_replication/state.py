"""What the nodes compute: sessions with numbered commands, each executed once, and a value that depends on all of them.

It stands for the matcher's state. Two nodes that took other commands, or the same at other times, differ in `value`.
"""

import struct
from typing import Final, NamedTuple
from zlib import crc32

from matcher.storage.log import Kind, Record

_COMMAND = struct.Struct("<HIQ")

REMEMBERED: Final = 8
"""Answers that are kept for a session: more than a client has under way."""


class Command(NamedTuple):
    """A command of a session. `number` counts within the session, from 1."""

    session: int
    number: int
    amount: int

    def packed(self) -> bytes:
        return _COMMAND.pack(self.session, self.number, self.amount)


class Answer(NamedTuple):
    """What a command has come to."""

    session: int
    number: int
    sequence: int
    time: int
    value: int


class State:
    """sequence, time: those of the last command. value: depends on all of them and their times."""

    def __init__(self) -> None:
        self.sequence = 0
        self.time = 0
        self.value = 0
        self.epoch = 0
        self.taken: dict[int, int] = {}
        self.answers: dict[int, dict[int, Answer]] = {}

    def copy(self) -> "State":
        other = State()
        other.sequence, other.time, other.value, other.epoch = self.sequence, self.time, self.value, self.epoch
        other.taken = dict(self.taken)
        other.answers = {session: dict(answers) for session, answers in self.answers.items()}
        return other

    def is_next(self, command: Command) -> bool:
        return command.number == self.taken.get(command.session, 0) + 1

    def answered(self, command: Command) -> Answer | None:
        """The answer of a command that was executed before."""
        return self.answers.get(command.session, {}).get(command.number)

    def execute(self, packed: bytes, time: int) -> Answer:
        command = Command(*_COMMAND.unpack(packed))
        self.sequence += 1
        self.time = time
        self.value = crc32(packed, self.value ^ (time & 0xFFFFFFFF))
        self.taken[command.session] = command.number
        answer = Answer(command.session, command.number, self.sequence, time, self.value)
        answers = self.answers.setdefault(command.session, {})
        answers[command.number] = answer
        answers.pop(command.number - REMEMBERED, None)
        return answer

    def replay(self, record: Record) -> tuple[list[Answer], int]:
        """Carry out a record: its answers, and their CRC."""
        self.time = record.time
        if record.kind is Kind.EPOCH:
            self.epoch = record.epoch
        answers = [self.execute(entry, record.time) for entry in record.entries] if record.kind is Kind.BATCH else []
        return answers, outputs_of(answers)


def outputs_of(answers: list[Answer]) -> int:
    return crc32(repr([tuple(answer) for answer in answers]).encode()) if answers else 0


def command_of(packed: bytes) -> Command:
    return Command(*_COMMAND.unpack(packed))
