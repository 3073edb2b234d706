"""An account's ledger: its balances, its positions, and the last movements that were no trades (docs/money.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from matcher.core.assets import Asset, Balance

if TYPE_CHECKING:
    from protocol.money import Movement

MAX_MOVEMENTS: Final = 1_000
"""Movements that a ledger remembers, the last ones, beside its account's fills."""

MOVEMENTS_KEPT: Final = 1_250
"""A ledger with this many movements drops all but the newest MAX_MOVEMENTS at once."""


class Position:
    """What an account's fills in one instrument have come to.

    quantity: bought less sold.
    cost: what it has cost, in units of price x quantity, of its sign.
    cash: received less paid, in the same units.
    fees: in the same units x basis points.
    """

    __slots__ = ("cash", "cost", "fees", "quantity")

    def __init__(self, quantity: int = 0, cost: int = 0, cash: int = 0, fees: int = 0) -> None:
        self.quantity = quantity
        self.cost = cost
        self.cash = cash
        self.fees = fees

    def buy(self, quantity: int, price: int, value: int, fee: int) -> None:
        """Take in a fill that bought."""
        held = self.quantity
        self.cash -= value
        self.fees += fee
        self.quantity = held + quantity
        if held >= 0:
            self.cost += value
        elif quantity < -held:
            # Both are negative: the share is rounded towards zero.
            self.cost += -self.cost * quantity // -held
        else:
            self.cost = price * (held + quantity)

    def sell(self, quantity: int, price: int, value: int, fee: int) -> None:
        """Take in a fill that sold."""
        held = self.quantity
        self.cash += value
        self.fees += fee
        self.quantity = held - quantity
        if held <= 0:
            self.cost -= value
        elif quantity < held:
            self.cost -= self.cost * quantity // held
        else:
            self.cost = price * (held - quantity)


@mypyc_attr(acyclic=True)
class Ledger:
    """`since` is the sequence of the command that began it; `balances` has one for each asset, by its index."""

    __slots__ = ("balances", "movements", "positions", "since")

    def __init__(self, since: int, assets: int) -> None:
        self.since = since
        self.balances: list[Balance] = [Balance() for _ in range(assets)]
        self.positions: dict[str, Position] = {}
        self.movements: list[Movement] = []

    def balance(self, asset: Asset) -> Balance:
        """The balance of the asset."""
        return self.balances[asset.index]

    def position(self, symbol: str) -> Position:
        """The position in the instrument, none from the first look on."""
        position = self.positions.get(symbol)
        if position is None:
            self.positions[symbol] = position = Position()
        return position

    def note(self, movement: Movement) -> None:
        """Remember a movement."""
        self.movements.append(movement)
        if len(self.movements) > MOVEMENTS_KEPT:
            del self.movements[:-MAX_MOVEMENTS]
