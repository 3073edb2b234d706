"""POST /orders/oco over HTTP: two orders of which one cancels the other."""

from itertools import count
from typing import Any

import pytest

from tests.exchange import Exchange, Json, good, wait_until
from tests.integration.order_calls import Problem, in_time, look_up, order, outcome, place, problem

_accounts = count(1)


@pytest.fixture
def account() -> str:
    return f"oco-{next(_accounts)}"


@pytest.fixture
def traded(shared_exchange: Exchange, symbol: str) -> str:
    """An instrument whose last trade was at 100."""
    shared_exchange.trade(symbol, "100")
    return symbol


def body(symbol: str, /, **changes: Any) -> Json:
    """A sell with the last trade at 100 in between; None leaves a field out."""
    fields = {"symbol": symbol, "side": "sell", "quantity": "1", "price": "110", "stop_trigger_price": "90", **changes}
    return {name: value for name, value in fields.items() if value is not None}


def oco(exchange: Exchange, symbol: str, /, **changes: Any) -> tuple[Json, Json]:
    limit, stop = exchange.post("/orders/oco", body(symbol, **changes))["orders"]
    return limit, stop


def refused(exchange: Exchange, symbol: str, /, **changes: Any) -> Problem:
    return problem(exchange.http.post("/orders/oco", json=body(symbol, **changes)))


def outcomes(exchange: Exchange, legs: tuple[Json, Json]) -> list[tuple[str, str | None, str, str, str]]:
    return [outcome(look_up(exchange, leg)) for leg in legs]


def test_both_legs_stand(shared_exchange: Exchange, traded: str, account: str) -> None:
    limit, stop = legs = oco(
        shared_exchange, traded, account=account, client_order_id="exit", self_trade_prevention="decrement"
    )
    assert (limit["order_type"], limit["price"], limit["trigger_price"], limit["status"]) == (
        "limit",
        "110",
        None,
        "open",
    )
    assert (stop["order_type"], stop["price"], stop["trigger_price"], stop["status"]) == (
        "stop_market",
        None,
        "90",
        "pending",
    )
    for leg in legs:
        assert (leg["side"], leg["quantity"], leg["account"]) == ("sell", "1", account)
        assert (leg["oco_id"], leg["self_trade_prevention"]) == (limit["order_id"], "decrement")
        assert look_up(shared_exchange, leg) == leg
    assert (limit["client_order_id"], stop["client_order_id"]) == ("exit", "exit:stop")
    assert shared_exchange.get("/orders/client:exit", account=account) == limit
    assert shared_exchange.get("/orders/client:exit:stop", account=account) == stop
    assert shared_exchange.get("/orders", account=account)["orders"] == [limit, stop]


def test_a_stop_price_makes_the_stop_a_stop_limit(shared_exchange: Exchange, traded: str) -> None:
    limit, stop = oco(shared_exchange, traded, side="buy", price="90", stop_trigger_price="110", stop_price="111")
    assert (limit["side"], limit["price"], limit["status"]) == ("buy", "90", "open")
    assert (stop["order_type"], stop["price"], stop["trigger_price"]) == ("stop_limit", "111", "110")


def test_a_partial_fill_reduces_the_stop_and_the_rest_of_it_cancels_it(shared_exchange: Exchange, traded: str) -> None:
    legs = oco(shared_exchange, traded)
    place(shared_exchange, traded, "limit", "buy", "0.4", "110")
    assert outcomes(shared_exchange, legs) == [
        ("partially_filled", None, "0.4", "0.6", "0"),
        ("pending", None, "0", "0.6", "0"),
    ]
    assert look_up(shared_exchange, legs[1])["quantity"] == "0.6"
    place(shared_exchange, traded, "limit", "buy", "0.6", "110")
    assert outcomes(shared_exchange, legs) == [("filled", None, "1", "0", "0"), ("canceled", "oco", "0", "0", "0")]


def test_the_stop_that_fires_cancels_the_limit(shared_exchange: Exchange, traded: str) -> None:
    place(shared_exchange, traded, "limit", "buy", "5", "85")
    legs = oco(shared_exchange, traded)
    shared_exchange.trade(traded, "90")
    assert outcomes(shared_exchange, legs) == [("canceled", "oco", "0", "0", "0"), ("filled", None, "1", "0", "0")]
    assert look_up(shared_exchange, legs[1])["average_price"] == "85"


@pytest.mark.parametrize("canceled", [0, 1])
def test_canceling_one_leg_cancels_both(shared_exchange: Exchange, traded: str, canceled: int) -> None:
    legs = oco(shared_exchange, traded)
    answer = shared_exchange.delete(f"/orders/{legs[canceled]['order_id']}")
    assert outcome(answer) == ("canceled", "requested", "0", "0", "0")
    reasons = [reason for _, reason, *_ in outcomes(shared_exchange, legs)]
    assert reasons == (["requested", "oco"] if canceled == 0 else ["oco", "requested"])


def test_both_legs_expire(shared_exchange: Exchange, traded: str) -> None:
    limit, stop = legs = oco(shared_exchange, traded, expire_time=in_time(milliseconds=400))
    assert limit["expire_time"] == stop["expire_time"]
    wait_until(lambda: look_up(shared_exchange, limit)["status"] == "canceled", "an OCO that expires")
    assert outcomes(shared_exchange, legs) == [
        ("canceled", "expired", "0", "0", "0"),
        ("canceled", "oco", "0", "0", "0"),
    ]


def test_the_quantity_of_both_is_amended_together(shared_exchange: Exchange, traded: str) -> None:
    legs = oco(shared_exchange, traded)
    amended = good(shared_exchange.http.patch(f"/orders/{legs[0]['order_id']}", json={"quantity": "0.5"}))
    assert amended["quantity"] == "0.5"
    assert [look_up(shared_exchange, leg)["quantity"] for leg in legs] == ["0.5", "0.5"]


def test_a_leg_stays_on_its_side_of_the_other(shared_exchange: Exchange, traded: str) -> None:
    limit, stop = legs = oco(shared_exchange, traded)
    before = [look_up(shared_exchange, leg) for leg in legs]
    for leg, change, expected in (
        (limit, {"price": "90"}, (409, "price_on_wrong_side", "price")),
        (stop, {"trigger_price": "110"}, (409, "trigger_price_on_wrong_side", "trigger_price")),
    ):
        assert problem(shared_exchange.http.patch(f"/orders/{leg['order_id']}", json=change)) == expected
    assert [look_up(shared_exchange, leg) for leg in legs] == before
    assert good(shared_exchange.http.patch(f"/orders/{limit['order_id']}", json={"price": "90.01"}))["price"] == "90.01"


def test_the_same_oco_sent_again_is_the_same_oco(shared_exchange: Exchange, traded: str, account: str) -> None:
    more = {"account": account, "client_order_id": "exit", "stop_price": "89.5", "expire_time": "2100-01-01T00:00:00Z"}
    legs = oco(shared_exchange, traded, **more)
    # It comes before every check of the market: the last trade lies elsewhere by now.
    shared_exchange.trade(traded, "109")
    written_otherwise = {**more, "stop_price": 89.50, "expire_time": "2100-01-01T01:00:00+01:00"}
    assert oco(shared_exchange, traded, **written_otherwise) == tuple({**leg, "duplicate": True} for leg in legs)
    for change in (
        {"quantity": "2"},
        {"price": "111"},
        {"stop_price": None},
        {"expire_time": None},
        {"self_trade_prevention": "decrement"},
    ):
        assert refused(shared_exchange, traded, **{**more, **change}) == (
            409,
            "client_order_id_conflict",
            "client_order_id",
        ), change
    for name in ("exit", "exit:stop"):
        plain = order(traded, "limit", "sell", "1", "110", account=account, client_order_id=name)
        assert problem(shared_exchange.http.post("/orders", json=plain)) == (
            409,
            "client_order_id_conflict",
            "client_order_id",
        )


def test_the_stops_client_order_id_must_be_free_too(shared_exchange: Exchange, traded: str, account: str) -> None:
    place(shared_exchange, traded, "limit", "buy", "1", "50", account=account, client_order_id="exit:stop")
    assert refused(shared_exchange, traded, account=account, client_order_id="exit")[:2] == (
        409,
        "client_order_id_conflict",
    )


def test_a_halted_market_rejects_both(shared_exchange: Exchange, traded: str) -> None:
    shared_exchange.post("/admin/instruments", {"symbol": traded, "status": "halted"})
    legs = oco(shared_exchange, traded)
    assert [(leg["status"], leg["reason"]) for leg in legs] == [("rejected", "instrument_halted")] * 2


def test_before_the_first_trade_there_are_no_sides(shared_exchange: Exchange, symbol: str) -> None:
    assert refused(shared_exchange, symbol) == (422, "no_last_trade", "stop_trigger_price")


REFUSALS: list[tuple[Json, Problem]] = [
    ({"price": "100"}, (422, "price_on_wrong_side", "price")),
    ({"price": "95"}, (422, "price_on_wrong_side", "price")),
    ({"stop_trigger_price": "100"}, (422, "trigger_price_on_wrong_side", "stop_trigger_price")),
    ({"side": "buy"}, (422, "price_on_wrong_side", "price")),
    ({"side": "buy", "price": "99"}, (422, "trigger_price_on_wrong_side", "stop_trigger_price")),
    ({"price": "110.001"}, (422, "price_off_tick", "price")),
    ({"price": "10000001"}, (422, "price_too_large", "price")),
    ({"stop_trigger_price": "90.001"}, (422, "trigger_price_off_tick", "stop_trigger_price")),
    ({"stop_trigger_price": "10000001"}, (422, "trigger_price_too_large", "stop_trigger_price")),
    ({"stop_price": "90.001"}, (422, "price_off_tick", "stop_price")),
    ({"stop_price": "10000001"}, (422, "price_too_large", "stop_price")),
    ({"quantity": "0.01", "stop_price": "10"}, (422, "below_min_notional", "stop_price")),
    ({"quantity": "0.001"}, (422, "below_min_notional", "quantity")),
    ({"quantity": "0.000001"}, (422, "quantity_off_lot", "quantity")),
    ({"quantity": "9001"}, (422, "quantity_too_large", "quantity")),
    ({"expire_time": "2020-01-01T00:00:00Z"}, (422, "expire_time_past", "expire_time")),
    ({"client_order_id": "x" * 60}, (422, "invalid_name", "client_order_id")),
    ({"symbol": "NOPE-USDT"}, (404, "unknown_symbol", "symbol")),
    ({"stop_trigger_price": None}, (422, "missing_field", "stop_trigger_price")),
    ({"order_type": "limit"}, (422, "unknown_field", "order_type")),
]


@pytest.mark.parametrize(
    ("changes", "expected"), REFUSALS, ids=[f"{number}-{case[1][1]}" for number, case in enumerate(REFUSALS)]
)
def test_a_wrong_oco_is_refused_and_changes_nothing(
    shared_exchange: Exchange, traded: str, account: str, changes: Json, expected: Problem
) -> None:
    before = shared_exchange.get("/admin/digest")["digest"]
    named = {"account": account, "client_order_id": "exit"}
    assert refused(shared_exchange, traded, **{**named, **changes}) == expected
    assert shared_exchange.get("/admin/digest")["digest"] == before
    assert [leg["status"] for leg in oco(shared_exchange, traded, **named)] == ["open", "pending"]


def test_the_first_trade_of_one_leg_cancels_the_other(shared_exchange: Exchange, traded: str, account: str) -> None:
    names = {"client_order_id": "up", "stop_client_order_id": "down", "list_client_order_id": "pair"}
    legs = oco(shared_exchange, traded, account=account, quantity="2", cancel_on_first_fill=True, **names)
    assert [leg["list_client_order_id"] for leg in legs] == ["pair", "pair"]
    assert shared_exchange.get("/orders/client:down", account=account) == legs[1]
    assert refused(shared_exchange, traded, account=account, list_client_order_id="pair") == (
        409,
        "list_client_order_id_in_use",
        "list_client_order_id",
    )
    place(shared_exchange, traded, "limit", "buy", "1", "110")
    assert outcomes(shared_exchange, legs) == [
        ("partially_filled", None, "1", "1", "0"),
        ("canceled", "oco_triggered", "0", "0", "0"),
    ]


def test_a_user_who_cancels_one_leg_is_told_so_of_the_other(shared_exchange: Exchange, traded: str) -> None:
    legs = oco(shared_exchange, traded, cancel_on_first_fill=True)
    shared_exchange.delete(f"/orders/{legs[0]['order_id']}")
    assert [each[:2] for each in outcomes(shared_exchange, legs)] == [
        ("canceled", "requested"),
        ("canceled", "oco_canceled"),
    ]


def test_a_take_profit_leg_waits_and_fires(shared_exchange: Exchange, traded: str) -> None:
    profit, stop = legs = oco(shared_exchange, traded, price="109", take_profit_trigger_price="110", tag="up")
    assert (profit["order_type"], profit["status"], profit["tag"]) == ("take_profit_limit", "pending", "up")
    assert "tag" not in stop
    shared_exchange.trade(traded, "110")
    assert outcomes(shared_exchange, legs) == [("open", None, "0", "1", "0"), ("canceled", "oco", "0", "0", "0")]


def test_a_term_that_a_leg_does_not_take_is_named(shared_exchange: Exchange, traded: str) -> None:
    assert refused(shared_exchange, traded, stop_time_in_force="ioc") == (
        422,
        "time_in_force_not_allowed",
        "stop_time_in_force",
    )
    assert refused(shared_exchange, traded, price=None, take_profit_trigger_price="100") == (
        422,
        "price_on_wrong_side",
        "take_profit_trigger_price",
    )
