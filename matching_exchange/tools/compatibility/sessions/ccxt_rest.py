"""ccxt over HTTP: every unified call that it has for spot and the exchange serves. Argument: sync or async."""

import asyncio
import sys
from typing import Any, Final

import ccxt
import ccxt.async_support

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.sessions.steps import KEY, SECRET, SYMBOL, URL, Steps, stay_here

PAIR: Final = "BTC/USDT"


class Session:
    """The calls of one client."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.steps = Steps()

    async def call(self, method: str, *arguments: Any, check: Any = lambda _: True, note: str = "") -> Any:
        name = f"{method} {note}".rstrip()
        return await self.steps.run(name, lambda: getattr(self.client, method)(*arguments), check)

    async def market_data(self) -> None:
        for method in ("fetch_time", "fetch_currencies", "fetch_trading_fees", "load_markets"):
            await self.call(method, check=bool)
        await self.call("fetch_status", check=lambda status: status["status"] == "ok")
        await self.call("fetch_markets", check=lambda markets: any(each["symbol"] == PAIR for each in markets))
        await self.call("fetch_order_book", PAIR, 5, check=lambda book: book["asks"][0][0] == 30010.0)
        await self.call("fetch_ticker", PAIR, check=lambda ticker: ticker["last"] == 30000.0)
        for method in ("fetch_tickers", "fetch_bids_asks", "fetch_last_prices"):
            await self.call(method, [PAIR], check=lambda told: PAIR in told)
        for interval in ("1m", "1h", "1d"):
            await self.call("fetch_ohlcv", PAIR, interval, check=lambda rows: rows[-1][4] == 30000.0, note=interval)
        await self.call("fetch_trades", PAIR, check=lambda trades: trades[-1]["price"] == 30000.0)
        await self.call("fetch_trading_fee", PAIR, check=lambda fee: fee["taker"] is not None)
        for method in ("public_get_exchangeinfo", "public_get_ping", "public_get_ticker_bookticker"):
            await self.call(method)
        for method in ("avgprice", "historicaltrades", "ticker", "ticker_tradingday", "trades", "aggtrades", "depth"):
            await self.call(f"public_get_{method}", {"symbol": SYMBOL}, check=bool)
        await self.call("public_get_uiklines", {"symbol": SYMBOL, "interval": "1m"}, check=bool)

    async def orders(self) -> None:
        await self.call("fetch_balance", check=lambda balance: balance["BTC"]["free"] == 100.0)
        resting = await self.call("create_order", PAIR, "limit", "buy", 0.5, 20000, check=_is("open"), note="limit")
        identity = (resting or {}).get("id", "0")
        await self.call("fetch_order", identity, PAIR, check=_is("open"))
        client_id = (resting or {}).get("clientOrderId")
        await self.call("fetch_order", None, PAIR, {"clientOrderId": client_id}, check=_is("open"), note="by client id")
        await self.call("fetch_open_orders", PAIR, check=lambda orders: [each["id"] for each in orders] == [identity])
        edited = await self.call("edit_order", identity, PAIR, "limit", "buy", 0.4, 20001, check=_price(20001.0))
        identity = (edited or {}).get("id", "0")
        await self.call("cancel_order", identity, PAIR, check=_is("canceled"))
        await self.call("fetch_canceled_orders", PAIR, check=lambda orders: orders[-1]["id"] == identity)
        taken = await self.call("create_order", PAIR, "market", "buy", 0.5, check=_is("closed"), note="market")
        await self.call("create_market_buy_order_with_cost", PAIR, 3001, check=_is("closed"))
        await self.call("create_market_sell_order_with_cost", PAIR, 2999, check=_is("closed"))
        await self.call("create_order", PAIR, "limit", "sell", 0.1, 29990, check=_is("closed"), note="limit that takes")
        for kind in ("IOC", "FOK"):
            await self.call("create_order", PAIR, "limit", "buy", 0.1, 30010, {"timeInForce": kind}, note=kind)
        await self.call("create_order", PAIR, "limit", "buy", 0.1, 25000, {"postOnly": True}, note="post only")
        for name, price, more in (
            ("stop limit", 29000, {"stopLossPrice": 29100}),
            ("stop market", None, {"stopLossPrice": 29100}),
            ("take profit limit", 31000, {"takeProfitPrice": 30900}),
            ("take profit market", None, {"takeProfitPrice": 30900}),
        ):
            kind = "market" if price is None else "limit"
            await self.call("create_order", PAIR, kind, "sell", 0.1, price, more, check=_is("open"), note=name)
        trailing = {"trailingDelta": 200}
        await self.call("create_order", PAIR, "STOP_LOSS_LIMIT", "sell", 0.1, 29000, trailing, note="trailing stop")
        await self.call("create_order", PAIR, "limit", "buy", 1, 20000, {"icebergQty": "0.1"}, note="iceberg")
        await self.call("create_order", PAIR, "limit", "buy", 1, 20000, {"test": True}, note="test")
        await self.call("cancel_all_orders", PAIR, check=lambda orders: len(orders) == 7)
        for method in ("fetch_orders", "fetch_closed_orders", "fetch_canceled_and_closed_orders", "fetch_my_trades"):
            await self.call(method, PAIR, check=bool)
        identity = (taken or {}).get("id", "0")
        await self.call("fetch_order_trades", identity, PAIR, check=lambda trades: trades[0]["fee"]["cost"] > 0)

    async def lists_and_reads(self) -> None:
        legs = {"aboveType": "LIMIT_MAKER", "abovePrice": "31000", "belowType": "STOP_LOSS", "belowStopPrice": "29000"}
        oco = {"symbol": SYMBOL, "side": "SELL", "quantity": "0.1", **legs}
        made = await self.call("private_post_orderlist_oco", oco, check=lambda made: len(made["orders"]) == 2)
        identity = (made or {}).get("orderListId", 0)
        await self.call("private_get_orderlist", {"orderListId": identity})
        await self.call("private_get_openorderlist", check=lambda lists: len(lists) == 1)
        await self.call("private_get_allorderlist", check=bool)
        await self.call("private_delete_orderlist", {"symbol": SYMBOL, "orderListId": identity}, check=_is_done)
        for method in ("account_commission", "mypreventedmatches", "myallocations"):
            await self.call(f"private_get_{method}", {"symbol": SYMBOL})
        await self.call("private_get_ratelimit_order", check=lambda limits: len(limits) == 2)

    async def failures(self) -> None:
        place = self.client.create_order
        fails = self.steps.fails
        await fails(
            "no money",
            ccxt.InsufficientFunds,
            "insufficient balance",
            lambda: place(PAIR, "limit", "sell", 1000, 40000),
        )
        await fails("no order to cancel", ccxt.OrderNotFound, "-2011", lambda: self.client.cancel_order("77777", PAIR))
        await fails("no order to look up", ccxt.OrderNotFound, "-2013", lambda: self.client.fetch_order("77777", PAIR))
        await fails(
            "post only that crosses",
            ccxt.OrderImmediatelyFillable,
            "immediately match",
            lambda: place(PAIR, "limit", "buy", 0.1, 30100, {"postOnly": True}),
        )
        raw = self.client.private_post_order
        odd = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1"}
        await fails("price off the tick", ccxt.InvalidOrder, "PRICE_FILTER", lambda: raw({**odd, "price": "100.001"}))
        await fails(
            "unknown symbol",
            ccxt.BadSymbol,
            "-1121",
            lambda: self.client.public_get_depth({"symbol": "NOSUCH"}),
        )
        good, self.client.secret = self.client.secret, "wrong" * 8
        await fails("another secret", ccxt.AuthenticationError, "-1022", self.client.fetch_balance)
        self.client.secret = good


def _is(status: str) -> Any:
    return lambda order: order["status"] == status


def _price(price: float) -> Any:
    return lambda order: order["price"] == price


def _is_done(told: Any) -> bool:
    return bool(told["listOrderStatus"] == "ALL_DONE")


async def main(kind: str) -> None:
    config = exchange_client_config("ccxt", URL, KEY, SECRET)
    stay_here()
    client = (ccxt if kind == "sync" else ccxt.async_support).binance({**config, "enableRateLimit": False})
    session = Session(client)
    await session.market_data()
    await session.orders()
    await session.lists_and_reads()
    await session.failures()
    if kind == "async":
        await client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
