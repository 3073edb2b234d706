"""The way to the exchange, as a load test needs it: orders go out without waiting, answers come in when they come."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from matching_exchange.tools.load_test.orders import Market, Sent, Told

Outcome = Literal["answered", "refused", "unknown"]


class LoadError(Exception):
    """The exchange does not answer, or cannot be tested so; the message says why."""


class Reply(Struct, frozen=True):
    """What came of the order of that number: `told` where it was answered, `detail` where not. `at` is by
    time.perf_counter."""

    number: int
    at: float
    outcome: Outcome
    told: Told | None = None
    detail: str = ""


class Transport(Protocol):
    def market(self, symbol: str) -> Market:
        """The instrument; LoadError where there is none."""

    def middle(self) -> int | None:
        """The middle of the market's best prices; None where a side is empty."""

    def can_send(self) -> bool:
        """Whether an order can go out now."""

    def send(self, number: int, order: Sent) -> None:
        """Send an order; it may leave with the next `receive`."""

    def receive(self, seconds: float) -> list[Reply]:
        """The replies that are there; where there are none, wait for some up to so many seconds."""

    def give_up(self) -> None:
        """Wait no more for what is not replied yet."""

    def look_up(self, orders: Sequence[Sent]) -> Iterator[tuple[Sent, Told | None]]:
        """Each order as it stands now; None where there is no such order."""

    def cancel_all(self) -> None:
        """Cancel all orders of the account for the symbol."""

    def close(self) -> None:
        """Give back what is held."""
