"""Updates of an account that are lost on the way, and how they are asked for."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from protocol.commands import AccountUpdatesQuery, InstrumentsQuery
from protocol.events import InstrumentList
from tests.unit.gateway.accounts import Accounts, asked, begun
from tests.unit.gateway.fakes import BTC, Gateway, eventually, settle
from tests.unit.gateway.streams import StreamClient


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def accounts(gateway: Gateway) -> Accounts:
    return Accounts(gateway)


@pytest.fixture
def instruments(gateway: Gateway) -> None:
    """The gateway knows the instruments already: nothing waits for them."""
    assert gateway.request("GET", "/instruments").status == 200


def test_a_hole_is_filled_in_order(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        reader = await begun(gateway)
        first = accounts.sequence
        accounts.place()
        for _ in range(5):
            accounts.place(published=False)
        accounts.place()
        accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(first + 1, first + 9))

    gateway.run(scenario())


def test_updates_that_come_while_a_hole_is_filled_wait(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        reader = await begun(gateway)
        first = accounts.sequence
        for published in (True, False, True, False, True, True):
            accounts.place(published=published)
        await asyncio.sleep(0)
        for published in (False, True, True):
            accounts.place(published=published)
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(first + 1, first + 10))

    gateway.run(scenario())


@pytest.mark.usefixtures("instruments")
def test_a_hole_behind_a_hole_is_filled_too(gateway: Gateway, accounts: Accounts) -> None:
    """The matcher answers as of its own moment: what is lost after it is asked for again."""

    async def scenario() -> None:
        reader = await begun(gateway)
        first = accounts.sequence
        accounts.place()
        accounts.place(published=False)
        accounts.place()
        before = asked(gateway, AccountUpdatesQuery)
        await asyncio.sleep(0)
        # The answer is on its way.
        assert asked(gateway, AccountUpdatesQuery) == before + 1
        accounts.place(published=False)
        accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(first + 1, first + 6))
        assert asked(gateway, AccountUpdatesQuery) > before + 1

    gateway.run(scenario())


def test_a_long_hole_is_filled_page_by_page(gateway: Gateway, accounts: Accounts) -> None:
    accounts.page = 3

    async def scenario() -> None:
        reader = await begun(gateway)
        first = accounts.sequence
        for _ in range(20):
            accounts.place(published=False)
        accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(first + 1, first + 22))

    gateway.run(scenario())


def test_more_than_can_wait_is_asked_for_too(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        reader = await begun(gateway)
        first = accounts.sequence
        accounts.kept = 10_000
        accounts.place(published=False)
        for _ in range(3_000):
            accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(first + 1, first + 3_002))

    gateway.run(scenario())


def test_the_last_update_before_a_silence_is_not_lost(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No later update shows the hole: the matcher is asked, again and again as long as there is a client."""
    monkeypatch.setattr("gateway.streams.user_channel.CHECK_SECONDS", 0.01)
    monkeypatch.setattr("gateway.streams.user_channel.IDLE_CHECK_SECONDS", 0.02)

    async def scenario() -> None:
        reader = await begun(gateway)
        for _ in range(3):
            accounts.place()
            accounts.place(published=False)
            await reader.read_up_to(accounts.sequence)
            before = asked(gateway, AccountUpdatesQuery)
            await eventually(lambda before=before: asked(gateway, AccountUpdatesQuery) > before + 3)  # type: ignore[misc]
            accounts.place(published=False)
            await reader.read_up_to(accounts.sequence)
        assert reader.orders == accounts.open_views()
        assert len(reader.updates) == 9
        await reader.client.leave()
        before = asked(gateway, AccountUpdatesQuery)
        await asyncio.sleep(0.1)
        assert asked(gateway, AccountUpdatesQuery) <= before + 1

    gateway.run(scenario())


@pytest.mark.usefixtures("instruments")
def test_an_update_after_a_long_silence_may_be_followed_by_a_lost_one(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.user_channel.FIRST_CHECK_SECONDS", 1_000.0)
    monkeypatch.setattr("gateway.streams.user_channel.CHECK_SECONDS", 0.01)

    async def scenario() -> None:
        reader = await begun(gateway)
        accounts.place()
        accounts.place(published=False)
        await reader.read_up_to(accounts.sequence)

    gateway.run(scenario())


def test_many_accounts_are_checked_less_often(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All together they may not ask more than so much."""
    monkeypatch.setattr("gateway.streams.user_channel.FIRST_CHECK_SECONDS", 0.001)
    monkeypatch.setattr("gateway.streams.user_channel.IDLE_CHECK_SECONDS", 0.001)
    monkeypatch.setattr("gateway.streams.user_channels.CHECKS_PER_SECOND", 0.001)

    async def scenario() -> None:
        readers = [await StreamClient(gateway, f"/ws/user?account=desk{number}").accepted() for number in range(5)]
        for reader in readers:
            await reader.read()
        await settle()
        before = asked(gateway, AccountUpdatesQuery)
        await asyncio.sleep(0.1)
        assert asked(gateway, AccountUpdatesQuery) == before

    gateway.run(scenario())


def test_what_is_lost_before_the_subscription_stands_is_found_soon(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.user_channel.CHECK_SECONDS", 1_000.0)
    monkeypatch.setattr("gateway.streams.user_channel.FIRST_CHECK_SECONDS", 0.001)

    async def scenario() -> None:
        reader = await begun(gateway)
        accounts.place(published=False)
        await reader.read_up_to(accounts.sequence)

    gateway.run(scenario())


def test_updates_that_are_said_twice_or_late_are_told_once(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        reader = await begun(gateway)
        first = accounts.sequence
        updates = [accounts.place(published=False) for _ in range(3)]
        for index in (0, 2, 1, 1, 0, 2):
            gateway.broker.publish(updates[index])
        await settle()
        for index in (1, 0):
            gateway.broker.publish(updates[index])
        accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(first + 1, first + 5))

    gateway.run(scenario())


def test_an_update_of_a_new_instrument_waits_until_that_is_known(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> Any:
        gateway.broker.results[InstrumentsQuery] = InstrumentList([])
        reader = await begun(gateway)
        gateway.broker.results[InstrumentsQuery] = InstrumentList([BTC])
        accounts.place()
        accounts.place()
        update = await reader.read()
        await reader.read()
        return update

    assert gateway.run(scenario())["orders"][0]["price"] == "1"
