"""Batches: what reaches the matcher, together and in order, and what stands in each element's place."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, TooMuchInFlightError
from gateway.native.json.schemas import OrderRequest
from protocol.commands import CancelOrder, Command, InstrumentsQuery, OrderTerms, PlaceOrder
from protocol.events import CommandRefused, InstrumentList, OrderResult, OrderState
from protocol.units import OrderStatus, OrderType, Reason, Refusal, Side
from tests.unit.gateway.fakes import BTC, SEQUENCE, TIMESTAMP, Gateway

LIMIT = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.5", "price": "60000"}
RESTS = OrderResult(41, OrderStatus.OPEN, True, 0, 50_000, 0, None)
CANCELED = OrderState(
    41, "c", "default", "BTC-USDT", Side.BUY, OrderType.LIMIT, 6_000_000, None, OrderStatus.CANCELED, False,
    50_000, 0, 0, 0, Reason.REQUESTED, SEQUENCE, TIMESTAMP, [],
)  # fmt: skip
AWAY = MatcherUnavailableError("")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.answers[PlaceOrder] = RESTS
        gateway.broker.answers[CancelOrder] = CANCELED
        yield gateway


def place(gateway: Gateway, *orders: Any) -> list[Any]:
    answer = gateway.request("POST", "/orders/batch", {"orders": orders})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json) == ["results"]
    assert len(answer.json["results"]) == len(orders)
    return list(answer.json["results"])


def cancel(gateway: Gateway, *order_ids: Any, **more: Any) -> list[Any]:
    answer = gateway.request("POST", "/orders/cancel-batch", {"order_ids": order_ids, **more})
    assert answer.status == 200
    assert len(answer.json["results"]) == len(order_ids)
    return list(answer.json["results"])


def brief(result: Any) -> Any:
    """The id of an order, or the status, code and field of a problem."""
    if "order_id" in result:
        return result["order_id"]
    assert {"type", "title", "status", "detail", "code"} <= set(result)
    return result["status"], result["code"], result.get("field")


def test_an_order_of_a_batch_is_sent_and_answered_as_if_alone(gateway: Gateway) -> None:
    alone = gateway.request("POST", "/orders", LIMIT).json
    assert place(gateway, LIMIT) == [alone]
    sent_alone, sent = gateway.broker.commands
    assert isinstance(sent, PlaceOrder)
    assert isinstance(sent_alone, PlaceOrder)
    assert sent.deadline == gateway.broker.deadline()
    assert structs.replace(sent, deadline=0) == structs.replace(sent_alone, deadline=0)


def test_a_hundred_orders_leave_together_and_in_order(gateway: Gateway) -> None:
    turns: list[list[Command]] = []
    current: list[Command] = []

    def end_turn() -> None:
        turns.append(current.copy())
        current.clear()

    def answer(command: PlaceOrder) -> OrderResult:
        if not current:
            asyncio.get_running_loop().call_soon(end_turn)
        current.append(command)
        return structs.replace(RESTS, order_id=command.quantity)

    gateway.broker.answers[PlaceOrder] = answer
    results = place(gateway, *({**LIMIT, "quantity": str(number)} for number in range(1, 101)))
    assert [[command.quantity for command in turn if isinstance(command, PlaceOrder)] for turn in turns] == [
        [number * 100_000 for number in range(1, 101)]
    ]
    assert [result["order_id"] for result in results] == [str(number * 100_000) for number in range(1, 101)]


def test_terms_are_read_in_a_batch_too(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOrder] = structs.replace(CANCELED, terms=OrderTerms(post_only=True))
    [result] = place(gateway, {**LIMIT, "post_only": True})
    [command] = gateway.broker.commands
    assert isinstance(command, PlaceOrder)
    assert command.terms == OrderTerms(post_only=True)
    assert result["post_only"] is True


def test_a_bad_element_gets_its_problem_in_its_place(gateway: Gateway) -> None:
    refused = {
        60_000: RESTS,
        60_001: CommandRefused(Refusal.CLIENT_ORDER_ID_CONFLICT),
        60_002: OutcomeUnknownError(""),
        60_003: AWAY,
    }
    gateway.broker.answers[PlaceOrder] = lambda command: refused[command.price // 100]
    results = place(
        gateway,
        LIMIT,
        5,
        None,
        "order",
        [LIMIT],
        {},
        {**LIMIT, "leverage": 10},
        {**LIMIT, "side": 7},
        {**LIMIT, "symbol": "DOGE-USDT"},
        {**LIMIT, "price": "0.001"},
        {**LIMIT, "post_only": True, "order_type": "ioc"},
        {**LIMIT, "price": "60001"},
        {**LIMIT, "price": "60002"},
        {**LIMIT, "price": "60003"},
        LIMIT,
    )
    assert [brief(result) for result in results] == [
        "41",
        (422, "invalid_json", None),
        (422, "invalid_json", None),
        (422, "invalid_json", None),
        (422, "invalid_json", None),
        (422, "missing_field", "symbol"),
        (422, "unknown_field", "leverage"),
        (422, "invalid_value", "side"),
        (404, "unknown_symbol", "symbol"),
        (422, "price_off_tick", "price"),
        (422, "post_only_not_allowed", "post_only"),
        (409, "client_order_id_conflict", "client_order_id"),
        (504, "outcome_unknown", None),
        (503, "matcher_unavailable", None),
        "41",
    ]
    assert len(gateway.broker.commands) == 5


def test_unknown_symbols_are_asked_for_at_once(gateway: Gateway) -> None:
    eth = structs.replace(BTC, symbol="ETH-USDT")
    gateway.broker.results[InstrumentsQuery] = InstrumentList([BTC, eth])
    place(
        gateway,
        LIMIT,
        {**LIMIT, "symbol": "ETH-USDT"},
        {**LIMIT, "symbol": "DOGE-USDT"},
        {**LIMIT, "symbol": "XRP-USDT"},
        LIMIT,
    )
    assert len(gateway.broker.queries) == 1
    assert [command.symbol for command in gateway.broker.commands if isinstance(command, PlaceOrder)] == [
        "BTC-USDT",
        "ETH-USDT",
        "BTC-USDT",
    ]


def test_orders_are_canceled_by_either_id(gateway: Gateway) -> None:
    gateway.broker.answers[CancelOrder] = lambda command: (
        structs.replace(CANCELED, order_id=command.order_id)
        if command.order_id
        else CommandRefused(Refusal.ORDER_NOT_OPEN)
    )
    results = cancel(gateway, "41", "client:c-1", "42")
    assert gateway.broker.commands == [CancelOrder(41), CancelOrder(None, "default", "c-1"), CancelOrder(42)]
    assert [brief(result) for result in results] == ["41", (409, "order_not_open", None), "42"]
    assert (results[0]["status"], results[0]["reason"]) == ("canceled", "requested")


def test_an_account_names_the_owner_of_all(gateway: Gateway) -> None:
    cancel(gateway, "41", "client:c-1", account="alice")
    assert gateway.broker.commands == [CancelOrder(41, "alice"), CancelOrder(None, "alice", "c-1")]


def test_what_cannot_be_an_id_gets_its_problem_in_its_place(gateway: Gateway) -> None:
    results = cancel(gateway, "x", 41, None, {}, "client:a b", "41")
    assert [brief(result) for result in results] == [
        (404, "unknown_order", None),
        (422, "invalid_value", "order_ids"),
        (422, "invalid_value", "order_ids"),
        (422, "invalid_value", "order_ids"),
        (404, "unknown_order", None),
        "41",
    ]
    assert gateway.broker.commands == [CancelOrder(41)]


CALLS = [("/orders/batch", "orders", LIMIT), ("/orders/cancel-batch", "order_ids", "41")]


@pytest.mark.parametrize(("path", "name", "element"), CALLS)
def test_what_is_no_list_is_refused_as_a_whole(gateway: Gateway, path: str, name: str, element: Any) -> None:
    for body, expected in (
        (b"", (422, "invalid_json", None)),
        (b'{"%s":[' % name.encode(), (422, "invalid_json", None)),
        ([element], (422, "invalid_json", None)),
        ({}, (422, "missing_field", name)),
        ({name: None}, (422, "invalid_value", name)),
        ({name: element}, (422, "invalid_value", name)),
        ({name: {"0": element}}, (422, "invalid_value", name)),
        ({name: []}, (422, "invalid_value", name)),
        ({name: [element] * 101}, (422, "invalid_value", name)),
        ({name: [element], "symbol": "BTC-USDT"}, (422, "unknown_field", "symbol")),
    ):
        answer = gateway.request("POST", path, body)
        assert answer.problem == expected
        assert expected[2] in (None, "symbol") or name in answer.json["detail"]
    assert gateway.request("POST", f"{path}?account=alice", {name: [element]}).problem == (
        422,
        "unknown_field",
        "account",
    )
    assert gateway.broker.commands == []
    assert gateway.request("POST", path, {name: [element] * 100}).status == 200
    assert gateway.request("POST", path, {name: [element]}).status == 200


def test_the_account_of_cancels_is_checked(gateway: Gateway) -> None:
    body = {"order_ids": ["41"], "account": "no spaces"}
    assert gateway.request("POST", "/orders/cancel-batch", body).problem == (422, "invalid_name", "account")


@pytest.mark.parametrize(("path", "name", "element"), CALLS)
@pytest.mark.parametrize(
    ("failure", "code"), [(AWAY, "matcher_unavailable"), (TooMuchInFlightError(""), "too_much_in_flight")]
)
@pytest.mark.parametrize("at_once", [True, False])
def test_where_nothing_was_taken_the_whole_call_says_so(
    gateway: Gateway, path: str, name: str, element: Any, failure: Exception, code: str, *, at_once: bool
) -> None:
    def answer(_: Command) -> Exception:
        if at_once:
            raise failure
        return failure

    gateway.broker.answers[PlaceOrder] = gateway.broker.answers[CancelOrder] = answer
    answered = gateway.request("POST", path, {name: [5, element, element]})
    assert answered.problem == (503, code, None)
    assert answered.headers["retry-after"] == "1"


def test_where_some_were_taken_each_says_what_became_of_it(gateway: Gateway) -> None:
    taken: list[Command] = []

    def answer(command: PlaceOrder) -> OrderResult:
        if taken:
            raise TooMuchInFlightError
        taken.append(command)
        return RESTS

    gateway.broker.answers[PlaceOrder] = answer
    assert [brief(result) for result in place(gateway, LIMIT, LIMIT)] == ["41", (503, "too_much_in_flight", None)]


def test_without_a_matcher_a_symbol_is_not_called_unknown(gateway: Gateway) -> None:
    gateway.broker.results[InstrumentsQuery] = AWAY
    assert gateway.request("POST", "/orders/batch", {"orders": [LIMIT]}).problem == (503, "matcher_unavailable", None)
    assert gateway.broker.commands == []


def test_a_batch_of_nothing_but_bad_elements_needs_no_matcher(gateway: Gateway) -> None:
    gateway.broker.results[InstrumentsQuery] = AWAY
    assert [brief(result) for result in place(gateway, {}, 5)] == [
        (422, "missing_field", "symbol"),
        (422, "invalid_json", None),
    ]


def test_what_was_done_is_not_called_undone_for_want_of_an_instrument(gateway: Gateway) -> None:
    gateway.broker.results[InstrumentsQuery] = AWAY
    assert [brief(result) for result in cancel(gateway, "41")] == [(504, "outcome_unknown", None)]


def test_a_hundred_of_the_longest_orders_fit_in_a_body(gateway: Gateway) -> None:
    longest = {
        "symbol": "BTC-USDT",
        "order_type": "take_profit_limit",
        "side": "sell",
        "quantity": "8999.99999",
        "price": "9999999.99",
        "trigger_price": "9999999.99",
        "client_order_id": "x" * 64,
        "account": "x" * 64,
        "post_only": False,
        "self_trade_prevention": "cancel_newest",
        "expire_time": "2026-11-22T12:00:00.123456789+00:00",
        "display_quantity": None,
        "quote_quantity": None,
        "trailing_bps": None,
        "trailing_amount": None,
        "activation_price": None,
        "max_slippage_bps": None,
        "open_only_client_order_id": True,
    }
    assert set(longest) == set(OrderRequest.__struct_fields__)
    body = json.dumps({"orders": [longest] * 100}, separators=(",", ":")).encode()
    answer = gateway.request("POST", "/orders/batch", body)
    assert answer.status == 200
    assert len(gateway.broker.commands) == 100
