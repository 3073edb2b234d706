"""How streams begin and end, whatever they tell."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import DepthQuery, InstrumentsQuery, TradesQuery
from protocol.events import CommandRefused, InstrumentList
from protocol.units import Refusal
from tests.unit.gateway.fakes import BTC, CONFIG, Gateway, instrument_message
from tests.unit.gateway.streams import (
    DEPTH,
    DEPTH_PATH,
    INSTRUMENT,
    TRADES,
    TRADES_PATH,
    Exchange,
    StreamClient,
    numbers,
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def exchange(gateway: Gateway) -> Exchange:
    return Exchange(gateway)


def test_clients_of_a_symbol_share_one_subscription(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> None:
        clients = [await StreamClient(gateway, path).accepted() for path in (DEPTH_PATH, TRADES_PATH) for _ in range(3)]
        assert [len(gateway.feed.handlers[topic]) for topic in (DEPTH, TRADES, INSTRUMENT)] == [1, 1, 1]
        for client in clients:
            assert gateway.feed.subscribed(DEPTH) or gateway.feed.subscribed(TRADES)
            await client.leave()
        assert not any(gateway.feed.subscribed(topic) for topic in (DEPTH, TRADES, INSTRUMENT))
        again = await StreamClient(gateway, DEPTH_PATH).accepted()
        assert (await again.read())["sequence"] == 7

    gateway.run(scenario())


@pytest.mark.parametrize("stream", ["/ws/marketdata", "/ws/trades"])
@pytest.mark.parametrize(
    ("query", "code", "word"),
    [
        ("?symbol=NOPE", 4404, "instrument"),
        ("?symbol=", 4404, "instrument"),
        ("", 4422, "symbol"),
        ("?sym=BTC-USDT", 4422, "symbol"),
        ("?symbol=BTC-USDT&levels=5", 4422, "symbol"),
        ("?symbol=BTC-USDT&symbol=BTC-USDT", 4422, "symbol"),
    ],
)
def test_a_stream_that_cannot_begin_is_closed_with_a_reason(
    gateway: Gateway, exchange: Exchange, stream: str, query: str, code: int, word: str
) -> None:
    async def scenario() -> tuple[int, str]:
        return await (await StreamClient(gateway, stream + query).accepted()).closed()

    closed, reason = gateway.run(scenario())
    assert closed == code
    assert word in reason
    assert len(reason.encode()) <= 123


@pytest.mark.parametrize("path", [DEPTH_PATH, TRADES_PATH])
def test_pages_of_other_origins_get_no_stream(gateway: Gateway, exchange: Exchange, path: str) -> None:
    async def scenario() -> tuple[int, str]:
        foreign = await StreamClient(gateway, path, {"origin": "http://evil.example"}).accepted()
        own = await StreamClient(gateway, path, {"origin": "http://exchange.example"}).accepted()
        await own.leave()
        return await foreign.closed()

    assert gateway.run(scenario())[0] == 4403


@pytest.mark.parametrize(
    ("path", "host", "status", "code"),
    [
        (DEPTH_PATH, "evil.example:8000", 421, "host_not_allowed"),
        ("/ws/nothing", "evil.example:8000", 421, "host_not_allowed"),
        ("/ws/nothing", "exchange.example", 404, "not_found"),
        ("/ws/trades/?symbol=BTC-USDT", "exchange.example", 404, "not_found"),
        ("/ws", "exchange.example", 404, "not_found"),
    ],
)
def test_what_is_no_stream_is_answered_before_the_handshake(
    gateway: Gateway, path: str, host: str, status: int, code: str
) -> None:
    async def scenario() -> tuple[dict[str, Any], dict[str, Any]]:
        client = StreamClient(gateway, path, {"host": host, "origin": f"http://{host}"})
        return dict(await client.next()), dict(await client.next())

    start, body = gateway.run(scenario())
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    assert (b"content-type", b"application/problem+json") in start["headers"]
    assert body["type"] == "websocket.http.response.body"
    assert json.loads(body["body"])["code"] == code


def test_allowed_origins_get_streams(exchange: Exchange) -> None:
    with Gateway(structs.replace(CONFIG, cors_origins=("https://desk.example",))) as gateway:
        Exchange(gateway)

        async def scenario() -> Any:
            client = await StreamClient(gateway, DEPTH_PATH, {"origin": "https://desk.example"}).accepted()
            return await client.read()

        assert gateway.run(scenario())["sequence"] == 7


@pytest.mark.parametrize("path", [DEPTH_PATH, TRADES_PATH])
def test_without_a_matcher_a_stream_of_an_unknown_symbol_is_to_be_tried_again(
    gateway: Gateway, exchange: Exchange, path: str
) -> None:
    gateway.broker.results[InstrumentsQuery] = MatcherUnavailableError("")

    async def scenario() -> tuple[int, str]:
        return await (await StreamClient(gateway, path).accepted()).closed()

    assert gateway.run(scenario())[0] == 4503


def test_trades_that_cannot_be_promised_are_to_be_tried_again(
    gateway: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.trades_follower.READY_SECONDS", 0.01)
    gateway.feed.current.clear()

    async def scenario() -> tuple[int, str]:
        ending = await (await StreamClient(gateway, TRADES_PATH).accepted()).closed()
        assert not gateway.feed.subscribed(TRADES)
        return ending

    assert gateway.run(scenario())[0] == 4503


def test_the_number_of_streams_is_bounded(
    gateway: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.serve.MAX_STREAMS", 3)

    async def scenario() -> tuple[int, str]:
        clients = [await StreamClient(gateway, path).accepted() for path in (DEPTH_PATH, TRADES_PATH, DEPTH_PATH)]
        ending = await (await StreamClient(gateway, TRADES_PATH).accepted()).closed()
        await clients[0].leave()
        again = await StreamClient(gateway, DEPTH_PATH).accepted()
        assert (await again.read())["sequence"] == 7
        return ending

    assert gateway.run(scenario())[0] == 4429


def test_streams_of_both_dialects_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.streams.serve.MAX_STREAMS", 2)

    async def scenario(gateway: Gateway) -> None:
        of_binance = await StreamClient(gateway, "/ws/1").accepted()
        native = await StreamClient(gateway, DEPTH_PATH).accepted()
        assert (await (await StreamClient(gateway, "/ws-api/v3").accepted()).closed())[0] == 1013
        assert (await (await StreamClient(gateway, DEPTH_PATH).accepted()).closed())[0] == 4429
        await of_binance.leave()
        again = await StreamClient(gateway, DEPTH_PATH).accepted()
        for client in (native, again):
            assert (await client.read())["sequence"] == 7
            await client.leave()

    with Gateway(structs.replace(CONFIG, binance="on")) as gateway:
        Exchange(gateway)
        gateway.run(scenario(gateway))


def test_another_journal_ends_all_streams(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[tuple[int, str]]:
        depth = await StreamClient(gateway, DEPTH_PATH).accepted()
        trades = await StreamClient(gateway, TRADES_PATH).accepted()
        await depth.read()
        exchange.trade(5)
        await numbers(trades, 5)
        exchange.trades.clear()
        for callback in gateway.broker.resets:
            callback()
        endings = [await client.closed() for client in (depth, trades)]
        again = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(1)
        assert await numbers(again, 1) == [1]
        return endings

    assert {code for code, _ in gateway.run(scenario())} == {1012}


def test_a_symbol_that_the_matcher_does_not_know_any_more_ends_its_streams(
    gateway: Gateway, exchange: Exchange
) -> None:
    async def scenario() -> list[tuple[int, str]]:
        trades = await StreamClient(gateway, TRADES_PATH).accepted()
        gateway.broker.results[TradesQuery] = gateway.broker.results[DepthQuery] = CommandRefused(
            Refusal.UNKNOWN_SYMBOL
        )
        gateway.feed.publish(INSTRUMENT, instrument_message(epoch=2))
        depth = await StreamClient(gateway, DEPTH_PATH).accepted()
        return [await client.closed() for client in (trades, depth)]

    assert [code for code, _ in gateway.run(scenario())] == [4404, 4404]


def test_an_instrument_that_was_added_meanwhile_has_streams(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> Any:
        gateway.broker.results[InstrumentsQuery] = InstrumentList([])
        refused = await StreamClient(gateway, DEPTH_PATH).accepted()
        assert (await refused.closed())[0] == 4404
        gateway.broker.results[InstrumentsQuery] = InstrumentList([BTC])
        return await (await StreamClient(gateway, DEPTH_PATH).accepted()).read()

    assert gateway.run(scenario())["symbol"] == "BTC-USDT"


def test_what_a_client_sends_is_ignored(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        for text in ("{}", "x" * 4096, ""):
            client.say(text)
        exchange.trade(2)
        return await numbers(client, 2)

    assert gateway.run(scenario()) == [1, 2]
