"""Which fields each order type takes, and which fault is told first."""

from collections.abc import Iterable

from msgspec.structs import replace

from protocol.commands import PlaceOrder
from protocol.units import OrderType, Reason, Refusal, SelfTradePrevention, TimeInForce
from tests.oracle.orders_strategy import order_of
from tests.order_matrix import TAKES, cases, each_cell, each_type
from tests.tape import BUY, COIN, SELL, MakeEngine, both_engines, canceled, limit, placed, play, refused, time_of, trade

pytestmark = both_engines

VALUES = {
    "quantity": 20,
    "price": 100,
    "trigger_price": 100,
    "post_only": True,
    "self_trade_prevention": SelfTradePrevention.CANCEL_BOTH,
    "expire_time": time_of(9),
    "display_quantity": 10,
    "quote_quantity": 9,
    "trailing_bps": 9,
    "max_slippage_bps": 9,
    "trailing_amount": 9,
    "activation_price": 9,
    "reject_if_triggered": True,
    "time_in_force": TimeInForce.FOK,
    "tag": "grid-7",
}

ENDS = {
    OrderType.MARKET: Reason.NO_LIQUIDITY,
    OrderType.IOC: Reason.IOC_REMAINDER,
    OrderType.FOK: Reason.FOK_UNFILLABLE,
}
"""Why an order ends that finds nobody; the others rest or wait."""


def order(order_type: OrderType, fields: Iterable[str]) -> PlaceOrder:
    given = {name: VALUES[name] for name in fields}
    return order_of(symbol=COIN.symbol, account="default", side=BUY, order_type=order_type, **{"quantity": 0, **given})


@each_cell
def test_each_type_takes_its_fields_and_no_others(engine: MakeEngine, order_type: OrderType, name: str) -> None:
    """An order that is refused uses up no order_id."""
    for case in cases(order_type, name):
        sent = order(order_type, case.fields)
        if case.refusal is not None:
            play(engine, (sent, [refused(Refusal[case.refusal.upper()])]), (limit(BUY, 1, 1), [placed(1)]))
        else:
            left = [canceled(1, sent.quantity, ENDS[order_type])] if order_type in ENDS else []
            play(engine, (sent, [placed(1), *left]))


@each_type
def test_price_is_told_before_trigger_price_and_both_before_quantity(engine: MakeEngine, order_type: OrderType) -> None:
    needed = TAKES[order_type].needed
    bad_price, bad_trigger_price = (
        refused(Refusal[(cases(order_type, name)[-1].refusal or "").upper()]) for name in ("price", "trigger_price")
    )
    play(
        engine,
        (order(order_type, needed ^ {"price", "trigger_price"}), [bad_price]),
        (replace(order(order_type, needed ^ {"price"}), quantity=1_001), [bad_price]),
        (replace(order(order_type, needed ^ {"trigger_price"}), quantity=1_001), [bad_trigger_price]),
    )


@each_type
def test_type_without_a_trigger_trades_at_once(engine: MakeEngine, order_type: OrderType) -> None:
    needed = TAKES[order_type].needed
    waits = not needed.isdisjoint({"trigger_price", "trailing_bps"})
    play(
        engine,
        (limit(SELL, 20, 100), [placed(1)]),
        (order(order_type, needed), [placed(2), *([] if waits else [trade(1, BUY, 20, 100, maker=1, taker=2)])]),
    )
