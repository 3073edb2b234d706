"""Hears one account through all interruptions: it comes back, subscribes again, and looks up what it has missed."""

import time
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from threading import Event
from typing import Any, Final

import msgspec
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection

from matching_exchange.tools.client_faults.api import (
    OPEN_SECONDS,
    Answer,
    Call,
    Parameters,
    Rest,
    Signer,
    open_socket,
)
from matching_exchange.tools.client_faults.drawing import SYMBOLS
from matching_exchange.tools.client_faults.evidence import Heard, OwnTrade, Report, look_of, plain
from matching_exchange.tools.torture.clients import RETRY_SECONDS, decode

LOOK_SECONDS: Final = 0.1

HANG_UP: Final = 0.002
"""The share of messages after which a connection is closed, so that there are more of them than kills."""

PAGE: Final = 1_000

AWAY: Final = (None, 1001, 1013)
"""How a connection may end: with its gateway, or because it cannot begin."""

BAD_END: Final = "a connection that ends for another reason"


class _StoppedError(Exception):
    """The run is over before a look-up was answered."""


class Ears:
    """`heard` is what its client knows of the account.

    Half of the connections subscribe on the WebSocket API, the others hear by a listen key.
    """

    def __init__(self, account: str, port: int, signer: Signer, seed: int) -> None:
        self._host = f"ws://127.0.0.1:{port}"
        self._random = Random(f"{seed} {account} ears")
        self._signer = signer
        self._rest = Rest(port, signer, self._tell_fault)
        self._open: dict[int, str] = {}
        self._last_order = dict.fromkeys(SYMBOLS, 0)
        self._last_trade = dict.fromkeys(SYMBOLS, 0)
        self._stop = Event()
        self.heard = Heard(account)
        self.faults: list[tuple[str, str]] = []

    def run(self, stop: Event) -> None:
        """Hear until `stop`."""
        self._stop = stop
        try:
            while not stop.is_set():
                with suppress(OSError, EOFError, WebSocketException, _StoppedError):
                    self._hear()
                stop.wait(RETRY_SECONDS)
        finally:
            self._rest.close()

    def knows_end_of(self, order_id: int) -> bool:
        """Whether the order is known, and known to be done."""
        return order_id <= max(self._last_order.values()) and order_id not in self._open

    def _tell_fault(self, what: str) -> None:
        self.faults.append(("another 5xx, or a key that is not known", f"{self.heard.account}, look-ups: {what}"))

    def _hear(self) -> None:
        path = "/ws-api/v3"
        if self._random.random() < 0.5:
            answer = self._rest.call(Call("POST", "userDataStream", "", {}))
            if answer.outcome != "taken":
                return
            path = f"/ws/{answer.said['listenKey']}"
        with open_socket(f"{self._host}{path}") as connection:
            try:
                if path == "/ws-api/v3" and not self._subscribe(connection):
                    return
                self.heard.connections.append([])
                self.heard.positions = {}
                self._catch_up()
                self._read(connection)
            except ConnectionClosed as closed:
                self._note_end(closed)

    def _subscribe(self, connection: ClientConnection) -> bool:
        params = self._signer.params({})
        request = {"id": 1, "method": "userDataStream.subscribe.signature", "params": params}
        connection.send(msgspec.json.encode(request).decode())
        message = decode(_bytes(connection.recv(OPEN_SECONDS)))
        return bool(message["status"] == 200)

    def _read(self, connection: ClientConnection) -> None:
        while not self._stop.is_set():
            try:
                message = decode(_bytes(connection.recv(LOOK_SECONDS)))
            except TimeoutError:
                continue
            event = message.get("event", message)
            if event["e"] == "executionReport":
                self._take(event)
            elif event["e"] == "outboundAccountPosition":
                self.heard.positions |= {each["a"]: (plain(each["f"]), plain(each["l"])) for each in event["B"]}
            elif event["e"] == "eventStreamTerminated":
                return
            if self._random.random() < HANG_UP:
                return

    def _take(self, event: dict[str, Any]) -> None:
        report = Report(
            event["i"],
            event["x"],
            event["X"],
            event["s"],
            event["S"],
            event["I"],
            event["t"],
            event["l"],
            event["Y"],
            event["n"],
        )
        self.heard.connections[-1].append(report)
        symbol = report.symbol
        self._note(report.order_id, symbol, is_open=report.status in ("NEW", "PARTIALLY_FILLED"))
        self._last_trade[symbol] = max(self._last_trade[symbol], report.trade_id)

    def _note(self, order_id: int, symbol: str, *, is_open: bool) -> None:
        self._last_order[symbol] = max(self._last_order[symbol], order_id)
        if is_open:
            self._open[order_id] = symbol
        else:
            self._open.pop(order_id, None)

    def _note_end(self, closed: ConnectionClosed) -> None:
        code = None if closed.rcvd is None else closed.rcvd.code
        if code not in AWAY:
            self.faults.append((BAD_END, f"{self.heard.account}: {closed}"))

    # What was missed

    def _catch_up(self) -> None:
        """Look up what happened since the last known order and the last known trade of each symbol."""
        for order_id, symbol in list(self._open.items()):
            self._show(self._ask("order", {"symbol": symbol, "orderId": order_id}))
        for symbol in SYMBOLS:
            for view in self._pages("allOrders", symbol, "orderId", self._last_order[symbol] + 1):
                self._show(view)
            for row in self._pages("myTrades", symbol, "fromId", self._last_trade[symbol] + 1):
                side = "BUY" if row["isBuyer"] else "SELL"
                amounts = row["qty"], row["quoteQty"], row["commission"]
                self.heard.trades.add(OwnTrade(symbol, row["id"], row["orderId"], side, *amounts))
                self._last_trade[symbol] = max(self._last_trade[symbol], row["id"])

    def _show(self, view: dict[str, Any]) -> None:
        """Take in what a look-up shows of an order. One with another name than it was placed with was amended."""
        look = look_of(self.heard.account, view)
        self.heard.orders[look.order_id] = look
        self._note(look.order_id, view["symbol"], is_open=look.status in ("NEW", "PARTIALLY_FILLED"))
        if "-a" in look.name:
            found = self._ask("order/amendments", {"symbol": view["symbol"], "orderId": look.order_id})
            self.heard.amendments.update((each["orderId"], each["executionId"] >> 20) for each in found)

    def _pages(self, path: str, symbol: str, name: str, first: int) -> Iterator[dict[str, Any]]:
        identity = "orderId" if path == "allOrders" else "id"
        while True:
            rows = self._ask(path, {"symbol": symbol, name: first, "limit": PAGE})
            yield from rows
            if len(rows) < PAGE:
                return
            first = rows[-1][identity] + 1

    def _ask(self, path: str, parameters: Parameters) -> Any:
        """The answer of a look-up that cannot be refused, asked for until it comes."""
        while True:
            self.heard.look_ups += 1
            answer: Answer = self._rest.call(Call("GET", path, "", parameters))
            if answer.outcome == "taken":
                return answer.said
            if answer.outcome == "refused":
                self.faults.append(("a look-up that is refused", f"{self.heard.account}, {path}: {answer.said}"))
                raise _StoppedError
            if self._stop.is_set():
                raise _StoppedError
            time.sleep(RETRY_SECONDS)


def _bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message
