"""POST /orders/oco: what reaches the matcher, what the client is answered, and every error."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import OrderTerms, PlaceOco
from protocol.events import CommandRefused, OrderState, OrderStates
from protocol.units import OrderStatus, OrderType, Refusal, SelfTradePrevention, Side, TimeInForce
from tests.unit.gateway.fakes import SEQUENCE, TIMESTAMP, Gateway

OCO = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.5", "price": "66000", "stop_trigger_price": "58000"}
TERMS = OrderTerms(self_trade_prevention=SelfTradePrevention.DECREMENT)
LIMIT_LEG = OrderState(
    41, "exit", "default", "BTC-USDT", Side.SELL, OrderType.LIMIT, 6_600_000, None, OrderStatus.OPEN, True,
    50_000, 0, 50_000, 0, None, SEQUENCE, TIMESTAMP, [], terms=TERMS, oco_id=41,
)  # fmt: skip
STOP_LEG = structs.replace(
    LIMIT_LEG,
    order_id=42,
    client_order_id="exit:stop",
    order_type=OrderType.STOP_MARKET,
    price=None,
    trigger_price=5_800_000,
    status=OrderStatus.PENDING,
    resting=False,
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.answers[PlaceOco] = OrderStates([LIMIT_LEG, STOP_LEG])
        yield gateway


def sent(gateway: Gateway) -> PlaceOco:
    """The command that was sent, without its deadline."""
    [command] = gateway.broker.commands
    assert isinstance(command, PlaceOco)
    return structs.replace(command, deadline=0)


def test_both_legs_are_answered(gateway: Gateway) -> None:
    answer = gateway.request("POST", "/orders/oco", OCO)
    [command] = gateway.broker.commands
    assert isinstance(command, PlaceOco)
    assert command.deadline == gateway.broker.deadline()
    assert sent(gateway) == PlaceOco("BTC-USDT", "default", Side.SELL, 50_000, 6_600_000, 5_800_000)
    assert answer.status == 200
    assert list(answer.json) == ["orders"]
    limit, stop = answer.json["orders"]
    assert (limit["order_id"], limit["order_type"], limit["price"], limit["trigger_price"]) == (
        "41",
        "limit",
        "66000",
        None,
    )
    assert (stop["order_id"], stop["order_type"], stop["price"], stop["trigger_price"]) == (
        "42",
        "stop_market",
        None,
        "58000",
    )
    assert limit["oco_id"] == stop["oco_id"] == "41"
    assert limit["self_trade_prevention"] == stop["self_trade_prevention"] == "decrement"
    assert (limit["client_order_id"], stop["client_order_id"]) == ("exit", "exit:stop")
    assert "duplicate" not in limit


def test_every_field_reaches_the_matcher(gateway: Gateway) -> None:
    more = {
        "side": "buy",
        "stop_price": 57900.5,
        "account": "alice",
        "client_order_id": "exit",
        "self_trade_prevention": "cancel_newest",
        "expire_time": "2026-11-22T12:00:00Z",
    }
    gateway.request("POST", "/orders/oco", {**OCO, **more})
    expire_time = 1_795_348_800 * 10**9
    assert sent(gateway) == PlaceOco(
        "BTC-USDT",
        "alice",
        Side.BUY,
        50_000,
        6_600_000,
        5_800_000,
        5_790_050,
        "exit",
        0,
        SelfTradePrevention.CANCEL_NEWEST,
        expire_time,
    )


def test_every_field_of_a_take_profit_pair_reaches_the_matcher(gateway: Gateway) -> None:
    more = {
        "price": "65000",
        "take_profit_trigger_price": "66000",
        "stop_price": "57000",
        "client_order_id": "x" * 64,
        "stop_client_order_id": "down",
        "list_client_order_id": "pair",
        "cancel_on_first_fill": True,
        "post_only": True,
        "display_quantity": "0.1",
        "time_in_force": "gtc",
        "tag": "up",
        "stop_display_quantity": "0.2",
        "stop_time_in_force": "fok",
        "stop_tag": "down",
    }
    gateway.request("POST", "/orders/oco", {**OCO, **more})
    assert sent(gateway) == PlaceOco(
        "BTC-USDT",
        "default",
        Side.SELL,
        50_000,
        6_500_000,
        5_800_000,
        5_700_000,
        "x" * 64,
        cancel_on_first_fill=True,
        post_only=True,
        take_profit_trigger_price=6_600_000,
        stop_client_order_id="down",
        list_client_order_id="pair",
        display_quantity=10_000,
        tag="up",
        stop_display_quantity=20_000,
        stop_time_in_force=TimeInForce.FOK,
        stop_tag="down",
    )


def test_a_take_profit_leg_needs_no_price(gateway: Gateway) -> None:
    body = {name: value for name, value in OCO.items() if name != "price"}
    gateway.request("POST", "/orders/oco", {**body, "take_profit_trigger_price": "66000"})
    assert (sent(gateway).price, sent(gateway).take_profit_trigger_price) == (None, 6_600_000)


def test_both_legs_tell_what_belongs_to_the_pair(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOco] = OrderStates(
        [
            structs.replace(leg, cancel_on_first_fill=True, list_client_order_id="pair", working_since=since)
            for leg, since in ((LIMIT_LEG, TIMESTAMP), (STOP_LEG, None))
        ]
    )
    limit, stop = gateway.request("POST", "/orders/oco", OCO).json["orders"]
    assert (limit["cancel_on_first_fill"], limit["list_client_order_id"]) == (True, "pair")
    assert (stop["cancel_on_first_fill"], stop["list_client_order_id"]) == (True, "pair")
    assert (limit["working_since"], stop["working_since"]) == (limit["timestamp"], None)


def test_null_stands_for_what_is_missing(gateway: Gateway) -> None:
    nulls = dict.fromkeys(("stop_price", "account", "client_order_id", "self_trade_prevention", "expire_time"))
    assert gateway.request("POST", "/orders/oco", {**OCO, **nulls}).status == 200
    assert sent(gateway) == PlaceOco("BTC-USDT", "default", Side.SELL, 50_000, 6_600_000, 5_800_000)


def test_a_duplicate_is_told_of_both_legs(gateway: Gateway) -> None:
    legs = [structs.replace(leg, duplicate=True) for leg in (LIMIT_LEG, STOP_LEG)]
    gateway.broker.answers[PlaceOco] = OrderStates(legs)
    answer = gateway.request("POST", "/orders/oco", {**OCO, "client_order_id": "exit"})
    assert [order["duplicate"] for order in answer.json["orders"]] == [True, True]


def test_the_longest_client_order_id_leaves_room_for_the_stops(gateway: Gateway) -> None:
    assert gateway.request("POST", "/orders/oco", {**OCO, "client_order_id": "x" * 59}).status == 200
    answer = gateway.request("POST", "/orders/oco", {**OCO, "client_order_id": "x" * 60})
    assert answer.problem == (422, "invalid_name", "client_order_id")
    assert "59" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (422, "missing_field", "symbol")),
        (
            {"symbol": "BTC-USDT", "side": "sell", "quantity": "1", "price": "1"},
            (422, "missing_field", "stop_trigger_price"),
        ),
        ({**OCO, "order_type": "limit"}, (422, "unknown_field", "order_type")),
        ({**OCO, "max_slippage_bps": 5}, (422, "unknown_field", "max_slippage_bps")),
        ({**OCO, "post_only": "yes"}, (422, "invalid_value", "post_only")),
        ({**OCO, "cancel_on_first_fill": 1}, (422, "invalid_value", "cancel_on_first_fill")),
        ({**OCO, "price": None}, (422, "price_required", "price")),
        ({**OCO, "take_profit_trigger_price": "0"}, (422, "invalid_value", "take_profit_trigger_price")),
        (
            {**OCO, "take_profit_trigger_price": "0.001"},
            (422, "trigger_price_off_tick", "take_profit_trigger_price"),
        ),
        ({**OCO, "time_in_force": "day"}, (422, "invalid_value", "time_in_force")),
        ({**OCO, "stop_time_in_force": "day"}, (422, "invalid_value", "stop_time_in_force")),
        ({**OCO, "stop_display_quantity": "0.000001"}, (422, "display_quantity_off_lot", "stop_display_quantity")),
        ({**OCO, "tag": "a b"}, (422, "invalid_tag", "tag")),
        ({**OCO, "stop_tag": ""}, (422, "invalid_tag", "stop_tag")),
        ({**OCO, "stop_client_order_id": "down"}, (422, "client_order_id_required", "client_order_id")),
        ({**OCO, "list_client_order_id": "a b"}, (422, "invalid_name", "list_client_order_id")),
        ({**OCO, "symbol": "DOGE-USDT"}, (404, "unknown_symbol", "symbol")),
        ({**OCO, "side": "both"}, (422, "invalid_value", "side")),
        ({**OCO, "account": "no spaces"}, (422, "invalid_name", "account")),
        ({**OCO, "client_order_id": ""}, (422, "invalid_name", "client_order_id")),
        ({**OCO, "quantity": None}, (422, "invalid_value", "quantity")),
        ({**OCO, "quantity": "0.000001"}, (422, "quantity_off_lot", "quantity")),
        ({**OCO, "price": "0.001"}, (422, "price_off_tick", "price")),
        ({**OCO, "stop_trigger_price": None}, (422, "invalid_value", "stop_trigger_price")),
        ({**OCO, "stop_trigger_price": "0.001"}, (422, "trigger_price_off_tick", "stop_trigger_price")),
        ({**OCO, "stop_trigger_price": "1e30"}, (422, "trigger_price_too_large", "stop_trigger_price")),
        ({**OCO, "stop_price": "0.001"}, (422, "price_off_tick", "stop_price")),
        ({**OCO, "stop_price": "1e30"}, (422, "price_too_large", "stop_price")),
        ({**OCO, "self_trade_prevention": "always"}, (422, "invalid_value", "self_trade_prevention")),
        ({**OCO, "expire_time": "later"}, (422, "invalid_value", "expire_time")),
        ({**OCO, "expire_time": "1969-01-01T00:00:00Z"}, (422, "expire_time_past", "expire_time")),
    ],
)
def test_what_cannot_be_an_oco_is_refused_here(
    gateway: Gateway, body: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert gateway.request("POST", "/orders/oco", body).problem == expected
    assert gateway.broker.commands == []


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (CommandRefused(Refusal.NO_LAST_TRADE, "stop_trigger_price"), (422, "no_last_trade", "stop_trigger_price")),
        (CommandRefused(Refusal.PRICE_ON_WRONG_SIDE, "price"), (422, "price_on_wrong_side", "price")),
        (
            CommandRefused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price"),
            (422, "trigger_price_on_wrong_side", "stop_trigger_price"),
        ),
        (CommandRefused(Refusal.PRICE_TOO_LARGE, "stop_price"), (422, "price_too_large", "stop_price")),
        (CommandRefused(Refusal.BELOW_MIN_NOTIONAL, "stop_price"), (422, "below_min_notional", "stop_price")),
        (CommandRefused(Refusal.EXPIRE_TIME_PAST), (422, "expire_time_past", "expire_time")),
        (
            CommandRefused(Refusal.LIST_CLIENT_ORDER_ID_IN_USE),
            (409, "list_client_order_id_in_use", "list_client_order_id"),
        ),
        (
            CommandRefused(Refusal.TIME_IN_FORCE_NOT_ALLOWED, "stop_time_in_force"),
            (422, "time_in_force_not_allowed", "stop_time_in_force"),
        ),
        (CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT), (409, "client_order_id_conflict", "client_order_id")),
    ],
)
def test_the_matchers_refusal_is_told(
    gateway: Gateway, refused: CommandRefused, expected: tuple[int, str, str]
) -> None:
    gateway.broker.answers[PlaceOco] = refused
    assert gateway.request("POST", "/orders/oco", OCO).problem == expected


def test_no_matcher_is_told(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOco] = MatcherUnavailableError("")
    assert gateway.request("POST", "/orders/oco", OCO).problem == (503, "matcher_unavailable", None)


def test_only_post_is_taken(gateway: Gateway) -> None:
    answer = gateway.request("GET", "/orders/oco")
    assert answer.problem == (405, "method_not_allowed", None)
    assert answer.headers["allow"] == "POST"
