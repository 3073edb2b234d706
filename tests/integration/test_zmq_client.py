"""ZmqClient with a real matcher: all calls, tickets, the window, callbacks, and its end."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from queue import Queue
from typing import Any

import pytest

from matching_exchange import (
    BookUpdate,
    Conflict,
    Fill,
    InvalidValue,
    NewOrder,
    NotFound,
    Order,
    Refused,
    Ticket,
    Trade,
    Unavailable,
    WindowFull,
    ZmqClient,
)
from protocol.commands import Deposit, OrdersQuery, PlaceOrder
from protocol.events import CommandRefused, OrderResult, TransferState
from protocol.units import OrderType, Side
from tests.exchange import PATIENCE, ROOT, Matcher, clean_environment, wait_until
from tests.integration.zmq_clients import SYMBOL, client_of

_accounts = count(1)


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return f"a{next(_accounts)}"


@pytest.fixture
def client(shared_matcher: Matcher, account: str) -> Iterator[ZmqClient]:
    with client_of(shared_matcher, account) as client:
        yield client
        client.cancel_all()


def test_orders_from_their_entry_to_their_end(client: ZmqClient, account: str) -> None:
    order = client.place(SYMBOL, "sell", quantity="0.5", price=Decimal("70000.01"), client_order_id=f"{account}-1")
    assert (order.status, order.price, order.account) == ("open", Decimal("70000.01"), account)
    assert client.order(order.order_id) == client.order(client_order_id=f"{account}-1")
    amended = client.amend(order.order_id, quantity="0.4")
    assert (amended.quantity, client.amend(client_order_id=f"{account}-1", price=70001, symbol=SYMBOL).price) == (
        Decimal("0.4"),
        Decimal(70001),
    )
    assert [found.order_id for found in client.orders(symbol=SYMBOL).orders] == [order.order_id]
    canceled = client.cancel(client_order_id=f"{account}-1")
    assert (canceled.done, canceled.reason) == (True, "requested")
    with pytest.raises(Conflict) as caught:
        client.cancel(order.order_id)
    assert caught.value.code == "order_not_open"
    with pytest.raises(NotFound):
        client.order(client_order_id="nobody-has-this")
    assert [found.order_id for found in client.orders(status="done").orders] == [order.order_id]


def test_pairs_replacements_and_what_cancels_all(client: ZmqClient) -> None:
    client.place(SYMBOL, "sell", quantity="0.001", price="60000")
    client.place(SYMBOL, "buy", "market", quantity="0.001", account="other")
    pair = client.place_oco(SYMBOL, "sell", quantity="0.1", price="80000", stop_trigger_price="40000")
    assert (pair.limit.status, pair.stop.status) == ("open", "pending")
    new = NewOrder(SYMBOL, "sell", quantity="0.1", price="81000")
    replaced = client.cancel_replace(pair.limit.order_id, place=new)
    assert (replaced.cancel.result, replaced.place.result) == ("done", "done")
    assert client.cancel_after(60_000).cancel_at is not None
    assert client.cancel_after(0).cancel_at is None
    assert client.cancel_all(symbol=SYMBOL).canceled == 1
    assert client.orders().orders == ()


def test_reads_of_markets_and_accounts(client: ZmqClient, account: str) -> None:
    assert SYMBOL in [found.symbol for found in client.instruments()]
    assert client.instrument(SYMBOL).tick_size == Decimal("0.01")
    client.send([Deposit(account, "BTC", "2", f"{account}-in")])[0].result()
    sold = client.place(SYMBOL, "sell", quantity="0.1", price="50000")
    taken = client.place(SYMBOL, "buy", "ioc", quantity="0.04", price="50000", account="other")
    assert taken.average_price == Decimal(50000)
    best = client.best_prices(SYMBOL).ask
    assert best == (Decimal(50000), Decimal("0.06"))
    assert client.depth(SYMBOL, levels=1).asks == (best,)
    trade = client.trades(SYMBOL, limit=1).trades[-1]
    assert (trade.trade_id, trade.maker_order_id) == (taken.trades[0].trade_id, sold.order_id)
    (fill,) = client.fills().fills
    assert (fill.order_id, fill.liquidity, fill.quantity) == (sold.order_id, "maker", Decimal("0.04"))
    balances = {balance.asset: balance for balance in client.balances().balances}
    assert (balances["BTC"].free, balances["BTC"].locked) == (Decimal("1.9"), Decimal("0.06"))
    summary = client.account()
    assert [found.order_id for found in summary.open_orders] == [sold.order_id]
    assert summary.positions[0].quantity == Decimal("-0.04")
    assert [movement.kind for movement in client.movements(asset="BTC").movements] == ["deposit", "fill"]
    assert client.amendments(sold.order_id).amendments == ()
    assert client.prevented_matches().prevented_matches == ()


def test_a_float_reaches_no_matcher(client: ZmqClient, account: str) -> None:
    before = client.ask(OrdersQuery()).result().sequence
    wrong: Any = 0.5
    order = PlaceOrder(SYMBOL, account, Side.BUY, OrderType.LIMIT, 100_000, wrong)
    calls: list[Callable[[], object]] = [
        lambda: client.place(SYMBOL, "buy", quantity=wrong, price="1"),
        lambda: client.submit(SYMBOL, "buy", quantity="1", price=wrong),
        lambda: client.place_oco(SYMBOL, "buy", quantity="1", price=wrong, stop_trigger_price="1"),
        lambda: client.amend(1, symbol=SYMBOL, price=wrong),
        lambda: client.send([order]),
        lambda: client.place(SYMBOL, "buy", quantity="1", price="1", tag=wrong),
    ]
    for call in calls:
        with pytest.raises(InvalidValue):
            call()
        assert client.waiting == 0
    assert client.ask(OrdersQuery()).result().sequence == before
    assert client.place(SYMBOL, "buy", quantity="1", price="1").status == "open"


def test_refusals_are_errors_and_rejections_are_answers(client: ZmqClient, account: str) -> None:
    with pytest.raises(Refused, match=r"price takes a multiple of 0\.01") as caught:
        client.place(SYMBOL, "buy", quantity="1", price="1.001")
    assert (caught.value.code, caught.value.field) == ("price_off_tick", "price")
    with pytest.raises(NotFound):
        client.place("NO-SUCH", "buy", quantity="1", price="1")
    client.place(SYMBOL, "buy", quantity="1", price="1", client_order_id=f"{account}-x")
    with pytest.raises(Conflict):
        client.place(SYMBOL, "buy", quantity="2", price="1", client_order_id=f"{account}-x")
    assert client.place(SYMBOL, "buy", quantity="1", price="1", client_order_id=f"{account}-x").duplicate
    nobody = client.place(SYMBOL, "buy", "fok", quantity="5000", price="2")
    assert (nobody.status, nobody.reason) == ("canceled", "fok_unfillable")


def test_orders_under_way_at_once_and_in_units(client: ZmqClient, account: str) -> None:
    tickets = [client.submit(SYMBOL, "buy", quantity="1", price=Decimal(10 + step)) for step in range(50)]
    assert [ticket.result().price for ticket in tickets] == [Decimal(10 + step) for step in range(50)]
    done: Queue[Ticket[Order]] = Queue()
    client.submit_cancel(tickets[0].result().order_id).add_done_callback(done.put)
    assert done.get(timeout=PATIENCE).result().reason == "requested"
    good = PlaceOrder(SYMBOL, account, Side.BUY, OrderType.LIMIT, 100_000, 500)
    bad = PlaceOrder("NO-SUCH", account, Side.BUY, OrderType.LIMIT, 100_000, 500)
    answers = [ticket.result() for ticket in client.send([good, bad, Deposit(f"{account}-d", "USDT", "1", "d")])]
    assert [type(answered.answer) for answered in answers] == [OrderResult, CommandRefused, TransferState]
    assert [answered.sequence for answered in answers] == [answers[0].sequence + step for step in range(3)]


def test_the_window_is_a_bound(shared_matcher: Matcher, account: str) -> None:
    with client_of(shared_matcher, account, window=4) as client:
        orders = [PlaceOrder(SYMBOL, account, Side.BUY, OrderType.LIMIT, 100_000, 500)] * 5
        with pytest.raises(WindowFull, match="the window takes 4"):
            client.send(orders)
        assert client.waiting == 0
        tickets = [client.submit(SYMBOL, "buy", quantity="1", price="5") for _ in range(100)]
        assert len({ticket.result().order_id for ticket in tickets}) == 100


def test_threads_and_callbacks_share_a_client(client: ZmqClient) -> None:
    placed: Queue[list[int]] = Queue()
    changed: Queue[int] = Queue()
    client.on_order(lambda order: changed.put(client.order(order.order_id).order_id))

    def place() -> None:
        waited = [client.place(SYMBOL, "buy", quantity="1", price="3").order_id for _ in range(40)]
        tickets = [client.submit(SYMBOL, "buy", quantity="1", price="3") for _ in range(40)]
        placed.put([*waited, *(ticket.result().order_id for ticket in tickets)])

    threads = [threading.Thread(target=place) for _ in range(4)]
    for thread in threads:
        thread.start()
    order_ids = [order_id for _ in threads for order_id in placed.get(timeout=PATIENCE)]
    for thread in threads:
        thread.join(PATIENCE)
    assert len(set(order_ids)) == 320
    assert sorted(changed.get(timeout=PATIENCE) for _ in order_ids) == sorted(order_ids)


def test_callbacks_hear_all_that_comes_and_may_call_the_client(client: ZmqClient, account: str) -> None:
    heard: Queue[Trade | Fill | Order] = Queue()
    books: list[BookUpdate] = []
    placed: Queue[Order] = Queue()

    def answer_fill(fill: Fill) -> None:
        heard.put(fill)
        # A callback may wait for the client: answers come on another thread.
        placed.put(client.place(SYMBOL, "sell", quantity=fill.quantity, price="90000"))

    client.on_trade(SYMBOL, heard.put)
    client.on_book(SYMBOL, books.append)
    stop = client.on_fill(answer_fill)
    order = client.place(SYMBOL, "buy", quantity="1", price="30000")
    sold = client.place(SYMBOL, "sell", "ioc", quantity="0.25", price="30000", account="other")
    again = placed.get(timeout=PATIENCE)
    assert (again.account, again.price, again.status) == (account, Decimal(90000), "open")
    found = [heard.get(timeout=PATIENCE) for _ in range(2)]
    (trade,) = [item for item in found if isinstance(item, Trade)]
    (fill,) = [item for item in found if isinstance(item, Fill)]
    assert trade.trade_id == fill.trade_id == sold.trades[0].trade_id
    assert (fill.order_id, fill.fee) == (order.order_id, trade.maker_fee)
    wait_until(lambda: books[-1].sequence >= again.sequence, "the book of the last order")
    assert books[0].snapshot
    assert books[-1].book.quantity_at("30000") == Decimal("0.75")
    stop()
    client.place(SYMBOL, "sell", "ioc", quantity="0.25", price="30000", account="other")
    assert isinstance(heard.get(timeout=PATIENCE), Trade)
    assert placed.empty()


def test_order_callbacks_begin_with_what_is_open(client: ZmqClient) -> None:
    first = client.place(SYMBOL, "buy", quantity="1", price="7")
    heard: Queue[Order] = Queue()
    client.on_order(heard.put)
    assert heard.get(timeout=PATIENCE).order_id == first.order_id
    client.cancel(first.order_id)
    assert heard.get(timeout=PATIENCE).status == "canceled"


def test_a_missed_trade_is_fetched_and_a_failed_callback_is_reported(client: ZmqClient) -> None:
    for _ in range(3):
        client.place(SYMBOL, "sell", quantity="0.01", price="45000")
        client.place(SYMBOL, "buy", "ioc", quantity="0.01", price="45000", account="other")
    last = client.trades(SYMBOL, limit=3).trades
    heard: Queue[Trade] = Queue()
    errors: Queue[Exception] = Queue()
    client.on_error(errors.put)
    client.on_trade(SYMBOL, lambda trade: 1 // 0)
    client.on_trade(SYMBOL, heard.put, after=last[0].trade_id - 1)
    assert [heard.get(timeout=PATIENCE).trade_id for _ in last] == [trade.trade_id for trade in last]
    client.place(SYMBOL, "sell", quantity="0.01", price="45000")
    client.place(SYMBOL, "buy", "ioc", quantity="0.01", price="45000", account="other")
    assert heard.get(timeout=PATIENCE).trade_id == last[-1].trade_id + 1
    assert isinstance(errors.get(timeout=PATIENCE), ZeroDivisionError)


def test_a_feed_that_cannot_be_says_why(client: ZmqClient) -> None:
    with pytest.raises(NotFound):
        client.on_book("NO-SUCH", lambda _: None)
    with pytest.raises(Refused) as caught:
        client.on_order(lambda _: None, account="no name")
    assert (caught.value.code, caught.value.field) == ("invalid_name", "account")


@pytest.mark.parametrize("endpoint", ["localhost:5555", "tcp://127.0.0.1", "", 5555])
def test_an_endpoint_that_is_none_is_refused_by_its_name(endpoint: Any) -> None:
    for field in ("commands", "reports", "market_data"):
        given: dict[str, Any] = {field: endpoint}
        with pytest.raises(InvalidValue, match=f"{field} takes an endpoint") as caught:
            ZmqClient(**given)
        assert caught.value.field == field
    with pytest.raises(InvalidValue, match="CURVE keys"):
        ZmqClient(server_key="~" * 40)


def test_close_ends_what_waits_also_from_a_callback(shared_matcher: Matcher, account: str) -> None:
    client = client_of(shared_matcher, account)
    with pytest.raises(Unavailable, match="not connected"):
        client.orders()
    with client:
        client.on_order(lambda _: client.close())
        client.submit(SYMBOL, "buy", quantity="1", price="7")
        client.run()
        with pytest.raises(Unavailable, match="closed"):
            client.orders()
    wait_until(lambda: not [each for each in threading.enumerate() if "zmq-client" in each.name], "the threads' end")


@pytest.mark.parametrize(
    ("number", "printed"),
    [(0, "price_off_tick price"), (1, "100\n"), (2, "Level("), (3, "AccountUpdate ["), (4, "OrderResult(")],
)
def test_the_programs_of_the_page_run(shared_matcher: Matcher, number: int, printed: str) -> None:
    page = (ROOT / "docs" / "zmq-client.md").read_text()
    programs = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(programs) == 5
    matcher = shared_matcher
    endpoints = f'"{matcher.commands}", "{matcher.reports}", "{matcher.market_data}", account="me"'
    program = programs[number].replace('account="me"', endpoints)
    ran = subprocess.run(
        [sys.executable, "-c", program], env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert printed in ran.stdout
