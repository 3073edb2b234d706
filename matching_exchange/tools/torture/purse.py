"""The money of one client: what it deposits, withdraws, sends to others, and begins anew with. Seeded."""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from msgspec import Struct, structs

from matching_exchange.tools.torture.evidence import Key, MoveKind
from matching_exchange.tools.torture.requests import Request, encode
from protocol.instrument import format_decimal

MONEY: Final = {"deposit": 3, "withdraw": 3, "transfer": 3, "reset": 1, "move_again": 3, "conflict": 1}
"""How often each action comes, in the proportions of a flow's other actions."""

KNOWN_MOVES: Final = 200
"""A client may repeat its last moves, up to this number."""

SHARE: Final = 5
"""A deposit, withdrawal or transfer is at most one such part of what an account begins with."""


class Funds(Struct, frozen=True):
    """What an account begins with at most, in whole units, and the decimals of the asset."""

    most: int
    decimals: int

    def drawn(self, random: Random, least: int, share: int = 1) -> str:
        """An amount: from so many units of the last decimal to one such part of the most."""
        return format_decimal(random.randint(least, self.most * 10**self.decimals // share), self.decimals)


ASSETS: Final = {
    "USDT": Funds(80_000, 11),
    "BTC": Funds(2, 5),
    "ETH": Funds(20, 4),
    "SOL": Funds(200, 3),
}
"""So little that orders lock all of it now and then."""


class Purse:
    """Draws the requests that move money of an account. `moved` tells it which were answered."""

    def __init__(self, account: str, peers: Sequence[str], random: Random) -> None:
        self._account = account
        self._peers = peers
        self._random = random
        self._number = 0
        self._opening = deque[MoveKind](("deposit", "reset"))
        self._known = deque[Request](maxlen=KNOWN_MOVES)

    def opening(self) -> Request | None:
        """What the account begins with, before any order. None after that."""
        return self._draw(self._opening.popleft()) if self._opening else None

    def next(self, action: str) -> Request:
        """The request of an action of MONEY. Without another account, a transfer is a deposit."""
        match action:
            case "move_again" if self._known:
                return structs.replace(self._random.choice(self._known), again=True)
            case "conflict" if self._known:
                return self._other_values(self._random.choice(self._known))
            case "withdraw" | "reset":
                return self._draw(action)
            case "transfer" if self._peers:
                return self._draw("transfer")
        return self._draw("deposit")

    def moved(self, request: Request) -> None:
        """The request was answered: the same may be sent once more."""
        self._known.append(request)

    def _draw(self, kind: MoveKind) -> Request:
        self._number += 1
        return self._request(kind, f"{self._account}:move-{self._number}")

    def _other_values(self, known: Request) -> Request:
        """Another command under a known id: no two that are drawn are the same."""
        kind = known.kind
        assert kind in ("deposit", "withdraw", "transfer", "reset"), "only such are known"
        while True:
            other = self._request(kind, known.key.name)
            if other.body != known.body:
                return other

    def _request(self, kind: MoveKind, transfer_id: str) -> Request:
        body: dict[str, Any] = {"transfer_id": transfer_id}
        if kind == "reset":
            body["balances"] = {asset: funds.drawn(self._random, 0) for asset, funds in ASSETS.items()}
        else:
            asset = self._random.choice(list(ASSETS))
            body |= {"asset": asset, "amount": ASSETS[asset].drawn(self._random, 1, SHARE)}
        if kind == "transfer":
            body["to"] = self._random.choice(self._peers)
        path = f"/admin/accounts/{self._account}/{kind}"
        return Request(kind, Key(kind, self._account, transfer_id), "POST", path, encode(body))
