"""python-binance: HTTP by both clients, the WebSocket API, streams of markets and of the account.
Argument: sync, async or streams."""

import asyncio
import sys
from functools import partial
from typing import Any, Final

import binance
import binance.base_client
from binance.exceptions import BinanceAPIException

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.sessions.steps import (
    KEY,
    PATIENCE,
    SECRET,
    SYMBOL,
    URL,
    Steps,
    stay_here,
)

LIMIT: Final = {"type": "LIMIT", "timeInForce": "GTC"}
ON: Final = {"symbol": SYMBOL}
LOW: Final = {**ON, "side": "BUY", "quantity": "0.5", "price": "20000"}
OCO: Final = {
    **ON,
    "side": "SELL",
    "quantity": "0.1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "31000",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "29000",
}


def point_here() -> None:
    config = exchange_client_config("python-binance", URL, KEY, SECRET)
    for path, attributes in config["classes"].items():
        cls = binance.base_client.BaseClient if path.endswith("BaseClient") else binance.BinanceSocketManager
        for name, url in attributes.items():
            setattr(cls, name, url)


class Session:
    """The calls of one client."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.steps = Steps()

    async def call(self, method: str, check: Any = lambda _: True, note: Any = "", **parameters: Any) -> Any:
        name = f"{method} {note}".rstrip()
        return await self.steps.run(name, lambda: getattr(self.client, method)(**parameters), check)

    async def market_data(self) -> None:
        for method in ("ping", "get_server_time", "get_exchange_info", "get_all_tickers", "get_orderbook_tickers"):
            await self.call(method)
        for method in ("get_system_status", "get_trade_fee", "get_all_coins_info", "get_account_api_permissions"):
            await self.call(method)
        if isinstance(self.client, binance.Client):
            # The other client asks at another path, with two slashes.
            await self.call("get_spot_delist_schedule", lambda told: told == [])
        await self.call("get_symbol_info", lambda told: told["status"] == "TRADING", symbol=SYMBOL)
        await self.call("get_order_book", lambda book: book["asks"][0][0] == "30010.00000000", **ON)
        trades = ("get_recent_trades", "get_historical_trades", "get_aggregate_trades")
        for method in (*trades, "get_avg_price", "get_ticker", "get_symbol_ticker", "get_symbol_ticker_window"):
            await self.call(method, bool, **ON)
        await self.call("get_orderbook_ticker", lambda told: told["bidPrice"] == "29990.00000000", **ON)
        await self.call("v3_get_ticker_trading_day", bool, **ON)
        for method in ("get_klines", "get_ui_klines", "get_historical_klines"):
            more = {"start_str": "1 hour ago UTC"} if method == "get_historical_klines" else {}
            await self.call(method, lambda rows: rows[-1][4] == "30000.00000000", interval="1m", **ON, **more)

    async def orders(self) -> None:
        await self.call("get_account", lambda told: told["canTrade"] is True)
        await self.call("get_asset_balance", lambda told: told["free"] == "100.00000000", asset="BTC")
        await self.call("create_test_order", lambda told: told == {}, **LOW, **LIMIT)
        made = await self.call("create_order", _is("NEW"), **LOW, **LIMIT)
        found = {**ON, "orderId": (made or {}).get("orderId", 0)}
        await self.call("get_order", _is("NEW"), **found)
        await self.call("get_open_orders", lambda orders: len(orders) == 1, **ON)
        await self.call("cancel_order", _is("CANCELED"), **found)
        for side in ("buy", "sell"):
            price = "20000" if side == "buy" else "40000"
            await self.call(f"order_limit_{side}", _is("NEW"), quantity="0.1", price=price, **ON)
            await self.call(f"order_market_{side}", _is("FILLED"), quantity="0.1", **ON)
        legs = {"quantity": "0.1", "price": "31000", "stopPrice": "29000", **OCO}
        del legs["side"], legs["price"], legs["stopPrice"]
        made = await self.call("create_oco_order", lambda told: len(told["orders"]) == 2, **OCO)
        await self.call("get_open_oco_orders", lambda lists: len(lists) == 1)
        lists = {"orderListId": (made or {}).get("orderListId", 0)}
        await self.call("v3_get_order_list", bool, **lists)
        await self.call("v3_get_all_order_list", bool)
        await self.call("v3_delete_order_list", lambda told: told["listOrderStatus"] == "ALL_DONE", **lists, **ON)
        await self.call("order_oco_sell", lambda told: len(told["orders"]) == 2, **legs)
        await self.call("cancel_all_open_orders", lambda told: len(told) == 3, **ON)
        made = await self.call("order_limit_buy", _is("NEW"), "to be replaced", quantity="0.1", price="20000", **ON)
        replacing = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": (made or {}).get("orderId", 0)}
        made = await self.call(
            "cancel_replace_order", lambda told: told["newOrderResult"] == "SUCCESS", **LOW, **LIMIT, **replacing
        )
        await self.call("cancel_all_open_orders", lambda told: len(told) == 1, "the replacement", **ON)
        for method in ("get_all_orders", "get_my_trades", "get_current_order_count"):
            await self.call(method, bool, **({} if method == "get_current_order_count" else ON))
        for method in ("get_prevented_matches", "get_allocations"):
            await self.call(method, lambda told: told == [], **ON)
        await self.call("v3_get_account_commission", bool, **ON)

    async def failures(self) -> None:
        for name, text, parameters in (
            ("no money", "-2010): Account has insufficient", {**LOW, **LIMIT, "quantity": "8000"}),
            ("off the tick", "PRICE_FILTER", {**LOW, **LIMIT, "price": "100.001"}),
            ("off the lot", "LOT_SIZE", {**LOW, **LIMIT, "quantity": "0.0000001"}),
            ("below the least notional", "NOTIONAL", {**LOW, **LIMIT, "quantity": "0.00001"}),
            ("unknown symbol", "-1121", {**LOW, **LIMIT, "symbol": "NOSUCH"}),
        ):
            await self.steps.fails(name, BinanceAPIException, text, partial(self.client.create_order, **parameters))
        gone = {**ON, "orderId": 77777}
        await self.steps.fails("no order", BinanceAPIException, "-2013", lambda: self.client.get_order(**gone))
        await self.steps.fails("no cancel", BinanceAPIException, "-2011", lambda: self.client.cancel_order(**gone))

    async def over_the_socket(self) -> None:
        for method in ("ws_ping", "ws_get_time", "ws_get_exchange_info"):
            await self.call(method)
        trades = ("ws_get_recent_trades", "ws_get_historical_trades", "ws_get_aggregate_trades")
        tickers = ("ws_get_ticker", "ws_get_trading_day_ticker", "ws_get_symbol_ticker_window", "ws_get_symbol_ticker")
        for method in (*trades, *tickers, "ws_get_orderbook_ticker", "ws_get_avg_price", "ws_get_order_book"):
            await self.call(method, bool, **ON)
        for method in ("ws_get_klines", "ws_get_uiKlines"):
            await self.call(method, bool, interval="1m", **ON)
        await self.call("ws_get_account", lambda told: told["canTrade"] is True)
        await self.call("ws_create_test_order", **LOW, **LIMIT)
        made = await self.call("ws_create_order", _is("NEW"), **LOW, **LIMIT)
        found = {**ON, "orderId": (made or {}).get("orderId", 0)}
        await self.call("ws_get_order", _is("NEW"), **found)
        await self.call("ws_get_open_orders", lambda orders: len(orders) == 1, **ON)
        replacing = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": found["orderId"]}
        await self.call("ws_cancel_and_replace_order", bool, **LOW, **LIMIT, **replacing)
        await self.call("ws_cancel_all_open_orders", lambda told: len(told) == 1, **ON)
        for side, price in (("buy", "20000"), ("sell", "40000")):
            made = await self.call(f"ws_order_limit_{side}", _is("NEW"), quantity="0.1", price=price, **ON)
            await self.call(f"ws_order_market_{side}", _is("FILLED"), quantity="0.1", **ON)
            found = {**ON, "orderId": (made or {}).get("orderId", 0)}
            await self.call("ws_cancel_order", _is("CANCELED"), side, **found)
        made = await self.call("ws_create_oco_order", lambda told: len(told["orders"]) == 2, **OCO)
        lists = {"orderListId": (made or {}).get("orderListId", 0)}
        await self.call("ws_get_oco_order", bool, **lists)
        await self.call("ws_get_oco_open_orders", bool)
        await self.call("ws_cancel_oco_order", lambda told: told["listOrderStatus"] == "ALL_DONE", **lists, **ON)
        for method in ("ws_get_all_orders", "ws_get_my_trades", "ws_get_commission_rates"):
            await self.call(method, bool, **ON)
        for method in ("ws_get_prevented_matches", "ws_get_allocations"):
            await self.call(method, **ON)
        await self.call("ws_get_account_rate_limits_orders", bool)

    async def streams(self) -> None:
        """All sockets at once, while orders of this account move the market. They go on until each is closed: the
        client closes after a message."""
        manager = binance.BinanceSocketManager(self.client)
        sockets = {
            "trade_socket": manager.trade_socket(SYMBOL),
            "aggtrade_socket": manager.aggtrade_socket(SYMBOL),
            "depth_socket": manager.depth_socket(SYMBOL),
            "depth_socket of 5": manager.depth_socket(SYMBOL, depth="5"),
            "kline_socket": manager.kline_socket(SYMBOL),
            "symbol_ticker_socket": manager.symbol_ticker_socket(SYMBOL),
            "symbol_miniticker_socket": manager.symbol_miniticker_socket(SYMBOL),
            "symbol_book_ticker_socket": manager.symbol_book_ticker_socket(SYMBOL),
            "miniticker_socket": manager.miniticker_socket(),
            "multiplex_socket": manager.multiplex_socket([f"{SYMBOL.lower()}@trade", f"{SYMBOL.lower()}@depth"]),
        }
        moving = asyncio.ensure_future(self._move())
        try:
            await asyncio.gather(*(self._hear(name, socket, _is_data) for name, socket in sockets.items()))
            await self._hear("user_socket", manager.user_socket(), lambda told: _kind(told) == "executionReport")
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)

    async def _hear(self, name: str, socket: Any, wanted: Any) -> None:
        """The first message that is wanted."""

        async def first() -> Any:
            async with asyncio.timeout(PATIENCE), socket as stream:
                while not wanted(told := await stream.recv()):
                    pass
                return told

        await self.steps.run(name, first, bool)

    async def _move(self) -> None:
        """Trade a little, again and again."""
        while True:
            await self.client.order_market_buy(quantity="0.01", **ON)
            await self.client.order_market_sell(quantity="0.01", **ON)
            await asyncio.sleep(0.2)


def _is(status: str) -> Any:
    return lambda order: order["status"] == status


def _is_data(told: Any) -> bool:
    return not (isinstance(told, dict) and told.get("e") == "error")


def _kind(told: Any) -> Any:
    return told.get("event", told).get("e")


async def main(kind: str) -> None:
    point_here()
    stay_here()
    if kind == "sync":
        session = Session(binance.Client(KEY, SECRET))
        await session.market_data()
        await session.orders()
        await session.failures()
        return
    session = Session(await binance.AsyncClient.create(KEY, SECRET))
    try:
        if kind == "async":
            await session.market_data()
            await session.orders()
            await session.failures()
        else:
            await session.over_the_socket()
            await session.streams()
    finally:
        await session.client.close_connection()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
