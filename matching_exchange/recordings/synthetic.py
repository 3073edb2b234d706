"""python -m matching_exchange.recordings.synthetic FILE: writes a made-up market in Bitstamp's format.

The same seed gives the same text. A market maker's quotes follow a value that wanders, others rest around them, takers
come in bursts. All meet in the engine, so a backtest of the file repeats its trades exactly.
"""

import lzma
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from matcher.engine import Engine
from protocol.commands import CancelOrder, PlaceOrder, SetInstrument
from protocol.events import Event, OrderCanceled, OrderPlaced, Trade
from protocol.instrument import Instrument, format_decimal
from protocol.units import OrderType, Side

SEED: Final = 7
MINUTES: Final = 60

BEGIN: Final = 1_767_571_200_000
"""2026-01-05 00:00 UTC, in milliseconds."""

SYMBOL: Final = "BTC-USD"
ACCOUNT: Final = "synthetic"
PRICE_DECIMALS: Final = 2
AMOUNT_DECIMALS: Final = 8
LOT: Final = 10**5
VALUE: Final = 50_000_00
TICK: Final = 50
FIRST_ID: Final = 1_000_001
BOOK_EVERY: Final = 10_000
"""Milliseconds between two lines of the book."""

SHOWN: Final = 20

LONGEST_PAUSE: Final = 900
"""Milliseconds between two orders at most. Half as long on average, and short in a burst."""


class SyntheticMarket:
    """Draws orders, and writes what becomes of them. `live` has the resting orders by their engine's ids."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(str(seed))  # noqa: S311  a market that is made up
        self._engine = Engine()
        self._sequence = 0
        self._time = BEGIN
        self._value = VALUE
        self._burst = 0
        self._live: dict[int, tuple[Side, int, int]] = {}
        self._trades = 0
        instrument = Instrument(
            SYMBOL, "BTC", "USD", PRICE_DECIMALS, AMOUNT_DECIMALS, TICK, LOT, LOT, 10**10, 10**8, 0, 0, 0
        )
        self._apply(SetInstrument.of(instrument))

    def lines(self, minutes: int) -> Iterator[str]:
        """The text of so many minutes, line by line."""
        end = BEGIN + minutes * 60_000
        next_book = BEGIN + BOOK_EVERY
        for _ in range(SHOWN * 4):
            yield from self._rest()
        while self._time < end:
            if self._burst:
                self._burst -= 1
            elif not self._below(120):
                self._burst = 5 + self._below(20)
            self._time += 1 + self._below(40 if self._burst else LONGEST_PAUSE)
            self._value += (self._below(3) - 1) * TICK * (1 + self._below(2))
            while next_book <= self._time:
                yield self._book(next_book)
                next_book += BOOK_EVERY
            drawn = self._below(100)
            if drawn < (45 if self._burst else 12):
                yield from self._take()
            elif drawn < 60 or len(self._live) < SHOWN * 4:
                yield from self._rest()
            else:
                yield from self._cancel()

    def _below(self, count: int) -> int:
        return self._random.randint(0, count - 1)

    def _rest(self) -> Iterator[str]:
        side = Side.BUY if self._below(2) else Side.SELL
        away = TICK * (1 + min(self._below(40), self._below(40)))
        price = self._value - away if side is Side.BUY else self._value + away
        yield from self._place(side, price // TICK * TICK, (1 + self._below(40)) * 5 * LOT)

    def _take(self) -> Iterator[str]:
        side = Side.BUY if self._below(2) else Side.SELL
        far = TICK * self._below(12)
        price = self._value + far if side is Side.BUY else self._value - far
        yield from self._place(side, price // TICK * TICK, (1 + self._below(60)) * 5 * LOT)

    def _cancel(self) -> Iterator[str]:
        ids = list(self._live)
        # The old ones go first, as quotes do.
        order_id = ids[min(self._below(len(ids)), self._below(len(ids)))]
        side, price, left = self._live.pop(order_id)
        self._apply(CancelOrder(order_id))
        yield self._order("deleted", order_id, side, price, left)

    def _place(self, side: Side, price: int, amount: int) -> Iterator[str]:
        events = self._apply(PlaceOrder(SYMBOL, ACCOUNT, side, OrderType.LIMIT, amount, price))
        placed = events[0]
        assert isinstance(placed, OrderPlaced), "it is within the limits"
        yield self._order("created", placed.order_id, side, price, amount)
        self._live[placed.order_id] = (side, price, amount)
        for event in events:
            if isinstance(event, Trade):
                for order_id in (event.maker_order_id, event.taker_order_id):
                    yield self._filled(order_id, event.quantity)
                self._trades += 1
                yield (
                    f'{self._time} trade {{"price": {format_decimal(event.price, PRICE_DECIMALS)}, "amount": '
                    f'{format_decimal(event.quantity, AMOUNT_DECIMALS)}, "id": {self._trades}}}'
                )
            assert not isinstance(event, OrderCanceled), "a limit order rests"

    def _filled(self, order_id: int, quantity: int) -> str:
        side, price, left = self._live.pop(order_id)
        left -= quantity
        if left:
            self._live[order_id] = (side, price, left)
        return self._order("changed" if left else "deleted", order_id, side, price, left)

    def _order(self, event: str, order_id: int, side: Side, price: int, amount: int) -> str:
        return (
            f'{self._time} order_{event} {{"price": "{_fixed(price, PRICE_DECIMALS)}", "amount": '
            f'"{_fixed(amount, AMOUNT_DECIMALS)}", "datetime": "{self._time // 1_000}", "id": '
            f'{FIRST_ID + order_id}, "order_type": {0 if side is Side.BUY else 1}}}'
        )

    def _book(self, time: int) -> str:
        book = self._engine.registry.books[SYMBOL]
        bids, asks = (
            ", ".join(
                f'["{_fixed(price, PRICE_DECIMALS)}", "{_fixed(amount, AMOUNT_DECIMALS)}"]'
                for price, amount in levels.top(SHOWN)
            )
            for levels in (book.bids, book.asks)
        )
        return f'{time} order_book {{"bids": [{bids}], "asks": [{asks}]}}'

    def _apply(self, command: PlaceOrder | CancelOrder | SetInstrument) -> list[Event]:
        self._sequence += 1
        return self._engine.apply(self._sequence, self._time * 1_000_000, command)


def _fixed(value: int, decimals: int) -> str:
    digits = str(value).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def text_of(seed: int = SEED, minutes: int = MINUTES) -> str:
    """The whole recording."""
    return "".join(f"{line}\n" for line in SyntheticMarket(seed).lines(minutes))


def main(arguments: Sequence[str]) -> int:
    """Write the file that the arguments name, compressed with xz. Returns the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("synthetic: takes the name of one file, such as market.log.xz\n")
        return 2
    try:
        Path(arguments[0]).write_bytes(lzma.compress(text_of(SEED, MINUTES).encode(), preset=9))
    except OSError as error:
        sys.stderr.write(f"synthetic: {arguments[0]}: {error.strerror}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
