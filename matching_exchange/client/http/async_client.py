"""The client on asyncio."""

import asyncio
import ssl
import time
from contextlib import suppress
from types import TracebackType
from typing import Any
from weakref import WeakSet

import httpx
from websockets.asyncio.client import ClientConnection, connect

from matching_exchange.client.call import DEFAULT_ACCOUNT, Call
from matching_exchange.client.calls.accounts import own_key
from matching_exchange.client.connection import TIMEOUT, Connection
from matching_exchange.client.errors import Disconnected, ExchangeError, NotFound, Unauthorized
from matching_exchange.client.http.async_stream import AsyncStream
from matching_exchange.client.http.async_streams import AsyncStreams
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


class AsyncClient(AsyncStreams):
    """An exchange, over HTTP and WebSocket, on asyncio. It has the methods of `Client`, to be awaited.

        async with AsyncClient("http://127.0.0.1:8000", account="me") as client:
            order = await client.place("BTC-USDT", "buy", quantity="0.1", price="25000")

    The parameters are those of Client. Use it in one event loop, from any of its tasks; calls run side by side.
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
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection(url, key, admin_token, account)
        self._timeout = seconds(timeout, "timeout")
        self._is_closed = False
        self._ssl = ssl_context
        self._http = transport or httpx.AsyncHTTPTransport(
            verify=verified(ssl_context, encrypted=self._connection.is_encrypted), limits=LIMITS, trust_env=False
        )
        self._streams: WeakSet[AsyncStream[Any]] = WeakSet()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self._connection!r})"

    async def close(self) -> None:
        """Close all streams and connections. The client takes no more calls."""
        self._is_closed = True
        for stream in list(self._streams):
            await stream.close()
        await self._http.aclose()

    @property
    def url(self) -> str:
        return self._connection.url

    async def own_account(self) -> str:
        """The account of calls that name none. It is asked for once, where a key tells it."""
        if self._connection.account is None:
            self._connection.account = await self._ask_account()
        return self._connection.account

    async def carry_out(self, call: Call[T]) -> T:
        """Send a call until it is answered, as `retrying` rules. Raises ExchangeError."""
        self._check_open()
        if call.needs_account(self._connection.account):
            await self.own_account()
        connection = self._connection
        attempts = Attempts(call, self._timeout, time.monotonic(), connection.seconds_to_connect(self._timeout))
        while True:
            step = await self._attempt(call, attempts)
            if isinstance(step, Answer):
                return step.value
            if isinstance(step, Call):
                try:
                    decision = await self.carry_out(step)
                except ExchangeError as error:
                    raise attempts.outcome_unknown(error.status) from error
                return attempts.settled(decision)
            await asyncio.sleep(step)

    async def _attempt(self, call: Call[T], attempts: Attempts[T]) -> Step[T]:
        request = self._connection.request(call)
        try:
            response = await self._http.handle_async_request(
                http_request(request, attempts.seconds_left(time.monotonic()))
            )
            content = await response.aread()
        except NOT_SENT as error:
            reason = f"No exchange answers at {self._connection.url}. {reason_of(error)}"
            return attempts.not_sent(reason, time.monotonic())
        except httpx.HTTPError as error:
            return attempts.cut(reason_of(error), time.monotonic())
        self._connection.is_known = True
        return attempts.answered(response.status_code, response.headers, content, time.monotonic())

    async def _ask_account(self) -> str:
        if not self._connection.has_key:
            return DEFAULT_ACCOUNT
        try:
            return (await self.carry_out(own_key())).account
        except NotFound:
            # The exchange asks for no keys.
            return DEFAULT_ACCOUNT

    def _check_open(self) -> None:
        if self._is_closed:
            raise Disconnected("client_closed", "The client is closed.")

    def _stream(self, machine: Machine[Item], of_account: AccountMachine | None = None) -> AsyncStream[Item]:
        async def opened() -> ClientConnection:
            if of_account is not None and of_account.account is None:
                with suppress(Unauthorized):
                    # A key that may not read its account may still hear it.
                    of_account.account = await self.own_account()
            return await self._connect(*self._connection.stream(*machine.address(), machine.access))

        self._check_open()
        stream = AsyncStream(machine, opened, self.carry_out, self._connection.seconds_to_connect(self._timeout))
        self._streams.add(stream)
        return stream

    async def _connect(self, url: str, headers: dict[str, str]) -> ClientConnection:
        """Open a WebSocket."""
        return await connect(
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
