"""Lists of orders, made a little at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.native.json.schemas import Order
from gateway.native.json.translate import order
from protocol.events import OrderState
from protocol.instrument import Instrument

MADE_AT_ONCE: Final = 50
"""Orders of a list that one turn of the loop makes: some 0.3 ms of work."""


async def orders(states: Sequence[OrderState], instruments: Mapping[str, Instrument]) -> list[Order]:
    """The orders as they stand. The instruments of all are among these. Other calls have their turns in between."""
    # Between two turns a new journal may empty the mapping.
    known = dict(instruments)
    views: list[Order] = []
    for begin in range(0, len(states), MADE_AT_ONCE):
        if begin > 0:
            await asyncio.sleep(0)
        views += [order(state, known[state.symbol]) for state in states[begin : begin + MADE_AT_ONCE]]
    return views
