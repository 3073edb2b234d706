"""The market data stream: what a client sees first, and what a slow one may miss."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError
from protocol.commands import DepthQuery
from protocol.events import Depth
from tests.unit.gateway.fakes import TIMESTAMP, TIMESTAMP_TEXT, Gateway, eventually, settle
from tests.unit.gateway.streams import DEPTH, DEPTH_PATH, Exchange, StreamClient, depth_message


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def exchange(gateway: Gateway) -> Exchange:
    return Exchange(gateway)


def test_a_new_client_gets_the_depth_at_once_even_of_an_empty_book(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> Any:
        client = await StreamClient(gateway, DEPTH_PATH).accepted()
        return await client.read()

    assert gateway.run(scenario()) == {
        "timestamp": TIMESTAMP_TEXT,
        "symbol": "BTC-USDT",
        "sequence": 7,
        "bids": [],
        "asks": [],
        "bbo": {"bid": None, "ask": None},
    }
    assert DepthQuery("BTC-USDT", 10) in gateway.broker.queries


def test_each_change_follows(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> Any:
        client = await StreamClient(gateway, DEPTH_PATH).accepted()
        await client.read()
        gateway.feed.publish(DEPTH, depth_message(8, [(6_000_000, 100_000)]))
        return await client.read()

    update = gateway.run(scenario())
    assert (update["sequence"], update["bids"], update["bbo"]) == (
        8,
        [["60000", "1"]],
        {"bid": ["60000", "1"], "ask": None},
    )


def test_a_late_client_gets_what_any_answer_said(gateway: Gateway, exchange: Exchange) -> None:
    """The newest depth message may be older than an answer that this client has read: the matcher is asked."""

    async def scenario() -> tuple[Any, Any]:
        first = await StreamClient(gateway, DEPTH_PATH).accepted()
        gateway.feed.publish(DEPTH, depth_message(8, [(100, 100_000)]))
        gateway.broker.results[DepthQuery] = Stamped(12, TIMESTAMP, Depth("BTC-USDT", [(200, 100_000)], []))
        late = await StreamClient(gateway, DEPTH_PATH).accepted()
        opening = await late.read()
        gateway.feed.publish(DEPTH, depth_message(11, [(300, 100_000)]))
        assert (await first.read())["sequence"] in (7, 8)
        assert (await first.read())["sequence"] in (8, 11)
        assert late.waiting() == 0
        gateway.feed.publish(DEPTH, depth_message(13, [(400, 100_000)]))
        second = await late.read()
        await first.leave()
        return opening, second

    opening, second = gateway.run(scenario())
    assert (opening["sequence"], opening["bids"]) == (12, [["2", "1"]])
    assert (second["sequence"], second["bids"]) == (13, [["4", "1"]])


def test_a_slow_client_gets_the_newest_depth_and_skips_older_ones(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> tuple[list[int], list[int]]:
        slow = await StreamClient(gateway, DEPTH_PATH).accepted()
        quick = await StreamClient(gateway, DEPTH_PATH).accepted()
        for client in (slow, quick):
            assert (await client.read())["sequence"] == 7
        slow.sending.clear()
        slow.reads.clear()
        seen = []
        for sequence in range(8, 5008):
            gateway.feed.publish(DEPTH, depth_message(sequence, []))
            seen.append((await quick.read())["sequence"])
        await asyncio.wait_for(slow.sending.wait(), 5)
        slow.reads.set()
        got = [(await slow.read())["sequence"], (await slow.read())["sequence"]]
        assert slow.waiting() == 0
        return seen, got

    seen, got = gateway.run(scenario())
    assert seen == list(range(8, 5008))
    assert got == [8, 5007]


def test_while_the_matcher_is_away_clients_stay_and_then_get_a_fresh_depth(
    gateway: Gateway, exchange: Exchange
) -> None:
    async def scenario() -> list[int]:
        staying = await StreamClient(gateway, DEPTH_PATH).accepted()
        await staying.read()
        gateway.broker.results[DepthQuery] = MatcherUnavailableError("")
        coming = await StreamClient(gateway, DEPTH_PATH).accepted()
        gateway.feed.publish(DEPTH, depth_message(5, [(100, 100_000)], epoch=2))
        return [(await client.read())["sequence"] for client in (staying, coming)]

    assert gateway.run(scenario()) == [5, 5]


def test_the_first_state_is_said_once(gateway: Gateway, exchange: Exchange) -> None:
    """The channel's subscription brings the state that the client was given already, as of the command that caused
    it."""

    async def scenario() -> Any:
        client = await StreamClient(gateway, DEPTH_PATH).accepted()
        assert (await client.read())["sequence"] == 7
        for sequence in (6, 7):
            gateway.feed.publish(DEPTH, depth_message(sequence, []))
            await settle()
        gateway.feed.publish(DEPTH, depth_message(8, [(100, 100_000)]))
        return await client.read()

    update = gateway.run(scenario())
    assert (update["sequence"], update["bids"]) == (8, [["1", "1"]])


def test_each_restart_is_said_once(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await StreamClient(gateway, DEPTH_PATH).accepted()
        sequences = [(await client.read())["sequence"]]
        for epoch, sequence, quantity in ((1, 9, 1), (2, 9, 1), (2, 9, 1), (2, 10, 2), (3, 8, 3), (3, 8, 3)):
            gateway.feed.publish(DEPTH, depth_message(sequence, [(100, quantity * 100_000)], epoch=epoch))
            await settle()
        while len(sequences) < 5:
            sequences.append((await client.read())["sequence"])
        assert client.waiting() == 0
        return sequences

    # The last matcher has lost what the one before it did not sync.
    assert gateway.run(scenario()) == [7, 9, 9, 10, 8]


def test_what_comes_late_from_an_earlier_matcher_is_ignored(gateway: Gateway, exchange: Exchange) -> None:
    """The session may know of a restart before the channel does: the clients get the new matcher's state all the
    same."""

    async def scenario() -> list[int]:
        staying = await StreamClient(gateway, DEPTH_PATH).accepted()
        sequences = [(await staying.read())["sequence"]]
        gateway.feed.publish(DEPTH, depth_message(9, [(500, 100_000)], epoch=1))
        sequences.append((await staying.read())["sequence"])
        gateway.broker.epoch = 2
        gateway.broker.results[DepthQuery] = Stamped(4, TIMESTAMP, Depth("BTC-USDT", [(200, 100_000)], []))
        coming = await StreamClient(gateway, DEPTH_PATH).accepted()
        sequences.append((await coming.read())["sequence"])
        gateway.feed.publish(DEPTH, depth_message(8, [(100, 100_000)], epoch=1))
        gateway.broker.results[DepthQuery] = MatcherUnavailableError("")
        last = await StreamClient(gateway, DEPTH_PATH).accepted()
        await settle()
        gateway.feed.publish(DEPTH, depth_message(5, [(300, 100_000)], epoch=2))
        return [*sequences, *[(await client.read())["sequence"] for client in (staying, coming, last)]]

    assert gateway.run(scenario()) == [7, 9, 4, 5, 5, 5]


def test_a_client_that_comes_while_the_matcher_is_away_sees_the_last_depth(
    gateway: Gateway, exchange: Exchange
) -> None:
    async def scenario() -> Any:
        await StreamClient(gateway, DEPTH_PATH).accepted()
        gateway.feed.publish(DEPTH, depth_message(9, [(100, 100_000)]))
        gateway.broker.results[DepthQuery] = MatcherUnavailableError("")
        return await (await StreamClient(gateway, DEPTH_PATH).accepted()).read()

    assert gateway.run(scenario())["sequence"] == 9


def test_the_end_of_a_burst_is_not_lost(gateway: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """What overflows on the way is what came last: the matcher is asked for it, and nothing is said twice."""
    monkeypatch.setattr("gateway.streams.channels.CHECK_SECONDS", 0.01)

    async def scenario() -> list[int]:
        client = await StreamClient(gateway, DEPTH_PATH).accepted()
        sequences = [(await client.read())["sequence"]]
        gateway.broker.results[DepthQuery] = Stamped(12, TIMESTAMP, Depth("BTC-USDT", [(100, 100_000)], []))
        asked = len(gateway.broker.queries)
        gateway.feed.publish(DEPTH, depth_message(8, [(100, 100_000)]))
        sequences.append((await client.read())["sequence"])
        await eventually(lambda: len(gateway.broker.queries) > asked)
        gateway.broker.results[DepthQuery] = Stamped(20, TIMESTAMP, Depth("BTC-USDT", [(300, 100_000)], []))
        gateway.feed.publish(DEPTH, depth_message(19, [(200, 100_000)]))
        return [*sequences, (await client.read())["sequence"], (await client.read())["sequence"]]

    assert gateway.run(scenario()) == [7, 8, 19, 20]
