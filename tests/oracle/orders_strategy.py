"""Random orders and OCOs for property tests, sound ones and spoiled ones."""

from itertools import product
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import asdict

from protocol.commands import OrderTerms, PlaceOco, PlaceOrder
from protocol.units import OrderType, SelfTradePrevention, Side, TimeInForce
from tests.oracle.naive_checks import PRICED, TAKEN_BY, TRIGGERED

START = 1_700_000_000_000_000_000

TICK = 1_000_000
"""Nanoseconds from one time of a tape to the next."""

SOON = 100
"""An expire_time below it is so many ticks after the order's own time, see stamp."""

NEAR = 50
"""Prices of an OCO below it are distances from the last trade, see stamp."""

TYPES = (
    *[OrderType.LIMIT] * 12,
    *[OrderType.FOK] * 2,
    *[OrderType.IOC] * 2,
    *[OrderType.MARKET] * 3,
    *[OrderType.TRAILING_STOP] * 3,
    *[OrderType.TRAILING_STOP_LIMIT] * 2,
    *[OrderType.STOP_LIMIT] * 2,
    *[OrderType.TAKE_PROFIT_LIMIT] * 2,
    *[OrderType.STOP_MARKET] * 3,
    OrderType.TAKE_PROFIT,
)

TRAILING = TAKEN_BY["activation_price"]

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
ALL_IN = 20_000
"""A quote_quantity that stands for all that the account has free, see stamp; without a ledger for itself."""

quote_quantities = st.sampled_from((*[0] * 4, 1_000, 1_999, 3_300, 5_000, 300, *[ALL_IN] * 3))
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

sides = st.sampled_from(Side)

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
deadlines = st.sampled_from((*[0] * 60, *[START + ticks * TICK for ticks in (0, 5, 10, 100)]))
in_force = st.sampled_from((*[TimeInForce.GTC] * 4, *[TimeInForce.IOC] * 2, *[TimeInForce.FOK] * 2))
rejects = st.sampled_from((False, False, False, True))
tags = st.sampled_from((*[None] * 30, "grid-7"))
slippages = st.sampled_from((*[None] * 5, 1, 499, 500, 500, 1_000))

open_only = st.sampled_from((False, False, True))

often = st.integers(0, 2).map(lambda number: number < 2)

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
    {"max_slippage_bps": 100},
    {"reject_if_triggered": True},
    {"time_in_force": TimeInForce.FOK},
    {"tag": "a b"},
)
"""What is put into orders to spoil them, or, as it happens, not."""

FLAWS_OF: dict[OrderType, tuple[dict[str, Any], ...]] = {
    OrderType.LIMIT: ({"display_quantity": 15}, {"display_quantity": 110}) * 2,
    OrderType.MARKET: ({"quote_quantity": 1_000, "quantity": 10},) * 4,
    **dict.fromkeys(
        TRAILING,
        (
            {"trailing_amount": 7, "trailing_bps": None},
            {"trailing_amount": 205, "trailing_bps": None},
            {"trailing_amount": None, "trailing_bps": None},
            {"activation_price": 102},
            {"activation_price": 205},
        )
        * 6,
    ),
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
    if order_type in TRAILING:
        fields |= draw(trails)
    if order_type in TAKEN_BY["reject_if_triggered"]:
        fields["reject_if_triggered"] = draw(rejects)
    if (
        order_type in TAKEN_BY["time_in_force"]
        and not (fields["post_only"] or fields["display_quantity"])
        and (in_force_now := draw(in_force))
    ):
        fields["time_in_force"] = in_force_now
    fields["tag"] = draw(tags)
    if order_type is OrderType.MARKET and (quote_quantity := draw(quote_quantities)):
        fields |= {"quote_quantity": quote_quantity, "quantity": 0}
    if order_type in TAKEN_BY["max_slippage_bps"]:
        fields["max_slippage_bps"] = draw(slippages)
    fields |= {"client_order_id": draw(client_order_ids), "deadline": draw(deadlines)}
    fields |= {"open_only_client_order_id": draw(open_only)}
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


oco_shapes = st.sampled_from((*["limit"] * 22, *["take_profit"] * 4, *["take_profit_limit"] * 5, "none"))
list_names = st.sampled_from((*[None] * 10, *["p"] * 6, "a b"))
stop_names = st.sampled_from((*[None] * 10, "p", "q", "a b"))
displays = st.sampled_from((*[None] * 5, 10, 20, 20, 15))


@st.composite
def ocos(draw: st.DrawFn) -> PlaceOco:
    """Mostly each leg has only terms that its type takes."""
    shape, has_stop_price, sound = draw(oco_shapes), draw(often), draw(st.integers(0, 9)) > 0
    takes_profit = shape.startswith("take_profit")
    limited, stop_limited = shape == "take_profit_limit" or not sound, has_stop_price or not sound
    name = draw(oco_names)
    shown, stop_shown = draw(displays), draw(displays)
    return PlaceOco(
        *draw(traders),
        draw(sides),
        draw(resting_quantities),
        draw(distances) if shape in ("limit", "take_profit_limit") else None,
        draw(stop_distances),
        draw(stop_distances) if has_stop_price else None,
        name,
        draw(deadlines),
        draw(st.sampled_from(preventions)),
        draw(st.sampled_from((*[0] * 12, *[4] * 7, START))),
        draw(st.booleans()),
        draw(st.sampled_from((False, False, True))) and shape != "take_profit",
        draw(distances) if takes_profit else None,
        draw(stop_names) if name is not None or not sound else None,
        draw(list_names),
        shown if shape != "take_profit" else None,
        draw(in_force) if limited and shown is None else TimeInForce.GTC,
        draw(tags),
        stop_shown if has_stop_price else None,
        draw(in_force) if stop_limited and stop_shown is None else TimeInForce.GTC,
        draw(st.sampled_from((*[None] * 30, "a b"))),
        draw(open_only),
    )
