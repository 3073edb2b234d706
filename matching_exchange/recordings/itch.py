"""Nasdaq TotalView-ITCH 5.0: the binary feed of a day, plain or compressed with gzip or xz.

Each message has its length before it, in two bytes. All integers are big-endian. A message begins with its type (1
byte), the locate code of its stock (2), a tracking number (2) and its time (6, nanoseconds since midnight). Prices have
four decimals. The messages of one stock that touch its book:

- A, F: an order enters. It never trades at once: what would have traded is told by the orders that it met.
- E: an order trades at its price. C: it trades at another price. X: a part of it is canceled. D: all that is left.
- U: an order is replaced by one with a new reference, price and quantity. It loses its place.
- P: a trade with a hidden order. Q: a cross, such as the opening. Neither touches the shown book.
- B: a trade is broken. The book stays as it is.
- H: the stock trades, is halted or takes quotes only. S: the day of the system, such as the end of messages.
- R: the stock's locate code.

`matching_exchange.recordings.queues` has the rules for executions. The other types tell nothing of a book.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from struct import Struct as Layout
from typing import BinaryIO, Final

from matching_exchange.recordings.files import failures, unpacked
from matching_exchange.recordings.queues import RecordedQueues
from matching_exchange.recordings.recording import RecordingError, Step, VenueTrade
from matching_exchange.recordings.source import Extent, Source
from protocol.units import Side

PRICE_DECIMALS: Final = 4

TICK: Final = 100
"""The least change of a price from a dollar on, in units: a cent."""

EXTENT: Final = Extent(TICK, 1_999_999_900, 999_999)
"""Nasdaq's limits of an order's price and quantity."""

LENGTHS: Final = {
    b"S": 12, b"R": 39, b"H": 25, b"Y": 20, b"L": 26, b"V": 35, b"W": 12, b"K": 28, b"J": 35, b"h": 21, b"A": 36,
    b"F": 40, b"E": 31, b"C": 36, b"X": 23, b"D": 19, b"U": 35, b"P": 44, b"Q": 40, b"B": 19, b"I": 50, b"N": 20,
    b"O": 48,
}  # fmt: skip
"""Bytes of each type."""

BY_NUMBER: Final = {ord(type_): length for type_, length in LENGTHS.items()}

ADD: Final = Layout(">QcI8sI")
EXECUTED: Final = Layout(">QIQ")
EXECUTED_AT: Final = Layout(">QIQcI")
REDUCED: Final = Layout(">QI")
DELETED: Final = Layout(">Q")
REPLACED: Final = Layout(">QQII")
TRADE: Final = Layout(">QcI8sIQ")
CROSS: Final = Layout(">Q8sIQc")
BODY: Final = 11
"""Where a message goes on behind its head."""

SIDES: Final = {b"B": Side.BUY, b"S": Side.SELL}

STOCK_AT: Final = {b"R": 11, b"A": 24, b"F": 24}
"""Where these name their stock, in eight bytes."""

STOCK: Final = re.compile(r"[A-Z0-9][A-Z0-9.+=*-]{0,7}")
CHUNK: Final = 1 << 20


def read_itch(path: Path | str, stock: str, *, tick_size: int = TICK, epoch: int = 0) -> Source:
    """The order flow of one stock. `tick_size` is in 0.0001 dollars: 1 for a stock below a dollar. `epoch` is the
    midnight of the day, in nanoseconds since 1970. Raises RecordingError."""
    file = Path(path)
    if not STOCK.fullmatch(stock):
        raise RecordingError(file, f"stock {stock!r}: takes 1 to 8 characters of a Nasdaq symbol, such as AAPL")
    symbol = re.sub("[^A-Z0-9]", "_", stock)
    return Source(
        format="itch",
        symbol=f"{symbol}-USD",
        base=symbol.replace("_", "X"),
        quote="USD",
        price_decimals=PRICE_DECIMALS,
        quantity_decimals=0,
        steps=partial(read_steps, file, stock, tick_size),
        extent=Extent(tick_size, EXTENT.max_price, EXTENT.max_quantity),
        epoch=epoch,
    )


def read_steps(path: Path, stock: str, tick_size: int) -> Iterator[Step]:
    """The steps of the stock, in order. Raises RecordingError that names the offset of the message."""
    book = StockBook(stock.encode().ljust(8), tick_size)
    for offset, message in read_messages(path):
        try:
            yield from book.follow(message)
        except ValueError as error:
            raise RecordingError(path, f"message {chr(message[0])}: {error}", offset=offset) from error
        if book.is_over:
            break
    if not book.locate:
        raise RecordingError(path, f"tells nothing of the stock {stock}")


def read_messages(path: Path) -> Iterator[tuple[int, bytes]]:
    """The messages with their offsets in the unpacked bytes."""
    with failures(path) as place, path.open("rb") as file:
        yield from _messages(path, unpacked(file, place))


def _messages(path: Path, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    begin, data, at = 0, b"", 0
    while True:
        more = stream.read(CHUNK)
        data, begin, at = data[at:] + more, begin + at, 0
        if not data and begin == 0:
            raise RecordingError(path, "is empty")
        size = len(data)
        while size - at >= 2:
            length = data[at] << 8 | data[at + 1]
            if length == 0 and size - at == 2:
                # The end of the session; nothing follows it.
                if not more:
                    return
                break
            end = at + 2 + length
            if end > size:
                break
            message = data[at + 2 : end]
            if not length or BY_NUMBER.get(message[0]) != length:
                raise RecordingError(path, _strange(message), offset=begin + at)
            yield begin + at, message
            at = end
        if not more:
            if at < size:
                raise RecordingError(path, "ends in the middle of a message", offset=begin + at)
            return


def _strange(message: bytes) -> str:
    if not message or message[:1] not in LENGTHS:
        shown = message[:1].decode("latin-1")
        return f"message type {shown!r}: takes those of ITCH 5.0, each behind its length in two bytes"
    return f"message {chr(message[0])} of {len(message)} bytes: takes {LENGTHS[message[:1]]}"


class StockBook:
    """Follows the messages of one stock. `locate` is its code in the bytes of a message; empty until it is known."""

    def __init__(self, stock: bytes, tick_size: int) -> None:
        self._stock = stock
        self._tick = tick_size
        self._queues = RecordedQueues()
        self._time = 0
        self.locate = b""
        self.is_over = False

    def follow(self, message: bytes) -> list[Step]:
        """The steps of a message; none for another stock. Raises ValueError."""
        kind = message[:1]
        if message[1:3] != self.locate or kind == b"S":
            self._look(kind, message)
            if message[1:3] != self.locate:
                return []
        time = int.from_bytes(message[5:11])
        if time < self._time:
            raise ValueError("the time goes back")
        self._time = time
        match kind:
            case b"A" | b"F":
                return self._add(time, message)
            case b"E":
                order, quantity, _ = EXECUTED.unpack_from(message, BODY)
                return self._queues.execute(time, str(order), _positive("executed shares", quantity))
            case b"C":
                order, quantity, _, printable, price = EXECUTED_AT.unpack_from(message, BODY)
                steps = self._queues.execute(time, str(order), _positive("executed shares", quantity), price)
                # What does not print is told again by a cross.
                return steps if printable == b"Y" else [step for step in steps if not isinstance(step, VenueTrade)]
            case b"X":
                order, quantity = REDUCED.unpack_from(message, BODY)
                return self._queues.reduce(time, str(order), _positive("canceled shares", quantity))
            case b"D":
                return self._queues.delete(time, str(DELETED.unpack_from(message, BODY)[0]))
            case b"U":
                return self._replace(time, message)
            case b"P":
                _, _, quantity, _, price, _ = TRADE.unpack_from(message, BODY)
                return [VenueTrade(time, price, quantity)]
            case b"Q":
                quantity, _, price, _, _ = CROSS.unpack_from(message, BODY)
                return [VenueTrade(time, price, quantity)] if quantity else []
            case _:
                return []

    def _look(self, kind: bytes, message: bytes) -> None:
        """The code of a stock stands beside its name."""
        if kind == b"S":
            self.is_over = message[BODY:] == b"C"
        named = STOCK_AT.get(kind)
        if named is not None and not self.locate and message[named : named + 8] == self._stock:
            self.locate = message[1:3]

    def _add(self, time: int, message: bytes) -> list[Step]:
        order, side, quantity, stock, price = ADD.unpack_from(message, BODY)
        if stock != self._stock:
            raise ValueError(f"stock {stock.decode('latin-1').strip()}: its locate code is that of another one")
        if side not in SIDES:
            raise ValueError(f"buy/sell indicator {side.decode('latin-1')}: takes B or S")
        return self._queues.add(time, str(order), SIDES[side], self._price(price), _positive("shares", quantity))

    def _replace(self, time: int, message: bytes) -> list[Step]:
        old, new, quantity, price = REPLACED.unpack_from(message, BODY)
        known = self._queues.orders.get(str(old))
        steps = self._queues.delete(time, str(old))
        assert known is not None, "a delete has found it"
        return steps + self._queues.add(
            time, str(new), known.side, self._price(price), _positive("shares", quantity), str(old)
        )

    def _price(self, price: int) -> int:
        if price <= 0 or price % self._tick:
            raise ValueError(
                f"price {price} in 0.0001: takes a positive multiple of {self._tick}; give tick_size=1 for finer prices"
            )
        return price


def _positive(field: str, value: int) -> int:
    if value <= 0:
        raise ValueError(f"{field} {value}: takes a number above zero")
    return value
