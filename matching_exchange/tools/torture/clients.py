"""Clients that trade over HTTP. They repeat each unanswered call, under the same client_order_id or transfer_id."""

import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from random import Random
from threading import Event
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec import Raw, Struct

from matching_exchange.tools.torture.evidence import MOVES, PLACES, CommandKind, Identity, Told
from matching_exchange.tools.torture.flow import Flow
from matching_exchange.tools.torture.requests import Call, Request

PATIENCE: Final = 60.0
"""How many seconds a request may stay unanswered, however often it is sent."""

CALL_SECONDS: Final = 20.0
"""How many seconds one attempt may take: longer than a gateway lets anybody wait."""

RETRY_SECONDS: Final = 0.05
"""About how long a client waits before it repeats a call that was not taken."""

HEADERS: Final = {"Content-Type": "application/json"}

decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode


def orders_in(kind: CommandKind, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The new orders in the answer to a request that places some."""
    if kind == "oco":
        orders: list[dict[str, Any]] = answer["orders"]
        return orders
    return [answer["place"]["order"] if kind == "replace" else answer]


class UnansweredError(Exception):
    """A request had no answer for PATIENCE seconds, or until the run was given up."""


class Reply(Struct, frozen=True):
    """The result of an attempt. `status` and `body` are set if it was answered."""

    outcome: Literal["answered", "refused", "unknown"]
    status: int = 0
    body: bytes = b""


class Connection:
    """A connection to the gateway that is opened again after each break."""

    def __init__(self, port: int, timeout: float = CALL_SECONDS, headers: Mapping[str, str] = HEADERS) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._headers = headers

    def close(self) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """One attempt. What was not taken is refused, and what may have been taken is unknown."""
        reply = self.attempt(method, path, body)
        return _reply(reply.status, reply.body) if reply.outcome == "answered" else reply

    def attempt(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """One attempt, with whatever the gateway answers."""
        if self._http.sock is None:
            try:
                self._http.connect()
            except OSError:
                self._http.close()
                return Reply("refused")
        try:
            self._http.request(method, path, body, self._headers)
            response = self._http.getresponse()
            content = response.read()
        except (OSError, HTTPException):
            self._http.close()
            return Reply("unknown")
        return Reply("answered", response.status, content)


class Results(Struct):
    """What a batch is answered."""

    results: list[Raw]


class Attempts(Struct):
    """How often a request was sent without an answer."""

    unknown: int = 0
    refused: int = 0


class Caller(Protocol):
    """What a client sees of a gateway."""

    def call(self, method: str, path: str, body: bytes | None = None) -> Reply: ...

    def close(self) -> None: ...


class Client:
    """One client with its own account. With `switching`, it sometimes suspends that account. With `peers`, the account
    has money, and sends some to them. It waits for each answer, and about `pause` seconds between two calls. Once
    `give_up` is set, it stops waiting."""

    def __init__(
        self,
        account: str,
        seed: int,
        gateway: Caller,
        pause: float,
        give_up: Event,
        *,
        switching: bool = False,
        peers: Sequence[str] | None = None,
    ) -> None:
        self._flow = Flow(f"{seed} {account}", account, switching=switching, peers=peers)
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
        """Send calls until `stop`; the last one is answered too. UnansweredError."""
        try:
            while not stop.is_set():
                self._take_turn(self._flow.next())
                if self._pause:
                    time.sleep(self._random.uniform(0, 2 * self._pause))
            self._take_turn(self._flow.farewell())
        finally:
            self._gateway.close()

    def _take_turn(self, call: Call) -> None:
        for request, told in zip(call.requests, self._ask(call), strict=True):
            if request.kind == "look_up":
                self.look_ups += 1
                self._check_look_up(request, told)
                continue
            self.told.append(told)
            if request.kind in PLACES and told.status == HTTPStatus.OK:
                self._note(request, orders_in(request.kind, decode(told.body)))
            elif request.kind in MOVES and told.status == HTTPStatus.OK and not request.again:
                self._flow.moved(request)

    def _note(self, request: Request, orders: list[dict[str, Any]]) -> None:
        """The request's orders are answered."""
        if not request.again:
            self._identities.update((order["client_order_id"], identity(order)) for order in orders)
            self._flow.placed(request, orders)
        for order in orders:
            name = order["client_order_id"]
            self._filled[name] = max(self._filled.get(name, Decimal(0)), Decimal(order["filled_quantity"]))

    def _ask(self, call: Call) -> list[Told]:
        """Send the requests until all of them are answered."""
        invoked = time.monotonic()
        attempts = [Attempts() for _ in call.requests]
        answers: dict[int, Told] = {}
        while True:
            waiting = [index for index in range(len(call.requests)) if index not in answers]
            if not waiting:
                return [answers[index] for index in range(len(call.requests))]
            self._check_patience(call, waiting, invoked, attempts[waiting[0]])
            replies = self._attempt(call, waiting)
            for index, reply in zip(waiting, replies, strict=True):
                request, tries = call.requests[index], attempts[index]
                if reply.outcome == "answered":
                    times = (invoked, time.monotonic(), tries.unknown, tries.refused)
                    asked = request.body or b"" if request.kind in MOVES else b""
                    answers[index] = Told(request.key, *times, reply.status, reply.body, request.again, index, asked)
                elif reply.outcome == "unknown":
                    tries.unknown += 1
                else:
                    tries.refused += 1
            if any(reply.outcome == "refused" for reply in replies):
                time.sleep(self._random.uniform(0, 2 * RETRY_SECONDS))

    def _attempt(self, call: Call, waiting: list[int]) -> list[Reply]:
        """Send those of the requests that still wait; the reply to each."""
        reply = self._gateway.call(*call.message(waiting))
        if not call.is_batch or reply.status != HTTPStatus.OK:
            return [reply] * len(waiting)
        return [_reply_of(result) for result in msgspec.json.decode(reply.body, type=Results).results]

    def _check_patience(self, call: Call, waiting: list[int], invoked: float, attempts: "Attempts") -> None:
        tried, waited = attempts.unknown + attempts.refused, time.monotonic() - invoked
        if tried and (self._give_up.is_set() or waited > PATIENCE):
            method, path, _ = call.message(waiting)
            raise UnansweredError(f"{method} {path}: no answer in {waited:.1f} seconds and {tried} attempts")

    def _check_look_up(self, request: Request, told: Told) -> None:
        """A look-up shows the order that was answered, at least as far filled as an answer said."""
        if told.status != HTTPStatus.OK:
            self.look_up_faults.append(
                f"{request.name} was answered, but its look-up ends with {told.status}: {told.body.decode()}"
            )
            return
        order = decode(told.body)
        filled = Decimal(order["filled_quantity"])
        if identity(order) != self._identities[request.name]:
            self.look_up_faults.append(
                f"{request.name} was answered as {self._identities[request.name]}, found as {identity(order)}"
            )
        elif filled < self._filled[request.name]:
            self.look_up_faults.append(
                f"{request.name} was filled to {self._filled[request.name]} before, now to {filled}"
            )
        self._filled[request.name] = max(self._filled[request.name], filled)


def _reply(status: int, body: bytes) -> Reply:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Reply("refused")
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return Reply("unknown")
    return Reply("answered", status, body)


def _reply_of(result: Raw) -> Reply:
    """The reply to one request of a batch. A problem's status is a number, an order's status a word."""
    status = decode(bytes(result))["status"]
    return _reply(status if isinstance(status, int) else HTTPStatus.OK, bytes(result))


def identity(order: dict[str, Any]) -> Identity:
    """The identity in an order's JSON."""
    return Identity(order["order_id"], order["sequence"], order["timestamp"])
