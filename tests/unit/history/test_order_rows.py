"""A done order becomes a row, and comes back without loss."""

import pytest

from history.schema.order_rows import order_of_row, order_row
from history.schema.tables import orders
from protocol.answers import OrderState
from protocol.commands import OrderTerms
from protocol.units import OrderStatus, OrderType, Reason, SelfTradePrevention, Side

PLAIN = OrderState(
    order_id=7,
    client_order_id=None,
    account="ann",
    symbol="COIN-USD",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    price=100,
    trigger_price=None,
    status=OrderStatus.FILLED,
    resting=False,
    quantity=5,
    filled_quantity=5,
    remaining_quantity=0,
    filled_value=500,
    reason=None,
    sequence=3,
    timestamp=30,
    trades=[],
    updated_sequence=4,
    updated=40,
    working_since=30,
)
SPECIAL = OrderState(
    order_id=8,
    client_order_id="a:1",
    account="bob",
    symbol="COIN-USD",
    side=Side.SELL,
    order_type=OrderType.TRAILING_STOP,
    price=None,
    trigger_price=90,
    status=OrderStatus.CANCELED,
    resting=False,
    quantity=10**13,
    filled_quantity=10**12,
    remaining_quantity=0,
    filled_value=10**25,
    reason=Reason.SELF_TRADE,
    sequence=3,
    timestamp=30,
    trades=[],
    terms=OrderTerms(
        post_only=True,
        self_trade_prevention=SelfTradePrevention.DECREMENT,
        expire_time=9,
        display_quantity=2,
        quote_quantity=3,
        trailing_bps=4,
        trailing_amount=5,
        activation_price=6,
        max_slippage_bps=7,
    ),
    prevented_quantity=2,
    unspent=11,
    oco_id=8,
    updated_sequence=2**62,
    updated=2**61,
    reserved="0",
    working_since=None,
    cancel_on_first_fill=True,
    list_client_order_id="pair",
    active_since=31,
)


@pytest.mark.parametrize("state", [PLAIN, SPECIAL])
def test_it_comes_back(state: OrderState) -> None:
    row = order_row(state, 12, 3)
    assert len(row) == len(orders.columns)
    assert row[:2] == (12, 3)
    assert order_of_row(row) == state


def test_a_plain_order_has_nothing_more() -> None:
    more = list(orders.columns.keys()).index("more")
    assert order_row(PLAIN, 1, 1)[more] is None
    assert order_row(SPECIAL, 1, 1)[more] is not None


def test_numbers_are_plain() -> None:
    """Databases take those at once; others they ask what they are."""
    assert {type(value) for value in order_row(SPECIAL, 1, 1)} == {int, str, bytes, type(None)}
