"""The short way of frames to many clients: when it is taken, and that nothing overtakes anything where it is not."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from gateway.http.frames import EXTENSION, message
from tests.unit.gateway.fakes import Gateway, eventually, settle
from tests.unit.gateway.streams import DEPTH, DEPTH_PATH, TRADES_PATH, Exchange, StreamClient, depth_message


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def exchange(gateway: Gateway) -> Exchange:
    return Exchange(gateway)


class DirectClient(StreamClient):
    """A client whose server offers the short way; while `open` is not set, it does not take a frame."""

    def __init__(self, gateway: Gateway, target: str) -> None:
        self.open = True
        self.frames: list[bytes] = []
        super().__init__(gateway, target, extensions={EXTENSION: self.write_frame})

    def write_frame(self, frame: bytes) -> bool:
        if self.open:
            self.frames.append(frame)
        return self.open

    def direct(self) -> list[Any]:
        """What came the short way."""
        return [read_frame(frame) for frame in self.frames]


def read_frame(frame: bytes) -> Any:
    """The JSON in a frame, as a client's protocol reads it."""
    protocol = Protocol(CLIENT)
    protocol.receive_data(frame)
    [event] = protocol.events_received()
    assert isinstance(event, Frame)
    assert event.opcode is Opcode.TEXT and event.fin
    return json.loads(bytes(event.data))


@pytest.mark.parametrize("length", [1, 125, 126, 65_535, 65_536])
def test_a_frame_of_any_length_carries_its_text(length: int) -> None:
    told = message(json.dumps("€" + "x" * length, ensure_ascii=False))
    assert read_frame(told.frame) == json.loads(told.text)


def test_a_client_that_waits_for_more_is_sent_depth_the_short_way(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await DirectClient(gateway, DEPTH_PATH).accepted()
        await client.read()
        await settle()
        for sequence in (8, 9):
            gateway.feed.publish(DEPTH, depth_message(sequence, [(100, sequence)]))
            await settle()
        assert client.waiting() == 0
        return [update["sequence"] for update in client.direct()]

    assert gateway.run(scenario()) == [8, 9]


def test_depth_that_cannot_go_the_short_way_goes_the_long_one(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> tuple[int, list[int]]:
        client = await DirectClient(gateway, DEPTH_PATH).accepted()
        await client.read()
        await settle()
        client.open = False
        gateway.feed.publish(DEPTH, depth_message(8, [(100, 8)]))
        late = await client.read()
        await settle()
        client.open = True
        gateway.feed.publish(DEPTH, depth_message(9, [(100, 9)]))
        await eventually(lambda: bool(client.frames))
        return late["sequence"], [update["sequence"] for update in client.direct()]

    assert gateway.run(scenario()) == (8, [9])


def test_of_depth_that_has_come_at_once_only_the_last_is_sent(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await DirectClient(gateway, DEPTH_PATH).accepted()
        await client.read()
        await settle()
        for sequence in (8, 9, 10):
            gateway.feed.publish(DEPTH, depth_message(sequence, [(100, sequence)]))
        await eventually(lambda: bool(client.frames))
        return [update["sequence"] for update in client.direct()]

    assert gateway.run(scenario()) == [10]


def test_no_trade_overtakes_another(gateway: Gateway, exchange: Exchange) -> None:
    """Trades that wait for the long way hold up those that could go the short one."""

    async def scenario() -> tuple[list[int], list[int]]:
        client = await DirectClient(gateway, TRADES_PATH).accepted()
        await settle()
        exchange.trade(2)
        await settle()
        client.open = False
        client.reads.clear()
        client.sending.clear()
        exchange.trade()
        await asyncio.wait_for(client.sending.wait(), 5)
        client.open = True
        exchange.trade(2)
        await settle()
        early = [int(trade["trade_id"]) for trade in client.direct()]
        client.reads.set()
        late = [int((await client.read())["trade_id"]) for _ in range(3)]
        assert len(client.frames) == 2
        await settle()
        exchange.trade()
        await eventually(lambda: len(client.frames) == 3)
        assert int(client.direct()[-1]["trade_id"]) == 6
        return early, late

    assert gateway.run(scenario()) == ([1, 2], [3, 4, 5])
