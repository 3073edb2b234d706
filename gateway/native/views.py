"""Orders as a client is told them, from what the matcher answered: with the instruments that they need."""

from collections.abc import Iterable

from gateway.link.broker import MatcherUnavailableError, OutcomeUnknownError, Stamped
from gateway.link.instruments import Instruments
from gateway.native.json.schemas import Order
from gateway.native.json.translate import order, placed_order
from gateway.native.problems import expect
from protocol.commands import PlaceOrder
from protocol.events import Answer, OrderResult, OrderState
from protocol.instrument import Instrument


def new_order_view(command: PlaceOrder, answer: Stamped[Answer], instrument: Instrument) -> Order:
    """The order that the command made, or the one that it made before; ProblemError where the matcher refused it."""
    result = answer.value
    if isinstance(result, OrderResult):
        state = placed_order(command, result, answer.sequence, answer.timestamp)
    else:
        state = expect(OrderState, result)
    return order(state, instrument)


async def order_views(states: Iterable[OrderState], instruments: Instruments) -> list[Order]:
    return [order(state, await instruments.find(state.symbol)) for state in states]


async def changed_order_views(states: Iterable[OrderState], instruments: Instruments) -> list[Order]:
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
