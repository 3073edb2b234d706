"""Keeps a book by a client's own code until a bid at the price MARK is in it, and tells that book.
Argument: ccxt or python-binance."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.market import MARK
from matching_exchange.tools.compatibility.sessions.steps import KEY, SECRET, SYMBOL, URL, stay_here, tell, tell_value


def _tell(book: Any) -> None:
    tell_value("book", book)


async def of_ccxt() -> None:
    import ccxt.pro  # noqa: PLC0415 - each client is in an environment of its own

    config = exchange_client_config("ccxt", URL, KEY, SECRET)
    stay_here()
    client = ccxt.pro.binance(config)
    try:
        book = await client.watch_order_book("BTC/USDT")
        tell_value("ready", 1)
        while not any(level[0] == MARK for level in book["bids"]):
            book = await client.watch_order_book("BTC/USDT")
        _tell({side: [[price, size] for price, size in book[side]] for side in ("bids", "asks")})
    finally:
        await client.close()
    tell("watch_order_book, kept through the busy phase")


async def of_python_binance() -> None:
    import binance  # noqa: PLC0415
    import binance.base_client  # noqa: PLC0415

    config = exchange_client_config("python-binance", URL, KEY, SECRET)
    for path, attributes in config["classes"].items():
        cls = binance.base_client.BaseClient if path.endswith("BaseClient") else binance.BinanceSocketManager
        for name, url in attributes.items():
            setattr(cls, name, url)
    stay_here()
    client = await binance.AsyncClient.create(KEY, SECRET)
    try:
        async with binance.DepthCacheManager(client, symbol=SYMBOL, ws_interval=100, limit=5000) as manager:
            tell_value("ready", 1)
            book = await manager.recv()
            while book is None or not any(price == MARK for price, _ in book.get_bids()):
                book = await manager.recv()
            _tell({"bids": book.get_bids(), "asks": book.get_asks()})
    finally:
        await client.close_connection()
    tell("DepthCacheManager, kept through the busy phase")


CLIENTS: Final[Mapping[str, Callable[[], Awaitable[None]]]] = {"ccxt": of_ccxt, "python-binance": of_python_binance}


async def _main() -> None:
    await CLIENTS[sys.argv[1]]()


if __name__ == "__main__":
    asyncio.run(_main())
