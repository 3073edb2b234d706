"""The transfers that are remembered: a command that is sent again moves nothing a second time."""

from collections import deque
from collections.abc import Iterator
from typing import Final

REMEMBERED_TRANSFERS: Final = 1_000_000
"""Transfers that are remembered, the last ones."""


class Remembered:
    """A deposit, withdrawal, transfer or reset.

    content: what it was, as text: the same only for the same values.
    sequence, timestamp: the stamp of its command.
    """

    __slots__ = ("account", "content", "sequence", "timestamp", "transfer_id")

    def __init__(self, account: str, transfer_id: str, content: str, sequence: int, timestamp: int) -> None:
        self.account = account
        self.transfer_id = transfer_id
        self.content = content
        self.sequence = sequence
        self.timestamp = timestamp

    def row(self) -> tuple[str, str, str, int, int]:
        """Its fields, in the order in which it is made of them."""
        return self.account, self.transfer_id, self.content, self.sequence, self.timestamp


class Transfers:
    """By account and transfer_id; the oldest goes first."""

    __slots__ = ("_by_id", "_in_order", "_most")

    def __init__(self, most: int = REMEMBERED_TRANSFERS) -> None:
        self._most = most
        self._by_id: dict[tuple[str, str], Remembered] = {}
        self._in_order: deque[Remembered] = deque()

    def __len__(self) -> int:
        return len(self._in_order)

    def __iter__(self) -> Iterator[Remembered]:
        """All of them, the oldest first."""
        return iter(self._in_order)

    def get(self, account: str, transfer_id: str) -> Remembered | None:
        return self._by_id.get((account, transfer_id))

    def remember(self, transfer: Remembered) -> None:
        """Remember one whose id is new."""
        self._by_id[transfer.account, transfer.transfer_id] = transfer
        self._in_order.append(transfer)
        if len(self._in_order) > self._most:
            oldest = self._in_order.popleft()
            del self._by_id[oldest.account, oldest.transfer_id]
