"""PATCH /orders/{order_id}: what reaches the matcher, what the client is answered, and every error."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
from protocol.commands import AmendmentsQuery, AmendOrder, OrderQuery
from protocol.events import Amendment, AmendmentList, CommandRefused, OrderState, Trade
from protocol.units import OrderStatus, OrderType, Refusal, Side
from tests.unit.gateway.fakes import SEQUENCE, TIMESTAMP, TIMESTAMP_TEXT, Gateway

STATE = OrderState(
    41, "c", "alice", "BTC-USDT", Side.BUY, OrderType.STOP_LIMIT, 6_000_000, 5_900_000, OrderStatus.OPEN, True,
    50_000, 0, 50_000, 0, None, SEQUENCE, TIMESTAMP, [],
)  # fmt: skip
TRADE = Trade("BTC-USDT", 5, 6_100_000, 10_000, Side.BUY, 3, 41, 10, 20, 9, TIMESTAMP)
AMENDED = structs.replace(
    STATE,
    price=6_100_000,
    quantity=40_000,
    filled_quantity=10_000,
    remaining_quantity=30_000,
    filled_value=61 * 10**9,
    trades=[TRADE],
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.results[OrderQuery] = STATE
        gateway.broker.answers[AmendOrder] = AMENDED
        yield gateway


def test_an_amend_is_sent_in_the_units_of_the_orders_instrument(gateway: Gateway) -> None:
    answer = gateway.request("PATCH", "/orders/41", {"quantity": "0.4", "price": 61000, "trigger_price": "59000.01"})
    assert gateway.broker.commands == [AmendOrder(41, None, None, 40_000, 6_100_000, 5_900_001)]
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    order = answer.json
    assert (order["quantity"], order["price"], order["filled_quantity"], order["remaining_quantity"]) == (
        "0.4",
        "61000",
        "0.1",
        "0.3",
    )
    assert [(trade["trade_id"], trade["price"], trade["taker_order_id"]) for trade in order["trades"]] == [
        ("5", "61000", "41")
    ]


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ({"quantity": "1"}, (100_000, None, None)),
        ({"price": "1"}, (None, 100, None)),
        ({"trigger_price": "1"}, (None, None, 100)),
        ({"quantity": None, "price": "1", "trigger_price": None}, (None, 100, None)),
    ],
)
def test_what_is_not_given_stays_as_it_is(
    gateway: Gateway, body: dict[str, Any], numbers: tuple[int | None, int | None, int | None]
) -> None:
    assert gateway.request("PATCH", "/orders/41", body).status == 200
    assert gateway.broker.commands == [AmendOrder(41, None, None, *numbers)]


def test_a_new_client_order_id_is_enough_and_told_with_the_one_before(gateway: Gateway) -> None:
    renamed = structs.replace(STATE, client_order_id="d", previous_client_order_id="c")
    gateway.broker.answers[AmendOrder] = renamed
    answer = gateway.request("PATCH", "/orders/41", {"new_client_order_id": "d"})
    assert gateway.broker.commands == [AmendOrder(41, new_client_order_id="d")]
    assert (answer.json["client_order_id"], answer.json["previous_client_order_id"]) == ("d", "c")


def test_a_bad_new_client_order_id_is_told(gateway: Gateway) -> None:
    answer = gateway.request("PATCH", "/orders/41", {"new_client_order_id": "a b"})
    assert answer.problem == (422, "invalid_name", "new_client_order_id")
    assert gateway.broker.commands == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/orders/41?account=alice", (41, "alice", None)),
        ("/orders/client:c", (None, "default", "c")),
        ("/orders/client:c?account=alice", (None, "alice", "c")),
    ],
)
def test_an_order_is_named_by_either_id(
    gateway: Gateway, path: str, named: tuple[int | None, str | None, str | None]
) -> None:
    assert gateway.request("PATCH", path, {"price": "1"}).status == 200
    assert gateway.broker.queries[0] == OrderQuery(*named)
    assert gateway.broker.commands == [AmendOrder(*named, None, 100, None)]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/orders/41", {}, (422, "missing_field", "quantity")),
        ("/orders/41", {"quantity": None, "price": None}, (422, "missing_field", "quantity")),
        ("/orders/41", b"", (422, "invalid_json", None)),
        ("/orders/41", b"[]", (422, "invalid_json", None)),
        ("/orders/41", {"side": "sell"}, (422, "unknown_field", "side")),
        ("/orders/41", {"display_quantity": "1"}, (422, "unknown_field", "display_quantity")),
        ("/orders/41", {"quantity": True}, (422, "invalid_value", "quantity")),
        ("/orders/41", {"quantity": "0"}, (422, "invalid_value", "quantity")),
        ("/orders/41", {"quantity": "0.000001"}, (422, "quantity_off_lot", "quantity")),
        ("/orders/41", {"price": "0.001"}, (422, "price_off_tick", "price")),
        ("/orders/41", {"price": "1e30"}, (422, "price_too_large", "price")),
        ("/orders/41", {"trigger_price": "0.001"}, (422, "trigger_price_off_tick", "trigger_price")),
        ("/orders/x", {"price": "1"}, (404, "unknown_order", None)),
        ("/orders/client:", {"price": "1"}, (404, "unknown_order", None)),
        ("/orders/41?account=no%20spaces", {"price": "1"}, (422, "invalid_name", "account")),
        ("/orders/41?side=buy", {"price": "1"}, (422, "unknown_field", "side")),
        ("/orders/41", b"x" * (64 * 1024 + 1), (413, "body_too_large", None)),
    ],
)
def test_what_cannot_be_an_amend_is_refused_here(
    gateway: Gateway, path: str, body: Any, expected: tuple[int, str, str | None]
) -> None:
    assert gateway.request("PATCH", path, body).problem == expected
    assert gateway.broker.commands == []


def test_an_order_that_is_not_there_cannot_be_amended(gateway: Gateway) -> None:
    gateway.broker.results[OrderQuery] = CommandRefused(Refusal.UNKNOWN_ORDER)
    assert gateway.request("PATCH", "/orders/41", {"price": "1"}).problem == (404, "unknown_order", None)
    assert gateway.broker.commands == []


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal.ORDER_NOT_OPEN, (409, "order_not_open", None)),
        (Refusal.QUANTITY_BELOW_FILLED, (409, "quantity_below_filled", "quantity")),
        (Refusal.POST_ONLY_WOULD_CROSS, (409, "post_only_would_cross", "price")),
        (Refusal.INSTRUMENT_HALTED, (409, "instrument_halted", None)),
        (Refusal.INSTRUMENT_CANCEL_ONLY, (409, "instrument_cancel_only", None)),
        (Refusal.PRICE_NOT_ALLOWED, (422, "price_not_allowed", "price")),
        (Refusal.TRIGGER_PRICE_NOT_ALLOWED, (422, "trigger_price_not_allowed", "trigger_price")),
        (Refusal.DISPLAY_QUANTITY_TOO_LARGE, (422, "display_quantity_too_large", "quantity")),
        (Refusal.PRICE_ON_WRONG_SIDE, (409, "price_on_wrong_side", "price")),
        (Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, (409, "trigger_price_on_wrong_side", "trigger_price")),
        (Refusal.BELOW_MIN_NOTIONAL, (422, "below_min_notional", "quantity")),
    ],
)
def test_the_matchers_refusal_is_told(
    gateway: Gateway, refusal: Refusal, expected: tuple[int, str, str | None]
) -> None:
    gateway.broker.answers[AmendOrder] = CommandRefused(refusal)
    assert gateway.request("PATCH", "/orders/41", {"price": "1"}).problem == expected


def test_no_answer_is_told(gateway: Gateway) -> None:
    gateway.broker.answers[AmendOrder] = OutcomeUnknownError("")
    assert gateway.request("PATCH", "/orders/41", {"price": "1"}).problem == (504, "outcome_unknown", None)
    gateway.broker.results[OrderQuery] = MatcherUnavailableError("")
    assert gateway.request("PATCH", "/orders/41", {"price": "1"}).problem == (503, "matcher_unavailable", None)


def test_what_amends_have_changed_is_listed(gateway: Gateway) -> None:
    found = Amendment(41, 12, TIMESTAMP, 40_000, 50_000, 6_100_000, 6_000_000, None, None, "d", "c")
    gateway.broker.results[AmendmentsQuery] = AmendmentList("BTC-USDT", [found], 12)
    answer = gateway.request("GET", "/orders/client:d/amendments?account=alice&after=3&limit=7")
    assert gateway.broker.queries[0] == AmendmentsQuery(None, "alice", "d", 3, 7)
    assert answer.json == {
        "amendments": [
            {
                "sequence": 12,
                "timestamp": TIMESTAMP_TEXT,
                "quantity": "0.4",
                "previous_quantity": "0.5",
                "price": "61000",
                "previous_price": "60000",
                "trigger_price": None,
                "previous_trigger_price": None,
                "client_order_id": "d",
                "previous_client_order_id": "c",
            }
        ],
        "next": "12",
    }
