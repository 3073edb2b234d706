"""Commands that cancel many orders: the matcher carries out a bounded part of each, and it is sent again until nothing
is left."""

import asyncio
from typing import Final, TypeVar

from msgspec import Struct

from gateway.link.broker import Broker, MatcherUnavailableError, OutcomeUnknownError
from gateway.link.instruments import Instruments
from gateway.native.json.schemas import Order
from gateway.native.json.translate import order
from gateway.native.problems import expect
from protocol.commands import Command
from protocol.events import AccountState, OrderState, OrderStates

MAX_TOLD: Final = 10_000
"""The most canceled orders that one answer holds."""

VIEWS_AT_ONCE: Final = 500
"""The most orders that are made ready for an answer before other work of the loop gets its turn."""

Result = TypeVar("Result", OrderStates, AccountState)


class Canceled(Struct):
    """The first MAX_TOLD orders that were canceled, and how many they are in all."""

    orders: list[Order]
    count: int


async def cancel_many(
    broker: Broker, instruments: Instruments, command: Command, kind: type[Result]
) -> tuple[Result, Canceled]:
    """Carry the command out, to its end; the last answer, and what was canceled. OutcomeUnknownError where the matcher
    goes away on the way: sent again, the command goes on."""
    canceled = Canceled([], 0)
    result = expect(kind, (await broker.submit(command)).value)
    while True:
        canceled.count += len(result.orders)
        try:
            canceled.orders += await _views(result.orders[: MAX_TOLD - len(canceled.orders)], instruments)
            if not result.more:
                return result, canceled
            result = expect(kind, (await broker.submit(command)).value)
        except MatcherUnavailableError as error:
            raise OutcomeUnknownError("the matcher went away after the command") from error


async def _views(states: list[OrderState], instruments: Instruments) -> list[Order]:
    views: list[Order] = []
    for start in range(0, len(states), VIEWS_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        views += [order(state, await instruments.find(state.symbol)) for state in states[start : start + VIEWS_AT_ONCE]]
    return views
