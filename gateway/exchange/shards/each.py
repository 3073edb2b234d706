"""One call to every shard, and what it means that some of them have not answered."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from gateway.exchange.shards.parts import Part, Parts
from gateway.link.errors import (
    DONE,
    NOT_TAKEN,
    UNKNOWN,
    MatcherUnavailableError,
    OutcomeUnknownError,
    RefusedError,
    ShardOutcome,
    ShardsOutcomeError,
)

Value = TypeVar("Value")

Failure = RefusedError | MatcherUnavailableError | OutcomeUnknownError
"""Why a shard has not answered as asked."""


async def outcomes_of(parts: Iterable[Part], call: Callable[[Part], Awaitable[Value]]) -> list[Value | Failure]:
    """The outcome of the call in each shard, in the order of the map. All are called at once."""

    async def outcome(part: Part) -> Value | Failure:
        try:
            return await call(part)
        except (RefusedError, MatcherUnavailableError, OutcomeUnknownError) as error:
            return error

    return await asyncio.gather(*(outcome(part) for part in parts))


async def carried_out(
    parts: Parts, call: Callable[[Part], Awaitable[Value]], count: Callable[[Value], int | None]
) -> list[Value]:
    """The answers of all shards to a command. `count` tells how many orders an answer has canceled.

    RefusedError where a shard refuses. MatcherUnavailableError where none has taken it. ShardsOutcomeError, with the
    result of each, where some have.
    """
    outcomes = await outcomes_of(parts, call)
    answers: list[Value] = []
    told: dict[str, ShardOutcome] = {}
    away: MatcherUnavailableError | None = None
    for part, outcome in zip(parts, outcomes, strict=True):
        if isinstance(outcome, RefusedError):
            raise outcome
        if isinstance(outcome, MatcherUnavailableError):
            away = outcome
            told[part.name] = ShardOutcome(NOT_TAKEN)
        elif isinstance(outcome, OutcomeUnknownError):
            told[part.name] = ShardOutcome(UNKNOWN)
        else:
            answers.append(outcome)
            told[part.name] = ShardOutcome(DONE, count(outcome))
    if len(answers) == len(told):
        return answers
    if away is not None and all(outcome.result == NOT_TAKEN for outcome in told.values()):
        raise away
    raise ShardsOutcomeError(told)


async def found_in_all(parts: Iterable[Part], call: Callable[[Part], Awaitable[Value]]) -> list[Value]:
    """What each shard tells, in the order of the map. Fails as the first that does."""
    return await asyncio.gather(*(call(part) for part in parts))
