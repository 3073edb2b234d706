"""The faucet: what it deposits, and what its caller is told."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import BalancesQuery, Deposit
from protocol.events import AssetBalance, Balances, CommandRefused, TransferState
from protocol.units import Refusal
from tests.unit.gateway.fakes import CONFIG, SEQUENCE, TIMESTAMP, TIMESTAMP_TEXT, Gateway

HELD = [AssetBalance("BTC", "0.5", "0")]
GIVEN = TransferState(
    "alice", "USDT", "100000", "faucet", "100000", "0", duplicate=False, sequence=6, timestamp=TIMESTAMP
)
GIFTS = (("USDT", "100000"), ("BTC", "1"))


@pytest.fixture
def giving() -> Iterator[Gateway]:
    with Gateway(structs.replace(CONFIG, faucet=GIFTS)) as gateway:
        gateway.broker.results[BalancesQuery] = Balances("alice", ledger=True, balances=HELD)
        gateway.broker.answers[Deposit] = GIVEN
        yield gateway


def test_the_faucet_gives_each_asset_once_a_day(giving: Gateway) -> None:
    answer = giving.request("POST", "/accounts/alice/faucet")
    assert answer.json == {
        "account": "alice",
        "ledger": True,
        "sequence": SEQUENCE,
        "timestamp": TIMESTAMP_TEXT,
        "balances": [{"asset": "BTC", "free": "0.5", "locked": "0"}],
        "duplicate": False,
    }
    # The day is that of the matcher's clock.
    giving.broker.time += 86_400 * 10**9
    giving.request("POST", "/accounts/alice/faucet")
    assert giving.broker.commands == [
        Deposit("alice", asset, amount, f"faucet-{day}{suffix}")
        for day in ("2025-10-24", "2025-10-25")
        for (asset, amount), suffix in zip(GIFTS, ("", ":BTC"), strict=True)
    ]


@pytest.mark.parametrize("before", [{"USDT", "BTC"}, {"USDT"}])
def test_the_faucet_says_whether_all_was_given_before(giving: Gateway, before: set[str]) -> None:
    giving.broker.answers[Deposit] = lambda command: structs.replace(GIVEN, duplicate=command.asset in before)
    assert giving.request("POST", "/accounts/alice/faucet").json["duplicate"] is (before == {"USDT", "BTC"})


def test_a_faucet_that_is_off_says_how_to_turn_it_on() -> None:
    with Gateway() as gateway:
        answer = gateway.request("POST", "/accounts/alice/faucet")
        assert answer.problem == (403, "faucet_off", None)
        assert "GATEWAY_FAUCET" in answer.json["detail"]
        assert gateway.broker.commands == []


def test_after_half_a_gift_the_outcome_is_unknown_and_the_call_may_be_repeated(giving: Gateway) -> None:
    giving.broker.answers[Deposit] = lambda command: GIVEN if command.asset == "USDT" else MatcherUnavailableError("")
    answer = giving.request("POST", "/accounts/alice/faucet")
    assert answer.problem == (504, "outcome_unknown", None)
    assert "again" in answer.json["detail"]
    giving.broker.answers[Deposit] = MatcherUnavailableError("")
    assert giving.request("POST", "/accounts/alice/faucet").problem == (503, "matcher_unavailable", None)


def test_another_amount_on_the_same_day_is_told_as_that(giving: Gateway) -> None:
    giving.broker.answers[Deposit] = CommandRefused(Refusal.TRANSFER_ID_CONFLICT)
    assert giving.request("POST", "/accounts/alice/faucet").problem == (409, "transfer_id_conflict", "account")
