"""Candles made of what the feed tells, where no history is kept."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest

from gateway.exchange.market_history import Candles, Wanted
from gateway.exchange.recent import RecentMarket
from gateway.link.errors import MatcherUnavailableError
from gateway.link.instruments import Instruments
from history.candles.intervals import INTERVALS, MINUTE, SECOND
from history.reading.trades import Range
from protocol import topics
from protocol.commands import TradesQuery
from protocol.events import Trade, TradeHistory
from protocol.market_data import MarketDataMessage, TradeMessage
from protocol.units import Side
from tests.unit.gateway.fakes import TIMESTAMP, Gateway, instrument_message

if TYPE_CHECKING:
    from gateway.link.broker import Broker
    from gateway.link.feed import MarketDataFeed

BEGIN = TIMESTAMP // MINUTE * MINUTE
SYMBOL = "BTC-USDT"


def trade(number: int, time: int, price: int, quantity: int = 10) -> Trade:
    """`time` in seconds behind BEGIN."""
    return Trade(SYMBOL, number, price, quantity, Side.BUY, 1, 2, 10, 20, number, BEGIN + time * SECOND)


class Market:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.broker = gateway.broker
        self.trades: list[Trade] = []
        self.broker.results[TradesQuery] = self.tell
        broker = cast("Broker", gateway.broker)
        self.recent = RecentMarket(broker, cast("MarketDataFeed", gateway.feed), Instruments(broker))
        self.at(59)

    def tell(self, query: TradesQuery) -> TradeHistory:
        return TradeHistory(SYMBOL, [each for each in self.trades if each.trade_id > query.after][-query.limit :])

    def at(self, time: int) -> None:
        self.broker.time = BEGIN + time * SECOND

    def publish(self, trade: Trade, epoch: int = 1) -> None:
        number = trade.trade_id
        message = TradeMessage(
            epoch, number, number, number - 1, trade.timestamp, SYMBOL, number, trade.price, trade.quantity, "buy", 1, 2, 0, 0
        )  # fmt: skip
        self.hear(topics.trades(SYMBOL), message)

    def hear(self, topic: bytes, message: MarketDataMessage) -> None:
        """Publish on the event loop, as the feed does."""

        async def scenario() -> None:
            self.gateway.feed.publish(topic, message)

        self.gateway.run(scenario())

    def candles(self, interval: str = "1s", *, fill: bool = True, **more: int) -> list[tuple[int, int, int, int]]:
        """Time behind BEGIN in seconds, close, volume and trades of each candle."""
        found = self.page(interval, fill=fill, **more)
        candles = [shown.candle for shown in found.shown]
        return [((each.open_time - BEGIN) // SECOND, each.close, each.volume, each.trades) for each in candles]

    def page(self, interval: str = "1s", *, fill: bool = True, **more: int) -> Candles:
        wanted = Wanted(SYMBOL, INTERVALS[interval], fill=fill, **more)
        return self.gateway.run(self.recent.candles(wanted))


@pytest.fixture
def market() -> Iterator[Market]:
    with Gateway() as gateway:
        yield Market(gateway)


def test_candles_of_what_the_matcher_remembers_and_of_what_comes_then(market: Market) -> None:
    market.trades = [trade(1, 0, 100), trade(2, 0, 101)]
    market.at(1)
    assert market.candles() == [(0, 101, 20, 2), (1, 101, 0, 0)]
    market.trades.append(trade(3, 1, 99))
    market.publish(market.trades[-1])
    assert market.candles() == [(0, 101, 20, 2), (1, 99, 10, 1)]
    assert market.candles("1m") == [(0, 99, 30, 3)]
    assert market.candles(fill=False, begin=BEGIN, limit=1) == [(0, 101, 20, 2)]


def test_a_trade_that_was_missed_is_asked_for(market: Market) -> None:
    market.trades = [trade(1, 0, 100)]
    market.at(3)
    assert market.candles(fill=False) == [(0, 100, 10, 1)]
    market.trades += [trade(2, 1, 101), trade(3, 2, 102)]
    market.publish(market.trades[-1])
    assert market.candles(fill=False) == [(0, 100, 10, 1), (1, 101, 10, 1), (2, 102, 10, 1)]


def test_candles_page_by_page(market: Market) -> None:
    market.trades = [trade(number, number, 100) for number in range(5)][1:]
    first = market.page(fill=False, begin=BEGIN, limit=3)
    assert (len(first.shown), first.next) == (3, BEGIN + 4 * SECOND)
    assert market.candles(fill=False, begin=BEGIN + 4 * SECOND) == [(4, 100, 10, 1)]
    page = market.page(fill=False, begin=BEGIN + 3 * SECOND, end=BEGIN + 4 * SECOND, limit=1)
    assert (len(page.shown), page.next) == (1, None), "none is left before the end"
    assert market.page(fill=False, begin=BEGIN - MINUTE, end=BEGIN) == Candles([], None, 0)
    assert market.candles(fill=False, limit=2) == [(3, 100, 10, 1), (4, 100, 10, 1)]


def test_candles_outlast_what_the_matcher_remembers(market: Market) -> None:
    market.trades = [trade(1, 0, 100)]
    market.candles()
    for number in range(2, 1502):
        market.trades.append(trade(number, number // 50, 100))
        market.publish(market.trades[-1])
    market.trades = market.trades[-1000:]
    assert sum(volume for _, _, volume, _ in market.candles()) == 15_010


def test_a_history_that_has_lost_its_end_begins_anew(market: Market) -> None:
    market.trades = [trade(1, 0, 100), trade(2, 1, 101)]
    market.at(2)
    market.candles()
    market.trades = [trade(1, 0, 100), trade(2, 2, 90)]
    assert market.candles(fill=False) == [(0, 100, 10, 1), (2, 90, 10, 1)]
    market.trades = []
    assert market.candles() == []


def test_without_a_matcher(market: Market) -> None:
    market.broker.results[TradesQuery] = MatcherUnavailableError("away")
    with pytest.raises(MatcherUnavailableError):
        market.candles()
    market.hear(topics.instruments(SYMBOL), instrument_message())
    market.trades = [trade(1, 0, 100)]
    market.broker.results[TradesQuery] = market.tell
    assert market.candles(fill=False) == [(0, 100, 10, 1)]


def test_trades_of_a_range(market: Market) -> None:
    market.trades = [trade(number, number, 100) for number in range(1, 6)]

    def ids(wanted: Range, limit: int) -> list[int]:
        found = market.gateway.run(market.recent.trades(SYMBOL, wanted, limit))
        return [each.trade_id for each in found]

    assert ids(Range(), 2) == [4, 5]
    assert ids(Range(after=1), 2) == [2, 3]
    assert ids(Range(before=4), 2) == [2, 3]
    assert ids(Range(after=0, begin=BEGIN + 3 * SECOND, end=BEGIN + 5 * SECOND), 9) == [3, 4]


def test_every_instrument_is_followed_from_the_start_on(market: Market) -> None:
    async def scenario() -> None:
        market.recent.start()
        assert market.recent._beginning is not None
        await market.recent._beginning

    market.gateway.run(scenario())
    assert market.gateway.feed.subscribed(topics.trades(SYMBOL))
    market.recent.stop()
    assert not market.gateway.feed.subscribed(topics.trades(SYMBOL))
