"""Bounds of the accounts' streams: slow clients, large messages, many questions; and what cannot begin."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError
from gateway.streams import user_channel
from gateway.streams.user_client import UserClient
from protocol.commands import AccountUpdatesQuery, OrdersQuery, WatchAccount
from protocol.events import CommandRefused
from protocol.units import Refusal
from tests.unit.gateway.accounts import PATH, Accounts, Reader, begun, joined
from tests.unit.gateway.fakes import Gateway, settle
from tests.unit.gateway.streams import StreamClient


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def accounts(gateway: Gateway) -> Accounts:
    return Accounts(gateway)


async def texts_until_the_end(client: StreamClient) -> tuple[list[str], int, str]:
    texts = []
    message = await client.next()
    while message["type"] == "websocket.send":
        texts.append(message["text"])
        message = await client.next()
    return texts, message["code"], message["reason"]


def test_a_slow_client_is_closed_and_others_miss_nothing(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.user_client.UPDATES_WAITING", 100)

    async def scenario() -> tuple[int, int, str]:
        slow, quick = await joined(gateway), await joined(gateway)
        await slow.read()
        await quick.read()
        slow.client.reads.clear()
        first = accounts.sequence
        for _ in range(30):
            for _ in range(10):
                accounts.place()
            await quick.read_up_to(accounts.sequence)
        assert quick.updates == list(range(first + 1, first + 301))
        slow.client.reads.set()
        texts, code, reason = await texts_until_the_end(slow.client)
        # And coming back it has everything.
        again = await joined(gateway, after=slow.sequence)
        await again.read_up_to(accounts.sequence)
        assert again.updates == quick.updates
        return len(texts), code, reason

    told, code, reason = gateway.run(scenario())
    assert told <= 1
    assert code == 4408
    assert "slow" in reason


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[UserClient]:
    """The gateway's side of all clients."""
    clients: list[UserClient] = []
    new_client = user_channel.UserChannel.new_client

    def noted(channel: user_channel.UserChannel, after: int | None = None) -> UserClient:
        clients.append(new_client(channel, after))
        return clients[-1]

    monkeypatch.setattr("gateway.streams.user_channel.UserChannel.new_client", noted)
    return clients


def waiting_characters(client: UserClient) -> int:
    return sum(len(text) for text, _ in client._queue) + sum(len(text) for _, text in client._held)


def test_what_waits_for_a_client_that_stops_reading_is_bounded(
    gateway: Gateway, accounts: Accounts, clients: list[UserClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 1024 * 1024
    monkeypatch.setattr("gateway.streams.user_client.CHARACTERS_WAITING", limit)

    async def scenario() -> tuple[list[int], int]:
        for _ in range(300):
            accounts.place()
        reader = await begun(gateway)
        reader.client.reads.clear()
        largest = []
        for _ in range(50):
            large = accounts.cancel(*range(1, 301))
            accounts.orders.update((state.order_id, state) for state in large.orders)
            await settle()
            largest.append(waiting_characters(clients[0]))
        reader.client.reads.set()
        _, code, _ = await texts_until_the_end(reader.client)
        return largest, code

    waiting, code = gateway.run(scenario())
    one = waiting[1]
    assert 10_000 < one < limit
    assert limit / 2 < max(waiting) < limit + one
    assert waiting[-1] == 0
    assert code == 4408


def test_what_waits_for_a_beginning_is_bounded(
    gateway: Gateway, accounts: Accounts, clients: list[UserClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.user_client.UPDATES_WAITING", 100)
    monkeypatch.setattr("gateway.streams.user_channel.RETRY_SECONDS", 0.001)

    async def scenario() -> tuple[int, str]:
        gateway.broker.results[OrdersQuery] = MatcherUnavailableError("")
        reader = await joined(gateway)
        for _ in range(100):
            accounts.place()
        await settle()
        assert waiting_characters(clients[0]) > 10_000
        accounts.place()
        await settle()
        assert waiting_characters(clients[0]) == 0
        return await reader.client.closed()

    code, reason = gateway.run(scenario())
    assert (code, reason) == (4408, "too slow: 100 updates were waiting")


def test_an_update_of_any_size_reaches_a_client_that_reads(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.user_client.CHARACTERS_WAITING", 1_000)

    async def scenario() -> Any:
        for _ in range(300):
            accounts.place()
        reader = await begun(gateway)
        accounts.cancel(*range(1, 301))
        return await reader.read()

    assert len(gateway.run(scenario())["orders"]) == 300


def test_a_fresh_start_of_any_size_reaches_a_client_that_reads(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.user_client.CHARACTERS_WAITING", 1_000)
    monkeypatch.setattr("gateway.streams.user_client.UPDATES_WAITING", 2)

    async def scenario() -> Reader:
        for _ in range(2_000):
            accounts.place()
        reader = await joined(gateway)
        accounts.place()
        return await reader.read_up_to(accounts.sequence)

    assert len(gateway.run(scenario()).orders) == 2_001


def test_the_past_is_told_as_fast_as_the_client_reads(gateway: Gateway, accounts: Accounts) -> None:
    """What a client has missed waits at the matcher, not here."""
    accounts.page = 10

    async def scenario() -> None:
        await joined(gateway)
        for _ in range(500):
            accounts.place()
        await settle()
        before = len(gateway.broker.queries)
        reader = await joined(gateway, after=101)
        reader.client.reads.clear()
        await settle()
        queries = [query for query in gateway.broker.queries[before:] if isinstance(query, AccountUpdatesQuery)]
        # From time to time the channel asks whether the last update was lost. That is not the past.
        assert 1 <= sum(query.after < accounts.sequence for query in queries) <= 2
        reader.client.reads.set()
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(102, 602))

    gateway.run(scenario())


# How it is refused


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("", "account"),
        ("?account=", "letters"),
        ("?account=a%20b", "letters"),
        (f"?account={'x' * 65}", "letters"),
        ("?account=desk&account=desk", "account"),
        ("?account=desk&symbol=BTC-USDT", "account"),
        ("?account=desk&after=", "after"),
        ("?account=desk&after=-1", "after"),
        ("?account=desk&after=1.5", "after"),
        (f"?account=desk&after={2**63}", "after"),
    ],
)
def test_a_stream_that_cannot_begin_is_closed_with_a_reason(
    gateway: Gateway, accounts: Accounts, query: str, word: str
) -> None:
    async def scenario() -> tuple[int, str]:
        return await (await StreamClient(gateway, f"/ws/user{query}").accepted()).closed()

    code, reason = gateway.run(scenario())
    assert code == 4422
    assert word in reason
    assert not gateway.broker.commands


def test_pages_of_other_origins_get_no_stream(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> tuple[int, str]:
        foreign = await StreamClient(gateway, PATH, {"origin": "http://evil.example"}).accepted()
        own = await StreamClient(gateway, PATH, {"origin": "http://exchange.example"}).accepted()
        await own.leave()
        return await foreign.closed()

    assert gateway.run(scenario())[0] == 4403


def test_streams_of_all_kinds_count(gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.streams.serve.MAX_STREAMS", 2)

    async def scenario() -> tuple[int, str]:
        readers = [await joined(gateway) for _ in range(2)]
        ending = await (await StreamClient(gateway, PATH).accepted()).closed()
        await readers[0].client.leave()
        await (await joined(gateway)).read()
        return ending

    assert gateway.run(scenario())[0] == 4429


@pytest.mark.parametrize("when", ["at first", "later"])
def test_a_watch_that_the_matcher_refuses_ends_the_stream_with_its_reason(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    refused = CommandRefused(Refusal.COMMAND_REFUSED)

    async def scenario() -> tuple[int, str]:
        if when == "later":
            reader = await joined(gateway)
            await reader.read()
            accounts.forget()
        gateway.broker.answers[WatchAccount] = refused
        if when == "later":
            for callback in gateway.broker.openings:
                callback()
            return await reader.client.closed()
        return await (await StreamClient(gateway, PATH).accepted()).closed()

    assert gateway.run(scenario())[0] == 4500


def test_a_beginning_that_the_matcher_refuses_ends_the_stream_with_its_reason(
    gateway: Gateway, accounts: Accounts
) -> None:
    gateway.broker.results[OrdersQuery] = CommandRefused(Refusal.COMMAND_REFUSED)

    async def scenario() -> tuple[int, str]:
        return await (await StreamClient(gateway, PATH).accepted()).closed()

    assert gateway.run(scenario())[0] == 4500


def test_questions_of_many_accounts_take_turns(gateway: Gateway, accounts: Accounts) -> None:
    """What all streams ask after a restart is not in the way of anything else."""
    waiting = 0
    most = 0

    async def scenario() -> None:
        nonlocal most
        clients = [await StreamClient(gateway, f"/ws/user?account=desk{number}").accepted() for number in range(100)]
        for client in clients:
            await client.read()
        most = 0
        for callback in gateway.broker.openings:
            callback()
        await settle()
        accounts.place(account="desk7")
        assert (await clients[7].read())["type"] == "update"

    query = gateway.broker.query

    async def counted(*arguments: Any) -> Stamped[Any]:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        try:
            return await query(*arguments)
        finally:
            waiting -= 1

    gateway.broker.query = counted  # type: ignore[assignment,method-assign]
    gateway.run(scenario())
    assert 1 < most <= 16
