"""A book by levels, kept from its feed, in the instrument's integers."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from protocol.book_checksum import CHECKED_LEVELS, book_checksum
from protocol.book_feeds import Level


class Side:
    """The levels of one side. `best_is_high` for bids."""

    def __init__(self, *, best_is_high: bool) -> None:
        self._sign = -1 if best_is_high else 1
        self._quantities: dict[int, int] = {}
        # Prices with the sign, so that the best one comes first.
        self._order: list[int] = []

    def __len__(self) -> int:
        return len(self._order)

    def load(self, levels: Iterable[Level]) -> None:
        """Take in levels of a snapshot, best first, behind those that are there."""
        for price, quantity in levels:
            self._quantities[price] = quantity
            self._order.append(self._sign * price)

    def change(self, levels: Iterable[Level]) -> None:
        """Set the quantities of these levels; zero removes one."""
        for price, quantity in levels:
            key = self._sign * price
            if not quantity:
                if self._quantities.pop(price, None) is not None:
                    del self._order[bisect_left(self._order, key)]
            else:
                if price not in self._quantities:
                    insort(self._order, key)
                self._quantities[price] = quantity

    def best(self, count: int) -> list[Level]:
        """The first levels, best first."""
        return [(self._sign * key, self._quantities[self._sign * key]) for key in self._order[:count]]

    def quantity(self, price: int) -> int:
        """What stands at the price; zero for nothing."""
        return self._quantities.get(price, 0)

    def __iter__(self) -> Iterator[Level]:
        """All levels, best first."""
        return iter(self.best(len(self._order)))


class Levels:
    """Both sides of a book, and the number of the command up to which they are true."""

    def __init__(self) -> None:
        self.bids = Side(best_is_high=True)
        self.asks = Side(best_is_high=False)
        self.number = 0
        self.sequence = 0
        self.timestamp = 0

    def checksum(self) -> int:
        """That of docs/market-data.md."""
        return book_checksum(self.bids.best(CHECKED_LEVELS), self.asks.best(CHECKED_LEVELS))
