"""An exchange in the test's own process: no sockets, no waiting, and a clock that the test moves."""

import asyncio
import json
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from fastapi import FastAPI

from gateway.app import Shared, wire
from gateway.config import read_config
from gateway.http.counting import HttpCounts
from gateway.http.tallies import Tallies
from gateway.injected.faults import InjectedFaults
from gateway.metrics.slots import Slots
from matcher.storage.data_directory import DataDirectory
from matching_exchange.testing.exchange import TOKEN
from matching_exchange.testing.http import CallError, failed, target
from matching_exchange.testing.in_process.asgi import HOST, BrokenError, Headers, Response, Stream, respond
from matching_exchange.testing.in_process.clock import NANOSECONDS, START, Clock
from matching_exchange.testing.in_process.link import DirectBroker, DirectFeed
from matching_exchange.testing.in_process.matcher import DirectMatcher
from matching_exchange.testing.surface import Instrument, Surface, write_instruments

if TYPE_CHECKING:
    from matching_exchange import AsyncClient, Client

GATEWAY: Final = "GATEWAY_"

Value = TypeVar("Value")


class _Worker:
    """The gateway's application on one event loop, as one of several workers of a gateway has it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._open = AsyncExitStack()

    async def start(self) -> None:
        await self._open.enter_async_context(self.app.router.lifespan_context(self.app))

    async def stop(self) -> None:
        await self._open.aclose()
        # What was canceled ends in the loop's next turn.
        await asyncio.sleep(0)


class InProcessExchange(Surface):
    """An exchange without processes and sockets. A context manager: inside, it is up and empty.

    instruments, keys: as of Exchange. settings: GATEWAY_... variables. start: the time at which its clock stands.

    clock: `advance(minutes=5)` moves it. Everything that is due happens at its own time. Nothing else moves it.
    url: a name that no network finds. Clients from `client` and `async_client` reach it.

    Sync calls may be made while an event loop runs too: it waits for their answers.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument] = (),
        *,
        keys: bool = False,
        settings: Mapping[str, str] | None = None,
        start: datetime = START,
    ) -> None:
        given = dict(settings or {})
        for name in given:
            if not name.startswith(GATEWAY):
                raise ValueError(f"settings: {name}: an exchange in process takes {GATEWAY}... alone")
        if keys:
            given = {"GATEWAY_AUTH": "keys", "GATEWAY_ADMIN_TOKEN": TOKEN, **given}
        self.url = f"http://{HOST}"
        self.clock = Clock(start)
        self._given = {"GATEWAY_FAULTS": "allow", "GATEWAY_ALLOWED_HOSTS": HOST, **given}
        self._instruments = list(instruments)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workers: dict[asyncio.AbstractEventLoop, _Worker] = {}
        self._clients: list[Client] = []
        super().__init__(self._call, self._given.get("GATEWAY_ADMIN_TOKEN"))

    def __enter__(self) -> Self:
        with ExitStack() as on_failure:
            folder = Path(on_failure.enter_context(tempfile.TemporaryDirectory(prefix="exchange-")))
            directory = on_failure.enter_context(DataDirectory(folder / "data"))
            listed = write_instruments(self._instruments, folder / "instruments.toml") if self._instruments else None
            key_file = str(folder / "server.key")
            self._config = read_config([], {"GATEWAY_KEY_FILE": key_file, **self._given})
            self._matcher = DirectMatcher(self.clock, listed, directory)
            on_failure.callback(self._matcher.close)
            self._faults = InjectedFaults(lambda: self.clock.monotonic() / NANOSECONDS)
            self._open = on_failure.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        if self._loop is not None:
            worker = self._workers.pop(self._loop)
            self._run(worker.stop())
            self._loop.close()
        self._open.close()

    def client(self, **options: Any) -> "Client":
        """A Client of this exchange, for calls; streams need an AsyncClient. It is closed with the exchange."""
        from matching_exchange.testing.in_process.clients import InProcessClient  # noqa: PLC0415  who needs none does not pay for it

        client = InProcessClient(self.url, self._respond_now, **self._with_token(options))
        self._clients.append(client)
        return client

    def async_client(self, **options: Any) -> "AsyncClient":
        """An AsyncClient of this exchange, for calls and streams: `async with` closes it."""
        from matching_exchange.testing.in_process.clients import InProcessAsyncClient  # noqa: PLC0415

        return InProcessAsyncClient(self.url, self._respond, self._stream, **self._with_token(options))

    async def stream(self, path: str, **parameters: str | int) -> Stream:
        """A WebSocket, such as `await stream("/ws/user", account="alice")`, of both dialects."""
        return await self._stream(target(path, parameters))

    # Calls

    async def _stream(self, path: str, headers: Headers = ()) -> Stream:
        return Stream((await self._worker()).app, path, headers)

    def _call(self, method: str, path: str, body: Any = None, **parameters: Any) -> Any:
        headers = [(b"content-type", b"application/json")]
        if self._token is not None:
            headers.append((b"authorization", f"Bearer {self._token}".encode()))
        content = b"" if body is None else json.dumps(body).encode()
        try:
            response = self._respond_now(method, target(path, parameters), headers, content)
        except BrokenError as error:
            raise CallError(f"{method} {path}: no answer: {error}") from error
        if not 200 <= response.status < 300:
            raise failed(f"{method} {path}", response.status, response.body)
        return json.loads(response.body)

    async def _respond(self, method: str, path: str, headers: Headers, body: bytes) -> Response:
        return await respond((await self._worker()).app, method, path, headers, body)

    def _respond_now(self, method: str, path: str, headers: Headers, body: bytes) -> Response:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._run(self._respond(method, path, headers, body))

    def _run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Let the exchange's own loop carry it out, beside a loop that may run here and waits meanwhile."""
        assert self._loop is not None, "it is there"
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._loop.run_until_complete(work)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._loop.run_until_complete, work).result()

    async def _worker(self) -> _Worker:
        """The application on the loop that runs."""
        loop = asyncio.get_running_loop()
        worker = self._workers.get(loop)
        if worker is None:
            broker = DirectBroker(self._matcher, self.clock, self._config.deadline)
            shared = Shared(Tallies(), HttpCounts(), Slots(1), self._faults)
            worker = self._workers[loop] = _Worker(wire(self._config, broker, DirectFeed(self._matcher), shared))
            await worker.start()
        return worker
