"""POST /orders/cancel-replace, and cancels that are restricted or have a name: what reaches the matcher, and what the
client is answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from protocol.commands import CancelAllOrders, CancelOrder, CancelReplace, PlaceOco, PlaceOrder
from protocol.events import CancelReplaced, CommandRefused, OrderStates
from protocol.units import OnlyStatus, OrderStatus, OrderType, Reason, Refusal, Side
from tests.unit.gateway.fakes import Gateway
from tests.unit.gateway.order_answers import CANCELED, RESTS, STATE

PLACE = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.5", "price": "60000"}
BODY = {"cancel": {"order_id": "40"}, "place": PLACE}
OLD = structs.replace(CANCELED, order_id=40)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.answers[CancelReplace] = CancelReplaced(OLD, STATE)
        yield gateway


def sent(gateway: Gateway) -> CancelReplace:
    """The command that was sent, without the deadline of its order."""
    [command] = gateway.broker.commands
    assert isinstance(command, CancelReplace)
    assert command.place.deadline == gateway.broker.deadline()
    return structs.replace(command, place=structs.replace(command.place, deadline=0))


def test_both_parts_are_answered(gateway: Gateway) -> None:
    answer = gateway.request("POST", "/orders/cancel-replace", BODY)
    new = PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.LIMIT, 50_000, 6_000_000)
    assert sent(gateway) == CancelReplace(CancelOrder(40, "default"), new)
    assert answer.status == 200
    cancel, place = answer.json["cancel"], answer.json["place"]
    assert (cancel["result"], cancel["order"]["order_id"], cancel["order"]["status"]) == ("done", "40", "canceled")
    assert (place["result"], place["order"]["order_id"], place["order"]["status"]) == ("done", "41", "open")
    assert cancel["problem"] is place["problem"] is None


def test_every_field_reaches_the_matcher(gateway: Gateway) -> None:
    cancel = {"order_id": "client:old", "only_status": "partially_filled", "cancel_client_order_id": "c-1"}
    place = {**PLACE, "account": "alice", "client_order_id": "new", "open_only_client_order_id": True}
    gateway.request("POST", "/orders/cancel-replace", {"cancel": cancel, "place": place, "allow_failure": True})
    assert sent(gateway) == CancelReplace(
        CancelOrder(None, "alice", "old", OnlyStatus.PARTIALLY_FILLED, "c-1"),
        PlaceOrder(
            "BTC-USDT",
            "alice",
            Side.BUY,
            OrderType.LIMIT,
            50_000,
            6_000_000,
            client_order_id="new",
            open_only_client_order_id=True,
        ),
        allow_failure=True,
    )


def test_each_part_tells_why_it_failed_or_that_it_was_not_attempted(gateway: Gateway) -> None:
    gateway.broker.answers[CancelReplace] = CancelReplaced(CommandRefused(Refusal.ORDER_NOT_OPEN), None)
    answer = gateway.request("POST", "/orders/cancel-replace", BODY)
    assert answer.status == 200
    assert (answer.json["cancel"]["result"], answer.json["cancel"]["problem"]["code"]) == ("failed", "order_not_open")
    assert answer.json["place"] == {"result": "not_attempted", "order": None, "problem": None}

    refused = CommandRefused(Refusal.CLIENT_ORDER_ID_IN_USE)
    gateway.broker.answers[CancelReplace] = CancelReplaced(OLD, refused)
    place = gateway.request("POST", "/orders/cancel-replace", BODY).json["place"]
    assert (place["result"], place["problem"]["code"], place["order"]) == ("failed", "client_order_id_in_use", None)

    rejected = structs.replace(STATE, status=OrderStatus.REJECTED, reason=Reason.INSUFFICIENT_BALANCE, resting=False)
    gateway.broker.answers[CancelReplace] = CancelReplaced(OLD, rejected)
    place = gateway.request("POST", "/orders/cancel-replace", BODY).json["place"]
    assert (place["result"], place["order"]["reason"], place["problem"]) == ("failed", "insufficient_balance", None)


@pytest.mark.parametrize(
    ("refusal", "problem"),
    [
        (CommandRefused(Refusal.TOO_LATE), (409, "too_late", None)),
        (CommandRefused(Refusal.ACCOUNT_SUSPENDED), (409, "account_suspended", None)),
        (CommandRefused(Refusal.PRICE_OFF_TICK), (422, "price_off_tick", "price")),
    ],
)
def test_what_is_refused_as_a_whole_is_a_problem(
    gateway: Gateway, refusal: CommandRefused, problem: tuple[int, str, str | None]
) -> None:
    gateway.broker.answers[CancelReplace] = refusal
    assert gateway.request("POST", "/orders/cancel-replace", BODY).problem == problem


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"place": PLACE}, (422, "missing_field", "cancel")),
        ({**BODY, "place": {**PLACE, "price": "0.001"}}, (422, "price_off_tick", "price")),
        ({**BODY, "cancel": {"order_id": "40", "only_status": "open"}}, (422, "invalid_value", "only_status")),
        (
            {**BODY, "cancel": {"order_id": "40", "cancel_client_order_id": "a b"}},
            (422, "invalid_name", "cancel_client_order_id"),
        ),
        ({**BODY, "cancel": {"order_id": "x"}}, (404, "unknown_order", None)),
    ],
)
def test_a_bad_field_is_told_before_anything_is_sent(
    gateway: Gateway, body: dict[str, Any], problem: tuple[int, str, str | None]
) -> None:
    answer = gateway.request("POST", "/orders/cancel-replace", body)
    assert answer.problem[1:] == problem[1:]
    assert gateway.broker.commands == []


def test_a_cancel_may_be_restricted_and_have_a_name(gateway: Gateway) -> None:
    gateway.broker.answers[CancelOrder] = CANCELED
    target = "/orders/41?only_status=new&cancel_client_order_id=c-1"
    assert gateway.request("DELETE", target).status == 200
    assert gateway.broker.commands == [CancelOrder(41, None, None, OnlyStatus.NEW, "c-1")]
    assert gateway.request("DELETE", "/orders/41?only_status=open").problem == (422, "invalid_value", "only_status")
    gateway.broker.answers[CancelOrder] = CommandRefused(Refusal.CANCEL_RESTRICTED)
    assert gateway.request("DELETE", target).problem == (409, "cancel_restricted", None)


def test_a_cancel_of_all_orders_may_have_a_name(gateway: Gateway) -> None:
    gateway.broker.answers[CancelAllOrders] = OrderStates([CANCELED])
    assert gateway.request("DELETE", "/orders?cancel_client_order_id=c-1").status == 200
    assert gateway.broker.commands == [CancelAllOrders("default", None, "c-1")]


def test_open_only_ids_reach_the_matcher(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOrder] = RESTS
    gateway.broker.answers[PlaceOco] = OrderStates([STATE, STATE])
    name = {"client_order_id": "x", "open_only_client_order_id": True}
    assert gateway.request("POST", "/orders", {**PLACE, **name}).status == 200
    oco = {"symbol": "BTC-USDT", "side": "sell", "quantity": "0.5", "price": "66000", "stop_trigger_price": "58000"}
    assert gateway.request("POST", "/orders/oco", {**oco, **name}).status == 200
    assert gateway.request("POST", "/orders", {**PLACE, "open_only_client_order_id": None}).status == 200
    flags = [
        command.open_only_client_order_id
        for command in gateway.broker.commands
        if isinstance(command, PlaceOrder | PlaceOco)
    ]
    assert flags == [True, True, False]
    gateway.broker.answers[PlaceOrder] = CommandRefused(Refusal.CLIENT_ORDER_ID_IN_USE)
    problem = gateway.request("POST", "/orders", {**PLACE, **name}).problem
    assert problem == (409, "client_order_id_in_use", "client_order_id")
