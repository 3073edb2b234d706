"""Requests to commands and answers to public JSON."""

import json
from typing import Any

import pytest
from msgspec import Raw, structs

from gateway.http.responses import encode
from gateway.native.enum_words import ORDER_TYPES
from gateway.native.json.schemas import OrderRequest
from gateway.native.json.translate import (
    best_prices,
    depth_update,
    depth_view,
    instrument_view,
    market_trade,
    order,
    place_order,
    published_trade,
)
from gateway.native.problems import ProblemError
from protocol.commands import PlaceOrder
from protocol.events import Depth, OrderResult, OrderState, Trade
from protocol.market_data import TradeMessage
from protocol.placed import placed_order
from protocol.units import OrderStatus, OrderType, Reason, Side
from tests.unit.gateway.fakes import BTC, BTC_VIEW, TIMESTAMP, TIMESTAMP_TEXT

TRADE = Trade("BTC-USDT", 5, 6_000_050, 30_001, Side.SELL, 3, 4, 10, 20, 9, TIMESTAMP)
TRADE_VIEW = {
    "trade_id": "5",
    "price": "60000.5",
    "quantity": "0.30001",
    "aggressor_side": "sell",
    "maker_order_id": "3",
    "taker_order_id": "4",
    "maker_fee": "18.000750005",
    "taker_fee": "36.00150001",
}
STATE = OrderState(
    order_id=4,
    client_order_id="c-1",
    account="alice",
    symbol="BTC-USDT",
    side=Side.SELL,
    order_type=OrderType.LIMIT,
    price=6_000_000,
    trigger_price=None,
    status=OrderStatus.PARTIALLY_FILLED,
    resting=True,
    quantity=100_000,
    filled_quantity=30_001,
    remaining_quantity=69_999,
    filled_value=6_000_050 * 30_001,
    reason=None,
    reserved="30030",
    sequence=9,
    timestamp=TIMESTAMP,
    trades=[TRADE],
    updated_sequence=9,
    updated=TIMESTAMP,
    working_since=TIMESTAMP,
)


def request(**fields: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "symbol": "BTC-USDT",
        "order_type": "limit",
        "side": "buy",
        "quantity": "0.5",
        "price": "60000",
        **fields,
    }
    for name in ("quantity", "price", "trigger_price"):
        if given.get(name) is not None:
            given[name] = Raw(json.dumps(given[name]))
    return OrderRequest(**{name: value for name, value in given.items() if value is not None})


def as_json(value: object) -> Any:
    return json.loads(encode(value))


def test_a_request_becomes_the_command() -> None:
    assert place_order(request(client_order_id="c-1", account="alice", side="sell"), BTC, 77) == PlaceOrder(
        "BTC-USDT", "alice", Side.SELL, OrderType.LIMIT, 50_000, 6_000_000, None, "c-1", 77
    )


def test_what_is_missing_gets_its_default() -> None:
    command = place_order(request(), BTC, 77)
    assert (command.account, command.client_order_id, command.trigger_price) == ("default", None, None)


TAKES = {
    "market": set(),
    "limit": {"price"},
    "ioc": {"price"},
    "fok": {"price"},
    "stop_market": {"trigger_price"},
    "stop_limit": {"price", "trigger_price"},
    "take_profit": {"trigger_price"},
    "take_profit_limit": {"price", "trigger_price"},
}


def test_every_order_type_is_in_the_table() -> None:
    assert set(ORDER_TYPES.values()) == set(OrderType)
    assert set(TAKES) == set(ORDER_TYPES) - {"trailing_stop", "trailing_stop_limit"}


@pytest.mark.parametrize("order_type", TAKES)
@pytest.mark.parametrize("price", [None, "100"])
@pytest.mark.parametrize("trigger_price", [None, "99"])
def test_each_type_takes_its_fields_and_no_others(
    order_type: str, price: str | None, trigger_price: str | None
) -> None:
    asked = request(order_type=order_type, price=price, trigger_price=trigger_price)
    given = {name for name, value in (("price", price), ("trigger_price", trigger_price)) if value}
    if given == TAKES[order_type]:
        command = place_order(asked, BTC, 0)
        assert command.price == (10_000 if price else None)
        assert command.trigger_price == (9_900 if trigger_price else None)
        return
    with pytest.raises(ProblemError) as caught:
        place_order(asked, BTC, 0)
    field = next(name for name in ("price", "trigger_price") if (name in given) != (name in TAKES[order_type]))
    assert caught.value.code == f"{field}_{'not_allowed' if field in given else 'required'}"
    assert caught.value.field == field


def test_null_stands_for_a_missing_price() -> None:
    asked = structs.replace(request(order_type="market", price=None), price=Raw("null"))
    assert place_order(asked, BTC, 0).price is None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("order_type", "LIMIT", "invalid_value"),
        ("order_type", "", "invalid_value"),
        ("side", "Buy", "invalid_value"),
        ("account", "", "invalid_name"),
        ("account", "a b", "invalid_name"),
        ("account", "a" * 65, "invalid_name"),
        ("account", "ä", "invalid_name"),
        ("client_order_id", "x/y", "invalid_name"),
        ("client_order_id", "x\n", "invalid_name"),
        ("quantity", "0.000001", "quantity_off_lot"),
        ("quantity", "0", "invalid_value"),
        ("price", "0.001", "price_off_tick"),
        ("price", "1e30", "price_too_large"),
    ],
)
def test_a_bad_field_is_named(field: str, value: str, code: str) -> None:
    with pytest.raises(ProblemError) as caught:
        place_order(request(**{field: value}), BTC, 0)
    assert (caught.value.code, caught.value.field, caught.value.status) == (code, field, 422)


def test_an_order_has_all_its_fields() -> None:
    assert as_json(order(STATE, BTC)) == {
        "order_id": "4",
        "client_order_id": "c-1",
        "account": "alice",
        "symbol": "BTC-USDT",
        "side": "sell",
        "order_type": "limit",
        "price": "60000",
        "trigger_price": None,
        "status": "partially_filled",
        "resting": True,
        "quantity": "1",
        "filled_quantity": "0.30001",
        "remaining_quantity": "0.69999",
        "prevented_quantity": "0",
        "average_price": "60000.5",
        "trades": [TRADE_VIEW],
        "reason": None,
        "reserved": "30030",
        "sequence": 9,
        "timestamp": TIMESTAMP_TEXT,
        "updated_sequence": 9,
        "updated": TIMESTAMP_TEXT,
        "working_since": TIMESTAMP_TEXT,
    }


def test_it_bears_the_stamps_of_its_entry_and_of_its_last_change() -> None:
    changed = as_json(order(structs.replace(STATE, updated_sequence=12, updated=TIMESTAMP + 10**9), BTC))
    assert (changed["sequence"], changed["timestamp"]) == (9, TIMESTAMP_TEXT)
    assert (changed["updated_sequence"], changed["updated"]) == (12, TIMESTAMP_TEXT.replace(":51.", ":52."))


def test_an_order_that_waits_works_since_it_fired() -> None:
    waiting = structs.replace(STATE, order_type=OrderType.STOP_LIMIT, working_since=None)
    assert as_json(order(waiting, BTC))["working_since"] is None
    fired = structs.replace(waiting, working_since=TIMESTAMP + 10**9)
    assert as_json(order(fired, BTC))["working_since"] == TIMESTAMP_TEXT.replace(":51.", ":52.")


@pytest.mark.parametrize(
    ("status", "works"), [(OrderStatus.PENDING, False), (OrderStatus.REJECTED, False), (OrderStatus.CANCELED, True)]
)
def test_the_short_answer_tells_whether_the_order_works(status: OrderStatus, *, works: bool) -> None:
    command = PlaceOrder("BTC-USDT", "alice", Side.SELL, OrderType.STOP_MARKET, 100_000, None, 6_000_000)
    result = OrderResult(4, status, False, 0, 0, 0, None)
    assert placed_order(command, result, 9, TIMESTAMP).working_since == (TIMESTAMP if works else None)


def test_a_duplicate_says_so() -> None:
    assert as_json(order(structs.replace(STATE, duplicate=True), BTC)) == {
        **as_json(order(STATE, BTC)),
        "duplicate": True,
    }


def test_a_new_order_is_told_as_a_look_up_would() -> None:
    command = PlaceOrder("BTC-USDT", "alice", Side.SELL, OrderType.LIMIT, 100_000, 6_000_000, None, "c-1", 123)
    result = OrderResult(
        4, OrderStatus.PARTIALLY_FILLED, True, 30_001, 69_999, 6_000_050 * 30_001, None, [TRADE], "30030"
    )
    assert placed_order(command, result, 9, TIMESTAMP) == STATE


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_has_its_word(status: OrderStatus) -> None:
    assert as_json(order(structs.replace(STATE, status=status), BTC))["status"] == status.name.lower()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_word(reason: Reason) -> None:
    assert as_json(order(structs.replace(STATE, reason=reason), BTC))["reason"] == reason.name.lower()


def test_a_trade_of_the_history_and_the_published_one_are_told_alike() -> None:
    fee = 6_000_050 * 30_001
    message = TradeMessage(1, 9, 5, 4, TIMESTAMP, "BTC-USDT", 5, 6_000_050, 30_001, "sell", 3, 4, fee * 1, fee * 2)
    expected = {"timestamp": TIMESTAMP_TEXT, "symbol": "BTC-USDT", "sequence": 9, **TRADE_VIEW}
    assert as_json(market_trade(TRADE, BTC)) == expected
    assert as_json(published_trade(message, BTC, 10)) == expected


def test_fees_follow_the_rate_of_the_trade() -> None:
    free = structs.replace(TRADE, maker_fee_bps=0, taker_fee_bps=7)
    view = as_json(market_trade(free, BTC))
    assert (view["maker_fee"], view["taker_fee"]) == ("0", "12.6005250035")


DEPTH = Depth("BTC-USDT", [(6_000_000, 100_000), (5_999_999, 1)], [(6_000_001, 250_000)])
BIDS = [["60000", "1"], ["59999.99", "0.00001"]]
ASKS = [["60000.01", "2.5"]]


def test_depth_is_told_best_first() -> None:
    expected = {"timestamp": TIMESTAMP_TEXT, "symbol": "BTC-USDT", "sequence": 9, "bids": BIDS, "asks": ASKS}
    assert as_json(depth_view(DEPTH, 9, TIMESTAMP, BTC)) == expected
    assert as_json(depth_update(DEPTH, 9, TIMESTAMP, BTC)) == {**expected, "bbo": {"bid": BIDS[0], "ask": ASKS[0]}}


def test_an_empty_side_has_no_best_price() -> None:
    empty = structs.replace(DEPTH, asks=[])
    best = {"timestamp": TIMESTAMP_TEXT, "symbol": "BTC-USDT", "sequence": 9, "bid": BIDS[0], "ask": None}
    assert as_json(best_prices(empty, 9, TIMESTAMP, BTC)) == best
    assert as_json(depth_update(empty, 9, TIMESTAMP, BTC))["bbo"] == {"bid": BIDS[0], "ask": None}


def test_an_instrument_is_told_in_decimals() -> None:
    assert as_json(instrument_view(BTC)) == BTC_VIEW
