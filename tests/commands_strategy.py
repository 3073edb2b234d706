"""Random tapes for property tests: commands of all kinds but LoadBook, with their stamps.

Prices and quantities are few, so that much crosses, ties and fires; names repeat; some commands are invalid. Most cancels and amends
name a live order (the naive engine knows which ones are), some orders are sent once more.
"""

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from protocol.commands import AmendOrder, CancelAllOrders, CancelOrder, Command, PlaceOrder, RefuseCommand, SetInstrument
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, OrderType, Refusal, Side
from tests.naive_engine import NaiveEngine

Tape = list[tuple[int, int, Command]]
"""Sequence, time and command."""

examples = settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")), deadline=None)
"""So many random cases each property is tried with. A soak: PROPERTY_EXAMPLES=20000 pytest --timeout=0 tests/property"""

COIN = Instrument("COIN-USD", "COIN", "USD", 2, 3, 5, 10, 10, 100, 200, 1_000, 10, 20)
GOLD = Instrument("GOLD-USD", "GOLD", "USD", 0, 0, 1, 1, 10, 100, 120, 0, 7, 0)
SILVER = replace(COIN, symbol="SILVER-USD", base="SILVER")

LENGTH = 50
ITS_OWN = "its-own"
START = 1_700_000_000_000_000_000
COMMANDS_A_TICK = 3
"""So many commands bear the same time."""

PRICED = (OrderType.LIMIT, OrderType.IOC, OrderType.FOK, OrderType.STOP_LIMIT)
TRIGGERED = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT)

symbols = st.sampled_from((*["COIN-USD"] * 40, *["GOLD-USD"] * 10, "SILVER-USD", "NONE-USD"))
sides = st.sampled_from(Side)
order_types = st.sampled_from((*[OrderType.LIMIT] * 8, *[OrderType.FOK] * 2, *TRIGGERED, *OrderType))
accounts = st.sampled_from((*["default"] * 30, *["ann"] * 20, *["bob"] * 20, "a b"))
client_order_ids = st.sampled_from((*[None] * 36, *"abcdefghijklmn", "a b"))
quantities = st.sampled_from((*[10, 20, 30, 40, 50] * 12, 100, 15, 5, 110))
prices = st.sampled_from((*[90, 95, 100, 105, 110] * 12, 45, 200, 102, 205))
resting_prices = {
    Side.BUY: st.sampled_from((95, 100, 95, 95, 95, 90, 105)),
    Side.SELL: st.sampled_from((105, 100, 105, 105, 105, 110, 95)),
}
"""Prices of limit orders, so that more rest behind each other than trade at once."""

deadlines = st.sampled_from((*[0] * 60, START, START + 5, START + 10, START + 100))
live_orders = st.integers(0, 20)
any_orders = st.integers(1, 30)
rarely = st.integers(0, 60).map(lambda number: number == 60)
often = st.integers(0, 2).map(lambda number: number < 2)
seldom = st.integers(0, 3).map(lambda number: number == 3)
ways_to_name = st.sampled_from((*["live"] * 8, *["order_id"] * 2, "client_order_id"))


@st.composite
def orders(draw: st.DrawFn) -> PlaceOrder:
    order_type, side = draw(order_types), draw(sides)
    own_prices = resting_prices[side] if order_type is OrderType.LIMIT and draw(often) else prices
    return PlaceOrder(
        draw(symbols),
        draw(accounts),
        side,
        order_type,
        draw(quantities),
        draw(own_prices) if (order_type in PRICED) is not draw(rarely) else None,
        draw(prices) if (order_type in TRIGGERED) is not draw(rarely) else None,
        draw(client_order_ids),
        draw(deadlines),
    )


@st.composite
def names(draw: st.DrawFn) -> tuple[int | None, str | None, str | None]:
    """order_id, account and client_order_id; an order_id below zero stands for a live order, see stamp."""
    how = draw(ways_to_name)
    if how == "live":
        return -1 - draw(live_orders), None, draw(st.sampled_from((None, ITS_OWN)))
    if how == "order_id":
        return draw(any_orders), draw(st.one_of(st.none(), accounts)), draw(client_order_ids)
    return None, draw(st.one_of(st.none(), accounts)), draw(client_order_ids)


cancels = names().map(lambda name: CancelOrder(*name))
cancels_of_all = st.builds(CancelAllOrders, accounts, st.one_of(st.none(), symbols))


@st.composite
def amends(draw: st.DrawFn) -> AmendOrder:
    return AmendOrder(
        *draw(names()),
        draw(quantities) if draw(often) else None,
        draw(prices) if draw(often) else None,
        draw(prices) if draw(seldom) else None,
    )


def change(instrument: Instrument, **fields: Any) -> SetInstrument:
    return SetInstrument(
        **{
            "symbol": instrument.symbol,
            "price_decimals": instrument.price_decimals,
            "quantity_decimals": instrument.quantity_decimals,
            **fields,
        }
    )


changes_of_instruments = st.sampled_from(
    (
        *[change(COIN, status=InstrumentStatus.TRADING, max_quantity=100, min_quantity=10, max_price=200)] * 9,
        change(COIN, status=InstrumentStatus.CANCEL_ONLY),
        change(COIN, status=InstrumentStatus.HALTED),
        change(COIN, max_quantity=30),
        change(COIN, max_quantity=100, max_price=105),
        change(COIN, min_quantity=20, max_price=200),
        change(COIN, min_quantity=10, min_notional=1_900),
        change(COIN, min_notional=0),
        change(COIN, maker_fee_bps=0, taker_fee_bps=25),
        change(COIN, maker_fee_bps=1),
        change(COIN, taker_fee_bps=10_001),
        change(COIN, max_price=101),
        change(COIN, tick_size=1),
        change(COIN, price_decimals=3),
        change(SILVER, base="SILVER", quote="USD", tick_size=5, lot_size=10, max_quantity=100, max_price=200),
        change(SILVER, base="SILVER", quote="USD", tick_size=5, lot_size=10, max_quantity=100),
        change(GOLD, status=InstrumentStatus.HALTED),
        change(GOLD, status=InstrumentStatus.TRADING, taker_fee_bps=3),
    )
)
refusals = st.builds(RefuseCommand, st.sampled_from((Refusal.NO_SAVED_BOOK, Refusal.COMMAND_REFUSED)), st.sampled_from(("", "crashed")))
repeats = st.integers(0, 6)
"""Send the order of so many orders ago once more."""

Step = Command | int | None

kinds: tuple[st.SearchStrategy[Step], ...] = (
    st.none(),
    *[orders()] * 24,
    *[cancels] * 2,
    cancels_of_all,
    *[amends()] * 6,
    *[changes_of_instruments] * 2,
    *[repeats] * 2,
    refusals,
)
steps: st.SearchStrategy[Step] = st.sampled_from(kinds).flatmap(lambda kind: kind)
"""None stands for no command at all: it lets a failing tape shrink, although all have the same length."""


def stamp(played: list[Step]) -> Tape:
    """Put in the real ids and times, behind two instruments to trade."""
    tape: Tape = []
    engine = NaiveEngine()
    sent: list[PlaceOrder] = []
    for step in (SetInstrument(**asdict(COIN)), SetInstrument(**asdict(GOLD)), *played):
        command: Command | None
        if isinstance(step, int):
            command = sent[-1 - step] if step < len(sent) else None
        elif isinstance(step, CancelOrder | AmendOrder):
            command = name_live_order(engine, step)
        else:
            command = step
        if isinstance(command, PlaceOrder):
            sent.append(command)
        if command is not None:
            sequence = len(tape) + 1
            tape.append((sequence, START + sequence // COMMANDS_A_TICK, command))
            engine.apply(*tape[-1])
    return tape


def name_live_order(engine: NaiveEngine, command: CancelOrder | AmendOrder) -> CancelOrder | AmendOrder | None:
    """Replace an order_id below zero by a live order's name, if there is any."""
    if command.order_id is None or command.order_id > 0:
        return command
    live = [order for order in engine.orders if order.state != "done"]
    if not live:
        return None
    order = live[command.order_id % len(live)]
    if command.client_order_id == ITS_OWN and order.entered.client_order_id is not None:
        return replace(command, order_id=None, account=order.entered.account, client_order_id=order.entered.client_order_id)
    return replace(command, order_id=order.order_id, client_order_id=None)


tapes: st.SearchStrategy[Tape] = st.lists(steps, min_size=LENGTH, max_size=LENGTH).map(stamp)
