"""The streams of a book: slow clients, silent matchers, and how a stream ends."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import BookUpdatesQuery
from tests.unit.gateway.book_matcher import BOOK, BOOK_PATH, SYMBOL, Matcher, begun, kind
from tests.unit.gateway.fakes import Gateway, eventually, settle
from tests.unit.gateway.streams import StreamClient


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def matcher(gateway: Gateway) -> Matcher:
    return Matcher(gateway)


def test_a_client_that_is_too_slow_is_closed(
    gateway: Gateway, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.clients.UPDATES_QUEUE", 100)

    async def scenario() -> tuple[list[Any], tuple[int, str]]:
        client = await begun(matcher, [(600_000, 1)], [])
        snapshot = await client.read()
        client.reads.clear()
        client.sending.clear()
        matcher.update([(600_000, 2)], [])
        await client.sending.wait()
        for quantity in range(3, 105):
            matcher.update([(600_000, quantity)], [])
        client.reads.set()
        return [snapshot, await client.read()], await client.closed()

    messages, closed = gateway.run(scenario())
    assert [kind(message) for message in messages] == [("snapshot", 1, 1), ("update", 2, 2)]
    assert closed == (4408, "too slow: 100 updates were waiting")


def test_an_idle_client_gets_updates_the_short_way(gateway: Gateway, matcher: Matcher) -> None:
    frames: list[bytes] = []

    def write(frame: bytes) -> bool:
        frames.append(frame)
        return True

    async def scenario() -> Any:
        client = StreamClient(gateway, BOOK_PATH, extensions={"gateway.write_frame": write})
        await eventually(lambda: gateway.feed.subscribed(BOOK))
        matcher.snapshot([(600_000, 1)], [])
        await client.accepted()
        snapshot = await client.read()
        await settle()
        matcher.update([(600_000, 2)], [])
        return snapshot

    assert kind(gateway.run(scenario())) == ("snapshot", 1, 1)
    [frame] = frames
    assert b'"first":2' in frame


def test_without_a_matcher_the_stream_is_closed(gateway: Gateway, matcher: Matcher) -> None:
    gateway.broker.available = False

    async def scenario() -> tuple[int, str]:
        client = StreamClient(gateway, BOOK_PATH)
        await client.accepted()
        return await client.closed()

    assert gateway.run(scenario())[0] == 4503


def test_a_channel_that_hears_nothing_asks_for_a_snapshot(
    gateway: Gateway, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.channels.CHECK_SECONDS", 0.01)

    async def scenario() -> Any:
        client = StreamClient(gateway, BOOK_PATH)
        await eventually(lambda: len(matcher.queries) > 1)
        matcher.snapshot([(600_000, 1)], [])
        return await (await client.accepted()).read()

    assert kind(gateway.run(scenario())) == ("snapshot", 1, 1)
    assert matcher.queries[0] == BookUpdatesQuery(SYMBOL, orders=False, epoch=0, after=0)


def test_a_matcher_that_is_away_is_asked_again(
    gateway: Gateway, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.channels.CHECK_SECONDS", 0.01)
    gateway.broker.results[BookUpdatesQuery] = MatcherUnavailableError("there is no matcher")

    async def scenario() -> list[Any]:
        client = await begun(matcher, [(600_000, 1)], [])
        matcher.update([(600_000, 2)], [], published=False)
        matcher.update([(600_000, 3)], [])
        await eventually(lambda: bool(matcher.queries))
        gateway.broker.results[BookUpdatesQuery] = matcher.answer
        return [await client.read() for _ in range(3)]

    assert [kind(message) for message in gateway.run(scenario())][1:] == [("update", 2, 2), ("update", 3, 3)]


def test_the_subscription_ends_with_the_last_client(gateway: Gateway, matcher: Matcher) -> None:
    async def scenario() -> list[bool]:
        first = await begun(matcher, [], [])
        second = await StreamClient(gateway, BOOK_PATH).accepted()
        await first.leave()
        subscribed = [gateway.feed.subscribed(BOOK)]
        await second.leave()
        return [*subscribed, gateway.feed.subscribed(BOOK)]

    assert gateway.run(scenario()) == [True, False]


@pytest.mark.parametrize("path", ["/ws/book", "/ws/orders"])
def test_an_unknown_symbol_closes_the_stream(gateway: Gateway, path: str) -> None:
    async def scenario() -> tuple[int, str]:
        client = await StreamClient(gateway, f"{path}?symbol=NONE-USD").accepted()
        return await client.closed()

    assert gateway.run(scenario())[0] == 4404
