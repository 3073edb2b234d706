"""Instruments of market data tests of the Binance dialect, and trades as they are told."""

from datetime import datetime
from itertools import count
from typing import Any

from tests.e2e.binance import failure
from tests.exchange import Exchange, Json

_numbers = count(1)


class Market:
    """An instrument of the test's own."""

    def __init__(self, exchange: Exchange, **fields: str | int) -> None:
        self.exchange = exchange
        self.base = f"T{next(_numbers)}"
        self.symbol = exchange.add_instrument(symbol=f"{self.base}-USDT", base=self.base, **fields)
        self.joined = f"{self.base}USDT"

    def get(self, path: str, **parameters: str | int) -> Any:
        return get(self.exchange, path, symbol=self.joined, **parameters)

    def refused(self, path: str, **parameters: str | int) -> tuple[int, int, str]:
        parameters = {"symbol": self.joined, **parameters}
        return failure(self.exchange.http.get(f"/api/v3/{path}", params=parameters))

    def rest(self, side: str, quantity: str, price: str) -> None:
        self.exchange.place(self.symbol, "limit", side, quantity, price, account="maker")

    def take(self, side: str, quantity: str) -> None:
        self.exchange.place(self.symbol, "market", side, quantity, account="taker")

    def trades(self) -> list[Json]:
        """As the native API tells them."""
        found: list[Json] = self.exchange.get("/trades", symbol=self.symbol, limit=1000)["trades"]
        return found

    def times(self) -> list[int]:
        """Those of the trades, in milliseconds."""
        return [milliseconds(trade["timestamp"]) for trade in self.trades()]


def get(exchange: Exchange, path: str, **parameters: str | int) -> Any:
    """The answer, which may be a list."""
    return exchange.get(f"/api/v3/{path}", **parameters)


def milliseconds(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)


def trade(market: Market) -> None:
    """A taker buys of three makers at two prices; another one sells."""
    market.rest("sell", "1", "101")
    market.rest("sell", "0.5", "101")
    market.rest("sell", "1", "102")
    market.take("buy", "2")
    market.rest("buy", "3", "99.5")
    market.take("sell", "0.25")


def trade_views(market: Market) -> list[Json]:
    times = market.times()
    rows = [
        (1, "101.00000000", "1.00000000", "101.00000000", False),
        (2, "101.00000000", "0.50000000", "50.50000000", False),
        (3, "102.00000000", "0.50000000", "51.00000000", False),
        (4, "99.50000000", "0.25000000", "24.87500000", True),
    ]
    return [
        {
            "id": number,
            "price": price,
            "qty": quantity,
            "quoteQty": value,
            "time": time,
            "isBuyerMaker": maker,
            "isBestMatch": True,
        }
        for (number, price, quantity, value, maker), time in zip(rows, times, strict=True)
    ]


def aggregate_views(market: Market) -> list[Json]:
    times = market.times()
    rows = [
        (1, "101.00000000", "1.50000000", 2, False),
        (3, "102.00000000", "0.50000000", 3, False),
        (4, "99.50000000", "0.25000000", 4, True),
    ]
    return [
        {"a": first, "p": price, "q": quantity, "f": first, "l": last, "T": times[first - 1], "m": maker, "M": True}
        for first, price, quantity, last, maker in rows
    ]
