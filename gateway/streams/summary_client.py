"""The changes that wait for one stream of summaries: of each thing the last one."""

from collections.abc import Callable
from typing import Any, Final

from gateway.http.closing import CloseFrame
from gateway.http.frames import Message
from gateway.streams.clients import Client

PARTS_WAITING: Final = 10_000
"""Parts that wait at most for one client. Each is one candle, or one ticker."""

EncodeParts = Callable[[str, list[Any]], str]
"""Makes the message of a symbol's parts."""


class SummaryClient(Client):
    """A message is one symbol's parts, by their keys: a later state of a part replaces one that waits."""

    def __init__(self, encode: EncodeParts, too_slow: int) -> None:
        super().__init__()
        self._encode = encode
        self._too_slow = too_slow
        self._waiting_parts: dict[str, dict[int, Any]] = {}
        self._count = 0

    def offer(self, symbol: str, parts: dict[int, Any], told: Message) -> None:
        """The next message, and the parts that it is made of."""
        if self._close_frame is not None or not parts:
            return
        if not self._waiting_parts and self._send_now(told):
            return
        waiting = self._waiting_parts.setdefault(symbol, {})
        self._count -= len(waiting)
        waiting.update(parts)
        self._count += len(waiting)
        if self._count > PARTS_WAITING:
            self._waiting_parts.clear()
            self.end(CloseFrame(self._too_slow, f"too slow: {PARTS_WAITING} changes were waiting"))
        self._changed.set()

    def _take(self) -> str | None:
        if not self._waiting_parts:
            return None
        symbol = next(iter(self._waiting_parts))
        parts = self._waiting_parts.pop(symbol)
        self._count -= len(parts)
        return self._encode(symbol, list(parts.values()))
