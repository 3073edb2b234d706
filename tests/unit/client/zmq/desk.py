"""A matcher that followers ask, and that a test answers for."""

from collections.abc import Callable
from typing import TypeVar

from matching_exchange.client.zmq.link import Outcome
from protocol.commands import Command, Query
from protocol.events import Answer, QueryResult, Result
from protocol.instrument import Instrument
from protocol.session import Answered

Kind = TypeVar("Kind")

BTC = Instrument("BTC-USDT", "BTC", "USDT", 2, 5, 1, 1, 1, 10**12, 10**12, 0, 10, 20)


class Desk:
    """`questions` and `commands` wait for their answers, oldest first."""

    def __init__(self) -> None:
        self.questions: list[tuple[Query, Callable[[QueryResult], None]]] = []
        self.commands: list[tuple[Command, Callable[[Outcome], None]]] = []

    def ask(self, query: Query, found: Callable[[QueryResult], None]) -> None:
        self.questions.append((query, found))

    def command(self, command: Command, done: Callable[[Outcome], None]) -> None:
        self.commands.append((command, done))

    def asked(self, kind: type[Kind]) -> Kind:
        """The oldest question, which must be of this kind."""
        query = self.questions[0][0]
        assert isinstance(query, kind)
        return query

    def answer(self, result: Result, sequence: int = 1) -> None:
        """Answer the oldest question."""
        _, found = self.questions.pop(0)
        found(QueryResult(1, 1, sequence, sequence * 1_000, result))

    def carry_out(self, answer: Answer, sequence: int = 1) -> None:
        """Answer the oldest command."""
        _, done = self.commands.pop(0)
        done(Answered(1, sequence, sequence * 1_000, answer))

    def refuse(self, error: Exception) -> None:
        """The oldest command is not sent."""
        _, done = self.commands.pop(0)
        done(error)
