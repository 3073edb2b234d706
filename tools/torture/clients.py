"""Clients that trade over HTTP and send again, under the same client_order_id, whatever was not answered."""

import time
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from random import Random
from threading import Event
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec import Struct

from tools.torture.evidence import Identity, Told
from tools.torture.flow import Flow, Request

PATIENCE: Final = 60.0
"""How many seconds a request may stay unanswered, however often it is sent."""

CALL_SECONDS: Final = 20.0
"""How many seconds one attempt may take: longer than a gateway lets anybody wait."""

RETRY_SECONDS: Final = 0.05
"""So long a client waits, about, before it sends again what was not taken."""

HEADERS: Final = {"Content-Type": "application/json"}

LIVE: Final = ("open", "partially_filled", "pending")

decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


class UnansweredError(Exception):
    """A request had no answer for PATIENCE seconds, or until the run was given up."""


class Reply(Struct, frozen=True):
    """What came of an attempt; `status` and `body` where it was answered."""

    outcome: Literal["answered", "refused", "unknown"]
    status: int = 0
    body: bytes = b""


class Connection:
    """A connection to the gateway that is opened again after each break."""

    def __init__(self, port: int, timeout: float = CALL_SECONDS) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=timeout)

    def close(self) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """One attempt."""
        if self._http.sock is None:
            try:
                self._http.connect()
            except OSError:
                self._http.close()
                return Reply("refused")
        try:
            self._http.request(method, path, body, HEADERS)
            response = self._http.getresponse()
            content = response.read()
        except (OSError, HTTPException):
            self._http.close()
            return Reply("unknown")
        if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return Reply("refused")
        if response.status == HTTPStatus.GATEWAY_TIMEOUT:
            return Reply("unknown")
        return Reply("answered", response.status, content)


class Caller(Protocol):
    """What a client sees of a gateway."""

    def call(self, method: str, path: str, body: bytes | None = None) -> Reply: ...

    def close(self) -> None: ...


class Client:
    """One client with its own account. It waits for each answer before it goes on, about `pause` seconds between two requests; once
    `give_up` is set, it does not wait any more."""

    def __init__(self, account: str, seed: int, gateway: Caller, pause: float, give_up: Event) -> None:
        self._flow = Flow(f"{seed} {account}", account)
        self._random = Random(f"{seed} {account} pauses")
        self._gateway = gateway
        self._pause = pause
        self._give_up = give_up
        self._identities: dict[str, Identity] = {}
        self._filled: dict[str, Decimal] = {}
        self.account = account
        self.told: list[Told] = []
        self.look_ups = 0
        self.look_up_faults: list[str] = []

    def run(self, stop: Event) -> None:
        """Send requests until `stop`; the last one is answered too. UnansweredError."""
        try:
            while not stop.is_set():
                self._take_turn(self._flow.next())
                if self._pause:
                    time.sleep(self._random.uniform(0, 2 * self._pause))
        finally:
            self._gateway.close()

    def _take_turn(self, request: Request) -> None:
        told = self._ask(request)
        if request.kind == "look_up":
            self.look_ups += 1
            self._check_look_up(request, told)
            return
        self.told.append(told)
        if request.kind == "place" and told.status == HTTPStatus.OK:
            order = decode(told.body)
            if not request.again:
                self._identities[request.name] = identity(order)
                self._flow.placed(request, order["order_id"], order["status"] in LIVE)
            self._filled[request.name] = max(self._filled.get(request.name, Decimal(0)), Decimal(order["filled_quantity"]))

    def _ask(self, request: Request) -> Told:
        """Send the request until it is answered."""
        invoked = time.monotonic()
        unknown = refused = 0
        while True:
            reply = self._gateway.call(request.method, request.path, request.body)
            if reply.outcome == "answered":
                return Told(request.key, invoked, time.monotonic(), unknown, refused, reply.status, reply.body, request.again)
            if reply.outcome == "unknown":
                unknown += 1
            else:
                refused += 1
                time.sleep(self._random.uniform(0, 2 * RETRY_SECONDS))
            if self._give_up.is_set() or time.monotonic() - invoked > PATIENCE:
                attempts = unknown + refused
                raise UnansweredError(
                    f"{request.method} {request.path}: no answer in {time.monotonic() - invoked:.1f} seconds and {attempts} attempts"
                )

    def _check_look_up(self, request: Request, told: Told) -> None:
        """A look-up shows the order that was answered, at least as far filled as an answer said."""
        if told.status != HTTPStatus.OK:
            self.look_up_faults.append(f"{request.name} was answered, but its look-up ends with {told.status}: {told.body.decode()}")
            return
        order = decode(told.body)
        filled = Decimal(order["filled_quantity"])
        if identity(order) != self._identities[request.name]:
            self.look_up_faults.append(f"{request.name} was answered as {self._identities[request.name]}, found as {identity(order)}")
        elif filled < self._filled[request.name]:
            self.look_up_faults.append(f"{request.name} was filled to {self._filled[request.name]} before, now to {filled}")
        self._filled[request.name] = max(self._filled[request.name], filled)


def identity(order: dict[str, Any]) -> Identity:
    """The identity in an order's JSON."""
    return Identity(order["order_id"], order["sequence"], order["timestamp"])
