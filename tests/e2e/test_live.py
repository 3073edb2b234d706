"""A strategy on a running exchange: what it is told is what has happened, and its end leaves nothing behind."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from matching_exchange import AccountStart, Client, Unauthorized, sim
from matching_exchange.tools.processes import free_ports
from protocol.commands import PlaceOrder
from protocol.units import OrderType, Side
from tests.e2e.keyed import Closed
from tests.exchange import PATIENCE, Exchange, Json, clean_environment, wait_until
from tests.scripts import running

Told = list[tuple[str, str]]


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with Exchange(tmp_path_factory.mktemp("exchange")) as running:
        yield running


class Probe(sim.Strategy):
    """Calls functions at its start and for its updates, notes what it is told, and can end its run."""

    def __init__(
        self,
        begin: Callable[[sim.Market], object],
        react: Callable[[sim.Market, sim.OrderUpdate], object] = lambda market, update: None,
        until: Callable[["Probe"], bool] = lambda probe: False,
    ) -> None:
        self.begin, self.react, self.until = begin, react, until
        self.stop = asyncio.Event()
        self.told: Told = []
        self.updates: list[sim.OrderUpdate] = []
        self.ended = 0
        self.position = Decimal(0)

    def on_start(self, market: sim.Market) -> None:
        self.begin(market)

    def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
        self.told.append((update.kind.name, update.reason))
        self.updates.append(update)
        self.react(market, update)
        if self.until(self):
            self.stop.set()

    def on_end(self, market: sim.Market) -> None:
        self.ended += 1
        self.position = market.position()


def trade(
    exchange: Exchange, probe: sim.Strategy, symbol: str, account: str | None, stop: asyncio.Event, **more: object
) -> sim.Result:
    async def run() -> sim.Result:
        async with asyncio.timeout(PATIENCE):
            return await sim.live.run_async(
                probe,
                url=exchange.url,
                account=account,
                symbols=[symbol],
                stop=stop,
                **more,  # type: ignore[arg-type]
            )

    return asyncio.run(run())


def test_fills_positions_and_the_record_are_those_of_the_exchange(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    exchange.place(symbol, "limit", "sell", "2", "100", account="other")

    def begin(market: sim.Market) -> None:
        assert market.book().ask == 100
        market.buy("0.5", "100")
        market.buy("0.25")

    probe = Probe(begin, until=lambda probe: probe.told.count(("FILL", "")) == 2)
    result = trade(exchange, probe, symbol, "live-1", probe.stop)
    record = result.record

    assert probe.told == [("ACCEPTED", ""), ("FILL", "")] * 2
    assert probe.position == Decimal("0.75")
    fills = exchange.get("/fills", account="live-1")["fills"]
    fees = [update.fee for update in probe.updates if update.kind is sim.UpdateKind.FILL]
    assert fees == [Decimal(fill["fee"]) for fill in fills] == [Decimal("0.1"), Decimal("0.05")]
    assert [int(fill["trade_id"]) for fill in fills] == list(record.fills["trade_id"])
    assert list(record.fills["fee_bps"]) == [20, 20]
    assert list(record.orders["arrival_ask"]) == [10_000, 10_000]
    assert list(record.orders["filled"]) == [50_000, 25_000]
    assert probe.ended == 1
    assert result.figures().fees == sum(fees)


def test_an_order_is_canceled_and_amended_before_its_answer_has_come(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()

    def begin(market: sim.Market) -> None:
        first, second = market.buy("1", "90"), market.buy("2", "91")
        market.cancel(first)
        market.amend(second, quantity="1.5", price="92")

    probe = Probe(begin, until=lambda probe: len(probe.told) == 4)
    trade(exchange, probe, symbol, "live-2", probe.stop, cancel_at_end=False)

    assert probe.told == [("ACCEPTED", ""), ("ACCEPTED", ""), ("CANCELED", "requested"), ("AMENDED", "")]
    (order,) = exchange.get("/orders", account="live-2")["orders"]
    assert (order["price"], order["quantity"]) == ("92", "1.5")
    assert probe.updates[3].order.price == 92


def test_what_the_exchange_does_not_take_is_told_with_its_word(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    exchange.place(symbol, "limit", "sell", "2", "100", account="other")

    def begin(market: sim.Market) -> None:
        market.place(symbol, sim.Side.BUY, 3, 9_000)  # below the smallest value
        market.buy("1", "100", post_only=True)
        done = market.buy("1", type="market")
        market.amend(done, quantity="2")
        with pytest.raises(sim.OrderEntryError, match="takes a Decimal, a text or a whole number, not the float"):
            market.buy(0.1, "100")  # type: ignore[arg-type]

    probe = Probe(begin, until=lambda probe: len(probe.told) == 5)
    trade(exchange, probe, symbol, "live-3", probe.stop)

    assert ("REFUSED", "below_min_notional") in probe.told
    assert ("REJECTED", "post_only_would_cross") in probe.told
    assert probe.told[-1] == ("AMEND_FAILED", "order_not_open")
    assert probe.position == 1


def test_the_guard_keeps_orders_from_being_sent(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()

    def begin(market: sim.Market) -> None:
        market.buy("2", "90")
        market.buy("1", "90")
        market.buy("1", "91")
        market.sell("1", "110")
        market.sell("0.5", "111")

    probe = Probe(begin, until=lambda probe: len(probe.told) == 5)
    guard = sim.live.Guard(max_quantity="1", max_position="1.5", max_open_orders=2)
    trade(exchange, probe, symbol, "live-4", probe.stop, guard=guard)

    assert sorted(reason for kind, reason in probe.told if kind == "REFUSED") == [
        "guard_open_orders",
        "guard_position",
        "guard_quantity",
    ]
    assert probe.told.count(("ACCEPTED", "")) == 2


def test_the_end_cancels_the_orders_of_the_run_alone_and_is_the_last_call(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    by_hand = exchange.place(symbol, "limit", "buy", "1", "80", account="live-5")

    class Quoting(sim.Strategy):
        def __init__(self) -> None:
            self.calls: list[str] = []
            self.wakeups = 0
            self.stop = asyncio.Event()

        def on_start(self, market: sim.Market) -> None:
            market.buy("1", "90")
            market.sell("1", "110")
            market.wake_in(0)

        def on_wakeup(self, market: sim.Market) -> None:
            self.wakeups += 1
            market.wake_in(sim.ms(10))
            if self.wakeups == 3:
                self.stop.set()

        def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
            self.calls.append(update.kind.name)

        def on_end(self, market: sim.Market) -> None:
            assert not market.orders()
            market.buy("1", "50")
            self.calls.append("end")

    quoting = Quoting()
    trade(exchange, quoting, symbol, "live-5", quoting.stop)

    assert quoting.calls == ["ACCEPTED", "ACCEPTED", "CANCELED", "CANCELED", "end"]
    left = exchange.get("/orders", account="live-5")["orders"]
    assert [order["order_id"] for order in left] == [by_hand["order_id"]]


def test_a_strategy_that_fails_leaves_no_order(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()

    def react(market: sim.Market, update: sim.OrderUpdate) -> None:
        raise ZeroDivisionError("the strategy's own")

    probe = Probe(lambda market: market.buy("1", "90"), react)
    with pytest.raises(ZeroDivisionError, match="the strategy's own"):
        sim.live.run(probe, url=exchange.url, account="live-6", symbols=[symbol])

    assert not exchange.get("/orders", account="live-6")["orders"]
    assert not probe.ended


def test_a_callback_that_fails_at_the_end_is_told(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()

    def react(market: sim.Market, update: sim.OrderUpdate) -> None:
        if update.kind is sim.UpdateKind.CANCELED:
            raise ZeroDivisionError("the strategy's own")

    probe = Probe(lambda market: market.buy("1", "90"), react)
    with pytest.raises(ZeroDivisionError, match="the strategy's own"):
        sim.live.run(probe, url=exchange.url, account="live-9", symbols=[symbol], duration=sim.ms(300))
    assert not exchange.get("/orders", account="live-9")["orders"]


KILLED = """
import sys
from matching_exchange import AccountStart, Client, Unauthorized, sim

class Quoting(sim.Strategy):
    def on_start(self, market):
        market.buy("1", "90")

sim.live.run(Quoting(), url=sys.argv[1], account="live-11", symbols=[sys.argv[2]], cancel_after=sim.ms(500))
"""


def test_the_exchange_cancels_the_orders_of_a_killed_process(exchange: Exchange, tmp_path: Path) -> None:
    symbol = exchange.add_instrument()

    def orders(status: str) -> list[Json]:
        return list(exchange.get("/orders", account="live-11", status=status)["orders"])

    with running([sys.executable, "-c", KILLED, exchange.url, symbol], tmp_path, clean_environment()) as script:
        wait_until(lambda: orders("open") or script.process.poll() is not None, "an order")
        script.process.kill()
    wait_until(lambda: not orders("open"), "the end of the order")
    assert [order["reason"] for order in orders("done")] == ["cancel_after"]


def test_a_cancel_after_is_put_off_and_ends_with_the_run(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()

    class Waiting(sim.Strategy):
        def __init__(self) -> None:
            self.stop = asyncio.Event()
            self.kinds: list[str] = []

        def on_start(self, market: sim.Market) -> None:
            market.buy("1", "90")
            market.wake_in(sim.ms(500))

        def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
            self.kinds.append(update.kind.name)

        def on_wakeup(self, market: sim.Market) -> None:
            self.stop.set()

    waiting = Waiting()
    more: dict[str, object] = {"cancel_after": sim.seconds(60), "cancel_at_end": False}
    trade(exchange, waiting, symbol, "live-12", waiting.stop, **more)
    assert waiting.kinds == ["ACCEPTED"]
    with Client(exchange.url, account="live-12") as client, client.stream_account() as stream:
        start = next(iter(stream))
    assert isinstance(start, AccountStart)
    assert (len(start.orders), start.cancel_at) == (1, None)


def test_agents_of_the_simulator_trade_live(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    exchange.place(symbol, "limit", "sell", "9", "100", account="other")

    class Buyer(sim.agents.TWAP):
        def __init__(self) -> None:
            super().__init__(sim.Side.BUY, 3, sim.ms(600), every=sim.ms(200))
            self.stop = asyncio.Event()

        def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
            super().on_order(market, update)
            if self.done:
                self.stop.set()

    buyer = Buyer()
    figures = trade(exchange, buyer, symbol, "live-10", buyer.stop).figures()
    assert figures.position == Decimal(3)
    assert figures.fills == 3


def test_what_happens_while_the_gateway_is_away_is_told_later(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    accepted = asyncio.Event()

    async def run() -> Probe:
        probe = Probe(
            lambda market: market.buy("1", "90"),
            lambda market, update: accepted.set(),
            until=lambda probe: ("FILL", "") in probe.told,
        )
        running = asyncio.create_task(
            sim.live.run_async(probe, url=exchange.url, account="live-7", symbols=[symbol], stop=probe.stop)
        )
        async with asyncio.timeout(PATIENCE):
            await accepted.wait()
            await asyncio.to_thread(exchange.gateway.stop)
            with exchange.matcher.client() as other:
                other.command(PlaceOrder(symbol, "other", Side.SELL, OrderType.LIMIT, 40_000, 9_000))
            await asyncio.to_thread(exchange.gateway.restart)
            await running
        return probe

    probe = asyncio.run(run())
    assert probe.told == [("ACCEPTED", ""), ("FILL", ""), ("CANCELED", "requested")]
    assert probe.position == Decimal("0.4")


def test_market_data_is_told_once_and_in_order(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    exchange.trade(symbol, "70")

    class Hearing(sim.Strategy):
        book_levels = 2

        def __init__(self) -> None:
            self.stop = asyncio.Event()
            self.trades: list[Decimal] = []
            self.books: list[sim.Book] = []

        def on_start(self, market: sim.Market) -> None:
            assert market.last_trade() is None
            exchange.trade(symbol, "71")
            exchange.trade(symbol, "72")
            for price in ("60", "61", "62"):
                exchange.place(symbol, "limit", "buy", "1", price)

        def on_trade(self, market: sim.Market, trade: sim.Trade) -> None:
            self.trades.append(trade.price)

        def on_book(self, market: sim.Market, book: sim.Book) -> None:
            self.books.append(book)
            if book.bid == 62 and len(self.trades) == 2:
                self.stop.set()

    hearing = Hearing()
    record = trade(exchange, hearing, symbol, "live-8", hearing.stop).record

    assert hearing.trades == [71, 72]
    assert [price for price, _ in hearing.books[-1].bids] == [62, 61]
    assert list(record.trades["price"]) == [7_100, 7_200]


def test_what_cannot_begin_says_why(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sim.live.LiveError, match=r"symbols takes some of .*, not 'NO-SUCH'"):
        sim.live.run(sim.Strategy(), url=exchange.url, symbols=["NO-SUCH"])
    [port] = free_ports(1)
    monkeypatch.setattr(sys.modules["matching_exchange.sim.live.run"], "ANSWER_SECONDS", 0.1)
    with pytest.raises(sim.live.LiveError, match=f"no exchange answers at http://127.0.0.1:{port}"):
        sim.live.run(sim.Strategy(), url=f"http://127.0.0.1:{port}")


def test_a_key_names_the_account_and_its_money(tmp_path: Path) -> None:
    with Closed(tmp_path) as closed:
        key = closed.make_key("bot", deposit={"USDT": "1000"})
        balances: list[Decimal] = []

        def begin(market: sim.Market) -> None:
            balances.append(market.balance("USDT"))
            market.buy("0.01", "50000")
            market.buy("1", "50000")

        probe = Probe(begin, until=lambda probe: len(probe.told) == 2)
        bearer = f"{key['key']}.{key['secret']}"
        result = trade(closed, probe, "BTC-USDT", None, probe.stop, key=bearer)

        assert balances == [1000]
        assert probe.told[:2] == [("ACCEPTED", ""), ("REJECTED", "insufficient_balance")]
        assert result.record.agents == ["bot"]
        assert result.record.balances == [{"USDT": "1000"}]
        with pytest.raises(Unauthorized):
            sim.live.run(sim.Strategy(), url=closed.url, key=f"{key['key']}.wrong", symbols=["BTC-USDT"])
