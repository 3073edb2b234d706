"""What the living exchange lists in the end: the orders, and who has what."""

from collections import Counter
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from matching_exchange.tools.processes import ExchangeError
from matching_exchange.tools.torture.clients import Connection, decode, identity
from matching_exchange.tools.torture.evidence import (
    AccountMoney,
    Holding,
    Identity,
    ListedAccount,
    Listing,
    Lock,
    MoneyEvidence,
    SumOfAsset,
)

PAGE: Final = 1000
"""How many orders or accounts one call lists."""


def list_orders(connection: Connection, account: str) -> Listing:
    """All orders of the account, live and done, as the living exchange lists them."""
    orders: dict[str, Identity] = {}
    times_listed = Counter[str]()
    for status in ("open", "done"):
        for order in pages(connection, account, status):
            orders[order["client_order_id"]] = identity(order)
            times_listed[order["client_order_id"]] += 1
    return Listing(account, orders, times_listed)


def list_money(connection: Connection, accounts: Sequence[str]) -> MoneyEvidence:
    """The balances of these accounts, what their orders lock, and what the exchange says of all."""
    money = [_money(connection, account) for account in accounts]
    listed: list[ListedAccount] = []
    sums: list[SumOfAsset] = []
    after: str | None = ""
    while after is not None:
        page = get(connection, f"/admin/accounts?limit={PAGE}" + (f"&after={after}" if after else ""))
        listed += msgspec.convert(page["accounts"], list[ListedAccount])
        sums = msgspec.convert(page["sums"], list[SumOfAsset])
        after = page["next"]
    return MoneyEvidence(money, listed, sums)


def _money(connection: Connection, account: str) -> AccountMoney:
    found = get(connection, f"/accounts/{account}/balances")
    locks = [Lock(order["symbol"], order["side"], order["reserved"]) for order in pages(connection, account, "open")]
    return AccountMoney(account, found["ledger"], msgspec.convert(found["balances"], list[Holding]), locks)


def pages(connection: Connection, account: str, status: str) -> Iterator[dict[str, Any]]:
    """The account's open or done orders, page by page."""
    cursor: str | None = "0"
    while cursor is not None:
        page = get(connection, f"/orders?account={account}&status={status}&limit={PAGE}&after={cursor}")
        yield from page["orders"]
        cursor = page["next"]


def get(connection: Connection, path: str) -> dict[str, Any]:
    reply = connection.call("GET", path)
    if reply.status != HTTPStatus.OK:
        raise ExchangeError(f"GET {path} ended with {reply.status or reply.outcome}: {reply.body.decode()}")
    page: dict[str, Any] = decode(reply.body)
    return page
