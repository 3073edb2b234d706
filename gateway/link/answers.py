"""The matcher's answers: stamped with their place in the order of all commands, and checked for their kind."""

from typing import Generic, TypeVar

from msgspec import Struct

from gateway.link.errors import RefusedError
from protocol.events import CommandRefused

Value = TypeVar("Value")
Kind = TypeVar("Kind")


class Stamped(Struct, Generic[Value], frozen=True):
    """An answer with the sequence and the time (nanoseconds) of its command, or a result as of that sequence."""

    sequence: int
    timestamp: int
    value: Value


def expect(kind: type[Kind], answer: object) -> Kind:
    """The answer, which is a `kind`. RefusedError where the matcher refused."""
    if isinstance(answer, CommandRefused):
        raise RefusedError(answer.refusal, answer.field, answer.detail)
    assert isinstance(answer, kind), answer
    return answer
