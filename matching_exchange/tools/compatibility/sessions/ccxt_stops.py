"""An order of ccxt that something stops. Arguments: the pair, the side, the price (empty for a market order), the name
of ccxt's error, and a part of its text; or `expired` in the place of the last two."""

import asyncio
import sys

import ccxt

from matching_exchange.recipes import exchange_client_config
from matching_exchange.tools.compatibility.sessions.steps import KEY, SECRET, URL, Steps, stay_here


async def main(pair: str, side: str, price: str, error: str, text: str = "") -> None:
    config = exchange_client_config("ccxt", URL, KEY, SECRET)
    stay_here()
    client = ccxt.binance({**config, "enableRateLimit": False})
    kind = "limit" if price else "market"

    def place() -> object:
        return client.create_order(pair, kind, side, 1, float(price) if price else None)

    if error == "expired":
        await Steps().run(error, place, lambda order: order["status"] == "expired")
    else:
        await Steps().fails(f"{error}: {text}", getattr(ccxt, error), text, place)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
