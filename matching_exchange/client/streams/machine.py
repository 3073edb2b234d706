"""What a stream of one kind knows: it takes messages and answers, and tells items. Drivers move it."""

from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Generic, TypeVar

from matching_exchange.client.call import Access, Call
from matching_exchange.client.errors import ExchangeError

Item = TypeVar("Item")


class StreamBrokenError(Exception):
    """A message does not join on to what is known. The stream is opened anew, and begins or resumes."""


class Machine(ABC, Generic[Item]):
    """One stream. `items` waits to be taken: a driver takes all of it before the next step.

    A driver opens `address`, then calls `opened`. While `wanted` gives a call it carries that out, and hands the answer
    to `told`, or the error to `failed`. Else it hands the next message to `receive`.
    """

    access = Access.PUBLIC

    def __init__(self) -> None:
        self.items: deque[Item] = deque()

    @abstractmethod
    def address(self) -> tuple[str, list[tuple[str, str]]]:
        """Path and query of the next connection."""

    @abstractmethod
    def receive(self, text: str | bytes) -> None:
        """The next message. StreamBrokenError where it does not join on."""

    @abstractmethod
    def restarted(self, reason: str) -> None:
        """The exchange has lost what it had told."""

    def opened(self) -> None:
        """A connection stands. Every message from now on comes through it."""

    def wanted(self) -> Call[Any] | None:
        """The call whose answer is needed before the next message."""
        return None

    def told(self, found: Any) -> None:
        """The answer to `wanted`. StreamBrokenError where it does not join on."""
        raise AssertionError(found)

    def failed(self, error: ExchangeError) -> bool:
        """Whether the stream knows another way after this error of `wanted`."""
        return False
