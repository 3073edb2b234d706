"""What the naive engine keeps of an account's money.

Amounts are fractions of one whole unit of their asset: an asset that becomes finer changes nothing here.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

Amounts = defaultdict[str, Fraction]
"""An amount of each asset."""


@dataclass(eq=False)
class NaivePosition:
    """What the fills of one instrument have come to, in its units.

    quantity: bought less sold.
    cost: what the quantity has cost, of its sign, in price unit times quantity unit; so is `cash`.
    cash: received less paid, without fees.
    fees: paid, in a ten-thousandth of that unit.
    """

    quantity: int = 0
    cost: int = 0
    cash: int = 0
    fees: int = 0

    def fill(self, sign: int, quantity: int, price: int, fee: int) -> None:
        """Count a fill; the sign is 1 of a buyer, -1 of a seller."""
        self.cash -= sign * quantity * price
        self.fees += fee
        if sign * self.quantity < 0:
            closed = min(quantity, abs(self.quantity))
            self.cost -= int(Fraction(self.cost * closed, abs(self.quantity)))  # int() rounds towards zero.
            self.quantity += sign * closed
            quantity -= closed
        self.quantity += sign * quantity
        self.cost += sign * quantity * price


@dataclass(eq=False)
class NaiveLedger:
    """What an account has in all, free and locked together, and its positions by symbol."""

    totals: Amounts = field(default_factory=lambda: Amounts(Fraction))
    positions: defaultdict[str, NaivePosition] = field(default_factory=lambda: defaultdict(NaivePosition))
