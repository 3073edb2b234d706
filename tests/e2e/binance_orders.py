"""Traders of the Binance dialect, on an instrument of the test's own, and answers compared whole."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any

import httpx

from tests.e2e.binance import Holder, Parameters, failure, now
from tests.exchange import Exchange, Json

Failure = tuple[int, int, str]

ZERO = "0.00000000"

_numbers = count(1)

_holders: dict[tuple[int, str], Holder] = {}
"""A key takes a second to make: tests of one exchange share those of an account."""

AT_ONCE = 16
"""Keys of own accounts that are made side by side, ahead of the tests that take them."""


class Market:
    """An instrument: its tick is 0.01, its lot 0.00001, its fees are 10 and 20 basis points."""

    def __init__(self, exchange: Exchange, **fields: str | int) -> None:
        self.exchange = exchange
        self.number = next(_numbers)
        self.base = f"O{self.number}"
        self.symbol = exchange.add_instrument(symbol=f"{self.base}-USDT", base=self.base, **fields)
        self.joined = f"{self.base}USDT"

    def trade(self, price: str, quantity: str = "1") -> None:
        """A trade of others, at this price."""
        self.exchange.place(self.symbol, "limit", "sell", quantity, price, account="maker")
        self.exchange.place(self.symbol, "ioc", "buy", quantity, price, account="taker")

    def rest(self, side: str, quantity: str, price: str) -> Json:
        """An order of another account."""
        return self.exchange.place(self.symbol, "limit", side, quantity, price, account="maker")

    def take(self, side: str, quantity: str, price: str) -> Json:
        """An order of another account that takes what there is at the price."""
        return self.exchange.place(self.symbol, "ioc", side, quantity, price, account="taker")


class Trader:
    """Calls of one account in one market."""

    def __init__(self, market: Market, account: str = "", holder: Holder | None = None) -> None:
        """Without an account, one that other tests do not use."""
        self.market = market
        self.account = account or _own_account(market.number)
        if not account and holder is None:
            _make_keys_ahead(market)
        found = holder or _holders.get((market.exchange.gateway.port, self.account))
        self.holder = found or Holder(market.exchange, self.account)
        _holders[market.exchange.gateway.port, self.account] = self.holder

    def send(self, method: str, path: str, **parameters: str | int) -> httpx.Response:
        sent: Parameters = {"symbol": self.market.joined, **parameters}
        return self.holder.call(method, f"/api/v3/{path}", sent)

    def call(self, method: str, path: str, **parameters: str | int) -> Any:
        response = self.send(method, path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method: str, path: str, **parameters: str | int) -> Failure:
        return failure(self.send(method, path, **parameters))

    def place(self, side: str, order_type: str, **parameters: str | int) -> Any:
        return self.call("POST", "order", side=side, type=order_type, **parameters)

    def limit(self, side: str, quantity: str, price: str, **parameters: str | int) -> Any:
        sent: Parameters = {"timeInForce": "GTC", **parameters}
        return self.place(side, "LIMIT", quantity=quantity, price=price, **sent)

    def not_placed(self, side: str, order_type: str, **parameters: str | int) -> Failure:
        return self.refused("POST", "order", side=side, type=order_type, **parameters)

    def no_limit(self, side: str, quantity: str, price: str, **parameters: str | int) -> Failure:
        sent: Parameters = {"timeInForce": "GTC", **parameters}
        return self.not_placed(side, "LIMIT", quantity=quantity, price=price, **sent)

    def order(self, order_id: int) -> Any:
        return self.call("GET", "order", orderId=order_id)

    def status(self, order_id: int) -> str:
        status: str = self.order(order_id)["status"]
        return status


def amount(text: str) -> str:
    """As the dialect writes it."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(8, '0')}"


def result(trader: Trader, answer: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The RESULT of a limit order to buy 2 at 100, with what only the exchange knows taken from the answer."""
    time = answer["transactTime"]
    assert abs(time - now()) < 60_000
    return {
        "symbol": trader.market.joined,
        "orderId": answer["orderId"],
        "orderListId": -1,
        "clientOrderId": "mine-1",
        "transactTime": time,
        "price": "100.00000000",
        "origQty": "2.00000000",
        "executedQty": ZERO,
        "origQuoteOrderQty": ZERO,
        "cummulativeQuoteQty": ZERO,
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "workingTime": time,
        "selfTradePreventionMode": "NONE",
        **fields,
    }


def queried(trader: Trader, answer: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The same order as a look-up tells it, which has not changed since its entry."""
    told = result(trader, answer, **fields)
    time = told.pop("transactTime")
    more = {"stopPrice": ZERO, "icebergQty": ZERO, "time": time, "updateTime": time, "isWorking": True}
    return {**more, **told}


def _own_account(number: int) -> str:
    return f"own-O{number}"


def _make_keys_ahead(market: Market) -> None:
    port = market.exchange.gateway.port
    if (port, _own_account(market.number)) in _holders:
        return
    accounts = [_own_account(market.number + ahead) for ahead in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = pool.map(partial(Holder, market.exchange), accounts)
        _holders.update(zip([(port, account) for account in accounts], made, strict=True))
