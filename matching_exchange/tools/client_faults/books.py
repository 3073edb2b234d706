"""Keeps one book by the depth stream, as the venue's documents tell: a snapshot, then differences without a gap."""

from contextlib import closing, suppress
from threading import Event, Lock
from typing import Any, Final
from urllib.parse import urlencode

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection

from matching_exchange.tools.client_faults.api import open_socket
from matching_exchange.tools.torture.clients import RETRY_SECONDS, Connection, decode

LOOK_SECONDS: Final = 0.1

LEVELS: Final = 5_000

GAP: Final = "a gap in the depth stream"

Sides = dict[str, dict[str, str]]


class Book:
    """The book of one symbol. syncs: how often it began with a snapshot. events: differences that it has heard."""

    def __init__(self, symbol: str, port: int) -> None:
        self.symbol = symbol
        self._port = port
        self._url = f"ws://127.0.0.1:{port}/ws/{symbol.lower()}@depth@100ms"
        self._lock = Lock()
        self._sides: Sides = {"bids": {}, "asks": {}}
        self.last: int | None = None
        self.syncs = 0
        self.events = 0
        self.faults: list[tuple[str, str]] = []

    def run(self, stop: Event) -> None:
        """Keep it until `stop`."""
        while not stop.is_set():
            with (
                suppress(OSError, EOFError, WebSocketException),
                open_socket(self._url) as connection,
            ):
                self.last = None
                self._follow(connection, stop)
            stop.wait(RETRY_SECONDS)

    def sides(self) -> Sides:
        with self._lock:
            return {name: dict(side) for name, side in self._sides.items()}

    def _follow(self, connection: ClientConnection, stop: Event) -> None:
        waiting: list[dict[str, Any]] = []
        while not stop.is_set():
            try:
                message = connection.recv(LOOK_SECONDS)
            except TimeoutError:
                continue
            event = decode(message.encode() if isinstance(message, str) else message)
            if event["e"] != "depthUpdate":
                return
            self.events += 1
            if self.last is not None:
                self.take(event)
                continue
            waiting.append(event)
            self._begin(waiting)

    def _begin(self, waiting: list[dict[str, Any]]) -> None:
        """Take a snapshot, and the events that go on from it. One from before the first event is of no use."""
        found = depth(self._port, self.symbol)
        if found is None or found["lastUpdateId"] < waiting[0]["U"] - 1:
            return
        with self._lock:
            self._sides = sides_of(found)
        at = found["lastUpdateId"]
        kept = [event for event in waiting if event["u"] > at]
        if kept and not kept[0]["U"] <= at + 1 <= kept[0]["u"]:
            self._fault(f"a snapshot of {at} lies before {kept[0]['U']} to {kept[0]['u']}, after {waiting[0]['U']}")
        self.syncs += 1
        before = waiting[0]["U"] - 1
        for event in waiting:
            self._follows(before, event)
            before = event["u"]
        self.last = before
        for event in kept:
            self._apply(event)
        waiting.clear()

    def take(self, event: dict[str, Any]) -> None:
        """The next difference of a book that has begun."""
        assert self.last is not None, "the book has begun"
        self._follows(self.last, event)
        self.last = event["u"]
        self._apply(event)

    def _follows(self, before: int, event: dict[str, Any]) -> None:
        if event["U"] != before + 1:
            self._fault(f"{event['U']} to {event['u']} comes after {before}")

    def _apply(self, event: dict[str, Any]) -> None:
        with self._lock:
            for name, changes in (("bids", event["b"]), ("asks", event["a"])):
                for price, quantity in changes:
                    if quantity.strip("0."):
                        self._sides[name][price] = quantity
                    else:
                        self._sides[name].pop(price, None)

    def _fault(self, what: str) -> None:
        self.faults.append((GAP, f"{self.symbol}: {what}"))


def depth(port: int, symbol: str) -> dict[str, Any] | None:
    """The whole depth; None where no answer comes now."""
    query = urlencode({"symbol": symbol, "limit": LEVELS})
    with closing(Connection(port)) as connection:
        reply = connection.attempt("GET", f"/api/v3/depth?{query}")
    found: dict[str, Any] | None = decode(reply.body) if reply.status == 200 else None
    return found


def sides_of(found: dict[str, Any]) -> Sides:
    return {"bids": dict(found["bids"]), "asks": dict(found["asks"])}
