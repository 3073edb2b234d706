"""What one worker counts of HTTP and WebSocket: plain integers, by names of which there are few.

A route is the template of a path. All paths that no route knows count as one.
"""

from collections.abc import MutableMapping
from typing import Any, Final

from matching_exchange.process.histogram import SECOND, Histogram

ROUTE: Final = "gateway.route"
"""The name, in the ASGI scope, of the template of its path. Who finds the route puts it there."""

UNKNOWN: Final = "other"
"""A route, a method or a code that is none of the known ones."""

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_CODES: Final = range(1000, 1016)
"""The codes that a peer may close with. Any other code of its own counts as one."""

OPENED: Final = "101"
"""The status of a handshake that has opened a stream."""


class HttpCounts:
    """One for each worker.

    answers: by method, route and status.
    times: from the first byte of a request to the last one of its answer, in nanoseconds, by method and route.
    handshakes: of WebSockets, by route and status.
    closings: of WebSockets, by route and code.
    streams: WebSockets that are open, by route.
    behind: WebSockets whose peer reads more slowly than it is written to.
    connections: all that are open.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, ...], int] = {}
        self.times: dict[tuple[str, ...], Histogram] = {}
        self.handshakes: dict[tuple[str, ...], int] = {}
        self.closings: dict[tuple[str, ...], int] = {}
        self.streams: dict[tuple[str, ...], int] = {}
        self.behind = 0
        self.connections = 0

    def answered(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """A request has got its answer."""
        method = scope["method"]
        called = method if method in _METHODS else UNKNOWN, scope.get(ROUTE, UNKNOWN)
        answer = *called, str(status)
        self.answers[answer] = self.answers.get(answer, 0) + 1
        times = self.times.get(called)
        if times is None:
            times = self.times[called] = Histogram()
        times.observe(max(0, int(seconds * SECOND)))

    def shook_hands(self, route: str, status: str) -> None:
        """The request for a WebSocket was answered."""
        _add(self.handshakes, (route, status), 1)
        if status == OPENED:
            _add(self.streams, (route,), 1)

    def closed(self, route: str, code: int, *, by_peer: bool) -> None:
        """An open WebSocket has ended."""
        told = UNKNOWN if by_peer and code not in _CODES else str(code)
        _add(self.closings, (route, told), 1)
        _add(self.streams, (route,), -1)


def _add(counts: dict[tuple[str, ...], int], key: tuple[str, ...], count: int) -> None:
    counts[key] = counts.get(key, 0) + count
