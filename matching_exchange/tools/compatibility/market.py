"""A market for the clients: orders of another account, sent to the native API."""

import json
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlsplit

SYMBOL: Final = "BTC-USDT"
MAKER: Final = "maker"

MARK: Final = 12_345
"""The price of a bid that tells sessions of `books` that the market has come to rest."""

LEVELS: Final = 10
LAST: Final = 30_000
"""The price of the trade that the market begins with."""

DEPOSIT: Final = {"USDT": "10000000", "BTC": "100"}
"""What the account of each client has."""


def call(url: str, method: str, path: str, body: Any = None) -> Any:
    """The answer of the native API. Raises OSError where it is no success."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(
            method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    if response.status not in (200, 201):
        raise OSError(f"{method} {path}: {response.status} {text}")
    return json.loads(text)


def place(url: str, side: str, price: int, quantity: str, account: str = MAKER, symbol: str = SYMBOL) -> Any:
    order = {"symbol": symbol, "order_type": "limit", "side": side, "quantity": quantity, "price": str(price)}
    return call(url, "POST", "/orders", {**order, "account": account})


def make_market(url: str, symbol: str = SYMBOL) -> None:
    """A last price of 30000, asks from 30010 and bids from 29990, ten levels of 5 BTC each."""
    place(url, "sell", LAST, "1", symbol=symbol)
    place(url, "buy", LAST, "1", "other", symbol)
    for level in range(1, LEVELS + 1):
        place(url, "sell", LAST + 10 * level, "5", symbol=symbol)
        place(url, "buy", LAST - 10 * level, "5", symbol=symbol)


def new_key(url: str, account: str) -> tuple[str, str]:
    """Key and secret of an account that has the deposit."""
    key = call(url, "POST", "/admin/keys", {"account": account, "deposit": DEPOSIT})
    return key["key"], key["secret"]
