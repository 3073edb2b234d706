"""Commands of whole accounts go to every shard, and what one of them lacks is brought to it."""

import asyncio

import pytest

from gateway.link.errors import (
    DONE,
    NOT_TAKEN,
    UNKNOWN,
    MatcherUnavailableError,
    RefusedError,
    ShardOutcome,
    ShardsOutcomeError,
    ShardsPendingError,
)
from protocol.commands import CancelAfter, CancelAllOrders, RevokeKey, SetAccountStatus, SetKey
from protocol.events import AccountState
from protocol.keys import Key, KeyType
from protocol.units import Refusal
from tests.unit.gateway.shard_world import LOST_AFTER, LOST_BEFORE, MILLISECOND, EngineLink, ShardWorld

SUSPEND, RESUME = SetAccountStatus("ann", suspended=True), SetAccountStatus("ann", suspended=False)


@pytest.fixture
def world() -> ShardWorld:
    return ShardWorld()


def is_suspended(link: EngineLink) -> bool:
    account = link.state.registry.accounts.get("ann")
    return account is not None and account.suspended


def live(link: EngineLink) -> int:
    account = link.state.registry.accounts.get("ann")
    return 0 if account is None else len(list(account.orders))


def test_all_orders_of_all_shards_are_canceled_in_the_order_of_their_times(world: ShardWorld) -> None:
    placed = [link.place("ann", 2_000_000 + step) for step in range(3) for link in world.links]
    canceled = asyncio.run(world.exchange.accounts.cancel_all(CancelAllOrders("ann")))
    assert [order.order_id for order in canceled.orders] == placed
    assert canceled.count == 6


def test_only_the_shard_of_a_symbol_cancels_its_orders(world: ShardWorld) -> None:
    for link in world.links:
        link.place("ann", 2_000_000)
    assert asyncio.run(world.exchange.accounts.cancel_all(CancelAllOrders("ann", "ETH-USDT"))).count == 1
    assert (live(world.majors), live(world.rest)) == (1, 0)


def test_one_shard_away_leaves_the_outcome_of_each_and_a_repeat_goes_on(world: ShardWorld) -> None:
    for link in world.links:
        link.place("ann", 2_000_000)
    world.rest.available = False
    with pytest.raises(ShardsOutcomeError) as caught:
        asyncio.run(world.exchange.accounts.cancel_all(CancelAllOrders("ann")))
    assert caught.value.shards == {"majors": ShardOutcome(DONE, 1), "rest": ShardOutcome(NOT_TAKEN)}
    world.rest.available = True
    world.rest.losses = [LOST_AFTER]
    with pytest.raises(ShardsOutcomeError) as caught:
        asyncio.run(world.exchange.accounts.cancel_all(CancelAllOrders("ann")))
    assert caught.value.shards == {"majors": ShardOutcome(DONE, 0), "rest": ShardOutcome(UNKNOWN)}
    assert asyncio.run(world.exchange.accounts.cancel_all(CancelAllOrders("ann"))).count == 0
    assert live(world.rest) == 0


def test_nothing_is_unknown_where_no_shard_is_there(world: ShardWorld) -> None:
    world.majors.available = world.rest.available = False
    for call in (
        world.exchange.accounts.cancel_all(CancelAllOrders("ann")),
        world.exchange.accounts.suspend(SUSPEND),
        world.exchange.accounts.cancel_after(CancelAfter("ann", 1_000 * MILLISECOND)),
    ):
        with pytest.raises(MatcherUnavailableError):
            asyncio.run(call)


def test_a_refusal_of_all_is_told_as_one(world: ShardWorld) -> None:
    with pytest.raises(RefusedError) as caught:
        asyncio.run(world.exchange.accounts.cancel_all(CancelAllOrders("ann", None, "no name")))
    assert caught.value.refusal is Refusal.INVALID_NAME


def test_a_timer_runs_in_each_shard_and_the_earliest_is_told(world: ShardWorld) -> None:
    world.majors.ahead = 40 * MILLISECOND
    state = asyncio.run(world.exchange.accounts.cancel_after(CancelAfter("ann", 1_000 * MILLISECOND)))
    timers = [link.state.registry.accounts["ann"].cancel_at for link in world.links]
    assert all(timers)
    assert state.cancel_at == timers[1]
    assert asyncio.run(world.exchange.accounts.cancel_after(CancelAfter("ann", 0))).cancel_at is None


def test_a_suspension_is_answered_when_every_shard_has_it(world: ShardWorld) -> None:
    for link in world.links:
        link.place("ann", 2_000_000)
    state, canceled = asyncio.run(world.exchange.accounts.suspend(SUSPEND))
    assert state.suspended
    assert canceled.count == 2
    versions = {link.state.registry.account_versions.of("ann") for link in world.links}
    assert len(versions) == 1
    assert versions != {0}


@pytest.mark.parametrize("away", ["majors", "rest"])
def test_a_shard_that_was_away_gets_the_suspension_from_any_gateway(world: ShardWorld, away: str) -> None:
    missing, there = (world.majors, world.rest) if away == "majors" else (world.rest, world.majors)
    for link in world.links:
        link.place("ann", 2_000_000)
    missing.available = False
    with pytest.raises(ShardsPendingError) as caught:
        asyncio.run(world.exchange.accounts.suspend(SUSPEND))
    assert caught.value.pending == [away]
    assert is_suspended(there)
    missing.available = True
    assert not is_suspended(missing)
    asyncio.run(world.heal())
    assert is_suspended(missing)
    assert live(missing) == 0


def test_the_newest_status_wins_over_clocks_that_differ(world: ShardWorld) -> None:
    world.majors.ahead = 60_000 * MILLISECOND
    asyncio.run(world.exchange.accounts.suspend(SUSPEND))
    # The clock of the shard that makes the next version is a minute behind.
    world.majors.available = False
    with pytest.raises(ShardsPendingError):
        asyncio.run(world.exchange.accounts.suspend(RESUME))
    world.majors.available = True
    asyncio.run(world.heal())
    assert [is_suspended(link) for link in world.links] == [False, False]


def test_an_old_status_that_comes_late_changes_nothing(world: ShardWorld) -> None:
    state, _ = asyncio.run(world.exchange.accounts.suspend(SUSPEND))
    asyncio.run(world.exchange.accounts.suspend(RESUME))
    before = world.rest.digest
    answer = world.rest.do(SetAccountStatus("ann", suspended=True, version=state.version))
    assert isinstance(answer, AccountState)
    assert not answer.suspended
    assert world.rest.digest == before


def test_of_two_statuses_of_one_version_the_one_that_suspends_counts(world: ShardWorld) -> None:
    world.majors.do(SetAccountStatus("ann", suspended=True, version=7))
    world.rest.do(SetAccountStatus("ann", suspended=False, version=7))
    asyncio.run(world.heal())
    assert [is_suspended(link) for link in world.links] == [True, True]


def test_a_status_whose_outcome_is_unknown_comes_to_all(world: ShardWorld) -> None:
    world.majors.losses = [LOST_AFTER]
    with pytest.raises(ShardsPendingError) as caught:
        asyncio.run(world.exchange.accounts.suspend(SUSPEND))
    assert caught.value.pending == ["majors"]
    asyncio.run(world.heal())
    assert [is_suspended(link) for link in world.links] == [True, True]
    assert len({link.state.registry.account_versions.of("ann") for link in world.links}) == 1


def test_a_long_suspension_is_brought_to_its_end(world: ShardWorld) -> None:
    for step in range(5):
        world.rest.place("ann", 2_000_000 + step)
    world.rest.limit(2)
    world.rest.available = False
    with pytest.raises(ShardsPendingError):
        asyncio.run(world.exchange.accounts.suspend(SUSPEND))
    world.rest.available = True
    asyncio.run(world.heal())
    assert live(world.rest) == 0


def test_healed_shards_are_compared_and_left_alone(world: ShardWorld) -> None:
    asyncio.run(world.exchange.accounts.suspend(SUSPEND))
    asyncio.run(world.heal())
    for link in world.links:
        link.sent.clear()
    asyncio.run(world.heal())
    assert world.majors.sent == world.rest.sent == []


def key(name: str, *, generation: int = 0) -> Key:
    return Key(name * 64, "ann", KeyType.HMAC, generation=generation, check="c")


def keys_of(link: EngineLink) -> list[tuple[Key, int]]:
    return [(state.key, state.created) for state in link.state.registry.keys.all()]


def test_copies_of_keys_become_those_of_the_first_shard(world: ShardWorld) -> None:
    for name in "abc":
        world.majors.do(SetKey(key(name)))
    world.rest.do(SetKey(key("z")))
    assert asyncio.run(world.copies.bring_up()) == []
    assert keys_of(world.rest) == keys_of(world.majors)
    world.majors.do(SetKey(key("a", generation=1)))
    world.majors.do(RevokeKey("b" * 64))
    asyncio.run(world.heal())
    assert keys_of(world.rest) == keys_of(world.majors)
    assert len(keys_of(world.rest)) == 2


def test_more_keys_than_one_command_takes_are_copied(world: ShardWorld) -> None:
    for number in range(250):
        world.majors.do(SetKey(Key(f"{number:064d}", "ann", KeyType.HMAC, check="c")))
    assert asyncio.run(world.copies.bring_up()) == []
    assert keys_of(world.rest) == keys_of(world.majors)
    sent = len(world.rest.sent)
    assert asyncio.run(world.copies.bring_up()) == []
    assert len(world.rest.sent) == sent == 3


def test_a_copy_that_is_away_or_does_not_answer_is_named(world: ShardWorld) -> None:
    world.majors.do(SetKey(key("a")))
    world.rest.losses = [LOST_BEFORE]
    assert asyncio.run(world.copies.bring_up()) == ["rest"]
    world.rest.available = False
    assert asyncio.run(world.copies.bring_up()) == ["rest"]
    world.rest.available = True
    assert asyncio.run(world.copies.bring_up()) == []
