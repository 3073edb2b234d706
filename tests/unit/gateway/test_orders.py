"""The routes of orders: what reaches the matcher, what the client is answered, and every error of the contract."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.exchange.accounts import MAX_TOLD
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, TooMuchInFlightError
from protocol.commands import CancelAllOrders, CancelOrder, InstrumentsQuery, OrderQuery, PlaceOrder
from protocol.events import CommandRefused, OrderResult, OrderStates
from protocol.units import OrderStatus, OrderType, Reason, Refusal, Side
from tests.unit.gateway.fakes import SEQUENCE, TIMESTAMP_TEXT, Gateway
from tests.unit.gateway.order_answers import CANCELED, RESTS, STATE

LIMIT = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.5", "price": "60000"}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.answers[PlaceOrder] = RESTS
        yield gateway


def test_a_new_order_is_sent_and_answered_whole(gateway: Gateway) -> None:
    answer = gateway.request("POST", "/orders", LIMIT)
    [command] = gateway.broker.commands
    assert isinstance(command, PlaceOrder)
    assert command.deadline == gateway.broker.deadline()
    assert structs.replace(command, deadline=0) == PlaceOrder(
        "BTC-USDT", "default", Side.BUY, OrderType.LIMIT, 50_000, 6_000_000
    )
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "order_id": "41",
        "client_order_id": None,
        "account": "default",
        "symbol": "BTC-USDT",
        "side": "buy",
        "order_type": "limit",
        "price": "60000",
        "trigger_price": None,
        "status": "open",
        "resting": True,
        "quantity": "0.5",
        "filled_quantity": "0",
        "remaining_quantity": "0.5",
        "prevented_quantity": "0",
        "average_price": None,
        "trades": [],
        "reason": None,
        "reserved": None,
        "sequence": SEQUENCE,
        "timestamp": TIMESTAMP_TEXT,
        "updated_sequence": SEQUENCE,
        "updated": TIMESTAMP_TEXT,
        "working_since": TIMESTAMP_TEXT,
    }


def test_numbers_are_taken_without_a_detour_through_floats(gateway: Gateway) -> None:
    body = b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":8999.99999,"price":90071992547.41}'
    gateway.request("POST", "/orders", body)
    [command] = gateway.broker.commands
    assert isinstance(command, PlaceOrder)
    assert (command.quantity, command.price) == (899_999_999, 9_007_199_254_741)


def test_a_body_may_come_in_chunks(gateway: Gateway) -> None:
    chunks = [
        b'{"symbol":"BTC-USDT","order_type":"limit",',
        b'"side":"buy","quantity":"0.5",',
        b"",
        b'"price":"60000"}',
    ]
    assert gateway.request("POST", "/orders", chunks).status == 200


def test_the_last_of_two_equal_keys_counts(gateway: Gateway) -> None:
    body = b'{"symbol":"NOPE","symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"1"}'
    assert gateway.request("POST", "/orders", body).json["symbol"] == "BTC-USDT"


def test_a_duplicate_is_answered_as_it_stands(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOrder] = structs.replace(CANCELED, duplicate=True)
    answer = gateway.request("POST", "/orders", {**LIMIT, "client_order_id": "c"})
    assert answer.status == 200
    assert (answer.json["duplicate"], answer.json["status"], answer.json["reason"]) == (True, "canceled", "requested")


def test_a_rejected_order_is_no_error(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOrder] = OrderResult(5, OrderStatus.REJECTED, False, 0, 0, 0, Reason.INSTRUMENT_HALTED)
    answer = gateway.request("POST", "/orders", LIMIT)
    assert (answer.status, answer.json["status"], answer.json["reason"]) == (200, "rejected", "instrument_halted")


BAD_BODIES: list[tuple[Any, tuple[int, str, str | None]]] = [
    (b"", (422, "invalid_json", None)),
    (b"{", (422, "invalid_json", None)),
    (b"[]", (422, "invalid_json", None)),
    (b'"text"', (422, "invalid_json", None)),
    (b"null", (422, "invalid_json", None)),
    (b"{} {}", (422, "invalid_json", None)),
    (b"\xff\xfe", (422, "invalid_json", None)),
    (b"\xef\xbb\xbf{}", (422, "invalid_json", None)),
    (b"[" * 60_000, (422, "invalid_json", None)),
    (b'{"symbol":' * 6_000, (422, "invalid_json", None)),
    (b'{"quantity":' + b"[" * 60_000, (422, "invalid_json", None)),
    (b'{"symbol":"\xff"}', (422, "missing_field", "order_type")),
    (b'{"symbol":"\xff","order_type":"market","side":"buy","quantity":"1"}', (422, "invalid_json", "symbol")),
    (
        b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"1","price":NaN}',
        (422, "invalid_json", None),
    ),
    (b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"1","price":01}', (422, "invalid_json", None)),
    (
        b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"1","price":Infinity}',
        (422, "invalid_json", None),
    ),
    ({}, (422, "missing_field", "symbol")),
    ({"symbol": "BTC-USDT"}, (422, "missing_field", "order_type")),
    ({"symbol": "BTC-USDT", "order_type": "market", "side": "buy"}, (422, "quantity_required", "quantity")),
    ({**LIMIT, "leverage": 100}, (422, "unknown_field", "leverage")),
    ({**LIMIT, "deadline": 1}, (422, "unknown_field", "deadline")),
    ({**LIMIT, "Price": "1"}, (422, "unknown_field", "Price")),
    ({**LIMIT, "symbol": 5}, (422, "invalid_value", "symbol")),
    ({**LIMIT, "symbol": None}, (422, "invalid_value", "symbol")),
    ({**LIMIT, "side": True}, (422, "invalid_value", "side")),
    ({**LIMIT, "side": "long"}, (422, "invalid_value", "side")),
    ({**LIMIT, "order_type": "iceberg"}, (422, "invalid_value", "order_type")),
    ({**LIMIT, "order_type": ["limit"]}, (422, "invalid_value", "order_type")),
    ({**LIMIT, "account": 5}, (422, "invalid_value", "account")),
    ({**LIMIT, "account": "no spaces"}, (422, "invalid_name", "account")),
    ({**LIMIT, "client_order_id": ""}, (422, "invalid_name", "client_order_id")),
    ({**LIMIT, "client_order_id": {}}, (422, "invalid_value", "client_order_id")),
    ({**LIMIT, "quantity": None}, (422, "quantity_required", "quantity")),
    ({**LIMIT, "quantity": "0"}, (422, "invalid_value", "quantity")),
    ({**LIMIT, "quantity": -1}, (422, "invalid_value", "quantity")),
    ({**LIMIT, "quantity": True}, (422, "invalid_value", "quantity")),
    ({**LIMIT, "quantity": "0.000001"}, (422, "quantity_off_lot", "quantity")),
    ({**LIMIT, "quantity": "1e20"}, (422, "quantity_too_large", "quantity")),
    (
        b'{"symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"\\u0031\xff"}',
        (422, "invalid_value", "quantity"),
    ),
    ({**LIMIT, "price": None}, (422, "price_required", "price")),
    ({**LIMIT, "price": "60000.001"}, (422, "price_off_tick", "price")),
    ({**LIMIT, "price": "1e30"}, (422, "price_too_large", "price")),
    ({**LIMIT, "order_type": "stop_limit", "trigger_price": "0.001"}, (422, "trigger_price_off_tick", "trigger_price")),
    ({**LIMIT, "order_type": "stop_limit", "trigger_price": 1e30}, (422, "trigger_price_too_large", "trigger_price")),
    ({**LIMIT, "symbol": "DOGE-USDT"}, (404, "unknown_symbol", "symbol")),
    ({**LIMIT, "symbol": "btc-usdt"}, (404, "unknown_symbol", "symbol")),
    ({**LIMIT, "symbol": ""}, (404, "unknown_symbol", "symbol")),
    ({**LIMIT, "symbol": "../etc"}, (404, "unknown_symbol", "symbol")),
]


@pytest.mark.parametrize(
    ("body", "expected"), BAD_BODIES, ids=[f"{number}-{case[1][1]}" for number, case in enumerate(BAD_BODIES)]
)
def test_what_cannot_be_an_order_is_refused_here(
    gateway: Gateway, body: Any, expected: tuple[int, str, str | None]
) -> None:
    answer = gateway.request("POST", "/orders", body)
    assert answer.problem == expected
    assert gateway.broker.commands == []
    if expected[2] is not None:
        assert expected[2] in answer.json["detail"] or expected[1] in (
            "invalid_name",
            "invalid_json",
            "unknown_symbol",
            "unknown_field",
        )


def test_a_parameter_in_the_query_is_no_field_of_an_order(gateway: Gateway) -> None:
    assert gateway.request("POST", "/orders?price=1", LIMIT).problem == (422, "unknown_field", "price")
    assert gateway.broker.commands == []


@pytest.mark.parametrize("chunks", [1, 3, 65])
def test_a_body_over_the_limit_is_refused_however_it_comes(gateway: Gateway, chunks: int) -> None:
    body = b'{"symbol":"' + b"x" * (64 * 1024) + b'"}'
    size = len(body) // chunks + 1
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    for headers in ({}, {"content-length": "10"}, {"content-length": str(len(body))}):
        assert gateway.request("POST", "/orders", parts, headers).problem == (413, "body_too_large", None)


def test_a_body_of_the_limit_is_read(gateway: Gateway) -> None:
    body = b'{"symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"1"'
    assert gateway.request("POST", "/orders", [body, b" " * (64 * 1024 - len(body) - 1), b"}"]).status == 200


def test_an_endless_body_is_not_read_to_its_end(gateway: Gateway) -> None:
    assert gateway.request("POST", "/orders", [b"x" * 1024] * 1000).problem == (413, "body_too_large", None)
    assert gateway.unread == 1000 - 65


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal.CLIENT_ORDER_ID_CONFLICT, (409, "client_order_id_conflict", "client_order_id")),
        (Refusal.QUANTITY_OFF_LOT, (422, "quantity_off_lot", "quantity")),
        (Refusal.QUANTITY_TOO_SMALL, (422, "quantity_too_small", "quantity")),
        (Refusal.QUANTITY_TOO_LARGE, (422, "quantity_too_large", "quantity")),
        (Refusal.PRICE_OFF_TICK, (422, "price_off_tick", "price")),
        (Refusal.PRICE_TOO_LARGE, (422, "price_too_large", "price")),
        (Refusal.TRIGGER_PRICE_TOO_LARGE, (422, "trigger_price_too_large", "trigger_price")),
        (Refusal.BELOW_MIN_NOTIONAL, (422, "below_min_notional", "quantity")),
        (Refusal.UNKNOWN_SYMBOL, (404, "unknown_symbol", "symbol")),
        (Refusal.COMMAND_REFUSED, (500, "command_refused", None)),
    ],
)
def test_the_matchers_refusal_is_told(
    gateway: Gateway, refusal: Refusal, expected: tuple[int, str, str | None]
) -> None:
    gateway.broker.answers[PlaceOrder] = CommandRefused(refusal)
    assert gateway.request("POST", "/orders", LIMIT).problem == expected


@pytest.mark.parametrize(
    ("failure", "status", "code", "retry_after"),
    [
        (MatcherUnavailableError(""), 503, "matcher_unavailable", "1"),
        (TooMuchInFlightError(""), 503, "too_much_in_flight", "1"),
        (OutcomeUnknownError(""), 504, "outcome_unknown", None),
    ],
)
@pytest.mark.parametrize(
    "call", [("POST", "/orders", LIMIT), ("DELETE", "/orders/1", None), ("DELETE", "/orders", None)]
)
def test_no_answer_is_told(
    gateway: Gateway, call: tuple[str, str, Any], failure: Exception, status: int, code: str, retry_after: str | None
) -> None:
    for kind in (PlaceOrder, CancelOrder, CancelAllOrders):
        gateway.broker.answers[kind] = failure
    answer = gateway.request(*call)
    assert answer.problem == (status, code, None)
    assert answer.headers.get("retry-after") == retry_after


def test_without_a_matcher_an_unknown_symbol_is_not_called_unknown(gateway: Gateway) -> None:
    gateway.broker.results[InstrumentsQuery] = MatcherUnavailableError("")
    assert gateway.request("POST", "/orders", LIMIT).problem == (503, "matcher_unavailable", None)


def test_a_failure_of_the_gateway_shows_no_trace(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOrder] = ZeroDivisionError("the secret")
    answer = gateway.request("POST", "/orders", LIMIT)
    assert answer.problem == (500, "internal_error", None)
    assert b"secret" not in answer.body
    assert isinstance(gateway.raised, ZeroDivisionError)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/orders/41", (41, None, None)),
        ("/orders/41?account=alice", (41, "alice", None)),
        ("/orders/9223372036854775807", (2**63 - 1, None, None)),
        ("/orders/client:c-1", (None, "default", "c-1")),
        ("/orders/client:a:b.c_d?account=alice", (None, "alice", "a:b.c_d")),
    ],
)
def test_an_order_is_named_by_either_id(
    gateway: Gateway, path: str, named: tuple[int | None, str | None, str | None]
) -> None:
    gateway.broker.results[OrderQuery] = STATE
    gateway.broker.answers[CancelOrder] = CANCELED
    assert gateway.request("GET", path).json["status"] == "open"
    assert gateway.broker.queries[0] == OrderQuery(*named)
    assert gateway.request("DELETE", path).json["status"] == "canceled"
    assert gateway.broker.commands == [CancelOrder(*named)]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "order_id",
    [
        "abc",
        "0",
        "-1",
        "1.0",
        "041",
        "1" + "0" * 30,
        "9223372036854775808",
        "٤١",
        "client:",
        "client:a b",
        "client:" + "x" * 65,
    ],
)
def test_what_cannot_be_an_id_is_an_unknown_order(gateway: Gateway, method: str, order_id: str) -> None:
    assert gateway.request(method, f"/orders/{order_id}").problem == (404, "unknown_order", None)
    assert gateway.broker.commands == []
    assert gateway.broker.queries == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_parameters_of_one_order_are_checked(gateway: Gateway, method: str) -> None:
    assert gateway.request(method, "/orders/1?account=no%20spaces").problem == (422, "invalid_name", "account")
    assert gateway.request(method, "/orders/1?acount=alice").problem == (422, "unknown_field", "acount")
    assert gateway.request(method, "/orders/1?account=a&account=b").problem == (422, "invalid_value", "account")


def test_an_order_that_is_not_there_cannot_be_looked_up_or_canceled(gateway: Gateway) -> None:
    gateway.broker.results[OrderQuery] = gateway.broker.answers[CancelOrder] = CommandRefused(Refusal.UNKNOWN_ORDER)
    assert gateway.request("GET", "/orders/1").problem == (404, "unknown_order", None)
    assert gateway.request("DELETE", "/orders/1").problem == (404, "unknown_order", None)
    gateway.broker.answers[CancelOrder] = CommandRefused(Refusal.ORDER_NOT_OPEN)
    assert gateway.request("DELETE", "/orders/1").problem == (409, "order_not_open", None)


def test_all_orders_of_an_account_are_canceled(gateway: Gateway) -> None:
    gateway.broker.answers[CancelAllOrders] = OrderStates([CANCELED, structs.replace(CANCELED, order_id=42)])
    answer = gateway.request("DELETE", "/orders?account=alice&symbol=BTC-USDT")
    assert [(order["order_id"], order["status"]) for order in answer.json["orders"]] == [
        ("41", "canceled"),
        ("42", "canceled"),
    ]
    gateway.broker.answers[CancelAllOrders] = OrderStates([])
    assert gateway.request("DELETE", "/orders").json == {"orders": [], "canceled": 0}
    assert gateway.broker.commands == [CancelAllOrders("alice", "BTC-USDT"), CancelAllOrders("default", None)]


def test_a_cancel_of_more_orders_than_the_matcher_cancels_at_once_goes_on_to_its_end(gateway: Gateway) -> None:
    """It is answered with the first ones, and with the number of all."""
    parts = [
        [structs.replace(CANCELED, order_id=part * 5_000 + number) for number in range(5_000)] for part in range(3)
    ]
    left = [OrderStates(states, more=True) for states in parts] + [OrderStates([CANCELED])]
    gateway.broker.answers[CancelAllOrders] = lambda _: left.pop(0)
    answer = gateway.request("DELETE", "/orders?account=alice")
    assert [int(order["order_id"]) for order in answer.json["orders"]] == list(range(MAX_TOLD))
    assert answer.json["canceled"] == 15_001
    assert gateway.broker.commands == [CancelAllOrders("alice", None)] * 4


def test_a_cancel_that_a_matcher_has_begun_and_not_ended_has_an_unknown_outcome(gateway: Gateway) -> None:
    answers = [OrderStates([CANCELED], more=True), MatcherUnavailableError("away")]
    gateway.broker.answers[CancelAllOrders] = lambda _: answers.pop(0)
    assert gateway.request("DELETE", "/orders").problem == (504, "outcome_unknown", None)
