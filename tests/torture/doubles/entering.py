"""Lets something happen when an order has entered the core, whose books do not have it yet.

What a compiled core makes of messages it looks up by name, as the sources do: there it can be replaced.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec.structs import astuple

from matcher.core import place
from protocol.commands import PlaceOrder
from protocol.events import OrderPlaced


@contextmanager
def on_entry(prefix: str, happen: Callable[[], None]) -> Iterator[None]:
    """Call `happen` half-way through each order whose client_order_id begins so."""
    running = ""

    def read(command: PlaceOrder) -> tuple[Any, ...]:
        nonlocal running
        running = command.client_order_id or ""
        return astuple(command)

    def placed(order_id: int) -> OrderPlaced:
        if running.startswith(prefix):
            happen()
        return OrderPlaced(order_id)

    with patch.object(place, "astuple", read), patch.object(place, "OrderPlaced", placed):
        yield
