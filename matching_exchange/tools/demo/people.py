"""Two sample people: their money, and their keys where the exchange asks for keys."""

from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from matching_exchange.tools.demo.venue import LiveVenue
from protocol.commands import BalancesQuery, Deposit, FillsQuery, OrdersQuery
from protocol.events import Balances, FillPage, OrderPage, Result

PEOPLE: Final = ("alice", "bob")

MONEY: Final[Mapping[str, str]] = {"USDT": "100000", "BTC": "2", "ETH": "20", "SOL": "200"}
"""What each of them gets."""

TIMEOUT: Final = 5
"""Seconds that the gateway has for an answer."""

CREATED: Final = 201
OK: Final = 200

LABEL: Final = "demo"
"""That of the keys that are made here."""

MAX_PAGES: Final = 20
"""Pages of keys that are looked through."""


class NoKeysError(Exception):
    """The gateway makes no keys now."""


def fund(venue: LiveVenue, assets: Sequence[str]) -> list[str]:
    """Give money in these assets to the people who are not there yet; their names."""
    new = [person for person in PEOPLE if not _is_there(venue, person)]
    venue.carry_out(
        [
            Deposit(person, asset, amount, f"demo-{person}-{asset}")
            for person in new
            for asset, amount in MONEY.items()
            if asset in assets
        ]
    )
    return new


def _is_there(venue: LiveVenue, person: str) -> bool:
    """Whether the account has a ledger, an order or a fill."""
    return any(
        _tells(result)
        for result in venue.ask(
            [
                BalancesQuery(person),
                OrdersQuery(account=person, limit=1),
                OrdersQuery(account=person, limit=1, done=True),
                FillsQuery(person, limit=1),
            ]
        )
    )


def _tells(result: Result) -> bool:
    match result:
        case Balances():
            return result.ledger
        case OrderPage():
            return bool(result.orders) or result.next is not None
        case FillPage():
            return bool(result.fills)
    return False


class Gateway:
    """The gateway's calls about keys, with an administrator's token."""

    def __init__(self, url: str, token: str) -> None:
        self._netloc = urlsplit(url).netloc
        self._token = token

    def make_keys(self) -> dict[str, str]:
        """`<key>.<secret>` of each person who has no key yet. Raises NoKeysError."""
        have = self._holders()
        made: dict[str, str] = {}
        for person in PEOPLE:
            if person not in have:
                key = self._ask("POST", "/admin/keys", {"account": person, "label": LABEL}, CREATED)
                made[person] = f"{key['key']}.{key['secret']}"
        return made

    def _holders(self) -> set[str]:
        """The accounts that have keys."""
        found: set[str] = set()
        path = "/admin/keys"
        for _ in range(MAX_PAGES):
            page = self._ask("GET", path, None, OK)
            found |= {key["account"] for key in page["keys"]}
            if page["next"] is None:
                break
            path = f"/admin/keys?after={page['next']}"
        return found

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, status: int) -> dict[str, Any]:
        connection = HTTPConnection(self._netloc, timeout=TIMEOUT)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else msgspec.json.encode(body), headers)
            response = connection.getresponse()
            answer = msgspec.json.decode(response.read(), type=dict[str, Any])
        except (OSError, HTTPException, msgspec.MsgspecError) as error:
            raise NoKeysError(str(error)) from error
        finally:
            connection.close()
        if response.status != status:
            raise NoKeysError(str(answer.get("code")))
        return answer
