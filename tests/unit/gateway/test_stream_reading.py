"""How much of all streams of a worker is read at a time, and whose turn it is."""

import pickle

import pytest
from websockets.frames import Opcode

from gateway.http.reading import LEAST_READ, READ_A_TURN, READ_OF_ONE, TURN_SECONDS, Reading
from tests.unit.gateway.wire import Wire, frame, run

CONT, TEXT, _, CLOSE, PING, PONG = (int(opcode) for opcode in Opcode)
DATA = b"x" * 10
ASKED = frame(PING, DATA)
assert READ_OF_ONE % len(ASKED) == 0
MESSAGE = frame(TEXT, fin=False) + frame(CONT, fin=False) * 61 + frame(CONT)


async def streams(count: int) -> list[Wire]:
    """So many streams of one worker."""
    wires = [Wire()]
    wires += [Wire(others=wires[0]) for _ in range(count - 1)]
    for wire in wires:
        await wire.open_stream()
    await wires[0].loop.advance(TURN_SECONDS)
    return wires


def pings_read(wires: list[Wire]) -> list[int]:
    """How many pings of each are answered."""
    return [len(wire.transport.written) // len(b"\x8a\x0a" + DATA) for wire in wires]


@pytest.mark.parametrize("count", [1, 3, 50, 500])
def test_all_streams_together_are_read_a_little_at_a_time(count: int) -> None:
    async def scenario() -> None:
        wires = await streams(count)
        for wire in wires:
            wire.transport.protocol.data_received(ASKED * 5000)
        for turn in range(1, 20):
            read = pings_read(wires)
            assert 0 < sum(read) * len(ASKED) - (turn - 1) * READ_A_TURN <= READ_A_TURN
            # One after the other: none is ahead by more than its turn, and what was read before another waited.
            assert max(read) - min(read) <= 2 * READ_OF_ONE // len(ASKED)
            assert not any(wire.transport.reading for wire in wires)
            await wires[0].loop.advance(TURN_SECONDS)

    run(scenario)


@pytest.mark.parametrize("sent", [frame(PING), frame(TEXT, b"x"), MESSAGE, frame(TEXT, b"x" * 4000)])
def test_a_stream_is_read_while_many_others_send_without_end(sent: bytes) -> None:
    async def scenario() -> None:
        *flooding, other = await streams(100)
        for wire in flooding:
            wire.transport.protocol.data_received(sent * (100_000 // len(sent)))
        other.transport.protocol.data_received(frame(PING, b"here"))
        round_of_all = -(-len(flooding) * READ_OF_ONE // READ_A_TURN) + 1
        await other.loop.advance(round_of_all * TURN_SECONDS)
        assert other.frames() == [(Opcode.PONG, b"here")]
        assert other.transport.reading
        assert not any(wire.transport.reading for wire in flooding)
        # It ends: its peer does not wait for the others either.
        other.transport.protocol.data_received(frame(CLOSE, b"\x03\xe8"))
        await other.loop.advance(round_of_all * TURN_SECONDS)
        assert other.transport.closed

    run(scenario)


def test_many_short_reads_take_turns_too() -> None:
    async def scenario() -> None:
        wires = await streams(100)
        for wire in wires:
            wire.transport.protocol.data_received(ASKED)
        assert sum(pings_read(wires)) == READ_A_TURN // LEAST_READ
        await wires[0].loop.advance(4 * TURN_SECONDS)
        assert pings_read(wires) == [1] * 100
        assert all(wire.transport.reading for wire in wires)

    run(scenario)


def test_what_has_ended_takes_no_turn() -> None:
    async def scenario() -> None:
        wires = await streams(40)
        for wire in wires:
            wire.transport.protocol.data_received(ASKED * 1000)
        for wire in wires[:39]:
            await wire.lose()
        await wires[39].loop.advance(2 * TURN_SECONDS)
        assert pings_read(wires[39:])[0] * len(ASKED) >= READ_A_TURN
        await wires[39].lose()
        await wires[39].loop.advance(2 * TURN_SECONDS)
        assert wires[39].loop.timers() == 0

    run(scenario)


def test_it_goes_to_another_process_as_settings_do() -> None:
    assert pickle.loads(pickle.dumps(Reading())).admits()
