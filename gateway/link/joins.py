"""What becomes of a command or a query that goes to all shards: one row for each kind."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
from protocol.commands import Command, InstrumentsQuery, Query
from protocol.events import Answer, InstrumentList, Result

Told = Stamped[Answer] | MatcherUnavailableError | OutcomeUnknownError
"""What one shard has answered to a command, or why it has not."""

Found = Stamped[Result] | MatcherUnavailableError
"""What one shard has answered to a query, or why it has not."""


class Shards(Protocol):
    """All shards, as a join needs them. Each list is in the order of the map."""

    async def send_each(self, command: Command) -> list[Told]: ...

    async def ask_each(self, query: Query, seconds: float, repeat: float) -> list[Found]: ...


SendAll = Callable[[Shards, Any], Coroutine[Any, Any, Stamped[Answer]]]
AskAll = Callable[[Shards, Any, float, float], Awaitable[Stamped[Result]]]


def all_found(found: list[Found]) -> list[Stamped[Result]]:
    """The results, where every shard has one. MatcherUnavailableError where one has not."""
    results = []
    for result in found:
        if isinstance(result, MatcherUnavailableError):
            raise result
        results.append(result)
    return results


async def _instruments(shards: Shards, query: InstrumentsQuery, seconds: float, repeat: float) -> Stamped[Result]:
    results = all_found(await shards.ask_each(query, seconds, repeat))
    joined = [
        each for result in results if isinstance(result.value, InstrumentList) for each in result.value.instruments
    ]
    return Stamped(
        max(result.sequence for result in results), max(result.timestamp for result in results), InstrumentList(joined)
    )


SEND_ALL: Final[Mapping[type[Command], SendAll]] = MappingProxyType({})
"""Commands of whole accounts."""

ASK_ALL: Final[Mapping[type[Query], AskAll]] = MappingProxyType({InstrumentsQuery: _instruments})
"""Queries that name no symbol and no order."""
