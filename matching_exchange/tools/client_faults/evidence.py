"""What clients of the Binance dialect were told: by answers, by look-ups, by their streams."""

from typing import Any, Final, Literal

from msgspec import Struct

How = Literal["timeout", "cut"]
"""How an outcome stays unknown: 504 with -1007, or a connection that broke."""

Found = Literal["placed", "absent", "changed", "unchanged"]
"""What a look-up resolves it to: for a new order the first two, for a cancel or an amend the others."""

FINAL: Final = frozenset({"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"})
"""The words for the status of an order that is done."""


class Sent(Struct):
    """A new order under a client id that its client uses for no other one. order_id: what an answer or a look-up has
    said; None where the client knows of no such order."""

    account: str
    name: str
    order_id: int | None = None


class Renamed(Struct):
    """An amend that gives its order a new client id. taken: what its client believes."""

    account: str
    name: str
    taken: bool = False


class Unknown(Struct):
    """A call whose outcome stayed unknown, by the client id that it was about."""

    account: str
    name: str
    kind: str
    how: How
    found: Found | None = None


class Look(Struct, frozen=True):
    """An order as a look-up showed it. executed, quantity: decimal texts."""

    account: str
    order_id: int
    name: str
    status: str
    executed: str
    quantity: str


class Report(Struct, frozen=True):
    """An execution report. trade_id: -1 without a trade; the other fields are decimal texts.

    number: the execution id, `I`.
    """

    order_id: int
    execution: str
    status: str
    symbol: str
    side: str
    number: int
    trade_id: int
    quantity: str
    value: str
    commission: str

    @property
    def sequence(self) -> int:
        """The command that caused it, by docs/clients.md."""
        return self.number >> 20


class OwnTrade(Struct, frozen=True):
    """A trade of an account as `myTrades` or its stream shows it."""

    symbol: str
    trade_id: int
    order_id: int
    side: str
    quantity: str
    value: str
    commission: str


class Heard(Struct):
    """What an account's client knows.

    connections: the execution reports of each, in order.
    orders, trades, amendments: what its look-ups after each connection have shown: the newest state of each order, and
        amends by order and command.
    positions: free and locked of each asset that the newest connection has told.
    look_ups: calls for that.
    """

    account: str
    connections: list[list[Report]] = []
    orders: dict[int, Look] = {}
    trades: set[OwnTrade] = set()
    amendments: set[tuple[int, int]] = set()
    positions: dict[str, tuple[str, str]] = {}
    look_ups: int = 0


class Listed(Struct, frozen=True):
    """An order in the native list of the end. filled: a decimal text."""

    order_id: int
    name: str
    filled: str


class Account(Struct):
    """What the exchange says of an account in the end. listed: every order, by the native API. balances: free and
    locked by asset, by the dialect; native_balances: the same by the native API."""

    account: str
    deposits: dict[str, str]
    listed: list[Listed]
    balances: dict[str, tuple[str, str]]
    native_balances: dict[str, tuple[str, str]]


class Evidence(Struct):
    """All of it. `faults` are those that clients have found by themselves, with the name of the promise."""

    sent: list[Sent]
    renamed: list[Renamed]
    unknown: list[Unknown]
    looks: list[Look]
    heard: list[Heard]
    accounts: list[Account]
    faults: list[tuple[str, str]]


def plain(text: str) -> str:
    """A decimal text without needless zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def look_of(account: str, view: dict[str, Any]) -> Look:
    """The order in the answer of a look-up."""
    return Look(account, view["orderId"], view["clientOrderId"], view["status"], view["executedQty"], view["origQty"])
