"""Orders as a client is told them, from what the matcher answered: with the instruments that they need."""

import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.broker import MatcherUnavailableError, OutcomeUnknownError, Stamped
from gateway.instruments import Instruments
from gateway.problems import expect
from gateway.schemas import Order
from gateway.translate import order, placed_order
from protocol.commands import PlaceOrder
from protocol.events import Answer, OrderResult, OrderState
from protocol.instrument import Instrument

MADE_AT_ONCE: Final = 50
"""Orders of a list that are made in one turn of the loop: some 0.3 ms of work."""


def new_order_view(command: PlaceOrder, answer: Stamped[Answer], instrument: Instrument) -> Order:
    """The order that the command made, or the one that it made before; ProblemError where the matcher refused it."""
    result = answer.value
    if isinstance(result, OrderResult):
        state = placed_order(command, result, answer.sequence, answer.timestamp)
    else:
        state = expect(OrderState, result)
    return order(state, instrument)


async def order_views(states: Sequence[OrderState], instruments: Instruments) -> list[Order]:
    """The orders, made a few at a time: what else comes has its turns between."""
    views: list[Order] = []
    for begin in range(0, len(states), MADE_AT_ONCE):
        if begin > 0:
            await asyncio.sleep(0)
        views += [order(state, await instruments.find(state.symbol)) for state in states[begin : begin + MADE_AT_ONCE]]
    return views


async def changed_order_views(states: Sequence[OrderState], instruments: Instruments) -> list[Order]:
    """As order_views, of orders that a command has changed; OutcomeUnknownError where they cannot be told for want of
    an instrument."""
    try:
        return await order_views(states, instruments)
    except MatcherUnavailableError as error:
        raise OutcomeUnknownError("the matcher went away after the command") from error


async def changed_order_view(answer: object, instruments: Instruments) -> Order:
    """The order that a command answered; ProblemError where the matcher refused the command."""
    [view] = await changed_order_views([expect(OrderState, answer)], instruments)
    return view
