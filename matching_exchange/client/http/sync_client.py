"""The client that waits for its answers."""

import ssl
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any
from weakref import WeakSet

import httpx
from websockets.sync.client import ClientConnection, connect

from matching_exchange.client.call import DEFAULT_ACCOUNT, Call
from matching_exchange.client.calls.accounts import own_key
from matching_exchange.client.connection import TIMEOUT, Connection
from matching_exchange.client.errors import Disconnected, ExchangeError, NotFound, Unauthorized
from matching_exchange.client.http.sync_stream import Stream
from matching_exchange.client.http.sync_streams import SyncStreams
from matching_exchange.client.http.transport import (
    CLOSE_SECONDS,
    LIMITS,
    MAX_MESSAGE,
    NOT_SENT,
    OPEN_SECONDS,
    STREAM_LOGGER,
    http_request,
    reason_of,
    verified,
)
from matching_exchange.client.parameters import seconds
from matching_exchange.client.proofs import KeyInput
from matching_exchange.client.retrying import Answer, Attempts, Step, T
from matching_exchange.client.streams.account import AccountMachine
from matching_exchange.client.streams.machine import Item, Machine


class Client(SyncStreams):
    """An exchange, over HTTP and WebSocket. Its methods wait for their answers.

        with Client("http://127.0.0.1:8000", account="me") as client:
            order = client.place("BTC-USDT", "buy", quantity="0.1", price="25000")

    url: of the exchange; by default EXCHANGE_URL, else http://127.0.0.1:8000.
    key: <key>.<secret>, an HmacKey or a PrivateKey; by default EXCHANGE_KEY. None where the exchange asks for no keys.
    admin_token: for calls of administrators; by default EXCHANGE_ADMIN_TOKEN.
    account: of calls that name none; without it the key's, or `default`.
    timeout: seconds that a call may take with all its attempts.
    ssl_context: verifies the exchange's certificate; by default the authorities that httpx knows.

    Methods may be called from several threads. A stream belongs to one thread; its `close` may come from any. No proxy
    of the environment is used.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: KeyInput | None = None,
        admin_token: str | None = None,
        account: str | None = None,
        timeout: float = TIMEOUT,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._connection = Connection(url, key, admin_token, account)
        self._timeout = seconds(timeout, "timeout")
        self._is_closed = False
        self._ssl = ssl_context
        self._http = transport or httpx.HTTPTransport(
            verify=verified(ssl_context, encrypted=self._connection.is_encrypted), limits=LIMITS, trust_env=False
        )
        self._streams: WeakSet[Stream[Any]] = WeakSet()
        self._streams_lock = threading.Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._connection!r})"

    def close(self) -> None:
        """Close all streams and connections. The client takes no more calls."""
        self._is_closed = True
        with self._streams_lock:
            streams = list(self._streams)
        for stream in streams:
            stream.close()
        self._http.close()

    @property
    def url(self) -> str:
        return self._connection.url

    def own_account(self) -> str:
        """The account of calls that name none. It is asked for once, where a key tells it."""
        if self._connection.account is None:
            self._connection.account = self._ask_account()
        return self._connection.account

    def carry_out(self, call: Call[T]) -> T:
        """Send a call until it is answered, as `retrying` rules. Raises ExchangeError."""
        self._check_open()
        if call.needs_account(self._connection.account):
            self.own_account()
        connection = self._connection
        attempts = Attempts(call, self._timeout, time.monotonic(), connection.seconds_to_connect(self._timeout))
        while True:
            step = self._attempt(call, attempts)
            if isinstance(step, Answer):
                return step.value
            if isinstance(step, Call):
                try:
                    decision = self.carry_out(step)
                except ExchangeError as error:
                    raise attempts.outcome_unknown(error.status) from error
                return attempts.settled(decision)
            time.sleep(step)

    def _attempt(self, call: Call[T], attempts: Attempts[T]) -> Step[T]:
        request = self._connection.request(call)
        try:
            response = self._http.handle_request(http_request(request, attempts.seconds_left(time.monotonic())))
            content = response.read()
        except NOT_SENT as error:
            reason = f"No exchange answers at {self._connection.url}. {reason_of(error)}"
            return attempts.not_sent(reason, time.monotonic())
        except httpx.HTTPError as error:
            return attempts.cut(reason_of(error), time.monotonic())
        self._connection.is_known = True
        return attempts.answered(response.status_code, response.headers, content, time.monotonic())

    def _ask_account(self) -> str:
        if not self._connection.has_key:
            return DEFAULT_ACCOUNT
        try:
            return self.carry_out(own_key()).account
        except NotFound:
            # The exchange asks for no keys.
            return DEFAULT_ACCOUNT

    def _check_open(self) -> None:
        if self._is_closed:
            raise Disconnected("client_closed", "The client is closed.")

    def _stream(self, machine: Machine[Item], of_account: AccountMachine | None = None) -> Stream[Item]:
        def opened() -> ClientConnection:
            if of_account is not None and of_account.account is None:
                with suppress(Unauthorized):
                    # A key that may not read its account may still hear it.
                    of_account.account = self.own_account()
            url, headers = self._connection.stream(*machine.address(), machine.access)
            connection = connect(
                url,
                ssl=self._ssl if self._connection.is_encrypted else None,
                additional_headers=headers,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                compression=None,
                logger=STREAM_LOGGER,
                max_size=MAX_MESSAGE,
                proxy=None,
            )
            # websockets wants to be entered; the stream closes it.
            return connection.__enter__()

        self._check_open()
        stream = Stream(machine, opened, self.carry_out, self._connection.seconds_to_connect(self._timeout))
        with self._streams_lock:
            self._streams.add(stream)
        return stream
