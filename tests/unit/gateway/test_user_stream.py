"""An account's stream: how it begins, and what follows."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.link.answers import Stamped
from protocol.commands import BalancesQuery, OrdersQuery, WatchAccount
from protocol.events import AssetBalance
from tests.unit.gateway.accounts import ACCOUNT, PATH, Accounts, Reader, asked, begun, joined
from tests.unit.gateway.fakes import TIMESTAMP_TEXT, Gateway, eventually
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


def test_an_account_without_orders_begins_with_none(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> Any:
        return await (await joined(gateway)).read()

    assert gateway.run(scenario()) == {
        "type": "orders",
        "account": ACCOUNT,
        "sequence": 101,
        "timestamp": TIMESTAMP_TEXT,
        "suspended": False,
        "cancel_at": None,
        "orders": [],
        "more": False,
        "resumed": False,
        "ledger": False,
        "balances": [],
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
    assert [order["order_id"] for part in parts for order in part["orders"]] == [
        str(number) for number in range(1, 1_002)
    ]
    assert update["type"] == "update"


def test_orders_that_fill_the_last_part_need_no_other(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> list[bool]:
        for _ in range(1_000):
            accounts.place()
        reader = await joined(gateway)
        return [(await reader.read())["more"] for _ in range(2)]

    assert gateway.run(scenario()) == [True, False]


@pytest.mark.parametrize("lost", [False, True])
def test_what_happens_while_the_orders_are_collected_is_in_them_or_follows(
    gateway: Gateway, accounts: Accounts, *, lost: bool
) -> None:
    """Each page of orders is as of its own moment."""
    accounts.page = 2
    steps: Iterator[Any] = iter(
        [
            # Of the first page: one is gone, one filled, and one more is there.
            lambda: (
                accounts.cancel(1, published=not lost),
                accounts.fill(2, published=not lost),
                accounts.place(published=not lost),
            ),
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
    monkeypatch.setattr("gateway.streams.user_channel.RETRY_SECONDS", 0.001)
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


@pytest.mark.usefixtures("instruments")
def test_an_account_that_is_forgotten_while_its_orders_are_collected_is_watched_again(
    gateway: Gateway, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: no check would come so soon."""
    monkeypatch.setattr("gateway.streams.user_channel.FIRST_CHECK_SECONDS", 1_000.0)
    monkeypatch.setattr("gateway.streams.user_channel.RETRY_SECONDS", 0.001)
    accounts.page = 2

    def page(query: OrdersQuery) -> Stamped[Any]:
        gateway.broker.results[OrdersQuery] = accounts.open_orders
        answer = accounts.open_orders(query)
        accounts.forget()
        accounts.fill(1)
        return answer

    async def scenario() -> Reader:
        for _ in range(4):
            accounts.place()
        await begun(gateway)
        gateway.broker.results[OrdersQuery] = page
        reader = await (await joined(gateway)).read_up_to(accounts.sequence)
        await eventually(lambda: ACCOUNT in accounts.watched)
        accounts.place()
        return await reader.read_up_to(accounts.sequence)

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
    assert [(update["previous"], update["sequence"]) for update in (first, second, third)] == [
        (101, 107),
        (107, 110),
        (110, 111),
    ]
    assert [(change["event"], change["order_id"]) for change in third["changes"]] == [
        ("canceled", "1"),
        ("canceled", "2"),
    ]
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


def test_a_fresh_start_tells_the_balances_in_its_first_part(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> list[Any]:
        accounts.pay(AssetBalance("USDT", "70", "30"), AssetBalance("BTC", "1", "0"))
        for _ in range(501):
            accounts.place()
        reader = await joined(gateway)
        return [await reader.read() for _ in range(2)]

    first, second = gateway.run(scenario())
    assert (first["ledger"], first["balances"]) == (
        True,
        [{"asset": "BTC", "free": "1", "locked": "0"}, {"asset": "USDT", "free": "70", "locked": "30"}],
    )
    assert not {"ledger", "balances"} & second.keys()


@pytest.mark.parametrize("late", [BalancesQuery, OrdersQuery])
def test_balances_of_another_sequence_than_the_orders_are_brought_up(
    gateway: Gateway, accounts: Accounts, late: type
) -> None:
    """A payment comes after the balances were told, or after the first page of the orders was."""

    async def scenario() -> Any:
        accounts.page = 1
        accounts.pay(AssetBalance("USDT", "1", "0"), AssetBalance("BTC", "5", "0"))
        accounts.place()
        accounts.place()
        await begun(gateway)
        answer = gateway.broker.results[late]

        def pay_after_answer(query: Any) -> Any:
            found = answer(query)
            accounts.pay(AssetBalance("USDT", "2", "3"), published=False)
            gateway.broker.results[late] = answer
            return found

        gateway.broker.results[late] = pay_after_answer
        reader = await joined(gateway)
        message = await reader.read()
        return message["sequence"], reader.balances

    assert gateway.run(scenario()) == (accounts.sequence, {"USDT": ("2", "3"), "BTC": ("5", "0")})


def test_a_payment_is_an_update_also_after_a_gap(gateway: Gateway, accounts: Accounts) -> None:
    async def scenario() -> Any:
        reader = await begun(gateway)
        accounts.pay(AssetBalance("USDT", "10", "0"))
        await reader.read_up_to(accounts.sequence)
        known = reader.sequence
        await reader.client.leave()
        accounts.pay(AssetBalance("USDT", "4", "0"), published=False)
        last = accounts.pay(AssetBalance("BTC", "1", "0"), published=False)
        back = Reader(
            await StreamClient(gateway, f"{PATH}&after={known}").accepted(), known, reader.orders, reader.balances
        )
        await back.read_up_to(last.sequence)
        return back.resumed, back.balances

    assert gateway.run(scenario()) == (1, {"USDT": ("4", "0"), "BTC": ("1", "0")})
