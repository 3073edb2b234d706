"""Where the demo trades: a running matcher, or an engine in this process that nobody sees."""

from collections.abc import Sequence
from typing import Final, Protocol

from matcher.engine import Engine
from matcher.serving.answers import answer
from matcher.serving.queries import answer_query
from protocol.client import CommandClient
from protocol.commands import CancelAllOrders, Command, DepthQuery, OrderQuery, OrdersQuery, Query, TradesQuery
from protocol.events import Answer, CommandRefused, OrderStates, Result
from protocol.units import Refusal

AT_ONCE: Final = 4_096
"""Commands that wait for their answers at most."""

Question = DepthQuery | OrderQuery | OrdersQuery | TradesQuery
"""The queries that an engine alone answers."""


class LostError(Exception):
    """The exchange is another one than that which was entered: it lacks an instrument."""


class Venue(Protocol):
    def carry_out(self, commands: Sequence[Command]) -> list[Answer]:
        """The answers to the commands, in their order."""

    def ask(self, questions: Sequence[Question]) -> list[Result]:
        """The results, as of after all commands before."""


def check_known(symbol: str, told: Answer | Result) -> None:
    """Raises LostError if the exchange does not know the symbol."""
    if isinstance(told, CommandRefused) and told.refusal is Refusal.UNKNOWN_SYMBOL:
        raise LostError(f"the exchange has no {symbol} any more")


def cancel_all(venue: Venue, accounts: Sequence[str], symbol: str | None = None) -> None:
    """Cancel all orders of the accounts; `symbol` None means all symbols."""
    left = list(accounts)
    while left:
        answers = venue.carry_out([CancelAllOrders(account, symbol) for account in left])
        left = [
            account
            for account, answer in zip(left, answers, strict=True)
            if isinstance(answer, OrderStates) and answer.more
        ]


class LiveVenue:
    """A matcher, over the session of a client. Raises what the client raises."""

    def __init__(self, client: CommandClient) -> None:
        self._client = client

    def carry_out(self, commands: Sequence[Command]) -> list[Answer]:
        answers: list[Answer] = []
        for first in range(0, len(commands), AT_ONCE):
            numbers = self._client.send(commands[first : first + AT_ONCE])
            answers += [self._client.receive().answer for _ in numbers]
        return answers

    def ask(self, questions: Sequence[Query]) -> list[Result]:
        requests = [self._client.ask(question) for question in questions]
        return [self._client.result(request).result for request in requests]


class EngineVenue:
    """An engine of its own: every answer is there at once."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._sequence = 0

    def carry_out(self, commands: Sequence[Command]) -> list[Answer]:
        return [self._apply(command) for command in commands]

    def ask(self, questions: Sequence[Question]) -> list[Result]:
        return [answer_query(self._engine.registry, question) for question in questions]

    def _apply(self, command: Command) -> Answer:
        self._sequence += 1
        events = self._engine.apply(self._sequence, self._sequence, command)
        return answer(self._engine.registry, command, events)
