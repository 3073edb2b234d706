"""Assets, and what a book's base and quote count as in them (docs/money.md).

An amount is a whole number of units of 10^-decimals of its asset. Integers here have any size.
"""

from typing import Final

from protocol.instrument import Instrument, quote_decimals

WHOLE: Final = 10_000
"""Basis points of the whole."""

FeeChange = tuple[int, int, int]
"""The sequence of a change of fee rates, and the last order_id and the lock_rate before it."""


class Asset:
    """One asset of any instruments.

    index: its place in the balances of each ledger.
    fees: what trades have paid in fees.
    outside: what accounts without a ledger have gained from those with one.
    deposited: deposits less withdrawals.
    """

    __slots__ = ("decimals", "deposited", "fees", "index", "name", "outside")

    def __init__(self, name: str, index: int, decimals: int) -> None:
        self.name = name
        self.index = index
        self.decimals = decimals
        self.fees = 0
        self.outside = 0
        self.deposited = 0

    @property
    def is_used(self) -> bool:
        """Whether any amount of it is booked beside the accounts."""
        return self.fees != 0 or self.outside != 0 or self.deposited != 0


class Currencies:
    """A book's base and quote.

    base_unit: the amount of base that one unit of quantity is.
    quote_unit: the amount of quote that one unit of price x quantity x basis points is.
    lock_rate: basis points of the value that an order that buys locks now: the whole, and the larger fee rate.
    fee_changes: sequences from which another lock_rate held, each with the last order_id and the lock_rate before,
    oldest first. They are kept while a live order is older. An order_id tells its age: a saved book of another exchange
    has sequences of its own.
    """

    __slots__ = ("base", "base_unit", "fee_changes", "lock_rate", "quote", "quote_unit")

    def __init__(self, base: Asset, quote: Asset, instrument: Instrument) -> None:
        self.base = base
        self.quote = quote
        self.base_unit = 1
        self.quote_unit = 1
        self.lock_rate = lock_rate(instrument)
        self.fee_changes: list[FeeChange] = []
        self.fit(instrument)

    def fit(self, instrument: Instrument) -> None:
        """Count in the units that the assets have now."""
        self.base_unit = int(10 ** (self.base.decimals - instrument.quantity_decimals))
        self.quote_unit = int(10 ** (self.quote.decimals - quote_decimals(instrument)))

    def rate_of(self, order_id: int, since: int) -> int:
        """The lock_rate that held as the order entered, or as its account's ledger began after that."""
        for changed, last_order_id, before in self.fee_changes:
            if order_id <= last_order_id and since < changed:
                return before
        return self.lock_rate

    def change(self, instrument: Instrument, sequence: int, last_order_id: int, oldest: int | None) -> None:
        """Lock by changed fee rates from this sequence on. `oldest` is the order_id of the oldest live order."""
        rate = lock_rate(instrument)
        if rate != self.lock_rate:
            self.fee_changes.append((sequence, last_order_id, self.lock_rate))
            self.lock_rate = rate
        self.fee_changes = [change for change in self.fee_changes if oldest is not None and oldest <= change[1]]


def lock_rate(instrument: Instrument) -> int:
    return WHOLE + max(instrument.maker_fee_bps, instrument.taker_fee_bps)


class Balance:
    """What an account has of an asset. `updated` is the sequence of the last change."""

    __slots__ = ("free", "locked", "updated")

    def __init__(self, free: int = 0, locked: int = 0, updated: int = 0) -> None:
        self.free = free
        self.locked = locked
        self.updated = updated
