"""The account's stream over several shards: one message of each shard in turn, with a cursor of all."""

import asyncio
import json
from typing import Any

import pytest

from gateway.http.closing import CloseFrame
from gateway.streams.shard_channels import JoinedClient, cursor_positions, cursor_text, numbered
from gateway.streams.user_client import UserClient

HIGHEST = 2**63 - 1
NAMES = ["majors", "rest"]


@pytest.mark.parametrize("positions", [[5, 7], [None, 7], [5, None], [None, None], [0, HIGHEST], [1, 2, 3]])
def test_a_cursor_is_read_as_it_was_told(positions: list[int | None]) -> None:
    assert cursor_positions(cursor_text(positions), len(positions), HIGHEST) == positions


def test_nothing_is_known_of_shards_that_came_later() -> None:
    assert cursor_positions("5.7", 3, HIGHEST) == [5, 7, None]


@pytest.mark.parametrize("text", ["", "5", "5.x", "5.-1", "1.2.3", f"1.{HIGHEST + 1}", "5.٣", "1. 2", "1.+2"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    assert cursor_positions(text, 2, HIGHEST) is None


class Stream:
    """A joined client of two shards whose beginnings the test tells."""

    def __init__(self, after: list[int | None]) -> None:
        self.shards = [UserClient(None, _nothing, 4408) for _ in NAMES]
        self.joined = JoinedClient(NAMES, self.shards, after)
        self.joined.begin()

    def begun(self, shard: int, sequence: int) -> None:
        self.shards[shard].tell([numbered(None, '{"part":1}'), numbered(sequence, '{"part":2}')])
        self.shards[shard].go_on(sequence)

    def update(self, shard: int, sequence: int) -> None:
        self.shards[shard].offer(sequence, numbered(sequence, f'{{"sequence":{sequence}}}'))

    async def next(self) -> Any:
        async with asyncio.timeout(5):
            text = await self.joined.next()
        return json.loads(text) if isinstance(text, str) else text


async def _nothing(_: UserClient) -> None:
    await asyncio.sleep(0.001)


def test_the_cursor_grows_with_what_the_client_has_been_sent() -> None:
    async def told() -> None:
        stream = Stream([None, 3])
        stream.begun(0, 10)
        assert await stream.next() == {"part": 1, "shard": "majors", "cursor": ".3"}
        assert await stream.next() == {"part": 2, "shard": "majors", "cursor": "10.3"}
        stream.shards[1].go_on(3)
        stream.update(1, 4)
        assert await stream.next() == {"sequence": 4, "shard": "rest", "cursor": "10.4"}
        # What waits here is not in the cursor yet.
        stream.update(0, 11)
        stream.update(1, 5)
        cursors = [(await stream.next())["cursor"] for _ in range(2)]
        assert cursors in (["11.4", "11.5"], ["10.5", "11.5"])
        stream.joined.close()

    asyncio.run(told())


def test_each_shard_keeps_its_order_and_one_that_says_much_does_not_hold_the_other_back() -> None:
    async def told() -> list[Any]:
        stream = Stream([0, 0])
        for shard in stream.shards:
            shard.go_on(0)
        for sequence in range(1, 51):
            stream.update(0, sequence)
        stream.update(1, 1)
        messages = [await stream.next() for _ in range(51)]
        stream.joined.close()
        return messages

    messages = asyncio.run(told())
    assert [each["sequence"] for each in messages if each["shard"] == "majors"] == list(range(1, 51))
    assert "rest" in [each["shard"] for each in messages[:3]]


def test_the_stream_ends_with_the_first_shard_that_ends_it() -> None:
    async def told() -> Any:
        stream = Stream([0, 0])
        for shard in stream.shards:
            shard.go_on(0)
        stream.shards[1].end(CloseFrame(4408, "too slow"))
        return await stream.next()

    assert asyncio.run(told()) == CloseFrame(4408, "too slow")


def test_a_defect_is_not_silent() -> None:
    async def told() -> None:
        stream = Stream([0, 0])

        async def fails(_: UserClient) -> None:
            raise ZeroDivisionError

        stream.shards[0]._begin = fails
        with pytest.raises(ZeroDivisionError):
            await stream.next()

    asyncio.run(told())
