"""The exchange that a recording is replayed to: an engine in this process, or a running matcher behind its sockets.

Both take commands and queries in order, and answer in that order, perhaps later. Each answer goes to the function
given with the command, together with its subject.
"""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from matcher.engine import Engine
from matcher.serving.answers import answer
from matcher.serving.queries import answer_query
from protocol.commands import Command, DepthQuery, InstrumentsQuery, OrderQuery, OrdersQuery
from protocol.events import Answer, Result

Question = DepthQuery | InstrumentsQuery | OrderQuery | OrdersQuery
"""The queries that a replay asks."""

Subject = TypeVar("Subject")


class ExchangeError(Exception):
    """The exchange does not answer, or cannot take the recording; the message says why."""


class Exchange(Protocol):
    def send(self, command: Command, receive: Callable[[Subject, Answer], None], subject: Subject) -> None:
        """Send the command; its answer goes to `receive`."""

    def ask(self, question: Question, receive: Callable[[Subject, Result], None], subject: Subject) -> None:
        """Ask for the state after all commands before; the result goes to `receive`."""

    def wait(self, seconds: float) -> None:
        """Let this time pass."""

    def settle(self) -> None:
        """Return when everything that was sent and asked is answered."""

    def close(self) -> None:
        """Give back what the exchange holds."""


def send_now(exchange: Exchange, command: Command) -> Answer:
    """The answer to a command that the next one depends on."""
    answers: list[Answer] = []
    exchange.send(command, list.append, answers)
    exchange.settle()
    return answers[0]


def ask_now(exchange: Exchange, question: Question) -> Result:
    """The result of a query that the next command depends on."""
    results: list[Result] = []
    exchange.ask(question, list.append, results)
    exchange.settle()
    return results[0]


class EngineExchange:
    """An engine of its own: every answer is there at once."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._sequence = 0

    def send(self, command: Command, receive: Callable[[Subject, Answer], None], subject: Subject) -> None:
        self._sequence += 1
        events = self._engine.apply(self._sequence, self._sequence, command)
        receive(subject, answer(self._engine.registry, command, events))

    def ask(self, question: Question, receive: Callable[[Subject, Result], None], subject: Subject) -> None:
        receive(subject, answer_query(self._engine.registry, question))

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def settle(self) -> None:
        """Nothing is ever open."""

    def close(self) -> None:
        """Nothing is held."""
