"""Clients of an account's stream that come back, and streams over restarts of the matcher: they go on where they were,
or say that they begin afresh."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
from protocol.commands import AccountUpdatesQuery, OrdersQuery, Query, WatchAccount
from tests.unit.gateway.accounts import ACCOUNT, PATH, Accounts, Reader, begun, joined
from tests.unit.gateway.fakes import TIMESTAMP_TEXT, Gateway, eventually, settle
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


# Restarts


def test_clients_stay_while_the_matcher_is_away_and_go_on_when_it_is_back(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> list[Reader]:
        readers = [await joined(gateway) for _ in range(2)]
        for reader in readers:
            await reader.read()
        accounts.place()
        away = MatcherUnavailableError("")
        gateway.broker.results[AccountUpdatesQuery] = gateway.broker.results[OrdersQuery] = away
        gateway.broker.available = False
        accounts.place(published=False)
        # A session that ends and is opened again while nobody answers yet.
        for callback in gateway.broker.openings:
            callback()
        await settle()
        accounts.place(published=False)
        gateway.broker.epoch = 2
        gateway.broker.available = True
        gateway.broker.results[AccountUpdatesQuery] = accounts.updates_after
        gateway.broker.results[OrdersQuery] = accounts.open_orders
        for callback in gateway.broker.openings:
            callback()
        for reader in readers:
            await reader.read_up_to(accounts.sequence)
            assert len(reader.updates) == 3
        return readers

    assert [reader.starts for reader in gateway.run(scenario())] == [1, 1]


def test_what_could_not_be_asked_for_is_asked_again_soon(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A matcher that was busy for a moment does not come back: it was never away."""
    for name in ("FIRST_CHECK_SECONDS", "CHECK_SECONDS", "IDLE_CHECK_SECONDS"):
        monkeypatch.setattr(f"gateway.streams.user_channel.{name}", 1_000.0)

    async def scenario() -> None:
        reader = await begun(gateway)
        gateway.broker.results[AccountUpdatesQuery] = MatcherUnavailableError("")
        accounts.place(published=False)
        accounts.place()
        await settle()
        gateway.broker.results[AccountUpdatesQuery] = accounts.updates_after
        await reader.read_up_to(accounts.sequence)
        assert len(reader.updates) == 2

    gateway.run(scenario())


def test_a_beginning_waits_for_the_matchers_return(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.user_channel.RETRY_SECONDS", 0.001)

    async def scenario() -> None:
        await (await joined(gateway)).read()
        gateway.broker.results[AccountUpdatesQuery] = gateway.broker.results[OrdersQuery] = MatcherUnavailableError("")
        fresh, back = await joined(gateway), await joined(gateway, after=101)
        accounts.place()
        await settle()
        gateway.broker.results[AccountUpdatesQuery] = accounts.updates_after
        gateway.broker.results[OrdersQuery] = accounts.open_orders
        for reader in (fresh, back):
            await reader.read_up_to(accounts.sequence)
            assert (reader.starts, reader.resumed) in ((1, 0), (0, 1))

    gateway.run(scenario())


@pytest.mark.parametrize("failure", [MatcherUnavailableError(""), OutcomeUnknownError("")])
def test_an_account_is_watched_as_soon_as_the_matcher_takes_it(
    gateway: Gateway, accounts: Accounts, failure: Exception
) -> None:
    async def scenario() -> None:
        gateway.broker.answers[WatchAccount] = failure
        client = StreamClient(gateway, PATH)
        await eventually(lambda: len(gateway.broker.commands) == 2)
        gateway.broker.answers[WatchAccount] = accounts.watch
        reader = Reader(await client.accepted())
        accounts.place()
        await reader.read_up_to(accounts.sequence)

    gateway.run(scenario())


@pytest.mark.parametrize("known", [False, True])
def test_without_a_matcher_a_new_client_is_to_come_again(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    monkeypatch.setattr("gateway.streams.user_channel.READY_SECONDS", 0.01)

    async def scenario() -> tuple[int, str]:
        if known:
            await joined(gateway)
        gateway.broker.available = False
        gateway.broker.answers[WatchAccount] = MatcherUnavailableError("")
        ending = await (await StreamClient(gateway, PATH).accepted()).closed()
        assert len(gateway.broker.account_handlers[ACCOUNT]) == known
        return ending

    assert gateway.run(scenario())[0] == 4503


def test_another_journal_ends_the_streams(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> tuple[int, str]:
        reader = await begun(gateway)
        for callback in gateway.broker.resets:
            callback()
        ending = await reader.client.closed()
        again = await joined(gateway)
        await again.read()
        accounts.place()
        await again.read_up_to(accounts.sequence)
        return ending

    code, reason = gateway.run(scenario())
    assert code == 1012
    assert "journal" in reason


@pytest.mark.parametrize("waits", [False, True])
def test_a_history_that_has_lost_its_end_ends_streams_that_were_told_their_orders_only(
    gateway: Gateway, accounts: Accounts, *, waits: bool
) -> None:
    """What was published of it may wait for what is missing before it, which nobody has any more."""

    async def scenario() -> tuple[int, str]:
        reader = await begun(gateway)
        accounts.others(10)
        for callback in gateway.broker.openings:
            callback()
        await settle()
        if waits:
            accounts.others(100)
            for _ in range(2):
                lost = accounts.place(published=False)
            accounts.updates[ACCOUNT].clear()
            accounts.sequence -= 102
            gateway.broker.publish(lost)
        else:
            accounts.sequence -= 5
            for callback in gateway.broker.openings:
                callback()
        ending = await reader.client.closed()
        again = await begun(gateway)
        accounts.place()
        await again.read_up_to(accounts.sequence)
        assert again.updates == [accounts.sequence]
        assert gateway.broker.commands.count(WatchAccount(ACCOUNT)) <= 3
        return ending

    code, reason = gateway.run(scenario())
    assert code == 1012
    assert "lost" in reason


@pytest.mark.parametrize("went_on", [False, True])
def test_a_history_that_has_lost_its_end_ends_the_streams(
    gateway: Gateway, accounts: Accounts, *, went_on: bool
) -> None:
    """A matcher that does not sync has lost what it had told; it may have gone on beyond it since."""

    async def scenario() -> tuple[int, str]:
        reader = await begun(gateway)
        for _ in range(3):
            accounts.place()
            await reader.read()
        del accounts.updates[ACCOUNT][1:]
        accounts.sequence -= 2
        if went_on:
            # Other commands, at other times.
            accounts.time += 1
            accounts.others()
            accounts.place(published=False)
            accounts.others(5)
        gateway.broker.epoch = 2
        for callback in gateway.broker.openings:
            callback()
        ending = await reader.client.closed()
        again = await joined(gateway)
        await again.read()
        accounts.place()
        await again.read_up_to(accounts.sequence)
        assert again.updates == [accounts.sequence]
        return ending

    code, reason = gateway.run(scenario())
    assert code == 1012
    assert "lost" in reason


def test_a_restart_that_lost_nothing_ends_nothing(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        reader = await begun(gateway)
        for epoch in range(2, 5):
            accounts.place()
            accounts.others(3)
            await reader.read_up_to(accounts.sequence - 3)
            gateway.broker.epoch = epoch
            for callback in gateway.broker.openings:
                callback()
            await settle()
        accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert (len(reader.updates), reader.starts) == (4, 1)

    gateway.run(scenario())
