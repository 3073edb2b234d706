"""Follows one account over its own stream, through all interruptions: it comes back and asks for what it has missed."""

from contextlib import suppress
from random import Random
from threading import Event, Lock
from typing import Any, Final

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from matching_exchange.tools.torture.clients import RETRY_SECONDS, decode
from matching_exchange.tools.torture.evidence import StreamEvidence
from matching_exchange.tools.torture.flow import LIVE

LOOK_SECONDS: Final = 0.1
OPEN_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 0.1
"""Who hangs up with messages unread never sees the answer to its close: waiting longer only makes it fall behind."""

HANG_UP: Final = 0.01
"""The share of messages after which the follower closes its connection, so that it reconnects often."""

AWAY: Final = (None, 1001, 4408, 4503)
"""How a connection may end: with its gateway, for want of a matcher, or because the follower was too slow."""


class Follower:
    """Follows one account's stream.

    orders: the account's open and pending orders as its client knows them, by order_id.
    position: the sequence up to which it knows everything.
    fills: those since its last fresh start.
    ledger, balances: whether the account has a ledger, and what of each asset, unless that is nothing."""

    def __init__(self, account: str, port: int, seed: int) -> None:
        self._url = f"ws://127.0.0.1:{port}/ws/user?account={account}"
        self._random = Random(f"{seed} follower")
        self._lock = Lock()
        self._parts: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.fills: list[dict[str, Any]] = []
        self.ledger = False
        self.balances: dict[str, dict[str, str]] = {}
        self.position: int | None = None
        self.evidence = StreamEvidence(account, [], [])

    def run(self, stop: Event) -> None:
        """Follow until `stop`."""
        while not stop.is_set():
            url = self._url if self.position is None else f"{self._url}&after={self.position}"
            with (
                suppress(OSError, EOFError, WebSocketException),
                connect(url, open_timeout=OPEN_SECONDS, close_timeout=CLOSE_SECONDS, max_size=None) as connection,
            ):
                self.evidence.connections.append([])
                self._parts = {}
                self._read(connection, stop)
            stop.wait(RETRY_SECONDS)

    def view(self) -> tuple[int | None, list[dict[str, Any]], list[dict[str, Any]]]:
        """The position, and the orders, oldest first, and fills as of it."""
        with self._lock:
            return self.position, [self.orders[order_id] for order_id in sorted(self.orders, key=int)], list(self.fills)

    def _read(self, connection: ClientConnection, stop: Event) -> None:
        while not stop.is_set():
            try:
                text = connection.recv(LOOK_SECONDS)
            except TimeoutError:
                continue
            except ConnectionClosed as closed:
                self._note_end(closed)
                return
            assert isinstance(text, str), "the stream is text"
            self.evidence.connections[-1].append(text)
            with self._lock:
                self._take(decode(text.encode()))
            if self._random.random() < HANG_UP:
                return

    def _note_end(self, closed: ConnectionClosed) -> None:
        code = None if closed.rcvd is None else closed.rcvd.code
        if code not in AWAY:
            self.evidence.faults.append(f"after sequence {self.position}: {closed}")

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "orders":
                if "balances" in message:
                    self.ledger, self.balances = message["ledger"], _by_asset(message["balances"])
                self._parts.update((order["order_id"], order) for order in message["orders"])
                if not message["more"]:
                    self.orders, self._parts, self.fills, self.position = self._parts, {}, [], message["sequence"]
            case "resumed":
                if message["sequence"] != self.position:
                    self._fault(f"resumed after sequence {message['sequence']}", message)
            case "update":
                self._take_update(message)

    def _take_update(self, message: dict[str, Any]) -> None:
        if self.position is None or message["previous"] > self.position:
            self._fault("something is missing before it", message)
        elif message["sequence"] <= self.position:
            self._fault("told before", message)
        self.position = message["sequence"]
        for order in message["orders"]:
            if order["status"] in LIVE:
                self.orders[order["order_id"]] = order
            else:
                self.orders.pop(order["order_id"], None)
        if "balances" in message:
            self.ledger = message["ledger"]
            self.balances |= _by_asset(message["balances"])
        self.fills += [change["fill"] for change in message["changes"] if "fill" in change]

    def _fault(self, what: str, message: dict[str, Any]) -> None:
        self.evidence.faults.append(f"after sequence {self.position}, {what}: {message}")


def _by_asset(balances: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {balance["asset"]: balance for balance in balances}
