"""The calls of whole accounts: cancel on silence, suspend, resume."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
from protocol.commands import CancelAfter, InstrumentsQuery, SetAccountStatus
from protocol.events import AccountState, CommandRefused, OrderState
from protocol.units import OrderStatus, OrderType, Reason, Refusal, Side
from tests.unit.gateway.fakes import CONFIG, SEQUENCE, TIMESTAMP, TIMESTAMP_TEXT, Gateway

CANCELED = OrderState(
    41, None, "alice", "BTC-USDT", Side.BUY, OrderType.LIMIT, 6_000_000, None, OrderStatus.CANCELED, False,
    50_000, 0, 0, 0, Reason.ACCOUNT_SUSPENDED, SEQUENCE, TIMESTAMP, [],
)  # fmt: skip
PATH = "/accounts/alice/cancel-after"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.answers[CancelAfter] = AccountState("alice", False, TIMESTAMP)
        yield gateway


@pytest.mark.parametrize("timeout", [100, 5_000, 86_400_000])
def test_a_cancel_on_silence_is_set(gateway: Gateway, timeout: int) -> None:
    answer = gateway.request("POST", PATH, {"timeout_ms": timeout})
    assert gateway.broker.commands == [CancelAfter("alice", timeout * 1_000_000)]
    assert answer.json == {"account": "alice", "timeout_ms": timeout, "cancel_at": TIMESTAMP_TEXT}


def test_a_cancel_on_silence_is_switched_off(gateway: Gateway) -> None:
    gateway.broker.answers[CancelAfter] = AccountState("alice", False, None)
    answer = gateway.request("POST", PATH, {"timeout_ms": 0})
    assert gateway.broker.commands == [CancelAfter("alice", 0)]
    assert answer.json == {"account": "alice", "timeout_ms": 0, "cancel_at": None}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (PATH, b"", (422, "invalid_json", None)),
        (PATH, {}, (422, "missing_field", "timeout_ms")),
        (PATH, {"timeout_ms": 99}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": 86_400_001}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": -1}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": 10**30}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": "5000"}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": 500.5}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": None}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": True}, (422, "invalid_value", "timeout_ms")),
        (PATH, {"timeout_ms": 5000, "symbol": "BTC-USDT"}, (422, "unknown_field", "symbol")),
        (f"{PATH}?account=bob", {"timeout_ms": 5000}, (422, "unknown_field", "account")),
        ("/accounts/a b/cancel-after", {"timeout_ms": 5000}, (422, "invalid_name", "account")),
        (f"/accounts/{'a' * 65}/cancel-after", {"timeout_ms": 5000}, (422, "invalid_name", "account")),
    ],
)
def test_what_cannot_be_a_cancel_on_silence_is_refused_here(
    gateway: Gateway, path: str, body: Any, expected: tuple[int, str, str | None]
) -> None:
    assert gateway.request("POST", path, body).problem == expected
    assert gateway.broker.commands == []


def test_the_matchers_refusal_is_told(gateway: Gateway) -> None:
    gateway.broker.answers[CancelAfter] = CommandRefused(Refusal.TOO_MANY_TIMERS, "account")
    assert gateway.request("POST", PATH, {"timeout_ms": 5000}).problem == (409, "too_many_timers", "account")
    gateway.broker.answers[CancelAfter] = MatcherUnavailableError("")
    assert gateway.request("POST", PATH, {"timeout_ms": 5000}).problem == (503, "matcher_unavailable", None)


def test_an_account_is_suspended_and_resumed(gateway: Gateway) -> None:
    gateway.broker.answers[SetAccountStatus] = lambda command: AccountState(
        command.account, command.suspended, None, [CANCELED] if command.suspended else []
    )
    answer = gateway.request("POST", "/admin/accounts/alice/suspend")
    assert (answer.json["account"], answer.json["suspended"]) == ("alice", True)
    assert [(order["order_id"], order["status"], order["reason"]) for order in answer.json["orders"]] == [
        ("41", "canceled", "account_suspended")
    ]
    assert gateway.request("POST", "/admin/accounts/alice/resume").json == {
        "account": "alice",
        "suspended": False,
        "orders": [],
        "canceled": 0,
    }
    assert gateway.broker.commands == [SetAccountStatus("alice", True), SetAccountStatus("alice", False)]


def test_a_suspension_goes_on_until_all_orders_are_canceled(gateway: Gateway) -> None:
    answers = [AccountState("alice", True, None, [CANCELED], more=more) for more in (True, False)]
    gateway.broker.answers[SetAccountStatus] = lambda _: answers.pop(0)
    assert gateway.request("POST", "/admin/accounts/alice/suspend").json["canceled"] == 2
    assert gateway.broker.commands == [SetAccountStatus("alice", True)] * 2


@pytest.mark.parametrize("call", ["suspend", "resume"])
def test_a_bad_name_is_told(gateway: Gateway, call: str) -> None:
    assert gateway.request("POST", f"/admin/accounts/a b/{call}").problem == (422, "invalid_name", "account")
    assert gateway.request("POST", f"/admin/accounts/alice/{call}?symbol=BTC-USDT").problem == (
        422,
        "unknown_field",
        "symbol",
    )
    assert gateway.request("GET", f"/admin/accounts/alice/{call}").problem == (405, "method_not_allowed", None)
    assert gateway.broker.commands == []


@pytest.mark.parametrize("call", ["suspend", "resume"])
def test_only_the_administrator_may(call: str) -> None:
    with Gateway(structs.replace(CONFIG, admin_token="secret")) as gateway:
        gateway.broker.answers[SetAccountStatus] = AccountState("alice", True, None)
        path = f"/admin/accounts/alice/{call}"
        assert gateway.request("POST", path).problem == (401, "unauthorized", None)
        assert gateway.broker.commands == []
        assert gateway.request("POST", path, headers={"Authorization": "Bearer secret"}).status == 200


def test_what_was_done_is_not_called_undone_for_want_of_an_instrument(gateway: Gateway) -> None:
    gateway.broker.answers[SetAccountStatus] = AccountState("alice", True, None, [CANCELED])
    gateway.broker.results[InstrumentsQuery] = MatcherUnavailableError("")
    assert gateway.request("POST", "/admin/accounts/alice/suspend").problem == (504, "outcome_unknown", None)
    assert isinstance(gateway.broker.commands[0], SetAccountStatus)


def test_an_unknown_outcome_is_told(gateway: Gateway) -> None:
    gateway.broker.answers[SetAccountStatus] = OutcomeUnknownError("")
    assert gateway.request("POST", "/admin/accounts/alice/suspend").problem == (504, "outcome_unknown", None)
