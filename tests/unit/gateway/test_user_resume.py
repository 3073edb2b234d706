"""Clients of an account's stream that come back: they go on where they were, or are told that they begin afresh."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.link.answers import Stamped
from protocol.commands import AccountUpdatesQuery, Query, WatchAccount
from tests.unit.gateway.accounts import ACCOUNT, PATH, Accounts, Reader, begun, joined
from tests.unit.gateway.fakes import TIMESTAMP_TEXT, Gateway, eventually
from tests.unit.gateway.streams import StreamClient


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def accounts(gateway: Gateway) -> Accounts:
    return Accounts(gateway)


def test_a_client_that_comes_back_gets_what_it_missed(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> Reader:
        accounts.page = 3
        first = await joined(gateway)
        await first.read()
        last = accounts.place().sequence
        await first.client.leave()
        missed = [accounts.place(published=False).sequence for _ in range(10)]
        reader = await joined(gateway, after=last)
        message = await reader.read()
        assert message == {"type": "resumed", "account": ACCOUNT, "sequence": last, "timestamp": TIMESTAMP_TEXT}
        live = accounts.place().sequence
        await reader.read_up_to(live)
        assert reader.updates == [*missed, live]
        return reader

    assert gateway.run(scenario()).starts == 0


def test_a_client_that_missed_nothing_is_told_so(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        start = await (await joined(gateway)).read()
        accounts.others(3)
        for after in (start["sequence"], accounts.sequence):
            reader = await joined(gateway, after=after)
            assert (await reader.read())["type"] == "resumed"
            accounts.place()
            await reader.read_up_to(accounts.sequence)
            assert reader.starts == 0

    gateway.run(scenario())


def test_an_answer_may_be_newer_than_what_the_channel_has_seen(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        first = await joined(gateway)
        await first.read()
        accounts.place(published=False)
        after = accounts.place(published=False).sequence
        reader = await joined(gateway, after=after)
        assert (await reader.read())["type"] == "resumed"
        await first.read_up_to(after)
        accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == [accounts.sequence]

    gateway.run(scenario())


@pytest.mark.parametrize("ahead", [1, 10**18])
def test_a_sequence_that_does_not_exist_yet_means_a_fresh_start(
    gateway: Gateway, accounts: Accounts, ahead: int
) -> None:
    async def scenario() -> Any:
        await (await joined(gateway)).read()
        reader = await joined(gateway, after=accounts.sequence + ahead)
        return await reader.read()

    message = gateway.run(scenario())
    assert (message["type"], message["sequence"]) == ("orders", 101)


@pytest.mark.parametrize("after", [0, 105])
def test_what_is_not_kept_any_more_means_a_fresh_start(gateway: Gateway, accounts: Accounts, after: int) -> None:
    async def scenario() -> Reader:
        await (await joined(gateway)).read()
        for _ in range(20):
            accounts.place()
        accounts.kept = 10
        reader = await joined(gateway, after=after)
        assert (await reader.read())["type"] == "orders"
        accounts.place()
        return await reader.read_up_to(accounts.sequence)

    reader = gateway.run(scenario())
    assert reader.orders == accounts.open_views()


def test_what_went_missing_between_two_pages_of_the_past_means_a_fresh_start(
    gateway: Gateway, accounts: Accounts
) -> None:
    accounts.page = 5

    def page(query: AccountUpdatesQuery) -> Stamped[Any]:
        answer = accounts.updates_after(query)
        if 105 < query.after < 115:
            accounts.kept = 1
        return answer

    async def scenario() -> Reader:
        await (await joined(gateway)).client.leave()
        for _ in range(50):
            accounts.place()
        gateway.broker.results[AccountUpdatesQuery] = page
        return await (await joined(gateway, after=101)).read_up_to(accounts.sequence)

    reader = gateway.run(scenario())
    assert (reader.resumed, reader.starts) == (1, 1)
    assert reader.orders == accounts.open_views()


def test_an_account_that_is_not_watched_any_more_is_watched_again(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened meanwhile is told by a fresh start, to all its clients."""
    monkeypatch.setattr("gateway.streams.user_channel.IDLE_CHECK_SECONDS", 0.01)

    async def scenario() -> list[Reader]:
        readers = [await joined(gateway) for _ in range(3)]
        for reader in readers:
            await reader.read()
        accounts.place()
        accounts.forget()
        accounts.fill(1)
        accounts.place()
        await eventually(lambda: ACCOUNT in accounts.watched)
        accounts.fill(2)
        for reader in readers:
            await reader.read_up_to(accounts.sequence)
            assert reader.orders == accounts.open_views()
        return readers

    assert [reader.starts for reader in gateway.run(scenario())] == [2, 2, 2]


@pytest.mark.parametrize("again", [False, True])
def test_a_hole_that_cannot_be_filled_any_more_means_a_fresh_start(
    gateway: Gateway, accounts: Accounts, *, again: bool
) -> None:
    """Others may have had the account watched again meanwhile."""
    # The gateway knows the instruments already: nothing waits for them.
    assert gateway.request("GET", "/instruments").status == 200

    async def scenario() -> list[Reader]:
        readers = [await begun(gateway) for _ in range(2)]
        before = accounts.place().sequence
        if again:
            accounts.forget()
            accounts.place()
            accounts.watch(WatchAccount(ACCOUNT))
        else:
            for _ in range(5):
                accounts.place(published=False)
            accounts.kept = 2
        accounts.place()
        for reader in readers:
            await reader.read_up_to(accounts.sequence)
            assert reader.orders == accounts.open_views()
            # What was told before the hole is not taken back.
            assert reader.updates[0] == before
        return readers

    assert [reader.starts for reader in gateway.run(scenario())] == [2, 2]


def test_a_past_that_is_told_too_early_is_not_the_end_of_it(gateway: Gateway, accounts: Accounts) -> None:
    """The account was forgotten and is watched again while the matcher's answer is on its way."""
    answered = asyncio.Event()
    late = asyncio.Event()
    query = gateway.broker.query

    async def delayed(question: Query, *more: Any) -> Stamped[Any]:
        answer = await query(question, *more)
        if question == AccountUpdatesQuery(ACCOUNT, 100 + 5):
            answered.set()
            await late.wait()
        return answer

    async def scenario() -> Reader:
        steady = await begun(gateway)
        for _ in range(5):
            accounts.place()
        await steady.read_up_to(accounts.sequence)
        gateway.broker.query = delayed  # type: ignore[assignment,method-assign]
        back = Reader(await StreamClient(gateway, f"{PATH}&after=105").accepted(), 105)
        await answered.wait()
        accounts.forget()
        accounts.place()
        for callback in gateway.broker.openings:
            callback()
        await steady.read_up_to(accounts.sequence)
        late.set()
        accounts.place()
        await back.read_up_to(accounts.sequence)
        return back

    back = gateway.run(scenario())
    assert back.starts == 1
    assert back.orders == accounts.open_views()
