"""LOBSTER's pair of files (https://lobsterdata.com/info/DataStructure.php): messages, and the book after each of them.

The reader's side is `matching_exchange.recordings.readers.lobster`. What this exchange adds to the rules:

- The orders that stand when the range begins are announced as new ones, the best price first.
- Times are seconds after the midnight (UTC) before the first message. They go on behind the next midnight.
- A price is in 10^-4 where the tick allows it, else in the instrument's own unit. A size is in its own unit too.
- An order that loses its place leaves and enters again. The order ID of an entry is its order_id, plus NEXT_ENTRY as
  often as it takes to be a new one, and the largest of its time, side and price: readers sort by it.
- As LOBSTER does, messages tell only of the shown levels.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import BinaryIO, Final

from matching_exchange.tools.export.errors import UsageError
from matching_exchange.tools.export.kinds import Row
from matching_exchange.tools.export.writers import Order
from matching_exchange.tools.export.writers.queues import Move, Queues, Step

TYPES: Final = {Move.ENTER: 1, Move.REDUCE: 2, Move.LEAVE: 3, Move.EXECUTE: 4}
"""Those of messages: a new order, a part of it is canceled, all of it, an execution."""

SECOND: Final = 10**9
DAY: Final = 86_400 * SECOND

MAX_SECONDS: Final = 999_999
"""The latest time of a message: six digits."""

PRICE_DECIMALS: Final = 4

NEXT_ENTRY: Final = 10**12
"""Above every order_id of a range."""

NO_ASK: Final = "9999999999,0"
NO_BID: Final = "-9999999999,0"

DIRECTIONS: Final = {"buy": "1", "sell": "-1"}


class Side:
    """The levels of a side: shown quantity by key. The smallest key is the best price."""

    def __init__(self, sign: int, nothing: str) -> None:
        self._sign = sign
        self._nothing = nothing
        self._keys: list[int] = []
        self._quantities: dict[int, int] = {}

    def add(self, price: int, quantity: int) -> None:
        """Change the quantity of a level. At zero it is gone."""
        key = price * self._sign
        if key not in self._quantities:
            insort(self._keys, key)
            self._quantities[key] = 0
        self._quantities[key] += quantity
        if not self._quantities[key]:
            del self._quantities[key]
            del self._keys[bisect_left(self._keys, key)]

    def shows(self, price: int, levels: int) -> bool:
        """Whether a level at this price is, or would be, one of the best."""
        return bisect_left(self._keys, price * self._sign) < levels

    def texts(self, levels: int, factor: int) -> list[str]:
        """Price and size of so many levels."""
        shown = [f"{key * self._sign * factor},{self._quantities[key]}" for key in self._keys[:levels]]
        return shown + [self._nothing] * (levels - len(shown))


class Entries:
    """Numbers the entries of orders. No two have the same number."""

    def __init__(self) -> None:
        self._time = 0
        self._of: dict[int, int] = {}
        self._left: dict[int, int] = {}
        self._last: dict[tuple[str, int], int] = {}

    def number(self, step: Step) -> int:
        """That of the entry to which the step belongs."""
        order_id = step.order_id
        if step.time != self._time:
            # An order that leaves comes back at the same time, or never.
            self._time = step.time
            self._left.clear()
            self._last.clear()
        if step.move is Move.ENTER:
            before = self._left.pop(order_id, None)
            at = (step.side, step.price)
            least = max(0 if before is None else before + 1, self._last.get(at, 0) + 1)
            entry = order_id + max(0, -(-(least - order_id) // NEXT_ENTRY)) * NEXT_ENTRY
            self._of[order_id] = self._last[at] = entry
        else:
            entry = self._of[order_id]
        if not step.left:
            self._left[order_id] = self._of.pop(order_id)
        return entry


class LobsterWriter:
    def __init__(self, order: Order, messages: BinaryIO, books: BinaryIO) -> None:
        self._order = order
        self._messages = messages
        self._books = books
        self._queues = Queues()
        self._entries = Entries()
        self._sides = {"buy": Side(-1, NO_BID), "sell": Side(1, NO_ASK)}
        self._standing: dict[int, tuple[str, int, int]] = {}
        self._midnight: int | None = None
        self._factor = 1
        self.count = 0

    def write(self, rows: Sequence[Row]) -> None:
        if rows and self._midnight is None:
            self._midnight = rows[0][1] // DAY * DAY
            self._factor = 10 ** max(0, PRICE_DECIMALS - self._order.decimals[rows[0][0]].price)
        lines: list[tuple[str, str]] = []
        for row in rows:
            for step in self._queues.steps(row):
                self._follow(step, lines)
        self._messages.write("".join(message for message, _ in lines).encode())
        self._books.write("".join(book for _, book in lines).encode())
        self.count += len(lines)

    def finish(self) -> None:
        """Nothing is left to do."""

    def _follow(self, step: Step, lines: list[tuple[str, str]]) -> None:
        if step.move is Move.CLEAR:
            # The format has no message for that: each order is deleted.
            for order_id, (name, price, shown) in list(self._standing.items()):
                self._follow(Step(Move.LEAVE, step.time, order_id, name, price, shown, 0), lines)
            return
        entry = self._entries.number(step)
        if step.left:
            self._standing[step.order_id] = (step.side, step.price, step.left)
        else:
            del self._standing[step.order_id]
        side = self._sides[step.side]
        is_shown = side.shows(step.price, self._order.levels)
        side.add(step.price, step.quantity if step.move is Move.ENTER else -step.quantity)
        if is_shown:
            message = (
                f"{self._seconds(step.time)},{TYPES[step.move]},{entry},{step.quantity},{step.price * self._factor},"
                f"{DIRECTIONS[step.side]}\n"
            )
            lines.append((message, self._book()))

    def _book(self) -> str:
        asks, bids = (self._sides[name].texts(self._order.levels, self._factor) for name in ("sell", "buy"))
        return ",".join(f"{ask},{bid}" for ask, bid in zip(asks, bids, strict=True)) + "\n"

    def _seconds(self, time: int) -> str:
        assert self._midnight is not None, "it is that of the first row"
        seconds, rest = divmod(time - self._midnight, SECOND)
        if seconds > MAX_SECONDS:
            raise UsageError(f"--to: takes at most {MAX_SECONDS:,} s after the midnight before the first message")
        return f"{seconds}.{rest:09d}"
