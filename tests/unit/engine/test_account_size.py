"""Anybody may make accounts, so each of them is small."""

import tracemalloc

from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from protocol.commands import CancelOrder, PlaceOrder
from protocol.units import OrderType, Side

ACCOUNTS = 4_000


def fill(state: State, batch: str) -> None:
    """Let as many accounts place an order, with a client_order_id, and cancel it."""
    for number in range(ACCOUNTS):
        name = f"{batch}-{number}"
        place = PlaceOrder("BTC-USDT", name, Side.BUY, OrderType.LIMIT, 100_000, 6_000_000, None, name)
        time = 1_000_000_000_000 + number
        state.apply(7, 0, [place], time)
        state.apply(7, 0, [CancelOrder(account=name, client_order_id=name)], time)


def test_an_account_with_one_done_order_takes_at_most_a_kilobyte() -> None:
    state = State(Engine())
    state.apply(OWN_SESSION, 0, list(read_instruments(None)), 1)
    fill(state, "first")
    tracemalloc.start()
    try:
        fill(state, "second")
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(state.registry.accounts) == 2 * ACCOUNTS
    assert taken / ACCOUNTS <= 1_024
