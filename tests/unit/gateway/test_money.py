"""Calls about money: what is asked of the matcher, what the client is answered, and every error."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.link.errors import OutcomeUnknownError
from protocol.commands import (
    AccountQuery,
    BalancesQuery,
    CloseLedger,
    Deposit,
    MovementsQuery,
    ResetAccount,
    Transfer,
    Withdraw,
)
from protocol.events import (
    AccountSummary,
    AssetBalance,
    Balances,
    CommandRefused,
    LedgerState,
    Movement,
    MovementPage,
    PositionState,
    TransferState,
)
from protocol.money import MovementKind
from protocol.units import Refusal
from tests.unit.gateway.accounts import order_state
from tests.unit.gateway.fakes import SEQUENCE, TIMESTAMP, TIMESTAMP_TEXT, Gateway

BODY = {"asset": "USDT", "amount": "100000.5", "transfer_id": "start-1"}
STATE = TransferState(
    "alice", "USDT", "100000.5", "start-1", "99000.5", "1000", duplicate=False, sequence=6, timestamp=TIMESTAMP
)
STATE_VIEW = {
    "account": "alice",
    "asset": "USDT",
    "amount": "100000.5",
    "transfer_id": "start-1",
    "free": "99000.5",
    "locked": "1000",
    "duplicate": False,
    "sequence": 6,
    "timestamp": TIMESTAMP_TEXT,
}
BALANCES = [AssetBalance("BTC", "0.5", "0"), AssetBalance("USDT", "70000", "29.97")]
BALANCE_VIEWS = [
    {"asset": "BTC", "free": "0.5", "locked": "0"},
    {"asset": "USDT", "free": "70000", "locked": "29.97"},
]
MOVES = {
    "deposit": (Deposit("alice", "USDT", "100000.5", "start-1"), BODY),
    "withdraw": (Withdraw("alice", "USDT", "100000.5", "start-1"), BODY),
    "transfer": (Transfer("alice", "bob", "USDT", "100000.5", "start-1"), {"to": "bob", **BODY}),
}
RESET = {"balances": {"USDT": "100000", "BTC": 0}, "transfer_id": "lesson-1"}
LEDGER = LedgerState(
    "alice", ledger=True, balances=BALANCES, canceled=3, duplicate=False, sequence=6, timestamp=TIMESTAMP
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        for kind in (Deposit, Withdraw, Transfer):
            gateway.broker.answers[kind] = STATE
        gateway.broker.answers[ResetAccount] = LEDGER
        gateway.broker.answers[CloseLedger] = structs.replace(LEDGER, ledger=False, balances=[], canceled=0)
        yield gateway


def post(gateway: Gateway, call: str, body: Any = None) -> Any:
    return gateway.request("POST", f"/admin/accounts/alice/{call}", body)


@pytest.mark.parametrize("call", MOVES)
def test_money_is_moved_and_the_balance_is_told(gateway: Gateway, call: str) -> None:
    command, body = MOVES[call]
    answer = post(gateway, call, body)
    assert (answer.status, answer.json) == (200, STATE_VIEW)
    assert gateway.broker.commands == [command]


def test_a_repeated_transfer_says_so(gateway: Gateway) -> None:
    gateway.broker.answers[Deposit] = structs.replace(STATE, duplicate=True)
    assert post(gateway, "deposit", BODY).json == {**STATE_VIEW, "duplicate": True}


@pytest.mark.parametrize(
    ("number", "text"),
    [(b"0.1", "0.1"), (b"12345678901234567890.12345678901", "12345678901234567890.12345678901"), (b'"1e3"', "1e3")],
)
def test_the_text_of_a_number_goes_through_unchanged(gateway: Gateway, number: bytes, text: str) -> None:
    """No float rounds it: the second has more digits than one holds."""
    body = b'{"asset":"USDT","amount":' + number + b',"transfer_id":"start-1"}'
    assert post(gateway, "deposit", body).status == 200
    assert gateway.broker.commands == [Deposit("alice", "USDT", text, "start-1")]


@pytest.mark.parametrize("call", MOVES)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": "0"}, (422, "invalid_amount", "amount")),
        ({"amount": "-1"}, (422, "invalid_amount", "amount")),
        ({"amount": -1}, (422, "invalid_amount", "amount")),
        ({"amount": ""}, (422, "invalid_amount", "amount")),
        ({"amount": "ten"}, (422, "invalid_amount", "amount")),
        ({"amount": "1_0"}, (422, "invalid_amount", "amount")),
        ({"amount": "1" * 65}, (422, "invalid_amount", "amount")),
        ({"amount": "1e41"}, (422, "invalid_amount", "amount")),
        ({"amount": None}, (422, "invalid_value", "amount")),
        ({"amount": True}, (422, "invalid_value", "amount")),
        ({"asset": ""}, (422, "unknown_asset", "asset")),
        ({"asset": "usdt"}, (422, "unknown_asset", "asset")),
        ({"asset": "A" * 17}, (422, "unknown_asset", "asset")),
        ({"asset": 5}, (422, "invalid_value", "asset")),
        ({"transfer_id": ""}, (422, "invalid_name", "transfer_id")),
        ({"transfer_id": "a b"}, (422, "invalid_name", "transfer_id")),
        ({"transfer_id": "a" * 65}, (422, "invalid_name", "transfer_id")),
        ({"note": "x"}, (422, "unknown_field", "note")),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_sent(
    gateway: Gateway, call: str, change: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    assert post(gateway, call, {**MOVES[call][1], **change}).problem == expected
    assert gateway.broker.commands == []


@pytest.mark.parametrize("call", MOVES)
@pytest.mark.parametrize("field", ["asset", "amount", "transfer_id"])
def test_a_missing_field_is_named(gateway: Gateway, call: str, field: str) -> None:
    body = {name: value for name, value in MOVES[call][1].items() if name != field}
    assert post(gateway, call, body).problem == (422, "missing_field", field)


@pytest.mark.parametrize("to", ["*fees*", "*outside*", "", "a b"])
def test_no_transfer_goes_to_a_name_that_no_account_has(gateway: Gateway, to: str) -> None:
    assert post(gateway, "transfer", {**BODY, "to": to}).problem == (422, "invalid_name", "to")


def test_an_account_of_the_path_must_be_a_name(gateway: Gateway) -> None:
    assert gateway.request("POST", "/admin/accounts/*fees*/deposit", BODY).problem == (422, "invalid_name", "account")
    assert gateway.request("GET", "/accounts/*outside*/balances").problem == (422, "invalid_name", "account")


@pytest.mark.parametrize(
    ("refusal", "field", "expected"),
    [
        (Refusal.TRANSFER_ID_CONFLICT, "", (409, "transfer_id_conflict", "transfer_id")),
        (Refusal.INSUFFICIENT_BALANCE, "", (409, "insufficient_balance", "amount")),
        (Refusal.OPEN_ORDERS, "", (409, "open_orders", "account")),
        (Refusal.NO_LEDGER, "", (409, "no_ledger", "account")),
        (Refusal.TOO_MANY_ACCOUNTS, "", (409, "too_many_accounts", "account")),
        (Refusal.INVALID_AMOUNT, "", (422, "invalid_amount", "amount")),
        (Refusal.UNKNOWN_ASSET, "", (422, "unknown_asset", "asset")),
        (Refusal.SAME_ACCOUNT, "", (422, "same_account", "to")),
    ],
)
@pytest.mark.parametrize("call", MOVES)
def test_a_refusal_is_told(
    gateway: Gateway, call: str, refusal: Refusal, field: str, expected: tuple[int, str, str]
) -> None:
    command, body = MOVES[call]
    gateway.broker.answers[type(command)] = CommandRefused(refusal, field)
    if refusal is Refusal.OPEN_ORDERS and call == "transfer":
        # The receiver's ledger begins.
        expected = (*expected[:2], "to")
    assert post(gateway, call, body).problem == expected


@pytest.mark.parametrize(
    ("refusal", "detail", "expected"),
    [
        (
            CommandRefused(Refusal.INSUFFICIENT_BALANCE, detail="takes at most what is free: 12.5 USDT"),
            "amount takes at most what is free: 12.5 USDT.",
            "amount",
        ),
        (
            CommandRefused(Refusal.OPEN_ORDERS, "account", "has open orders that lock BTC"),
            "The account has open orders that lock BTC. Cancel them first, or reset the account.",
            "account",
        ),
    ],
)
def test_the_numbers_of_the_matcher_stand_in_the_text(
    gateway: Gateway, refusal: CommandRefused, detail: str, expected: str
) -> None:
    gateway.broker.answers[Deposit] = refusal
    answer = post(gateway, "deposit", BODY)
    assert (answer.json["detail"], answer.json["field"]) == (detail, expected)


@pytest.mark.parametrize("call", [*MOVES, "reset", "close-ledger"])
def test_an_unknown_outcome_says_what_to_do(gateway: Gateway, call: str) -> None:
    body = MOVES[call][1] if call in MOVES else RESET if call == "reset" else None
    for kind in gateway.broker.answers:
        gateway.broker.answers[kind] = OutcomeUnknownError("")
    answer = post(gateway, call, body)
    assert answer.problem == (504, "outcome_unknown", None)
    assert ("transfer_id" in answer.json["detail"]) is (call != "close-ledger")
    assert "client_order_id" not in answer.json["detail"]


def test_a_reset_tells_the_new_balances_and_what_it_canceled(gateway: Gateway) -> None:
    answer = post(gateway, "reset", RESET)
    assert answer.json == {
        "account": "alice",
        "ledger": True,
        "balances": BALANCE_VIEWS,
        "canceled": 3,
        "duplicate": False,
        "sequence": 6,
        "timestamp": TIMESTAMP_TEXT,
    }
    assert gateway.broker.commands == [ResetAccount("alice", {"USDT": "100000", "BTC": "0"}, "lesson-1")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"balances": {}}, (422, "missing_field", "transfer_id")),
        ({"balances": [], "transfer_id": "a"}, (422, "invalid_value", "balances")),
        ({"balances": {"usdt": "1"}, "transfer_id": "a"}, (422, "unknown_asset", "balances")),
        ({"balances": {"USDT": "-1"}, "transfer_id": "a"}, (422, "invalid_amount", "balances")),
        ({"balances": {"USDT": None}, "transfer_id": "a"}, (422, "invalid_value", "balances")),
        ({"balances": {f"A{n}": 1 for n in range(2_001)}, "transfer_id": "a"}, (422, "invalid_value", "balances")),
    ],
)
def test_a_bad_reset_is_refused(gateway: Gateway, body: dict[str, Any], expected: tuple[int, str, str]) -> None:
    assert post(gateway, "reset", body).problem == expected
    assert gateway.broker.commands == []


def test_a_ledger_is_closed_without_a_body(gateway: Gateway) -> None:
    answer = post(gateway, "close-ledger")
    assert (answer.json["ledger"], answer.json["balances"], answer.json["canceled"]) == (False, [], 0)
    assert gateway.broker.commands == [CloseLedger("alice")]


def test_balances_are_told_with_their_stamp(gateway: Gateway) -> None:
    gateway.broker.results[BalancesQuery] = Balances("alice", ledger=True, balances=BALANCES)
    answer = gateway.request("GET", "/accounts/alice/balances")
    assert answer.json == {
        "account": "alice",
        "ledger": True,
        "sequence": SEQUENCE,
        "timestamp": TIMESTAMP_TEXT,
        "balances": BALANCE_VIEWS,
    }
    assert answer.headers["cache-control"] == "no-store"
    gateway.broker.results[BalancesQuery] = Balances("bob", ledger=False, balances=[])
    without = gateway.request("GET", "/accounts/bob/balances").json
    assert (without["ledger"], without["balances"]) == (False, [])


def position(quantity: str, cost: str) -> PositionState:
    return PositionState("BTC-USDT", quantity, cost, "12.5", "-3", "0.75", "60000")


def summary_of(gateway: Gateway, *positions: PositionState) -> Any:
    orders = [structs.replace(order_state(7, "alice"), reserved="3.006")]
    gateway.broker.results[AccountQuery] = AccountSummary(
        "alice", ledger=True, balances=BALANCES, orders=orders, more=True, positions=list(positions)
    )
    return gateway.request("GET", "/accounts/alice").json


def test_an_account_is_told_whole(gateway: Gateway) -> None:
    found = summary_of(gateway, position("0.5", "30000"))
    assert list(found) == [
        "account",
        "ledger",
        "sequence",
        "timestamp",
        "balances",
        "open_orders",
        "more_open_orders",
        "positions",
    ]
    assert (found["account"], found["ledger"], found["balances"]) == ("alice", True, BALANCE_VIEWS)
    assert [(order["order_id"], order["reserved"]) for order in found["open_orders"]] == [("7", "3.006")]
    assert found["more_open_orders"] is True
    assert found["positions"] == [
        {
            "symbol": "BTC-USDT",
            "quantity": "0.5",
            "average_price": "60000",
            "cost": "30000",
            "realised": "12.5",
            "unrealised": "-3",
            "fees_paid": "0.75",
            "last_price": "60000",
        }
    ]


@pytest.mark.parametrize(
    ("quantity", "cost", "average"),
    [
        ("0", "0", None),
        ("0.3", "0.01", "0.0333333333333"),
        ("-0.5", "-30000", "60000"),
        ("3", "100", "33.3333333333"),
        ("8", "1", "0.125"),
    ],
)
def test_the_average_price_is_exact_or_has_twelve_digits(
    gateway: Gateway, quantity: str, cost: str, average: str | None
) -> None:
    assert summary_of(gateway, position(quantity, cost))["positions"][0]["average_price"] == average


def test_movements_are_told_and_paged(gateway: Gateway) -> None:
    gateway.broker.results[MovementsQuery] = MovementPage(
        [
            Movement(4, TIMESTAMP, MovementKind.TRANSFER, "USDT", "-30", "to-bob-1", "bob"),
            Movement(9, TIMESTAMP, MovementKind.FEE, "USDT", "-0.06", "", "", "BTC-USDT", 5, 7),
        ],
        (9, 5),
    )
    answer = gateway.request("GET", "/accounts/alice/ledger?asset=USDT&limit=2&after=3-0").json
    nothing = dict.fromkeys(("transfer_id", "counterparty", "symbol", "trade_id", "order_id"))
    common = {"timestamp": TIMESTAMP_TEXT, "asset": "USDT", **nothing}
    assert answer == {
        "movements": [
            {
                **common,
                "sequence": 4,
                "kind": "transfer",
                "amount": "-30",
                "transfer_id": "to-bob-1",
                "counterparty": "bob",
            },
            {
                **common,
                "sequence": 9,
                "kind": "fee",
                "amount": "-0.06",
                "symbol": "BTC-USDT",
                "trade_id": "5",
                "order_id": "7",
            },
        ],
        "next": "9-5",
    }
    gateway.broker.results[MovementsQuery] = MovementPage([], None)
    assert gateway.request("GET", f"/accounts/alice/ledger?after={answer['next']}").json == {
        "movements": [],
        "next": None,
    }
    assert gateway.broker.queries[-2:] == [
        MovementsQuery("alice", "USDT", 2, (3, 0)),
        MovementsQuery("alice", None, 100, (9, 5)),
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/accounts/alice/ledger?asset=usdt", (422, "unknown_asset", "asset")),
        ("/accounts/alice/ledger?limit=1001", (422, "invalid_value", "limit")),
        ("/accounts/alice/ledger?after=5", (422, "invalid_value", "after")),
        ("/accounts/alice/ledger?symbol=BTC-USDT", (422, "unknown_field", "symbol")),
        ("/accounts/alice/balances?asset=USDT", (422, "unknown_field", "asset")),
        ("/accounts/alice?limit=1", (422, "unknown_field", "limit")),
        ("/admin/accounts?after=", (422, "invalid_name", "after")),
        ("/admin/accounts?after=*fees*", (422, "invalid_name", "after")),
        ("/admin/accounts?limit=0", (422, "invalid_value", "limit")),
    ],
)
def test_a_bad_parameter_is_named(gateway: Gateway, target: str, expected: tuple[int, str, str]) -> None:
    assert gateway.request("GET", target).problem == expected
