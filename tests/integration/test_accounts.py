"""Calls of whole accounts over HTTP: cancel on silence and the administrator's kill switch, over restarts too."""

from datetime import datetime, timedelta
from itertools import count

import pytest

from tests.exchange import Exchange, Json, wait_until
from tests.integration.order_calls import Problem, look_up, outcome, place, problem

_accounts = count(1)

LONG = 86_400_000


@pytest.fixture
def account() -> str:
    return f"accounts-{next(_accounts)}"


def cancel_after(exchange: Exchange, account: str, timeout: int) -> Json:
    return exchange.post(f"/accounts/{account}/cancel-after", {"timeout_ms": timeout})


def wait_for_end(exchange: Exchange, placed: Json) -> Json:
    """The order once it is canceled."""

    def ended() -> Json | None:
        told = look_up(exchange, placed)
        return told if told["status"] == "canceled" else None

    told = wait_until(ended, "an order that is canceled by itself")
    assert told is not None
    return told


# Cancel on silence


def test_silence_cancels_all_orders_once(shared_exchange: Exchange, symbol: str, account: str) -> None:
    resting = place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account)
    pending = place(shared_exchange, symbol, "stop_market", "buy", "1", trigger_price="200", account=account)
    others = place(shared_exchange, symbol, "limit", "buy", "1", "99")
    told = cancel_after(shared_exchange, account, 100)
    assert (told["account"], told["timeout_ms"]) == (account, 100)
    for placed in (resting, pending):
        assert outcome(wait_for_end(shared_exchange, placed)) == ("canceled", "cancel_after", "0", "0", "0")
    assert look_up(shared_exchange, others)["status"] == "open"
    # The timer is off: what comes now stays, also when another account's time comes after it.
    later = place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account)
    neighbour = f"{account}-neighbour"
    ends = place(shared_exchange, symbol, "limit", "buy", "1", "100", account=neighbour)
    cancel_after(shared_exchange, neighbour, 100)
    wait_for_end(shared_exchange, ends)
    assert look_up(shared_exchange, later)["status"] == "open"


def test_who_says_it_again_puts_it_off(shared_exchange: Exchange, symbol: str, account: str) -> None:
    placed = place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account)
    first = cancel_after(shared_exchange, account, 60_000)
    second = cancel_after(shared_exchange, account, LONG)
    assert moment(second) - moment(first) >= timedelta(milliseconds=LONG - 60_000 - 1)
    assert cancel_after(shared_exchange, account, 0) == {"account": account, "timeout_ms": 0, "cancel_at": None}
    assert look_up(shared_exchange, placed)["status"] == "open"


def moment(told: Json) -> datetime:
    return datetime.fromisoformat(told["cancel_at"])


def test_an_account_without_orders_may_have_a_timer(shared_exchange: Exchange, account: str) -> None:
    assert cancel_after(shared_exchange, account, LONG)["cancel_at"] is not None
    assert cancel_after(shared_exchange, account, 0)["cancel_at"] is None


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/accounts/a/cancel-after", {"timeout_ms": 99}, (422, "invalid_value", "timeout_ms")),
        ("/accounts/a/cancel-after", {"timeout_ms": LONG + 1}, (422, "invalid_value", "timeout_ms")),
        ("/accounts/a/cancel-after", {"timeout_ms": "5000"}, (422, "invalid_value", "timeout_ms")),
        ("/accounts/a/cancel-after", {"timeout_ms": 5000.5}, (422, "invalid_value", "timeout_ms")),
        ("/accounts/a/cancel-after", {}, (422, "missing_field", "timeout_ms")),
        ("/accounts/a/cancel-after", {"timeout_ms": 100, "symbol": "BTC-USDT"}, (422, "unknown_field", "symbol")),
        ("/accounts/a%20b/cancel-after", {"timeout_ms": 5000}, (422, "invalid_name", "account")),
        ("/accounts//cancel-after", {"timeout_ms": 5000}, (404, "not_found", None)),
    ],
)
def test_a_wrong_timer_is_refused(shared_exchange: Exchange, path: str, body: Json, expected: Problem) -> None:
    assert problem(shared_exchange.http.post(path, json=body)) == expected


def test_time_that_came_while_the_matcher_was_away_counts(exchange: Exchange) -> None:
    silent = place(exchange, "BTC-USDT", "limit", "buy", "1", "100", account="silent")
    brief = place(exchange, "BTC-USDT", "limit", "buy", "1", "100", account="brief", expire_time="2100-01-01T00:00:00Z")
    cancel_after(exchange, "silent", 2_000)
    cancel_after(exchange, "brief", LONG)
    exchange.matcher.kill()
    exchange.restart_matcher()
    assert outcome(wait_for_end(exchange, silent)) == ("canceled", "cancel_after", "0", "0", "0")
    assert look_up(exchange, brief)["status"] == "open"


# The kill switch


def test_a_suspended_account_loses_its_orders_and_takes_no_more(
    shared_exchange: Exchange, symbol: str, account: str
) -> None:
    placed = [
        place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account),
        place(shared_exchange, symbol, "trailing_stop", "sell", "1", trailing_bps=10, account=account),
    ]
    suspended = shared_exchange.post(f"/admin/accounts/{account}/suspend")
    assert (suspended["account"], suspended["suspended"]) == (account, True)
    assert [order["order_id"] for order in suspended["orders"]] == [order["order_id"] for order in placed]
    assert [outcome(order) for order in suspended["orders"]] == [("canceled", "account_suspended", "0", "0", "0")] * 2
    rejected = place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account)
    assert outcome(rejected) == ("rejected", "account_suspended", "0", "0", "0")
    assert place(shared_exchange, symbol, "limit", "buy", "1", "100")["status"] == "open"
    for call, is_suspended in (("suspend", True), ("resume", False)):
        again = shared_exchange.post(f"/admin/accounts/{account}/{call}")
        assert again == {"account": account, "suspended": is_suspended, "orders": [], "canceled": 0}
    assert place(shared_exchange, symbol, "limit", "buy", "1", "100", account=account)["status"] == "open"


def test_what_a_suspended_account_had_sent_before_is_still_the_same_order(
    shared_exchange: Exchange, symbol: str, account: str
) -> None:
    named = {"account": account, "client_order_id": "first"}
    placed = place(shared_exchange, symbol, "limit", "buy", "1", "100", **named)
    shared_exchange.post(f"/admin/accounts/{account}/suspend")
    again = place(shared_exchange, symbol, "limit", "buy", "1", "100", **named)
    assert (again["order_id"], again["duplicate"], again["reason"]) == (placed["order_id"], True, "account_suspended")


def test_an_oco_of_a_suspended_account_is_rejected(shared_exchange: Exchange, symbol: str, account: str) -> None:
    shared_exchange.trade(symbol, "100")
    shared_exchange.post(f"/admin/accounts/{account}/suspend")
    body = {
        "symbol": symbol,
        "side": "sell",
        "quantity": "1",
        "price": "110",
        "stop_trigger_price": "90",
        "account": account,
    }
    legs = shared_exchange.post("/orders/oco", body)["orders"]
    assert [(leg["status"], leg["reason"]) for leg in legs] == [("rejected", "account_suspended")] * 2


def test_a_suspension_outlives_a_restart(exchange: Exchange) -> None:
    exchange.post("/admin/accounts/bad/suspend")
    exchange.matcher.kill()
    exchange.restart_matcher()
    assert place(exchange, "BTC-USDT", "limit", "buy", "1", "100", account="bad")["reason"] == "account_suspended"


@pytest.mark.parametrize("call", ["suspend", "resume"])
def test_a_bad_account_is_told(shared_exchange: Exchange, call: str) -> None:
    assert problem(shared_exchange.http.post(f"/admin/accounts/a%20b/{call}")) == (422, "invalid_name", "account")
