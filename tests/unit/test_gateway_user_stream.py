"""An account's stream: nothing that happens to its orders is left out or said twice, whatever is lost on the way."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gateway import account_channel
from gateway.account_client import AccountClient
from gateway.broker import MatcherUnavailableError, OutcomeUnknownError, Stamped
from protocol.commands import AccountUpdatesQuery, InstrumentsQuery, OrdersQuery, WatchAccount
from protocol.events import CommandRefused, InstrumentList
from protocol.units import Refusal
from tests.unit.gateway_accounts import ACCOUNT, PATH, Accounts, Reader, begun, joined
from tests.unit.gateway_fakes import BTC, TIMESTAMP_TEXT, Gateway, eventually, settle
from tests.unit.gateway_streams import StreamClient


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


def asked(gateway: Gateway, kind: type) -> int:
    return sum(isinstance(query, kind) for query in gateway.broker.queries)


# How it begins


def test_an_account_without_orders_begins_with_none(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> Any:
        return await (await joined(gateway)).read()

    assert gateway.run(scenario()) == {
        "type": "orders",
        "account": ACCOUNT,
        "sequence": 101,
        "timestamp": TIMESTAMP_TEXT,
        "orders": [],
        "more": False,
        "resumed": False,
    }


def test_a_fresh_start_comes_in_parts_as_of_one_sequence(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> list[Any]:
        for _ in range(1_001):
            accounts.place()
        accounts.place(account="other")
        reader = await joined(gateway)
        messages = [await reader.read()]
        accounts.place()
        messages += [await reader.read() for _ in range(3)]
        assert reader.orders == accounts.open_views()
        return messages

    *parts, update = gateway.run(scenario())
    assert [(part["type"], len(part["orders"]), part["more"]) for part in parts] == [
        ("orders", 500, True),
        ("orders", 500, True),
        ("orders", 1, False),
    ]
    assert len({part["sequence"] for part in parts}) == 1
    assert [order["order_id"] for part in parts for order in part["orders"]] == [str(number) for number in range(1, 1_002)]
    assert update["type"] == "update"


def test_orders_that_fill_the_last_part_need_no_other(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> list[bool]:
        for _ in range(1_000):
            accounts.place()
        reader = await joined(gateway)
        return [(await reader.read())["more"] for _ in range(2)]

    assert gateway.run(scenario()) == [True, False]


@pytest.mark.parametrize("lost", [False, True])
def test_what_happens_while_the_orders_are_collected_is_in_them_or_follows(gateway: Gateway, accounts: Accounts, lost: bool) -> None:
    """Each page of orders is as of its own moment."""
    accounts.page = 2
    steps: Iterator[Any] = iter(
        [
            # Of the first page: one is gone, one filled, and one more is there.
            lambda: (accounts.cancel(1, published=not lost), accounts.fill(2, published=not lost), accounts.place(not lost)),
            # Of the page to come, and of the one before it.
            lambda: (accounts.fill(5, published=not lost), accounts.cancel(3, published=not lost)),
            lambda: accounts.fill(2, published=not lost),
        ]
    )

    def page(query: OrdersQuery) -> Stamped[Any]:
        answer = accounts.open_orders(query)
        next(steps, lambda: None)()
        return answer

    async def scenario() -> None:
        for _ in range(6):
            accounts.place()
        gateway.broker.results[OrdersQuery] = page
        reader = await joined(gateway)
        start = await reader.read()
        if not start["more"]:
            assert reader.orders == accounts.open_views()
        accounts.place()
        await reader.read_up_to(accounts.sequence)
        assert reader.orders == accounts.open_views()
        filled = {order_id: order["filled_quantity"] for order_id, order in reader.orders.items()}
        assert filled == {"2": "2", "4": "0", "5": "1", "6": "0", "7": "0", "8": "0"}
        assert reader.starts == 1

    gateway.run(scenario())


def test_where_what_happened_between_two_pages_is_gone_the_orders_are_collected_again(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.account_channel.RETRY_SECONDS", 0.001)
    accounts.page = 2
    pages = 0

    def page(query: OrdersQuery) -> Stamped[Any]:
        nonlocal pages
        pages += 1
        answer = accounts.open_orders(query)
        if pages < 3:
            for _ in range(5):
                accounts.others()
                accounts.cancel(len(accounts.orders), published=False)
                accounts.place(published=False)
        return answer

    async def scenario() -> Reader:
        for _ in range(4):
            accounts.place()
        accounts.kept = 3
        gateway.broker.results[OrdersQuery] = page
        return await (await joined(gateway)).read_up_to(accounts.sequence)

    reader = gateway.run(scenario())
    assert reader.orders == accounts.open_views()


def test_each_update_follows_as_one_message(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> list[Any]:
        reader = await begun(gateway)
        accounts.others(5)
        accounts.place()
        accounts.others(2)
        accounts.place()
        accounts.cancel(1, 2)
        return [await reader.read() for _ in range(3)]

    first, second, third = gateway.run(scenario())
    assert [(update["previous"], update["sequence"]) for update in (first, second, third)] == [(101, 107), (107, 110), (110, 111)]
    assert [(change["event"], change["order_id"]) for change in third["changes"]] == [("canceled", "1"), ("canceled", "2")]
    assert [order["status"] for order in third["orders"]] == ["canceled", "canceled"]


def test_clients_of_an_account_share_one_subscription_and_its_messages(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> list[str]:
        readers = [await joined(gateway) for _ in range(3)]
        for reader in readers:
            await reader.read()
        assert [len(handlers) for handlers in gateway.broker.account_handlers.values()] == [1]
        assert gateway.broker.commands == [WatchAccount(ACCOUNT)]
        accounts.place()
        texts = [(await reader.client.next())["text"] for reader in readers]
        for reader in readers:
            assert gateway.broker.account_handlers[ACCOUNT]
            await reader.client.leave()
        assert not gateway.broker.account_handlers[ACCOUNT]
        await (await joined(gateway)).read_up_to(accounts.sequence)
        return texts

    texts = gateway.run(scenario())
    # Encoded once.
    assert all(text is texts[0] for text in texts)


def test_clients_that_come_together_share_a_fresh_start(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> None:
        first = await joined(gateway)
        await first.read()
        accounts.place()
        before = asked(gateway, OrdersQuery)
        readers = [Reader(StreamClient(gateway, PATH)) for _ in range(50)]
        for reader in readers:
            await reader.client.accepted()
        for reader in readers:
            await reader.read_up_to(accounts.sequence)
            assert reader.orders == accounts.open_views()
        assert asked(gateway, OrdersQuery) - before < 10

    gateway.run(scenario())


def test_accounts_are_kept_apart(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> Reader:
        other = await StreamClient(gateway, "/ws/user?account=other").accepted()
        assert (await other.read())["account"] == "other"
        reader = await begun(gateway)
        accounts.place(account="other")
        accounts.place()
        assert (await other.read())["orders"][0]["account"] == "other"
        return await reader.read_up_to(accounts.sequence)

    assert gateway.run(scenario()).updates == [104]


# What is lost on the way


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
            accounts.place(published)
        await asyncio.sleep(0)
        for published in (False, True, True):
            accounts.place(published)
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
        early = accounts.updates_after(AccountUpdatesQuery(ACCOUNT, first + 1))
        assert len(early.value.updates) == 2
        accounts.place(published=False)
        accounts.place()

        def answer(query: AccountUpdatesQuery) -> Stamped[Any]:
            gateway.broker.results[AccountUpdatesQuery] = accounts.updates_after
            return early

        gateway.broker.results[AccountUpdatesQuery] = answer
        await reader.read_up_to(accounts.sequence)
        assert reader.updates == list(range(first + 1, first + 6))

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


def test_the_last_update_before_a_silence_is_not_lost(gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """No later update shows the hole: the matcher is asked, again and again as long as there is a client."""
    monkeypatch.setattr("gateway.account_channel.CHECK_SECONDS", 0.01)
    monkeypatch.setattr("gateway.account_channel.IDLE_CHECK_SECONDS", 0.02)

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


def test_what_is_lost_before_the_subscription_stands_is_found_soon(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.account_channel.CHECK_SECONDS", 1_000.0)
    monkeypatch.setattr("gateway.account_channel.FIRST_CHECK_SECONDS", 0.001)

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


# How it goes on


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
def test_a_sequence_that_does_not_exist_yet_means_a_fresh_start(gateway: Gateway, accounts: Accounts, ahead: int) -> None:
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


def test_what_went_missing_between_two_pages_of_the_past_means_a_fresh_start(gateway: Gateway, accounts: Accounts) -> None:
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
    monkeypatch.setattr("gateway.account_channel.IDLE_CHECK_SECONDS", 0.01)

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
@pytest.mark.usefixtures("instruments")
def test_a_hole_that_cannot_be_filled_any_more_means_a_fresh_start(gateway: Gateway, accounts: Accounts, again: bool) -> None:
    """Others may have had the account watched again meanwhile."""

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


def test_a_beginning_waits_for_the_matchers_return(gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.account_channel.RETRY_SECONDS", 0.001)

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
def test_an_account_is_watched_as_soon_as_the_matcher_takes_it(gateway: Gateway, accounts: Accounts, failure: Exception) -> None:
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
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    monkeypatch.setattr("gateway.account_channel.READY_SECONDS", 0.01)

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


@pytest.mark.parametrize("went_on", [False, True])
def test_a_history_that_has_lost_its_end_ends_the_streams(gateway: Gateway, accounts: Accounts, went_on: bool) -> None:
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


# Slow clients


async def texts_until_the_end(client: StreamClient) -> tuple[list[str], int, str]:
    texts = []
    message = await client.next()
    while message["type"] == "websocket.send":
        texts.append(message["text"])
        message = await client.next()
    return texts, message["code"], message["reason"]


def test_a_slow_client_is_closed_and_others_miss_nothing(gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.account_client.UPDATES_WAITING", 100)

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


def test_what_waits_for_a_client_that_stops_reading_is_bounded(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The updates are large; each is let go when no client waits for it."""
    limit = 1024 * 1024
    monkeypatch.setattr("gateway.account_client.CHARACTERS_WAITING", limit)
    clients: list[Any] = []
    new_client = account_channel.AccountChannel.new_client
    monkeypatch.setattr(
        "gateway.account_channel.AccountChannel.new_client",
        lambda channel, after=None: clients.append(new_client(channel, after)) or clients[-1],
    )

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


def waiting_characters(client: AccountClient) -> int:
    return sum(len(text) for text, _ in client._queue) + sum(len(text) for _, text in client._held)


def test_an_update_of_any_size_reaches_a_client_that_reads(gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.account_client.CHARACTERS_WAITING", 1_000)

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
    monkeypatch.setattr("gateway.account_client.CHARACTERS_WAITING", 1_000)
    monkeypatch.setattr("gateway.account_client.UPDATES_WAITING", 2)

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
        before = asked(gateway, AccountUpdatesQuery)
        reader = await joined(gateway, after=101)
        reader.client.reads.clear()
        await settle()
        assert asked(gateway, AccountUpdatesQuery) - before <= 2
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
def test_a_stream_that_cannot_begin_is_closed_with_a_reason(gateway: Gateway, accounts: Accounts, query: str, word: str) -> None:
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
    monkeypatch.setattr("gateway.streams.MAX_STREAMS", 2)

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


def test_a_beginning_that_the_matcher_refuses_ends_the_stream_with_its_reason(gateway: Gateway, accounts: Accounts) -> None:
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

    gateway.broker.query = counted  # type: ignore[method-assign]
    gateway.run(scenario())
    assert 1 < most <= 16
