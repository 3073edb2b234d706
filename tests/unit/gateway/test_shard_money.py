"""Balances live in shards: they are told one by one and as a sum, and move between them exactly once."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from gateway.exchange.money import Money, Moved
from gateway.exchange.shards.amounts import added
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError, UnknownShardError
from gateway.link.instruments import Instruments
from protocol.commands import AccountsQuery, Deposit, Withdraw
from protocol.events import Answer, Balances, TransferState
from protocol.units import Refusal
from tests.unit.gateway.shard_world import LOST_AFTER, LOST_BEFORE, ShardWorld

if TYPE_CHECKING:
    from gateway.link.answers import Stamped


@pytest.fixture
def world() -> ShardWorld:
    return ShardWorld()


@pytest.fixture
def funded(world: ShardWorld) -> ShardWorld:
    world.majors.do(Deposit("ann", "USDT", "1000", "d"))
    world.rest.do(Deposit("ann", "USDT", "1.5", "d"))
    return world


def move(world: ShardWorld, amount: str = "100.25", transfer_id: str = "m", *, back: bool = False) -> Moved:
    source, target = ("rest", "majors") if back else ("majors", "rest")
    return asyncio.run(world.exchange.money.between("ann", "USDT", amount, source, target, transfer_id))


def usdt(world: ShardWorld) -> list[str]:
    """What is free in each shard, and in all."""
    split = asyncio.run(world.exchange.money.split("ann"))

    def free(found: Balances) -> str:
        return next(balance.free for balance in found.balances if balance.asset == "USDT")

    return [*(free(each.value) for each in split.shards.values()), free(split.total.value)]


def test_a_deposit_goes_to_the_named_shard_and_without_a_name_to_the_first(world: ShardWorld) -> None:
    money = world.exchange.money
    asyncio.run(money.move(Deposit("ann", "USDT", "3", "d")))
    asyncio.run(money.at(None).move(Deposit("ann", "USDT", "4", "e")))
    asyncio.run(money.at("rest").move(Deposit("ann", "USDT", "5.5", "d")))
    assert usdt(world) == ["7", "5.5", "12.5"]
    with pytest.raises(UnknownShardError) as caught:
        money.at("other")
    assert caught.value.names == ["majors", "rest"]


def test_without_shards_none_can_be_named(world: ShardWorld) -> None:
    money = Money(world.majors, Instruments.__new__(Instruments), ())
    assert money.at(None) is money
    for call in (lambda: money.at("majors"), lambda: asyncio.run(money.between("a", "USDT", "1", "x", "y", "t"))):
        with pytest.raises(UnknownShardError) as caught:
            call()
        assert caught.value.names == []


def test_an_account_has_the_sum_of_all_shards(funded: ShardWorld) -> None:
    funded.rest.place("ann", 100)
    found = asyncio.run(funded.exchange.money.summary("ann")).value
    assert [(each.asset, each.free, each.locked) for each in found.balances] == [
        ("BTC", "0", "0"),
        ("ETH", "0", "0"),
        ("USDT", "1000.498", "1.002"),
    ]
    assert [order.symbol for order in found.orders] == ["ETH-USDT"]
    assert asyncio.run(funded.exchange.money.balances("nobody")).value.ledger is False


def test_a_transfer_is_a_withdrawal_and_a_deposit_of_one_id(funded: ShardWorld) -> None:
    moved = move(funded)
    assert usdt(funded) == ["899.75", "101.75", "1001.5"]
    assert {moved.withdrawn.transfer_id, moved.deposited.transfer_id} == {"m:0-1"}
    again = move(funded)
    assert again.withdrawn.duplicate
    assert again.deposited.duplicate
    assert usdt(funded) == ["899.75", "101.75", "1001.5"]


def test_the_way_back_under_the_same_id_is_another_transfer(funded: ShardWorld) -> None:
    move(funded)
    move(funded, back=True)
    assert usdt(funded) == ["1000", "1.5", "1001.5"]


@pytest.mark.parametrize("loss", [LOST_BEFORE, LOST_AFTER])
@pytest.mark.parametrize("shard", ["majors", "rest"])
def test_a_repeat_after_a_failure_anywhere_moves_the_money_once(funded: ShardWorld, shard: str, loss: str) -> None:
    link = funded.majors if shard == "majors" else funded.rest
    link.losses = [loss]
    with pytest.raises(OutcomeUnknownError):
        move(funded)
    assert not link.losses
    move(funded)
    assert usdt(funded) == ["899.75", "101.75", "1001.5"]
    move(funded)
    assert usdt(funded) == ["899.75", "101.75", "1001.5"]


def test_a_receiver_that_dies_after_the_withdrawal_is_no_loss(
    funded: ShardWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = funded.majors.submit

    def then_dies(command: Withdraw) -> "asyncio.Future[Stamped[Answer]]":
        funded.rest.available = False
        return submit(command)

    monkeypatch.setattr(funded.majors, "submit", then_dies)
    with pytest.raises(OutcomeUnknownError, match="withdrawn from majors, not deposited to rest"):
        move(funded)
    monkeypatch.undo()
    # While it is away, nothing is begun again.
    with pytest.raises(MatcherUnavailableError):
        move(funded)
    funded.rest.available = True
    assert usdt(funded) == ["899.75", "1.5", "901.25"]
    move(funded)
    assert usdt(funded) == ["899.75", "101.75", "1001.5"]


def test_what_the_receiver_would_refuse_is_refused_before_the_withdrawal(funded: ShardWorld) -> None:
    def refusal(asset: str, amount: str) -> Refusal:
        with pytest.raises(RefusedError) as caught:
            asyncio.run(funded.exchange.money.between("ann", asset, amount, "majors", "rest", "m"))
        return caught.value.refusal

    funded.majors.do(Deposit("ann", "BTC", "1", "b"))
    assert refusal("BTC", "1") is Refusal.UNKNOWN_ASSET
    assert refusal("USDT", "0.000000000001") is Refusal.INVALID_AMOUNT
    assert refusal("USDT", "5000") is Refusal.INSUFFICIENT_BALANCE
    funded.rest.place("bob", 100)
    funded.majors.do(Deposit("bob", "USDT", "9", "d"))
    with pytest.raises(RefusedError) as caught:
        asyncio.run(funded.exchange.money.between("bob", "USDT", "5", "majors", "rest", "m"))
    assert caught.value.refusal is Refusal.OPEN_ORDERS
    assert usdt(funded) == ["1000", "1.5", "1001.5"]


def test_another_amount_under_a_used_id_is_refused(funded: ShardWorld) -> None:
    move(funded)
    with pytest.raises(RefusedError) as caught:
        move(funded, "100.26")
    assert caught.value.refusal is Refusal.TRANSFER_ID_CONFLICT


def test_the_faucet_gives_in_each_shard_once_a_day(world: ShardWorld) -> None:
    money = world.exchange.money
    assert [asyncio.run(money.give("ann")).duplicate for _ in range(2)] == [False, True]
    assert [asyncio.run(money.at("rest").give("ann")).duplicate for _ in range(2)] == [False, True]
    assert usdt(world) == ["5", "5", "10"]


def test_accounts_of_all_shards_come_page_by_page_with_the_sums(world: ShardWorld) -> None:
    for number, name in enumerate(("ann", "bob", "cid", "dan", "eve", "fay")):
        for link in world.links[: 1 + number % 2]:
            answer = link.do(Deposit(name, "USDT", "1.5", "d"))
            assert isinstance(answer, TransferState)
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        page = asyncio.run(world.exchange.money.accounts(AccountsQuery(after, 2))).value
        names += [account.account for account in page.accounts]
        assert {account.balances[0].free for account in page.accounts} <= {"1.5", "3"}
        after = page.next
    assert names == ["ann", "bob", "cid", "dan", "eve", "fay"]
    [sums] = [each for each in page.sums if each.asset == "USDT"]
    assert (sums.accounts, sums.deposited, sums.exact) == ("13.5", "13.5", True)


def test_sums_are_exact_whatever_their_size() -> None:
    assert added(["9" * 60, "0." + "0" * 59 + "1", "-1"]) == "9" * 59 + "8." + "0" * 59 + "1"
    assert added(["100", "200"]) == "300"
    assert added(["1.5", "-1.5"]) == "0"
