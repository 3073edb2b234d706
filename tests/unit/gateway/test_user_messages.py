"""What an account's stream says of each thing that can happen to an order."""

import json
from typing import Any

import pytest

from gateway.native.json.user_messages import update_text
from protocol.events import (
    AccountSet,
    AccountUpdate,
    AssetBalance,
    BalancesPart,
    Event,
    OrderAmended,
    OrderCanceled,
    OrderChange,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    OrderState,
    OrderTriggered,
    Trade,
    TriggerMoved,
)
from protocol.units import OrderStatus, Reason, Side
from tests.unit.gateway.accounts import ACCOUNT, order_state
from tests.unit.gateway.fakes import BTC, TIMESTAMP, TIMESTAMP_TEXT


def told(
    changes: list[OrderChange],
    orders: list[OrderState],
    account_set: AccountSet | None = None,
    balances: BalancesPart | None = None,
) -> Any:
    update = AccountUpdate.of(ACCOUNT, 12, 9, TIMESTAMP, changes, orders, account_set, balances)
    return json.loads(update_text(update, {"BTC-USDT": BTC}))


def change(event: Event, filled: int = 0) -> Any:
    [found] = told([OrderChange(7, event, filled)], [order_state(7)])["changes"]
    return found


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (OrderPlaced(7), {"event": "placed"}),
        (OrderRejected(7, Reason.ACCOUNT_SUSPENDED), {"event": "rejected", "reason": "account_suspended"}),
        (OrderTriggered(7), {"event": "triggered"}),
        (TriggerMoved(7, 5_999_950), {"event": "trigger_moved", "trigger_price": "59999.5"}),
        (
            OrderAmended(7, 150_000, 6_000_000, None),
            {"event": "amended", "quantity": "1.5", "price": "60000", "trigger_price": None},
        ),
        (
            OrderAmended(7, 150_000, 6_000_000, None, "new", None),
            {
                "event": "amended",
                "quantity": "1.5",
                "price": "60000",
                "trigger_price": None,
                "client_order_id": "new",
                "previous_client_order_id": None,
            },
        ),
        (
            OrderCanceled(7, 150_000, Reason.REQUESTED, "c-1"),
            {"event": "canceled", "reason": "requested", "quantity": "1.5", "cancel_client_order_id": "c-1"},
        ),
        (
            OrderAmended(7, 150_000, None, 6_100_000),
            {"event": "amended", "quantity": "1.5", "price": None, "trigger_price": "61000"},
        ),
        (OrderReduced(7, 50_000), {"event": "reduced", "quantity": "0.5"}),
        (OrderDecremented(7, 50_000), {"event": "prevented", "quantity": "0.5"}),
        (OrderCanceled(7, 250_000, Reason.OCO), {"event": "canceled", "reason": "oco", "quantity": "2.5"}),
        (OrderCanceled(7, 0, Reason.SELF_TRADE), {"event": "canceled", "reason": "self_trade", "quantity": "0"}),
    ],
)
def test_each_event_is_told_in_the_public_words(event: Event, expected: dict[str, Any]) -> None:
    assert change(event) == {"order_id": "7", **expected}


def trade(number: int, maker: int, taker: int, quantity: int = 100_000) -> Trade:
    return Trade("BTC-USDT", number, 6_000_000, quantity, Side.SELL, maker, taker, 10, 20, 12, TIMESTAMP)


def test_a_makers_fill_has_his_side_and_his_fee() -> None:
    assert change(trade(5, maker=7, taker=8), filled=100_000) == {
        "event": "partially_filled",
        "order_id": "7",
        "filled_quantity": "1",
        "fill": {
            "timestamp": TIMESTAMP_TEXT,
            "sequence": 12,
            "symbol": "BTC-USDT",
            "trade_id": "5",
            "order_id": "7",
            "side": "buy",
            "price": "60000",
            "quantity": "1",
            "fee": "60",
            "liquidity": "maker",
        },
    }


def test_a_trade_of_the_account_with_itself_is_a_fill_of_each_order() -> None:
    both = trade(5, maker=7, taker=8)
    orders = [order_state(7, status=OrderStatus.FILLED), order_state(8, side=Side.SELL, status=OrderStatus.FILLED)]
    message = told(
        [OrderChange(8, OrderPlaced(8), 0), OrderChange(7, both, 100_000), OrderChange(8, both, 100_000)], orders
    )
    fills = [
        (item["fill"]["order_id"], item["fill"]["side"], item["fill"]["fee"], item["fill"]["liquidity"])
        for item in message["changes"][1:]
    ]
    assert fills == [("7", "buy", "60", "maker"), ("8", "sell", "120", "taker")]
    assert [item["event"] for item in message["changes"]] == ["placed", "filled", "filled"]


def test_only_the_last_trade_of_a_filled_order_fills_it() -> None:
    """Whatever its quantity was then: an amend, or the other order of its OCO, may have changed it within the same
    command."""
    changes = [
        OrderChange(7, trade(5, 6, 7), 100_000),
        OrderChange(9, trade(6, 6, 9), 100_000),
        OrderChange(7, trade(7, 6, 7), 200_000),
        OrderChange(9, trade(8, 6, 9), 200_000),
        OrderChange(9, OrderCanceled(9, 100_000, Reason.IOC_REMAINDER), 200_000),
    ]
    orders = [order_state(7, status=OrderStatus.FILLED), order_state(9, status=OrderStatus.CANCELED)]
    message = told(changes, orders)
    assert [(item["order_id"], item["event"]) for item in message["changes"]] == [
        ("7", "partially_filled"),
        ("9", "partially_filled"),
        ("7", "filled"),
        ("9", "partially_filled"),
        ("9", "canceled"),
    ]
    assert [item["filled_quantity"] for item in message["changes"][:4]] == ["1", "1", "2", "2"]


@pytest.mark.parametrize(("cancel_at", "expected"), [(None, None), (TIMESTAMP, TIMESTAMP_TEXT)])
def test_a_change_of_the_account_comes_after_those_of_its_orders(cancel_at: int | None, expected: str | None) -> None:
    canceled = OrderChange(7, OrderCanceled(7, 300_000, Reason.ACCOUNT_SUSPENDED), 0)
    message = told([canceled], [order_state(7, status=OrderStatus.CANCELED)], AccountSet(ACCOUNT, True, cancel_at))
    assert message["changes"][1] == {"event": "account", "suspended": True, "cancel_at": expected}
    assert told([], [], AccountSet(ACCOUNT, False, cancel_at))["orders"] == []


def test_an_update_names_the_one_before_it_and_holds_the_orders_as_it_left_them() -> None:
    message = told([OrderChange(7, OrderPlaced(7), 0)], [order_state(7)])
    assert list(message) == ["type", "account", "sequence", "previous", "timestamp", "changes", "orders"]
    assert (message["type"], message["account"], message["sequence"], message["previous"]) == ("update", ACCOUNT, 12, 9)
    assert message["timestamp"] == TIMESTAMP_TEXT
    [order] = message["orders"]
    assert (order["order_id"], order["price"], order["remaining_quantity"], order["trades"]) == ("7", "1", "3", [])


def test_an_update_tells_the_balances_that_have_changed_and_no_others() -> None:
    part = BalancesPart(ledger=True, balances=[AssetBalance("USDT", "69.97", "30.03")])
    canceled = OrderChange(7, OrderCanceled(7, 300_000, Reason.REQUESTED), 0)
    message = told([canceled], [order_state(7, reserved="0")], None, part)
    assert list(message)[-4:] == ["changes", "orders", "ledger", "balances"]
    assert (message["ledger"], message["balances"]) == (True, [{"asset": "USDT", "free": "69.97", "locked": "30.03"}])
    assert message["orders"][0]["reserved"] == "0"
    ended = told([], [], None, BalancesPart(ledger=False, balances=[]))
    assert (ended["changes"], ended["orders"], ended["ledger"], ended["balances"]) == ([], [], False, [])
