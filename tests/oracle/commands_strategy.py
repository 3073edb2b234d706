"""Random tapes for property tests: commands of all kinds but LoadBook, with their stamps.

Accounts, prices and quantities are few, so that much meets, ties and fires; names repeat; some commands are invalid.
Most cancels and amends name a live order (the naive engine knows which ones are), most OCOs stand around the last
trade, some orders are sent once more. As the matcher's shell does, AdvanceTime comes before a command whose time brings
something; and now and then for nothing.
"""

import os
from itertools import product
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from protocol.commands import (
    AdvanceTime,
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    MoveTimers,
    OrderTerms,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    RefuseCommand,
    SetAccountStatus,
    SetInstrument,
    SetLimits,
    WatchAccount,
)
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, OrderType, Refusal, SelfTradePrevention, Side
from tests.oracle.naive_checks import PRICED, TAKEN_BY, TRIGGERED
from tests.oracle.naive_engine import NaiveEngine

Tape = list[tuple[int, int, OwnCommand]]
"""Sequence, time and command."""

examples = settings(max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "100")), deadline=None)
"""So many random cases each property is tried with. A soak: PROPERTY_EXAMPLES=20000 pytest --timeout=0
tests/property"""

COIN = Instrument("COIN-USD", "COIN", "USD", 2, 3, 5, 10, 10, 100, 200, 900, 10, 20)
GOLD = Instrument("GOLD-USD", "GOLD", "USD", 0, 0, 1, 1, 10, 100, 120, 0, 7, 0)
SILVER = replace(COIN, symbol="SILVER-USD", base="SILVER")

LENGTH = 50
ITS_OWN = "its-own"
START = 1_700_000_000_000_000_000
COMMANDS_A_TICK = 3
"""So many commands bear the same time."""

SOON = 100
"""An expire_time below it is so many nanoseconds after the order's own time, see stamp."""

NEAR = 50
"""Prices of an OCO below it are distances from the last trade, see stamp."""

TYPES = (
    *[OrderType.LIMIT] * 12,
    *[OrderType.FOK] * 2,
    *[OrderType.IOC] * 2,
    *[OrderType.MARKET] * 3,
    *[OrderType.TRAILING_STOP] * 3,
    *[OrderType.STOP_LIMIT] * 2,
    *[OrderType.TAKE_PROFIT_LIMIT] * 2,
    OrderType.STOP_MARKET,
    OrderType.TAKE_PROFIT,
)

preventions = (*[SelfTradePrevention.NONE] * 3, SelfTradePrevention.DECREMENT, *SelfTradePrevention)
terms_of = {
    order_type: st.sampled_from(
        [
            OrderTerms(
                post_only=post_only and order_type in TAKEN_BY["post_only"],
                self_trade_prevention=prevention,
                expire_time=expire_time if order_type in TAKEN_BY["expire_time"] else 0,
                display_quantity=display_quantity if order_type in TAKEN_BY["display_quantity"] else None,
            )
            for post_only, expire_time, display_quantity, prevention in product(
                [False] * 4 + [True], [0, 0, 0, 0, 3, 6], [None, None, 10, 20], preventions
            )
        ]
    )
    for order_type in OrderType
}
quote_quantities = st.sampled_from((*[0] * 4, 1_000, 1_999, 3_300, 5_000, 300, 20_000))
trails = st.sampled_from(
    [
        {"trailing_amount": amount, "trailing_bps": bps, "activation_price": activation}
        for amount, bps in [(5, None), (10, None), (None, 500), (None, 700), (None, 1)]
        for activation in (None, None, 95, 100, 105)
    ]
)

traders = st.sampled_from(
    [
        (symbol, account)
        for symbol, account in product(
            (*["COIN-USD"] * 80, *["GOLD-USD"] * 18, "SILVER-USD", "NONE-USD"),
            (*["default"] * 60, *["ann"] * 40, *["bob"] * 40, "a b"),
        )
    ]
)
symbols = st.sampled_from((*["COIN-USD"] * 40, *["GOLD-USD"] * 10, "SILVER-USD", "NONE-USD"))
sides = st.sampled_from(Side)
accounts = st.sampled_from((*["default"] * 30, *["ann"] * 20, *["bob"] * 20, "a b"))
client_order_ids = st.sampled_from((*[None] * 72, *"abcdefghijklmn" * 2, "a b"))
oco_names = st.sampled_from((*[None] * 40, *"abcdefghijklmn" * 2, "a b", "n" * 60, "a:stop"))
quantities = st.sampled_from((*[10, 20, 30, 40, 50] * 20, 100, 15, 5, 5, 5, 110))
resting_quantities = st.sampled_from((*[30, 50, 20, 40, 100, 60] * 20, 15, 5, 5, 5, 110))
prices = st.sampled_from((*[90, 95, 100, 105, 110] * 20, 45, 200, 102, 205))
resting_prices = {
    Side.BUY: st.sampled_from((*[95] * 8, 100, 90, 90, 105, 110, 100)),
    Side.SELL: st.sampled_from((*[105] * 8, 100, 110, 110, 95, 90, 100)),
}
"""Prices of limit orders, so that more rest behind each other than trade at once."""

taking_prices = {
    Side.BUY: st.sampled_from((*[105, 110, 110, 100, 95] * 12, 45, 200, 102, 205)),
    Side.SELL: st.sampled_from((*[95, 90, 90, 100, 105] * 12, 45, 200, 102, 205)),
}
"""Prices of the other orders that have one, so that more trade at once than do not."""

distances = st.sampled_from((*[5, 5, 5, 10] * 6, 15, 2, 90, 110, 205))
stop_distances = st.sampled_from((*[5, 10, 5, 10, 15] * 4, 2, 90, 110, 205))
deadlines = st.sampled_from((*[0] * 60, START, START + 5, START + 10, START + 100))
live_orders = st.integers(0, 20)
any_orders = st.integers(1, 30)
often = st.integers(0, 2).map(lambda number: number < 2)
changes = st.sampled_from(
    (
        *[("quantity",), ("price", "trigger_price")] * 6,
        *[("quantity", "price"), ("quantity", "price", "trigger_price"), ("price",), ("trigger_price",)] * 2,
        (),
    )
)
ways_to_name = st.sampled_from((*["live"] * 16, *["order_id"] * 2, "client_order_id"))

SOUND: dict[str, Any] = {}
FLAWS: tuple[dict[str, Any], ...] = (
    *[SOUND] * 160,
    {"price": None},
    {"price": 100},
    {"trigger_price": None},
    {"trigger_price": 100},
    {"post_only": True},
    {"expire_time": START},
    {"expire_time": 5},
    {"display_quantity": 10},
    {"quote_quantity": 1_000},
    {"quantity": 0},
    {"quantity": 0},
    {"trailing_bps": 100},
    {"trailing_amount": 5},
    {"activation_price": 100},
)
"""What is put into orders to spoil them, or, as it happens, not."""

FLAWS_OF: dict[OrderType, tuple[dict[str, Any], ...]] = {
    OrderType.LIMIT: ({"display_quantity": 15}, {"display_quantity": 110}) * 2,
    OrderType.MARKET: ({"quote_quantity": 1_000, "quantity": 10},) * 4,
    OrderType.TRAILING_STOP: (
        {"trailing_amount": 7, "trailing_bps": None},
        {"trailing_amount": 205, "trailing_bps": None},
        {"trailing_amount": None, "trailing_bps": None},
        {"activation_price": 102},
        {"activation_price": 205},
    )
    * 6,
    **{
        order_type: ({"trigger_price": None}, {"price": None}, {"post_only": True})
        for order_type in (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT)
    },
    **{
        order_type: ({"trigger_price": None}, {"price": None})
        for order_type in (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
    },
}
"""What spoils only those that may have it."""

flaws_of = {order_type: st.sampled_from(FLAWS + FLAWS_OF.get(order_type, ())) for order_type in OrderType}


def order_of(**fields: Any) -> PlaceOrder:
    """An order of the named fields, those of its terms among them."""
    terms = OrderTerms(**{name: fields.pop(name) for name in OrderTerms.__struct_fields__ if name in fields})
    return PlaceOrder(**fields, terms=None if terms == OrderTerms() else terms)


@st.composite
def orders(draw: st.DrawFn) -> PlaceOrder:
    order_type, side, (symbol, account) = draw(st.sampled_from(TYPES)), draw(sides), draw(traders)
    rests = order_type is OrderType.LIMIT
    fields = {**asdict(draw(terms_of[order_type])), "quantity": draw(resting_quantities if rests else quantities)}
    if order_type in PRICED:
        fields["price"] = draw((resting_prices if rests else taking_prices)[side])
    if order_type in TRIGGERED:
        fields["trigger_price"] = draw(prices)
    if order_type is OrderType.TRAILING_STOP:
        fields |= draw(trails)
    if order_type is OrderType.MARKET and (quote_quantity := draw(quote_quantities)):
        fields |= {"quote_quantity": quote_quantity, "quantity": 0}
    fields |= {"client_order_id": draw(client_order_ids), "deadline": draw(deadlines)}
    return order_of(
        **{
            "symbol": symbol,
            "account": account,
            "side": side,
            "order_type": order_type,
            **fields,
            **draw(flaws_of[order_type]),
        }
    )


@st.composite
def ocos(draw: st.DrawFn) -> PlaceOco:
    return PlaceOco(
        *draw(traders),
        draw(sides),
        draw(resting_quantities),
        draw(distances),
        draw(stop_distances),
        draw(stop_distances) if draw(often) else None,
        draw(oco_names),
        draw(deadlines),
        draw(st.sampled_from(preventions)),
        draw(st.sampled_from((*[0] * 12, *[4] * 7, START))),
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
    changed = draw(changes)
    return AmendOrder(
        *draw(names()),
        draw(quantities) if "quantity" in changed else None,
        draw(prices) if "price" in changed else None,
        draw(prices) if "trigger_price" in changed else None,
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


AS_BEFORE = change(
    COIN, status=InstrumentStatus.TRADING, max_quantity=100, min_quantity=10, max_price=200, min_notional=900
)

changes_of_instruments = st.sampled_from(
    (
        *[AS_BEFORE] * 15,
        *[change(COIN, status=InstrumentStatus.CANCEL_ONLY)] * 3,
        *[change(COIN, status=InstrumentStatus.HALTED)] * 3,
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
changes_of_accounts: st.SearchStrategy[OwnCommand] = st.one_of(
    st.builds(SetAccountStatus, accounts, st.sampled_from((False, False, True))),
    st.builds(CancelAfter, accounts, st.sampled_from((6, 3, 1, 0))),
    st.builds(WatchAccount, accounts),
    st.builds(MoveTimers, st.sampled_from((-2, -1, 1, 4))),
    st.just(AdvanceTime()),
)
limits = st.sampled_from(
    (
        *[SetLimits()] * 12,
        *[SetLimits(trades=1), SetLimits(trades=2)] * 3,
        SetLimits(trades=3, trigger_moves=0),
        SetLimits(trigger_moves=0),
        SetLimits(trigger_moves=1),
        SetLimits(accounts=1),
        SetLimits(accounts=2, cancels=1),
        SetLimits(cancels=1),
        SetLimits(cancels=2, trades=2),
        SetLimits(trigger_orders=1),
        SetLimits(trigger_orders=2, expiring_orders=1),
        SetLimits(expiring_orders=0),
        SetLimits(iceberg_parts=1),
        SetLimits(iceberg_parts=2),
    )
)
refusals = st.builds(
    RefuseCommand, st.sampled_from((Refusal.NO_SAVED_BOOK, Refusal.COMMAND_REFUSED)), st.sampled_from(("", "crashed"))
)
repeats = st.integers(0, 6)
"""Send the order of so many orders ago once more."""

Step = OwnCommand | int | None

kinds: tuple[st.SearchStrategy[Step], ...] = (
    st.none(),
    *[orders()] * 48,
    *[ocos()] * 8,
    *[cancels] * 3,
    cancels_of_all,
    *[amends()] * 12,
    *[changes_of_instruments] * 3,
    *[changes_of_accounts] * 3,
    limits,
    *[repeats] * 2,
    refusals,
)
steps: st.SearchStrategy[Step] = st.sampled_from(kinds).flatmap(lambda kind: kind)
"""None stands for no command at all: it lets a failing tape shrink, although all have the same length."""


def stamp(played: list[Step]) -> Tape:
    """Put in the real ids, times and prices, behind two instruments to trade."""
    tape: Tape = []
    engine = NaiveEngine()
    sent: list[PlaceOrder | PlaceOco] = []

    def append(time: int, command: OwnCommand) -> None:
        tape.append((len(tape) + 1, time, command))
        engine.apply(*tape[-1])

    for number, step in enumerate((SetInstrument(**asdict(COIN)), SetInstrument(**asdict(GOLD)), *played)):
        time = START + number // COMMANDS_A_TICK
        command = complete(engine, time, sent, step)
        if isinstance(command, PlaceOrder | PlaceOco):
            sent.append(command)
        if command is not None:
            if engine.is_due(time):
                append(time, AdvanceTime())
            append(time, command)
    return tape


def complete(engine: NaiveEngine, time: int, sent: list[PlaceOrder | PlaceOco], step: Step) -> OwnCommand | None:
    """The command that the step stands for in this state of the exchange."""
    match step:
        case int():
            return sent[-1 - step] if step < len(sent) else None
        case CancelOrder() | AmendOrder():
            return name_live_order(engine, step)
        case PlaceOrder(terms=OrderTerms(expire_time=expire_time)) if 0 < expire_time < SOON:
            assert step.terms is not None
            return replace(step, terms=replace(step.terms, expire_time=time + expire_time))
        case PlaceOco():
            return around_last_trade(engine, time, step)
        case SetInstrument() if (
            COIN.symbol in engine.instruments and engine.instruments[COIN.symbol].status is not InstrumentStatus.TRADING
        ):
            return AS_BEFORE
        case SetAccountStatus(_, suspended=False):
            suspended = [name for name, account in engine.accounts.items() if account.suspended]
            return replace(step, account=suspended[0]) if suspended else step
    return step


def name_live_order(engine: NaiveEngine, command: CancelOrder | AmendOrder) -> CancelOrder | AmendOrder | None:
    """Replace an order_id below zero by a live order's name, if there is any."""
    if command.order_id is None or command.order_id > 0:
        return command
    live = engine.live()
    if not live:
        return None
    order = live[command.order_id % len(live)]
    if isinstance(command, AmendOrder) and order.order_id % 8:  # Most are asked only for what they can do.
        has_price, waits = order.price is not None, order.state == "pending"
        command = replace(
            command, price=command.price if has_price else None, trigger_price=command.trigger_price if waits else None
        )
        if order.terms.post_only and command.price is not None:
            opposite = engine.resting(order.entered.symbol, Side.SELL if order.side is Side.BUY else Side.BUY)
            command = replace(command, price=opposite[0].price if opposite else command.price)
    if command.client_order_id == ITS_OWN and order.entered.client_order_id is not None:
        return replace(
            command, order_id=None, account=order.entered.account, client_order_id=order.entered.client_order_id
        )
    return replace(command, order_id=order.order_id, client_order_id=None)


def around_last_trade(engine: NaiveEngine, time: int, command: PlaceOco) -> PlaceOco:
    """Replace distances by prices on the legs' sides of the last trade."""
    last, sign = engine.last_price(command.symbol) or 100, 1 if command.side is Side.SELL else -1
    fields: dict[str, int] = {}
    for field, away in (("price", sign), ("stop_trigger_price", -sign), ("stop_price", -sign)):
        distance = getattr(command, field)
        if distance is not None and distance < NEAR:
            fields[field] = last + away * distance
    if 0 < command.expire_time < SOON:
        fields["expire_time"] = time + command.expire_time
    return replace(command, **fields)


tapes: st.SearchStrategy[Tape] = st.lists(steps, min_size=LENGTH, max_size=LENGTH).map(stamp)
