"""What the benchmark sends to an engine, and the reports that it hashes.

Prices are whole ticks, quantities whole units, sides 0 for buy and 1 for sell. A report is one line of numbers with
commas between them. The lines of one message stand in the order of their kinds, its trades as they happened.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

NEW: Final = 0
CANCEL: Final = 1
MODIFY: Final = 2

BUY: Final = 0

LINES_AT_ONCE: Final = 4_096
"""Lines joined before they are hashed; bounds the memory of two million messages."""


class Message(NamedTuple):
    """One message to an engine. A cancel has no side, quantity and price of meaning, a modify no `ioc`."""

    kind: int
    side: int
    ioc: int
    quantity: int
    sequence: int
    order_id: int
    price: int


class BookLevels(NamedTuple):
    """All levels of a book, best first: (price, quantity) pairs."""

    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class Subject(Protocol):
    """A book that takes the benchmark's messages."""

    def take(self, message: Message) -> list[str]:
        """The reports of one message."""

    def levels(self) -> BookLevels:
        """The book as it stands."""


def order_ack(message: Message) -> str:
    return f"0,{message.sequence},{message.side},{message.order_id},{message.price},{message.quantity}"


def trade(message: Message, price: int, quantity: int, maker_order_id: int) -> str:
    return f"1,{message.sequence},{price},{quantity},{maker_order_id},{message.order_id}"


def cancel_ack(message: Message, side: int, price: int) -> str:
    """Of a cancel, or of what an immediate-or-cancel order leaves."""
    return f"2,{message.sequence},{side},{message.order_id},{price}"


def modify_ack(message: Message) -> str:
    return f"3,{message.sequence},{message.side},{message.order_id},{message.price},{message.quantity}"


def cancel_reject(message: Message) -> str:
    return f"4,{message.sequence},{message.order_id}"


def modify_reject(message: Message) -> str:
    return f"5,{message.sequence},{message.order_id}"


def digest(subject: Subject, messages: Iterable[Message]) -> str:
    """The SHA-256 of all reports to the messages, joined by newlines, in hex."""
    hashed = hashlib.sha256()
    lines: list[str] = []
    separator = ""
    for message in messages:
        lines += subject.take(message)
        if len(lines) >= LINES_AT_ONCE:
            hashed.update((separator + "\n".join(lines)).encode())
            lines.clear()
            separator = "\n"
    if lines:
        hashed.update((separator + "\n".join(lines)).encode())
    return hashed.hexdigest()
