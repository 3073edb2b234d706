"""The market that a strategy of the demo sees: the words of every strategy, over an engine in this process."""

from decimal import Decimal

import pytest

from matching_exchange.sim.chance import Chance
from matching_exchange.sim.kernel.values import Book, Order, OrderState, OrderUpdate, Trade, UpdateKind
from matching_exchange.sim.market import Market
from matching_exchange.sim.strategy import Strategy
from matching_exchange.tools.demo.crowd import Pit
from matching_exchange.tools.demo.desk import Desk, Sendable
from matching_exchange.tools.demo.venue import EngineVenue
from protocol.commands import CancelAllOrders, DepthQuery, PlaceOrder, SetInstrument, TradesQuery
from protocol.events import Depth, TradeHistory
from protocol.units import OrderType, Side
from tests.agents_market import BTC


class Listener(Strategy):
    """Notes all that it is told."""

    def __init__(self) -> None:
        self.updates: list[tuple[int, UpdateKind, str]] = []
        self.trades: list[Decimal] = []
        self.books: list[tuple[Decimal | None, Decimal | None]] = []

    def on_order(self, market: Market, update: OrderUpdate) -> None:
        self.updates.append((update.order.number, update.kind, update.reason))

    def on_trade(self, market: Market, trade: Trade) -> None:
        self.trades.append(trade.price)

    def on_book(self, market: Market, book: Book) -> None:
        self.books.append((book.bid, book.ask))


class Floor:
    """One desk over an engine: carries out in steps, as the demo does."""

    def __init__(self) -> None:
        self.now = 0
        self.venue = EngineVenue()
        self.venue.carry_out([SetInstrument.of(BTC)])
        self.heard = Listener()
        self.desk = Desk(self, "demo-me", self.heard, BTC, Chance("1"), "run-BTC-1-")
        self.pit = Pit(BTC, [self.desk])
        self.woken: list[int] = []
        self._sent: list[tuple[Order, Sendable]] = []

    def wake(self, desk: Desk, time: int) -> None:
        self.woken.append(time)

    def send(self, desk: Desk, order: Order, command: Sendable) -> None:
        self._sent.append((order, command))

    def stranger(self, side: Side, quantity: int, price: int) -> None:
        self.venue.carry_out([PlaceOrder("BTC-USDT", "stranger", side, OrderType.LIMIT, quantity, price)])

    def step(self) -> None:
        self.now += 1
        sent, self._sent = self._sent, []
        answers = self.venue.carry_out([command for _, command in sent])
        for (order, command), answer in zip(sent, answers, strict=True):
            self.pit.answered(self.desk, order, command, answer, self.now)
        told, depth = self.venue.ask(
            [TradesQuery("BTC-USDT", 1_000, self.pit.last_trade_id), DepthQuery("BTC-USDT", 1)]
        )
        assert isinstance(told, TradeHistory) and isinstance(depth, Depth)
        self.pit.saw(told.trades, depth, self.now)

    def kinds(self) -> list[UpdateKind]:
        """Those since the last call."""
        kinds = [kind for _, kind, _ in self.heard.updates]
        self.heard.updates.clear()
        return kinds


def test_an_order_lives_and_is_told_as_in_a_simulation() -> None:
    floor = Floor()
    desk = floor.desk
    order = desk.buy("2", "60000.50")
    assert (order.status, desk.orders()) == (OrderState.SENT, [order])
    floor.step()
    assert order.status is OrderState.OPEN
    assert desk.book().bid == Decimal("60000.5")
    desk.amend(order, price="60001")
    floor.step()
    assert order.price == Decimal(60_001)
    floor.stranger(Side.SELL, 50_000, 60_000_00)
    floor.step()
    assert (order.filled, order.remaining, desk.position()) == (Decimal("0.5"), Decimal("1.5"), Decimal("0.5"))
    assert order.average_price == 60_001
    desk.cancel(order)
    floor.step()
    assert (order.status, desk.orders()) == (OrderState.CANCELED, [])
    assert floor.kinds() == [UpdateKind.ACCEPTED, UpdateKind.AMENDED, UpdateKind.FILL, UpdateKind.CANCELED]
    assert floor.heard.trades == [Decimal(60_001)]
    assert floor.heard.books[-1] == (None, None)
    last = desk.last_trade()
    assert last is not None
    assert last.side is Side.SELL


def test_balances_are_fills_less_fees() -> None:
    floor = Floor()
    floor.stranger(Side.SELL, 100_000, 60_000_00)
    order = floor.desk.buy("0.5")
    floor.step()
    assert order.status is OrderState.FILLED
    assert floor.desk.balance("BTC") == Decimal("0.5")
    # The taker's fee is 20 basis points.
    assert floor.desk.balance("USDT") == -30_000 - 60
    assert floor.desk.balance("DOGE") == 0


def test_what_is_left_of_an_order_that_takes_is_canceled_with_its_reason() -> None:
    floor = Floor()
    floor.stranger(Side.SELL, 10_000, 60_000_00)
    order = floor.desk.buy("0.5", "60000", type="ioc")
    nothing = floor.desk.sell("1")
    floor.step()
    assert (order.status, order.filled, order.reason) == (OrderState.CANCELED, Decimal("0.1"), "ioc_remainder")
    assert (nothing.status, nothing.reason) == (OrderState.CANCELED, "no_liquidity")


def test_refusals_are_told() -> None:
    floor = Floor()
    refused = floor.desk.place("BTC-USDT", Side.BUY, 1, 10**12)
    order = floor.desk.buy("1", "100")
    floor.step()
    assert (refused.status, refused.reason) == (OrderState.REFUSED, "price_too_large")
    floor.desk.amend_units(order, price_units=10**12)
    floor.step()
    assert (order.status, order.price) == (OrderState.OPEN, Decimal(100))
    assert floor.kinds()[-1] is UpdateKind.AMEND_FAILED
    with pytest.raises(ValueError, match="symbol takes BTC-USDT, not 'ETH-USDT'"):
        floor.desk.buy("1", symbol="ETH-USDT")


def test_an_order_that_others_have_ended_is_known_when_it_is_named() -> None:
    floor = Floor()
    order = floor.desk.sell("1", "70000")
    floor.step()
    floor.venue.carry_out([CancelAllOrders("demo-me")])
    floor.desk.cancel_all()
    floor.step()
    assert (order.status, order.reason) == (OrderState.CANCELED, "order_not_open")


def test_a_stop_waits_and_its_fill_is_told() -> None:
    floor = Floor()
    stop = floor.desk.buy("0.2", type="stop_market", trigger_price="60500")
    floor.step()
    assert stop.status is OrderState.PENDING
    floor.stranger(Side.SELL, 100_000, 60_500_00)
    floor.stranger(Side.BUY, 10_000, 60_500_00)
    floor.step()
    assert (stop.status, stop.filled) == (OrderState.FILLED, Decimal("0.2"))


def test_wakeups_are_asked_for() -> None:
    floor = Floor()
    floor.now = 5
    floor.desk.wake_in(10)
    floor.desk.wake_at(7)
    assert floor.woken == [15, 7]
