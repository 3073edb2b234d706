"""The strategies of a measured simulation: four agents, and a crowd like that of ABIDES' configuration rmsc04."""

from collections import deque
from typing import Final

from matching_exchange.sim import Book, Market, Order, OrderUpdate, Strategy, Trade, UpdateKind, minutes, ms, seconds
from protocol.units import OrderType, Side

MIDDLE: Final = 6_000_000
"""The price at the start, in the instrument's price unit."""

LOT: Final = 1

MOST_ORDERS: Final = 300
"""Above so many live orders a noise agent cancels, so that the book keeps its size."""

DAY_SECONDS: Final = 23_400
"""From 9:30 to 16:00: the market time of rmsc04."""


class Maker(Strategy):
    """Quotes both sides, and moves its quotes with the book and away from its position."""

    book_every = ms(100)

    def __init__(self, distance: int) -> None:
        self._distance = distance
        self._quotes: list[Order] = []
        self._skew = 0

    def on_start(self, market: Market) -> None:
        self._quote(market, MIDDLE)

    def on_book(self, market: Market, book: Book) -> None:
        bid, ask = book.bid_units, book.ask_units
        if bid is not None and ask is not None:
            self._quote(market, (bid + ask) // 2)

    def on_order(self, market: Market, update: OrderUpdate) -> None:
        if update.kind is UpdateKind.FILL:
            self._skew = market.position_units() // LOT

    def _quote(self, market: Market, middle: int) -> None:
        for order in self._quotes:
            if order.is_live:
                market.cancel(order)
        middle -= self._skew
        self._quotes = [
            market.place(market.symbol, Side.BUY, 10 * LOT, middle - self._distance),
            market.place(market.symbol, Side.SELL, 10 * LOT, middle + self._distance),
        ]


class Noise(Strategy):
    """Places limit orders around the middle, takes now and then, and cancels its oldest order."""

    def __init__(self, pause: int) -> None:
        self._pause = pause
        self._own: deque[Order] = deque()

    def on_start(self, market: Market) -> None:
        market.wake_in(self._pause)

    def on_wakeup(self, market: Market) -> None:
        chance, symbol = market.random, market.symbol
        drawn, side, quantity = chance.choice(10), chance.side(), LOT * chance.between(1, 10)
        own = self._own
        while own and not own[0].is_live:
            own.popleft()
        if own and (drawn < 4 or len(own) > MOST_ORDERS):
            market.cancel(own.popleft())
        elif drawn == 4:
            market.place(symbol, side, quantity, None, OrderType.MARKET)
        else:
            away = chance.between(0, 200)
            book = market.book()
            price = book.bid_units if side is Side.BUY else book.ask_units
            price = MIDDLE if price is None else price
            own.append(market.place(symbol, side, quantity, price - away if side is Side.BUY else price + away))
        market.wake_in(chance.exponential(self._pause))


class Momentum(Strategy):
    """Follows the last trades: takes at the touch where the mean of 20 is above that of 50, or below."""

    def __init__(self, pause: int) -> None:
        self._pause = pause
        self._prices: deque[int] = deque(maxlen=50)

    def on_start(self, market: Market) -> None:
        market.wake_in(self._pause)

    def on_trade(self, market: Market, trade: Trade) -> None:
        self._prices.append(trade.price_units)

    def on_wakeup(self, market: Market) -> None:
        prices = list(self._prices)
        if len(prices) == 50:
            side = Side.BUY if sum(prices[-20:]) * 50 > sum(prices) * 20 else Side.SELL
            book = market.book()
            price = book.ask_units if side is Side.BUY else book.bid_units
            if price is not None:
                market.place(market.symbol, side, LOT * market.random.between(1, 10), price, OrderType.IOC)
        market.wake_in(market.random.exponential(self._pause))


class Once(Strategy):
    """A noise agent of rmsc04: joins the touch once, at a time of the day."""

    def on_start(self, market: Market) -> None:
        market.wake_in(seconds(market.random.choice(DAY_SECONDS)))

    def on_wakeup(self, market: Market) -> None:
        side = market.random.side()
        book = market.book()
        price = book.ask_units if side is Side.BUY else book.bid_units
        if price is not None:
            market.place(market.symbol, side, LOT * market.random.between(1, 100), price)


class Value(Strategy):
    """A value agent of rmsc04: now and then it cancels, looks at the book and trades towards its value."""

    def __init__(self, pause: int) -> None:
        self._pause = pause

    def on_start(self, market: Market) -> None:
        market.wake_in(market.random.exponential(self._pause))

    def on_wakeup(self, market: Market) -> None:
        chance = market.random
        for order in market.orders():
            market.cancel(order)
        book = market.book()
        bid, ask = book.bid_units, book.ask_units
        if bid is not None and ask is not None:
            side = Side.BUY if MIDDLE + chance.bell(1_000) > (bid + ask) // 2 else Side.SELL
            inside = chance.choice(ask - bid) if chance.choice(10) else ask - bid
            price = bid + inside if side is Side.BUY else ask - inside
            market.place(market.symbol, side, LOT * chance.between(1, 100), price)
        market.wake_in(chance.exponential(self._pause))


class Ladder(Strategy):
    """A market maker of rmsc04: each minute it cancels its orders and places ten levels on each side."""

    def on_start(self, market: Market) -> None:
        self.on_wakeup(market)

    def on_wakeup(self, market: Market) -> None:
        for order in market.orders():
            market.cancel(order)
        book = market.book()
        bid, ask = book.bid_units, book.ask_units
        middle = MIDDLE if bid is None or ask is None else (bid + ask) // 2
        for level in range(10):
            away = 20 + 5 * level
            market.place(market.symbol, Side.BUY, 50 * LOT, middle - away)
            market.place(market.symbol, Side.SELL, 50 * LOT, middle + away)
        market.wake_in(market.random.exponential(minutes(1)))


def four_agents() -> list[Strategy]:
    """About 260 commands for each second of market time."""
    return [Maker(30), Noise(ms(6)), Noise(ms(12)), Momentum(ms(250))]


def crowd() -> list[Strategy]:
    """About 1.8 commands for each second of market time: agents of the kinds and the numbers of rmsc04."""
    return [
        Ladder(),
        Ladder(),
        *(Once() for _ in range(1_000)),
        *(Value(seconds(175)) for _ in range(102)),
        *(Momentum(seconds(37)) for _ in range(12)),
    ]
