"""ccxt.pro: streams of market data and of the account, and the calls of the WebSocket API."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import ccxt.pro

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.sessions.steps import KEY, PATIENCE, SECRET, URL, Steps, stay_here, tell

PAIR: Final = "BTC/USDT"


class Session:
    """The calls of one client."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.steps = Steps()

    async def call(self, method: str, *arguments: Any, check: Any = bool, note: str = "") -> Any:
        name = f"{method} {note}".rstrip()
        return await self.steps.run(
            name, lambda: asyncio.wait_for(getattr(self.client, method)(*arguments), PATIENCE), check
        )

    async def over_the_socket(self) -> None:
        await self.call(
            "fetch_balance_ws", check=lambda balance: balance["info"]["balances"][0]["free"] == "100.00000000"
        )
        await self.call("fetch_ohlcv_ws", PAIR, "1m", check=lambda rows: rows[-1][4] == 30000.0)
        await self.call("fetch_trades_ws", PAIR)
        order = await self.call("create_order_ws", PAIR, "limit", "buy", 0.5, 20000, check=_is("open"), note="limit")
        identity = (order or {}).get("id", "0")
        await self.call("fetch_order_ws", identity, PAIR, check=_is("open"))
        await self.call("fetch_open_orders_ws", PAIR, check=lambda orders: len(orders) == 1)
        edited = await self.call("edit_order_ws", identity, PAIR, "limit", "buy", 0.4, 20001)
        identity = (edited or {}).get("id", "0")
        await self.call("cancel_order_ws", identity, PAIR, check=_is("canceled"))
        await self.call("create_order_ws", PAIR, "market", "buy", 0.1, check=_is("closed"), note="market")
        await self.call("create_order_ws", PAIR, "limit", "buy", 0.1, 20000, note="to be canceled")
        await self.call("cancel_all_orders_ws", PAIR)
        for method in ("fetch_orders_ws", "fetch_closed_orders_ws", "fetch_my_trades_ws"):
            await self.call(method, PAIR)
        await self.steps.fails(
            "no money, over the socket",
            ccxt.pro.InsufficientFunds,
            "insufficient balance",
            lambda: self.client.create_order_ws(PAIR, "limit", "sell", 1000, 40000),
        )

    async def watch(self, name: str, watching: Callable[[], Any], check: Any = bool) -> None:
        """Wait for what a stream tells, while orders of this account move the market."""
        waiting = asyncio.ensure_future(watching())
        moving = asyncio.ensure_future(self._move())
        try:
            await self.steps.run(name, lambda: asyncio.wait_for(waiting, PATIENCE), check)
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)

    async def _move(self) -> None:
        """Trade a little, again and again."""
        while True:
            await self.client.create_order_ws(PAIR, "market", "buy", 0.01)
            await self.client.create_order_ws(PAIR, "market", "sell", 0.01)
            await asyncio.sleep(0.2)

    async def streams(self) -> None:
        client = self.client
        await self.watch("watch_order_book", lambda: client.watch_order_book(PAIR), lambda book: book["bids"])
        await self.watch("watch_order_book_for_symbols", lambda: client.watch_order_book_for_symbols([PAIR]))
        await self.watch("watch_trades", lambda: client.watch_trades(PAIR), lambda trades: trades[-1]["price"] > 0)
        await self.watch("watch_trades_for_symbols", lambda: client.watch_trades_for_symbols([PAIR]))
        await self.watch("watch_ticker", lambda: client.watch_ticker(PAIR), lambda ticker: ticker["last"] > 0)
        await self.watch("watch_tickers", lambda: client.watch_tickers([PAIR]), lambda tickers: PAIR in tickers)
        await self.watch("watch_bids_asks", lambda: client.watch_bids_asks([PAIR]), lambda told: PAIR in told)
        await self.watch("watch_ohlcv", lambda: client.watch_ohlcv(PAIR, "1m"), lambda rows: rows[-1][4] > 0)
        await self.watch("watch_ohlcv_for_symbols", lambda: client.watch_ohlcv_for_symbols([[PAIR, "1m"]]))
        await self.watch("watch_orders", lambda: client.watch_orders(PAIR), lambda orders: orders[-1]["symbol"] == PAIR)
        await self.watch("watch_my_trades", lambda: client.watch_my_trades(PAIR), _has_fee)
        await self.watch("watch_balance", client.watch_balance, lambda balance: balance["BTC"]["free"] > 0)
        for method, argument in (
            ("un_watch_trades_for_symbols", [PAIR]),
            ("un_watch_order_book_for_symbols", [PAIR]),
            ("un_watch_tickers", [PAIR]),
            ("un_watch_ohlcv_for_symbols", [[PAIR, "1m"]]),
        ):
            await self.call(method, argument, check=lambda _: True)


def _is(status: str) -> Any:
    return lambda order: order["status"] == status


def _has_fee(trades: Any) -> bool:
    return bool(trades[-1]["fee"]["cost"] > 0 and trades[-1]["fee"]["currency"] == "USDT")


async def main() -> None:
    config = exchange_client_config("ccxt", URL, KEY, SECRET)
    stay_here()
    client = ccxt.pro.binance({**config, "enableRateLimit": False})
    try:
        await client.load_markets()
        tell("load_markets")
        session = Session(client)
        await session.over_the_socket()
        await session.streams()
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())
