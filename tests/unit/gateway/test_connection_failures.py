"""What becomes of a connection when the gateway fails on a request, or when its peer goes while it is answered."""

import logging
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.http import connections, cycle, stream_protocol
from gateway.http.connections import HttpConnection
from gateway.http.stream_protocol import StreamProtocol
from matching_exchange.process.log_brake import LogBrake
from tests.unit.gateway import wire
from tests.unit.gateway.wire import GET, HANDSHAKE, HIGH_WATER, POST, Wire, run

ORDER = POST + b"Content-Length: 2\r\n\r\n{}"
STREAM = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE + b"\r\n"

ANY_REQUEST = (ORDER, STREAM)
PARTS = [
    (HttpConnection, "_take_head", ANY_REQUEST),
    (HttpConnection, "on_url", ANY_REQUEST),
    (HttpConnection, "on_header", ANY_REQUEST),
    (HttpConnection, "on_headers_complete", ANY_REQUEST),
    (HttpConnection, "on_body", (ORDER,)),
    (HttpConnection, "on_message_complete", (ORDER, GET)),
    (connections, "check_fields", ANY_REQUEST),
    (connections, "put_target", ANY_REQUEST),
    (wire, "work_of", (ORDER,)),
    (stream_protocol, "declared_length", (STREAM,)),
    (cycle.Cycle, "of", (ORDER,)),
    (StreamProtocol, "open", (STREAM,)),
]
"""What may fail, and requests that it takes part in."""


@pytest.fixture(autouse=True)
def fresh_brake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpConnection, "brake", LogBrake())


class Failing:
    """Lets the next call of a function fail, when it is armed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        self._function = getattr(owner, name)
        self.armed = False
        # A plain function, since it is to become a method.
        monkeypatch.setattr(owner, name, lambda *given, **named: self._call(*given, **named))

    def _call(self, *given: Any, **named: Any) -> Any:
        if not self.armed:
            return self._function(*given, **named)
        self.armed = False
        raise RuntimeError("nobody expected this")


@pytest.mark.parametrize(
    ("owner", "name", "sent", "before"),
    [
        (owner, name, sent, before)
        for owner, name, requests in PARTS
        for sent in requests
        for before in ("nothing", "an answer", "a request")
        # A WebSocket waits for no answer.
        if before != "a request" or name not in ("open", "declared_length")
    ],
)
def test_a_failure_is_answered_500_once_and_the_connection_is_freed(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, sent: bytes, before: str
) -> None:
    failing = Failing(monkeypatch, owner, name)

    async def scenario() -> None:
        connected = Wire()
        if before != "nothing":
            if before == "a request":
                connected.app.open.clear()
            await connected.say(GET)
        failing.armed = True
        await connected.say(sent + GET)
        connected.app.open.set()
        await connected.say()
        *answered, answer = connected.answers()
        assert [each.status for each in answered] == [200] * (before != "nothing")
        assert answer.problem == (500, "internal_error")
        assert answer.headers["connection"] == "close"
        assert connected.transport.ended
        assert connected.transport.reading
        await connected.loop.advance(3)
        assert connected.transport.closed
        await connected.lose()
        assert connected.loop.timers() == 0
        assert connected.connection.connections == set()

    with capture_logs() as logs:
        run(scenario)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a request could not be read"]


def test_failures_are_in_the_log_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(HttpConnection, "brake", LogBrake(lambda: now))
    failing = Failing(monkeypatch, connections, "put_target")

    async def scenario() -> None:
        nonlocal now
        for moment in (0.0, 0.1, 0.9, 1.0):
            now = moment
            for request in (ORDER, STREAM):
                failing.armed = True
                await Wire().say(request)

    with capture_logs() as logs:
        run(scenario)
    assert [line.get("left_out") for line in logs if line["log_level"] == "error"] == [None, 5]


# Lengths


@pytest.mark.parametrize(
    "start",
    [
        POST,
        POST.replace(b"/orders", b"/orders/batch"),
        POST + b"Expect: 100-continue\r\n",
        GET[:-2],
        b"GET /stream HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE,
        POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    ],
)
@pytest.mark.parametrize("length", [b"0" * 19 + b"5", b"0" * 5000 + b"5", b"0" * 5001, b"1" + b"0" * 19])
@pytest.mark.parametrize("before", [b"", GET])
def test_a_length_of_many_digits_is_refused(start: bytes, length: bytes, before: bytes) -> None:
    async def scenario() -> None:
        connected = Wire()
        await connected.say(before + start + b"Content-Length: " + length + b"\r\n\r\n12345")
        *_, answer = answers = connected.answers()
        assert len(answers) == 1 + bool(before)
        assert answer.problem == (400, "bad_request")
        assert answer.json["detail"] == "Content-Length takes at most 19 digits."
        assert connected.transport.ended
        await connected.loop.advance(3)
        assert connected.transport.closed

    with capture_logs() as logs:
        run(scenario)
    assert [line for line in logs if line["log_level"] == "error"] == []


@pytest.mark.parametrize("length", [b"5", b"0" * 18 + b"5", b"5 \t", b"5" + b" " * 5000])
def test_a_length_of_few_digits_is_taken(length: bytes) -> None:
    async def scenario() -> None:
        for path in (b"/orders", b"/orders/batch"):
            connected = Wire()
            await connected.say(b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length)
            await connected.say(b"\r\n\r\n12345" + GET)
            assert [answer.json[3] for answer in connected.answers()] == ["12345", ""]

    run(scenario)


# Peers that go


@pytest.mark.parametrize("count", [1, 2, 290])
@pytest.mark.parametrize("started", [False, True])
def test_nothing_is_written_to_a_peer_that_has_gone(
    *, count: int, started: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        connected = Wire()
        connected.app.open.clear()
        connected.transport.stuck = True
        await connected.say(GET * count)
        if started:
            # The answers wait until the peer reads.
            connected.transport.write(b"x" * 2 * HIGH_WATER)
            connected.app.open.set()
            await connected.say()
        begun = len(connected.app.scopes)
        assert begun == 1
        await connected.lose()
        connected.app.open.set()
        await connected.say()
        assert len(connected.app.scopes) == begun
        assert not connected.connection.tasks
        assert connected.loop.timers() == 0

    with caplog.at_level(logging.ERROR):
        run(scenario)
    assert caplog.records == []
