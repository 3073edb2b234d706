"""The body of an order, as the gateway reads it."""

import json
from collections.abc import Mapping

from gateway.native.calls.orders import read_order
from gateway.native.json.translate import place_order
from protocol.commands import PlaceOrder
from tests.unit.gateway.fakes import BTC


def read(body: Mapping[str, object]) -> PlaceOrder:
    """The command that the body makes; ProblemError where it makes none."""
    return place_order(read_order(json.dumps(body).encode()), BTC, 77)
