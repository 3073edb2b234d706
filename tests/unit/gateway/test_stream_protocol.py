"""What one WebSocket peer may send, and how much of it is read at a time."""

import gc
import weakref

import pytest
from structlog.testing import capture_logs
from websockets.frames import Close, Opcode

from gateway.http.reading import READ_A_TURN, READ_OF_ONE, TURN_SECONDS
from gateway.http.stream_protocol import MAX_FRAMES
from tests.unit.gateway.wire import HANDSHAKE, HIGH_WATER, Wire, frame, run

CONT, TEXT, BINARY, CLOSE, PING, PONG = (int(opcode) for opcode in Opcode)
SMALLEST = len(frame(CONT))


def end_of(wire: Wire) -> int:
    """The code with which the connection is closed now."""
    opcode, data = wire.frames()[-1]
    assert opcode is Opcode.CLOSE
    assert wire.transport.closed
    return Close.parse(data).code


def texts(wire: Wire) -> list[str]:
    """The messages that the application has got since the last time."""
    return [wire.app.websockets.get_nowait()["text"] for _ in range(wire.app.websockets.qsize())]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x01x", 1002),
        (b"\xc1\x80\0\0\0\0", 1002),
        (frame(3), 1002),
        (frame(CONT), 1002),
        (frame(TEXT, b"a", fin=False) + frame(TEXT), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, fin=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"\xe2\x82", fin=False) + frame(CONT, b"x"), 1007),
        (frame(TEXT, b"x" * 4097), 1009),
        (b"\x81\xff\x3f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1009),
        (frame(TEXT, b"x" * 4000, fin=False) + frame(CONT, b"x" * 97), 1009),
        (frame(TEXT, fin=False) + frame(CONT, fin=False) * MAX_FRAMES, 1008),
        (frame(BINARY, b"x", fin=False) + frame(CONT, fin=False) * (MAX_FRAMES - 1) + frame(CONT), 1008),
    ],
)
@pytest.mark.parametrize("piece", [1, 100_000])
def test_a_peer_that_breaks_a_rule_is_told_which(sent: bytes, code: int, piece: int) -> None:
    async def scenario() -> None:
        wire = Wire()
        with capture_logs() as logs:
            await wire.open_stream()
            await wire.say(*(sent[at : at + piece] for at in range(0, len(sent), piece)))
            await wire.loop.advance(1)
            assert end_of(wire) == code
        assert logs == []
        assert wire.app.websockets.qsize() == 0

    run(scenario)


def test_a_message_may_come_in_many_frames() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.open_stream()
        await wire.say(frame(TEXT, "€".encode()[:1], fin=False), frame(CONT, "€".encode()[1:], fin=False))
        await wire.say(*[frame(CONT, b"x", fin=False)] * (MAX_FRAMES - 3), frame(PING, b"?"), frame(CONT))
        await wire.say(frame(BINARY, b"\xff"), frame(TEXT, b"y" * 4096))
        await wire.loop.advance(1)
        assert wire.app.websockets.get_nowait()["text"] == "€" + "x" * (MAX_FRAMES - 3)
        assert wire.app.websockets.get_nowait()["bytes"] == b"\xff"
        assert texts(wire) == ["y" * 4096]
        assert wire.frames() == [(Opcode.PONG, b"?")]

    run(scenario)


def test_what_a_peer_sends_at_once_is_read_a_little_at_a_time() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.open_stream()
        count = 20_000
        await wire.say(frame(PONG) * count + frame(PING, b"last"))
        turns = 1
        while not wire.transport.reading:
            assert wire.transport.written == b""
            await wire.loop.advance(TURN_SECONDS)
            turns += 1
        assert wire.frames() == [(Opcode.PONG, b"last")]
        assert turns >= count * SMALLEST / READ_A_TURN
        # Then all is as before.
        await wire.say(frame(PING, b"again"))
        assert wire.frames() == [(Opcode.PONG, b"again")]

    run(scenario)


def test_messages_wait_until_the_application_has_read_those_before() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.open_stream()
        sent = [str(number) for number in range(1000)]
        wire.connection = wire.transport.protocol
        wire.connection.data_received(b"".join(frame(TEXT, text.encode()) for text in sent))
        assert wire.transport.protocol.queue.qsize() <= READ_OF_ONE / SMALLEST + 1
        assert not wire.transport.reading
        got: list[str] = []
        while not wire.transport.reading:
            await wire.loop.advance(TURN_SECONDS)
            await wire.say()
            got += texts(wire)
        assert got == sent

    run(scenario)


@pytest.mark.parametrize("ping", [frame(PING), frame(PING, b"x" * 125)])
def test_a_peer_that_reads_no_pongs_is_not_read(ping: bytes) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.open_stream()
        wire.transport.stuck = True
        while wire.transport.reading:
            await wire.say(ping * 100)
            await wire.loop.advance(0.01)
        await wire.loop.advance(1)
        assert len(wire.transport.written) < HIGH_WATER + READ_A_TURN
        wire.frames()
        wire.transport.drain()
        await wire.loop.advance(1)
        assert wire.transport.reading
        await wire.say(frame(PING, b"last"))
        assert wire.frames()[-1] == (Opcode.PONG, b"last")

    run(scenario)


def test_a_slow_reader_that_sends_no_pings_is_read() -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.open_stream()
        wire.transport.stuck = True
        wire.transport.write(b"x" * 2 * HIGH_WATER)
        await wire.say(frame(PONG), frame(TEXT, b"here"))
        assert texts(wire) == ["here"]
        assert wire.transport.reading

    run(scenario)


@pytest.mark.parametrize("at_once", [False, True])
def test_nothing_is_read_before_the_handshake_is_answered(*, at_once: bool) -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.app.open.clear()
        early = frame(PING, b"early") + frame(TEXT, b"too")
        request = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE + b"\r\n"
        await wire.say(*([request + early] if at_once else [request, early]))
        assert wire.transport.written == b""
        assert not wire.transport.reading
        wire.app.open.set()
        await wire.say()
        await wire.loop.advance(TURN_SECONDS)
        head, _, wire.transport.written = wire.transport.written.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert wire.frames() == [(Opcode.PONG, b"early")]
        assert texts(wire) == ["too"]
        assert wire.transport.reading

    run(scenario)


def test_a_stream_has_the_scope_of_its_request() -> None:
    async def scenario() -> None:
        wire = Wire()
        cookie = "a" * 60_000
        await wire.say(
            f"GET /stream?symbol=%20x HTTP/1.1\r\nhost: LOCALHOST\r\nCookie: {cookie}\r\nSec-WebSocket-Protocol: a, b\r\n".encode()
            + b"X: \xff\r\n" * 500
            + HANDSHAKE
            + b"\r\n"
        )
        [scope] = wire.app.scopes
        assert (scope["type"], scope["path"], scope["query_string"]) == ("websocket", "/stream", b"symbol=%20x")
        assert scope["subprotocols"] == ["a", "b"]
        headers = dict(scope["headers"])
        assert (headers[b"host"], headers[b"cookie"], headers[b"x"]) == (b"LOCALHOST", cookie.encode(), b"\xff")
        assert scope["client"] == ("192.0.2.1", 40_000)
        assert wire.transport.written.startswith(b"HTTP/1.1 101 ")
        # The connection is the stream's now, and HTTP's times are over.
        assert wire.loop.timers() == 1
        await wire.loop.advance(19.9)
        assert not wire.transport.closed

    run(scenario)


@pytest.mark.parametrize("lost", [False, True])
def test_what_waits_is_dropped_when_the_connection_ends(*, lost: bool) -> None:
    async def scenario() -> None:
        wire = Wire()
        await wire.open_stream()
        await wire.say(frame(PONG) * 1000 + frame(TEXT, b"never"))
        if lost:
            await wire.lose()
        else:
            wire.transport.close()
        await wire.loop.advance(10)
        assert texts(wire) == []
        assert wire.loop.timers() == 0 or not lost

    run(scenario)


@pytest.mark.parametrize("closed", [False, True])
def test_a_stream_that_has_ended_is_no_work_for_the_garbage_collector(*, closed: bool) -> None:
    """Else the many streams that end together stop the loop for as long as the collection of them all takes."""

    async def scenario() -> None:
        wire = Wire()
        await wire.open_stream()
        ended = [
            weakref.ref(wire.connection),
            weakref.ref(wire.transport.protocol),
            weakref.ref(wire.transport.protocol.conn),
        ]
        await wire.say(frame(TEXT, b"x"), *([frame(CLOSE, b"\x03\xe8")] if closed else []))
        await wire.lose()
        wire.app.scopes.clear()
        del wire
        assert [reference() for reference in ended] == [None, None, None]

    gc.collect()
    gc.disable()
    try:
        run(scenario)
    finally:
        gc.enable()
