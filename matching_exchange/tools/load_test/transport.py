"""The way to the exchange, as a load test needs it. Orders go out without waiting. Answers are read when they come."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from matching_exchange.tools.load_test.orders import Market, Sent, Told

Outcome = Literal["answered", "refused", "unknown"]


class LoadError(Exception):
    """The exchange does not answer, or cannot be tested so. The message says why."""


class Reply(Struct, frozen=True):
    """What came of the order with this number: `told` if it was answered, else `detail`. `at` is a time of
    time.perf_counter."""

    number: int
    at: float
    outcome: Outcome
    told: Told | None = None
    detail: str = ""


class Transport(Protocol):
    def market(self, symbol: str) -> Market:
        """The instrument. LoadError if it is unknown."""

    def middle(self) -> int | None:
        """The middle of the market's best prices; None if a side is empty."""

    def can_send(self) -> bool:
        """Whether an order can go out now."""

    def send(self, number: int, order: Sent) -> None:
        """Send an order. It may leave with the next `receive`."""

    def receive(self, seconds: float) -> list[Reply]:
        """The replies that have come. Without one, wait for some, at most for these seconds."""

    def give_up(self) -> None:
        """Wait no more for replies."""

    def look_up(self, orders: Sequence[Sent]) -> Iterator[tuple[Sent, Told | None]]:
        """Each order as it stands now; None for an unknown order."""

    def cancel_all(self) -> None:
        """Cancel all orders of the account for the symbol."""

    def close(self) -> None:
        """Give back what is held."""
