"""Accounts' streams while the matcher is away, and when it is back."""

from collections.abc import Iterator

import pytest

from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
from protocol.commands import AccountUpdatesQuery, OrdersQuery, WatchAccount
from tests.unit.gateway.accounts import ACCOUNT, PATH, Accounts, Reader, begun, joined
from tests.unit.gateway.fakes import Gateway, eventually, settle
from tests.unit.gateway.streams import StreamClient


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def accounts(gateway: Gateway) -> Accounts:
    return Accounts(gateway)


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
