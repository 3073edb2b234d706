"""The checksum of a book, by which a reader knows that its own is right. docs/market-data.md has the rule."""

from collections.abc import Iterable
from typing import Final
from zlib import crc32

CHECKED_LEVELS: Final = 10
"""The best levels of each side that the checksum covers."""


def book_checksum(bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]) -> int:
    """CRC32 over the ten best levels of each side, asks first. Both sides are (price, quantity), best first, at most
    ten of them."""
    digits = "".join([f"{price}{quantity}" for side in (asks, bids) for price, quantity in side])
    return crc32(digits.encode())
