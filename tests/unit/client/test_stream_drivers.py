"""Both drivers of a stream, against a server that plays its part: they come back, resume, end, and wake up to end."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from matching_exchange import AsyncClient, Client, Disconnected, ExchangeError, NotFound, Unauthorized
from tests.unit.client.test_account_stream import orders, update

WAIT = 20.0

Part = Callable[[ServerConnection], None]


class Gateway:
    """Plays one part for each connection, and keeps the paths that were asked for."""

    def __init__(self, *parts: Part) -> None:
        self._parts = list(parts)
        self.paths: list[str] = []
        self.headers: list[str | None] = []

    def play(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.paths.append(connection.request.path)
        self.headers.append(connection.request.headers.get("Authorization"))
        part = self._parts.pop(0) if self._parts else silence
        part(connection)


def tell(*texts: str, code: int = 1000, reason: str = "") -> Part:
    """Send these messages, then close."""

    def part(connection: ServerConnection) -> None:
        for text in texts:
            connection.send(text)
        connection.close(code, reason)

    return part


def silence(connection: ServerConnection) -> None:
    for _ in connection:
        raise AssertionError("a client says nothing")


@contextmanager
def played(gateway: Gateway, **more: Any) -> Iterator[str]:
    """The gateway's URL."""
    with serve(gateway.play, "127.0.0.1", 0, **more) as server:
        thread = threading.Thread(target=_run, args=(server,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


def _run(server: Server) -> None:
    server.serve_forever()


class Hear(Protocol):
    def __call__(self, url: str, count: int, key: str | None = None) -> list[Any]:
        """The first items of the account's stream."""


def hear_waiting(url: str, count: int, key: str | None = None) -> list[Any]:
    with Client(url, account="ann", key=key) as client, client.stream_account() as stream:
        return [stream.receive(WAIT) for _ in range(count)]


def hear_on_asyncio(url: str, count: int, key: str | None = None) -> list[Any]:
    async def run() -> list[Any]:
        async with AsyncClient(url, account="ann", key=key) as client, client.stream_account() as stream:
            async with asyncio.timeout(WAIT):
                return [await stream.receive() for _ in range(count)]

    return asyncio.run(run())


@pytest.fixture(params=[hear_waiting, hear_on_asyncio], ids=["waiting", "asyncio"])
def hear(request: pytest.FixtureRequest) -> Hear:
    found: Hear = request.param
    return found


def test_it_comes_back_and_resumes(hear: Hear, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = Gateway(
        tell(orders(3), update(5, 3), code=1012),
        tell(update(5, 3), update(7, 5), code=4408, reason="too slow"),
        tell(update(9, 7)),
    )
    with played(gateway) as url:
        items = hear(url, 4, "key.secret")
    assert [item.sequence for item in items] == [3, 5, 7, 9]
    assert gateway.paths[:3] == [f"/ws/user?account=ann{after}" for after in ("", "&after=5", "&after=7")]
    assert gateway.headers[0] == "Bearer key.secret"
    shown = [record for record in caplog.records if record.name != "websockets.server"]
    assert not [record for record in shown if "secret" in record.getMessage()]


def test_a_message_that_does_not_join_on_is_asked_for(hear: Hear) -> None:
    gateway = Gateway(tell(orders(3), update(9, 5)), tell(update(5, 3), update(9, 5)))
    with played(gateway) as url:
        items = hear(url, 3)
    assert [item.sequence for item in items] == [3, 5, 9]


def test_a_loss_of_the_exchange_is_told_between_the_items(hear: Hear) -> None:
    reason = "the exchange has begun a new journal"
    gateway = Gateway(tell(orders(3), code=1012, reason=reason), tell(orders(1)))
    with played(gateway) as url:
        first, restarted, again = hear(url, 3)
    assert (first.restarted, restarted.reason, again.restarted) == (False, reason, True)
    assert gateway.paths[1] == "/ws/user?account=ann"


def test_a_revoked_key_ends_it(hear: Hear) -> None:
    with (
        played(Gateway(tell(orders(3), code=4401, reason="The key is good no more."))) as url,
        pytest.raises(Unauthorized, match="good no more"),
    ):
        hear(url, 2)


def test_an_answer_in_place_of_a_handshake_ends_it(hear: Hear) -> None:
    def answer(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(HTTPStatus.NOT_FOUND, '{"code": "not_found", "detail": "Nothing."}')

    with played(Gateway(), process_request=answer) as url, pytest.raises(NotFound) as caught:
        hear(url, 1)
    assert caught.value.code == "not_found"


def test_a_message_of_another_shape_is_an_error(hear: Hear) -> None:
    with played(Gateway(tell('{"type": "orders"}'))) as url, pytest.raises(ExchangeError) as caught:
        hear(url, 1)
    assert caught.value.code == "unreadable_answer"


def test_a_stream_is_closed_from_another_thread() -> None:
    gateway = Gateway()
    with played(gateway) as url, Client(url, account="ann") as client:
        stream = client.stream_account()
        stream.open()
        closer = threading.Timer(0.05, stream.close)
        closer.start()
        assert list(stream) == []
        closer.join()


def test_the_end_of_a_client_ends_its_streams() -> None:
    with played(Gateway()) as url:
        client = Client(url, account="ann")
        stream = client.stream_account()
        stream.open()
        client.close()
        assert list(stream) == []
        with pytest.raises(Disconnected, match="stream_closed"):
            stream.receive()

        async def run() -> list[Any]:
            async_client = AsyncClient(url, account="ann")
            async_stream = async_client.stream_account()
            await async_stream.open()
            reading = asyncio.ensure_future(_all(async_stream))
            await asyncio.sleep(0)
            await async_client.close()
            return await reading

        assert asyncio.run(run()) == []


async def _all(stream: Any) -> list[Any]:
    return [item async for item in stream]


def test_a_wait_has_its_time_also_while_nothing_answers() -> None:
    with played(Gateway(tell(orders(3)))) as url, Client(url, account="ann") as client:
        stream = client.stream_account()
        assert stream.receive(WAIT).sequence == 3  # type: ignore[union-attr]
        with pytest.raises(TimeoutError):
            stream.receive(0.02)
    with pytest.raises(TimeoutError), Client("http://127.0.0.1:9", account="ann") as client:
        client.stream_account().receive(0.02)


def test_a_step_that_takes_longer_than_a_reader_waits_goes_on() -> None:
    """A reader that looks every tenth of a second gets what a slow opening brings."""

    def slow(connection: ServerConnection) -> None:
        connection.send(orders(1))
        silence(connection)

    def process(connection: ServerConnection, request: Request) -> None:
        threading.Event().wait(0.5)

    async def read(url: str) -> str:
        async with AsyncClient(url, account="ann") as client, asyncio.timeout(WAIT):
            stream = client.stream_account()
            while True:
                try:
                    async with asyncio.timeout(0.1):
                        item = await stream.receive()
                except TimeoutError:
                    continue
                await stream.close()
                return type(item).__name__

    with played(Gateway(slow), process_request=process) as url:
        assert asyncio.run(read(url)) == "AccountStart"
