"""Clients over ZeroMQ when the matcher dies, loses its data, does not answer or has CURVE; and on asyncio."""

import asyncio
import threading
from decimal import Decimal
from itertools import count
from pathlib import Path
from queue import Queue
from random import Random
from typing import Any

import pytest

from matching_exchange import (
    AccountStart,
    AccountUpdate,
    BookUpdate,
    ConnectionState,
    Disconnected,
    Gap,
    Hole,
    InvalidValue,
    NotFound,
    Order,
    OutcomeUnknown,
    Restarted,
    Trade,
    Unavailable,
)
from matching_exchange.client.zmq.feeds import Feeds
from protocol.commands import OrdersQuery
from protocol.curve import new_keys
from protocol.events import OrderPage
from protocol.handshakes import KEY_REFUSED
from tests.exchange import PATIENCE, Matcher, wait_until
from tests.integration.zmq_clients import SYMBOL, async_client_of, client_of

_accounts = count(1)


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return f"a{next(_accounts)}"


@pytest.mark.parametrize("kills", ["before they are sent", "when some are answered"])
def test_each_order_is_carried_out_once_over_a_kill(shared_matcher: Matcher, account: str, kills: str) -> None:
    matcher = shared_matcher
    with client_of(matcher, account) as client:
        states: Queue[ConnectionState] = Queue()
        holes: list[Hole] = []
        updates: list[AccountStart | AccountUpdate] = []
        client.on_connection(states.put)
        client.on_gap(holes.append)
        client.on_account(updates.append)
        if kills == "before they are sent":
            with matcher.paused():
                tickets = [client.submit(SYMBOL, "buy", quantity="1", price="5") for _ in range(200)]
                assert client.waiting == 200
                assert matcher.process is not None
                matcher.process.kill()
            matcher.process.wait(PATIENCE)
            matcher.process = None
        else:
            tickets = [client.submit(SYMBOL, "buy", quantity="1", price="5") for _ in range(200)]
            tickets[10].result()
            matcher.kill()
        assert states.get(timeout=PATIENCE).state == "away"
        with pytest.raises(Unavailable):
            client.place(SYMBOL, "buy", quantity="1", price="5")
        matcher.start()
        order_ids = [ticket.result().order_id for ticket in tickets]
        assert states.get(timeout=PATIENCE).state == "open"
        assert len(set(order_ids)) == 200
        page = client.orders(limit=1_000)
        assert [order.order_id for order in page.orders] == sorted(order_ids)
        last = client.place(SYMBOL, "buy", quantity="1", price="5")
        wait_until(lambda: updates[-1].sequence >= last.sequence, "the update of the last order")
        told = [order.order_id for item in updates for order in item.orders]
        assert told == [*sorted(order_ids), last.order_id], "each order is told once"
        assert not [hole for hole in holes if hole.feed == "account"]


def test_another_data_directory_ends_the_session_and_says_so(shared_matcher: Matcher, account: str) -> None:
    matcher = shared_matcher
    with client_of(matcher, account) as client:
        states: Queue[ConnectionState] = Queue()
        holes: Queue[Hole] = Queue()
        client.on_connection(states.put)
        client.on_gap(holes.put)
        client.on_trade(SYMBOL, lambda _: None)
        client.place(SYMBOL, "buy", quantity="1", price="5")
        matcher.kill()
        matcher.data.rename(matcher.directory / "lost")
        # A read waits for the next matcher, also where the session ends meanwhile.
        read: Queue[int] = Queue()
        reading = threading.Thread(target=lambda: read.put(len(client.orders().orders)))
        reading.start()
        matcher.start()
        assert read.get(timeout=PATIENCE) == 0
        reading.join(PATIENCE)
        heard = [states.get(timeout=PATIENCE)]
        while not heard[-1].other_history:
            heard.append(states.get(timeout=PATIENCE))
        assert "lost" in [state.state for state in heard]
        assert holes.get(timeout=PATIENCE).feed == "trades"
        assert client.place(SYMBOL, "buy", quantity="1", price="5").order_id == 1


def test_without_an_answer_the_outcome_is_unknown(shared_matcher: Matcher, account: str) -> None:
    with client_of(shared_matcher, account) as client:
        with shared_matcher.paused():
            ticket = client.submit(SYMBOL, "buy", quantity="1", price="5", client_order_id=f"{account}-1")
            with pytest.raises(OutcomeUnknown) as caught:
                ticket.result(0.05)
            assert caught.value.client_order_id == f"{account}-1"
        order = client.order(client_order_id=f"{account}-1")
        assert ticket.result().order_id == order.order_id


def test_curve(tmp_path: Path) -> None:
    (server, server_secret), (allowed, secret) = new_keys(), new_keys()
    matcher = Matcher(tmp_path)
    matcher.environment |= {"MATCHER_CURVE_SECRET": server_secret, "MATCHER_CURVE_ALLOWED": allowed}
    matcher.start()
    try:
        with client_of(matcher, server_key=server, secret_key=secret) as client:
            heard: Queue[BookUpdate] = Queue()
            client.on_book(SYMBOL, heard.put)
            assert client.place(SYMBOL, "buy", quantity="1", price="5").status == "open"
            assert heard.get(timeout=PATIENCE).snapshot
        other = client_of(matcher, server_key=server, secret_key=new_keys()[1], timeout=4)
        with pytest.raises(Disconnected, match=KEY_REFUSED), other:
            pass
        with pytest.raises(InvalidValue, match="40 characters"):
            client_of(matcher, server_key="short")
        with pytest.raises(InvalidValue, match="a server_key beside it"):
            client_of(matcher, secret_key=secret)
    finally:
        matcher.close()


def test_no_lost_message_leaves_a_hole(shared_matcher: Matcher, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of market data and of updates, a third is lost on the way."""
    chance = Random(7)
    for name in ("receive_market", "receive_report"):
        receive = getattr(Feeds, name)

        def receive_some(feeds: Feeds, topic: bytes, payload: bytes, receive: Any = receive) -> None:
            if chance.random() < 2 / 3:
                receive(feeds, topic, payload)

        monkeypatch.setattr(Feeds, name, receive_some)
    with client_of(shared_matcher, account) as client:
        holes: list[Hole] = []
        trades: list[Trade] = []
        books: list[BookUpdate] = []
        items: list[AccountStart | AccountUpdate] = []
        client.on_gap(holes.append)
        client.on_trade(SYMBOL, trades.append)
        client.on_book(SYMBOL, books.append)
        client.on_account(items.append)
        placed: list[int] = []
        for step in range(100):
            placed.append(client.place(SYMBOL, "buy", quantity="2", price=20_000 + step).order_id)
            taken = client.place(SYMBOL, "sell", "ioc", quantity="1", price=20_000 + step, account="other")
        last = client.cancel_all()
        wait_until(lambda: items[-1].sequence >= last.orders[0].updated_sequence, "the last update")
        wait_until(lambda: books[-1].sequence >= last.orders[0].updated_sequence, "the last change of the book")
        wait_until(lambda: trades and trades[-1].sequence == taken.sequence, "the last trade")
        ids = [trade.trade_id for trade in trades]
        assert ids == list(range(ids[0], ids[0] + 100))
        assert [fill.trade_id for item in items if isinstance(item, AccountUpdate) for fill in item.fills] == ids
        states = [order.order_id for item in items for order in item.orders if order.done]
        assert sorted(states) == placed
        depth = client.depth(SYMBOL, levels=5_000)
        assert (tuple(books[-1].book.bids()), tuple(books[-1].book.asks())) == (depth.bids, depth.asks)
        assert [update.snapshot for update in books].count(True) == 1
        assert not holes


def test_asyncio_calls_and_streams(shared_matcher: Matcher, account: str) -> None:
    async def scenario() -> None:
        async with async_client_of(shared_matcher, account) as client:
            trades, book, own = client.stream_trades(SYMBOL), client.stream_book(SYMBOL), client.stream_account()
            async with trades, book, own:
                assert (await book.receive()).snapshot
                assert isinstance(await own.receive(), AccountStart)
                order = await client.place(SYMBOL, "buy", quantity="1", price="31000")
                futures = [client.submit(SYMBOL, "buy", quantity="1", price="11") for _ in range(100)]
                assert len({found.order_id for found in await asyncio.gather(*futures)}) == 100
                sold = await client.place(SYMBOL, "sell", "ioc", quantity="0.5", price="31000", account="other")
                trade = await trades.receive()
                assert isinstance(trade, Trade)
                assert trade.trade_id == sold.trades[0].trade_id
                async for item in own:
                    assert isinstance(item, AccountUpdate)
                    if item.fills:
                        assert item.fills[0].order_id == order.order_id
                        break
                async for update in book:
                    if update.sequence == sold.sequence:
                        assert update.book.quantity_at(31000) == Decimal("0.5")
                        break
            with pytest.raises(InvalidValue):
                await client.place(SYMBOL, "buy", quantity="1", price=1.5)  # type: ignore[arg-type]
            with pytest.raises(NotFound):
                await client.stream_book("NO-SUCH").open()
            assert (await client.cancel_all()).canceled == 101
            left = client.stream_trades(SYMBOL)
            await left.open()
            result = (await client.ask(OrdersQuery(account=account))).result
            assert isinstance(result, OrderPage)
            assert result.orders == []
        assert [item async for item in left] == [], "it ends with its client"

    asyncio.run(scenario())


def test_asyncio_streams_outlive_a_kill(shared_matcher: Matcher, account: str) -> None:
    matcher = shared_matcher

    async def scenario() -> None:
        async with (
            async_client_of(matcher, account, window=64) as client,
            client.stream_trades(SYMBOL) as trades,
            client.stream_book(SYMBOL) as book,
        ):
            resting = await client.place(SYMBOL, "buy", quantity="300", price="33000")
            selling = [
                asyncio.create_task(client.place(SYMBOL, "sell", "ioc", quantity="1", price="33000", account="bob"))
                for _ in range(200)
            ]
            told: list[Trade | Gap | Restarted] = [await trades.receive()]
            matcher.kill()
            matcher.start()
            done = await asyncio.gather(*selling, return_exceptions=True)
            sold = [order for order in done if isinstance(order, Order)]
            assert all(isinstance(order, Order | Unavailable) for order in done), "refused, or carried out once"
            assert (await client.order(resting.order_id)).filled_quantity == len(sold)
            while len(told) < len(sold):
                told.append(await trades.receive())
            ids = [trade.trade_id for trade in told if isinstance(trade, Trade)]
            assert ids == list(range(ids[0], ids[0] + len(sold)))
            snapshots = 0
            async for update in book:
                snapshots += update.snapshot
                if snapshots == 2 and update.book.quantity_at(33000) == 300 - len(sold):
                    break

    asyncio.run(scenario())
