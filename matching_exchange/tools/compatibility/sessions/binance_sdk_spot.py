"""binance-sdk-spot: HTTP, the WebSocket API, streams of markets and of the account. Every answer is read by its strict
models. Argument: rest or sockets."""

import asyncio
import sys
from functools import partial
from typing import Any, Final

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError
from binance_sdk_spot.spot import Spot

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.sessions.steps import (
    KEY,
    PATIENCE,
    SECRET,
    SYMBOL,
    URL,
    Steps,
    stay_here,
    until,
)

ON: Final = {"symbol": SYMBOL}
LOW: Final = {**ON, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": 0.5, "price": 20000.0}
TAKE: Final = {**ON, "side": "BUY", "type": "MARKET", "quantity": 0.1}
OCO: Final = {
    **ON,
    "side": "SELL",
    "quantity": 0.1,
    "above_type": "LIMIT_MAKER",
    "above_price": 31000.0,
    "below_type": "STOP_LOSS",
    "below_stop_price": 29000.0,
}


class Session:
    """The calls of one of its three interfaces."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.steps = Steps()

    async def call(self, method: str, check: Any = lambda _: True, note: Any = "", **parameters: Any) -> Any:
        """What the answer holds, read by its model."""

        async def answer() -> Any:
            told = getattr(self.api, method)(**parameters)
            if asyncio.iscoroutine(told):
                told = await asyncio.wait_for(told, PATIENCE)
            return told.data()

        return await self.steps.run(f"{method} {note}".rstrip(), answer, check)

    async def rest(self) -> None:
        for method in ("ping", "time", "exchange_info", "ticker24hr", "ticker_price", "ticker_book_ticker"):
            await self.call(method)
        trades = ("get_trades", "historical_trades", "agg_trades")
        for method in (*trades, "avg_price", "ticker", "ticker_trading_day", "execution_rules"):
            await self.call(method, **ON)
        await self.call("depth", lambda book: book.asks[0][0] == "30010.00000000", **ON)
        for method in ("klines", "ui_klines"):
            await self.call(method, bool, interval="1m", **ON)
        await self.call("get_account", lambda told: told.can_trade is True)
        await self.call("order_test", **LOW)
        made = await self.call("new_order", lambda told: told.status == "NEW", **LOW)
        found = {**ON, "order_id": getattr(made, "order_id", 0)}
        await self.call("get_order", lambda told: told.status == "NEW", **found)
        await self.call("get_open_orders", bool, **ON)
        await self.call("order_amend_keep_priority", new_qty=0.4, **found)
        await self.call("order_amendments", bool, **found)
        replacing = {"cancel_replace_mode": "STOP_ON_FAILURE", "cancel_order_id": found["order_id"]}
        await self.call("order_cancel_replace", **LOW, **replacing)
        await self.call("delete_open_orders", bool, **ON)
        await self.call("new_order", lambda told: told.status == "FILLED", "market", **TAKE)
        made = await self.call("new_order", bool, "to be canceled", **LOW)
        found = {**ON, "order_id": getattr(made, "order_id", 0)}
        await self.call("delete_order", lambda told: told.status == "CANCELED", **found)
        made = await self.call("order_list_oco", lambda told: len(told.orders) == 2, **OCO)
        lists = {"order_list_id": getattr(made, "order_list_id", 0)}
        await self.call("get_order_list", **lists)
        await self.call("open_order_list", bool)
        await self.call("all_order_list", bool)
        await self.call("delete_order_list", lambda told: told.list_order_status == "ALL_DONE", **lists, **ON)
        old = {**ON, "side": "SELL", "quantity": 0.1, "price": 31000.0, "stop_price": 29000.0}
        await self.call("order_oco", lambda told: len(told.orders) == 2, **old)
        await self.call("delete_open_orders", bool, "a list", **ON)
        for method in ("all_orders", "my_trades", "account_commission", "my_filters"):
            await self.call(method, bool, **ON)
        for method in ("my_prevented_matches", "my_allocations"):
            await self.call(method, **ON)
        await self.call("rate_limit_order", bool)
        await self.steps.fails(
            "no money", BadRequestError, "insufficient balance", lambda: self.api.new_order(**{**LOW, "quantity": 8e3})
        )
        await self.steps.fails(
            "off the tick", BadRequestError, "PRICE_FILTER", lambda: self.api.new_order(**{**LOW, "price": 100.001})
        )

    async def over_the_socket(self) -> None:
        await self.call("ping")
        await self.call("time")
        await self.call("session_logon", lambda told: told.result.api_key == KEY)
        await self.call("session_status", lambda told: told.result.api_key == KEY)
        for method in ("exchange_info", "ticker24hr", "ticker_price", "ticker_book", "ticker", "ticker_trading_day"):
            await self.call(method, **ON)
        for method in ("trades_recent", "trades_historical", "trades_aggregate", "avg_price", "depth"):
            await self.call(method, **ON)
        for method in ("klines", "ui_klines"):
            await self.call(method, interval="1m", **ON)
        events: list[Any] = []
        stream = await self.steps.run("user_data_stream_subscribe", self.api.user_data_stream_subscribe)
        if stream is not None:
            stream.stream.on("message", events.append)
        await self.call("session_subscriptions", lambda told: len(told.result) == 1)
        await self.call("account_status", lambda told: told.result.can_trade is True)
        await self.call("order_test", **LOW)
        made = await self.call("order_place", lambda told: told.result.status == "NEW", **LOW)
        found = {**ON, "order_id": made.result.order_id if made else 0}
        await self.call("order_status", lambda told: told.result.status == "NEW", **found)
        await self.call("open_orders_status", lambda told: bool(told.result), **ON)
        await self.call("order_amend_keep_priority", new_qty=0.4, **found)
        await self.call("order_amendments", lambda told: bool(told.result), **found)
        replacing = {"cancel_replace_mode": "STOP_ON_FAILURE", "cancel_order_id": found["order_id"]}
        await self.call("order_cancel_replace", **LOW, **replacing)
        await self.call("open_orders_cancel_all", **ON)
        made = await self.call("order_place", bool, "to be canceled", **LOW)
        found = {**ON, "order_id": made.result.order_id if made else 0}
        await self.call("order_cancel", lambda told: told.result.status == "CANCELED", **found)
        await self.call("order_place", lambda told: told.result.status == "FILLED", "market", **TAKE)
        made = await self.call("order_list_place_oco", lambda told: len(told.result.orders) == 2, **OCO)
        lists = {"order_list_id": made.result.order_list_id if made else 0}
        await self.call("order_list_status", **lists)
        await self.call("open_order_lists_status", lambda told: bool(told.result))
        await self.call("all_order_lists", lambda told: bool(told.result))
        await self.call("order_list_cancel", lambda told: told.result.list_order_status == "ALL_DONE", **lists, **ON)
        for method in ("all_orders", "my_trades", "account_commission"):
            await self.call(method, lambda told: bool(told.result), **ON)
        for method in ("my_filters", "my_prevented_matches", "my_allocations"):
            await self.call(method, **ON)
        await self.call("account_rate_limits_orders", lambda told: bool(told.result))
        await self.steps.run(
            "events of the account", lambda: until(lambda: len(events) >= 8, "events", asyncio.sleep), bool
        )
        await self.call("user_data_stream_unsubscribe")
        await self.call("session_logout")

    async def streams(self, trade: Any) -> None:
        for method, parameters in (
            ("agg_trade", {}),
            ("trade", {}),
            ("kline", {"interval": "1m"}),
            ("mini_ticker", {}),
            ("all_mini_ticker", {}),
            ("ticker", {}),
            ("book_ticker", {}),
            ("avg_price", {}),
            ("partial_book_depth", {"levels": "5"}),
            ("diff_book_depth", {}),
            ("rolling_window_ticker", {"window_size": "1h"}),
        ):
            told: list[Any] = []
            on = {} if method == "all_mini_ticker" else {"symbol": SYMBOL.lower()}
            options = {**on, **parameters}
            await self.steps.run(f"stream {method}", partial(self._first, method, told, options, trade), bool)

    async def _first(self, method: str, told: list[Any], options: Any, trade: Any) -> Any:
        """The first event of a stream, while orders move the market."""
        stream = await getattr(self.api, method)(**options)
        stream.on("message", told.append)

        async def move(seconds: float) -> None:
            await asyncio.to_thread(trade)
            await asyncio.sleep(10 * seconds)

        return await until(lambda: told, f"an event of {method}", move)


async def main(kind: str) -> None:
    config = exchange_client_config("binance-sdk-spot", URL, KEY, SECRET)
    stay_here()
    client = Spot(
        # The default of one second is short on a busy machine.
        config_rest_api=ConfigurationRestAPI(**config["config_rest_api"], timeout=10_000),
        config_ws_api=ConfigurationWebSocketAPI(**config["config_ws_api"]),
        config_ws_streams=ConfigurationWebSocketStreams(**config["config_ws_streams"]),
    )
    if kind == "rest":
        await Session(client.rest_api).rest()
        return
    await client.websocket_api.create_connection()
    await Session(client.websocket_api).over_the_socket()
    await client.websocket_api.close_connection()
    await client.websocket_streams.create_connection()
    await Session(client.websocket_streams).streams(lambda: client.rest_api.new_order(**TAKE))
    await client.websocket_streams.close_connection()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
