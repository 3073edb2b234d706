"""What waits for a socket of the Binance dialect, and which names streams have."""

import asyncio

import pytest

from gateway.binance.doors import read_path
from gateway.binance.sockets.client import BYTES_WAITING, EVENTS_WAITING, SocketClient, Told, packet
from gateway.binance.streams.names import Kind, Named, read_name
from gateway.binance.times import MICROSECOND, MILLISECOND
from gateway.binance.users.balances import Wallet, difference
from gateway.binance.wsapi.client import ApiClient
from gateway.binance.wsapi.requests import signed_texts
from gateway.http.closing import CloseFrame
from gateway.http.frames import frame_of, message
from protocol.events import AssetBalance, BalancesPart


async def taken(client: SocketClient, count: int) -> list[str | CloseFrame]:
    return [await client.next() for _ in range(count)]


def test_a_socket_that_is_too_slow_is_closed_and_misses_nothing_in_silence() -> None:
    client = SocketClient(MILLISECOND)
    for number in range(EVENTS_WAITING):
        client.offer(packet(b"%d" % number))
    assert asyncio.run(taken(client, 2)) == ["0", "1"]
    for number in range(3):
        client.offer(packet(b"%d" % number))
    ended = asyncio.run(client.next())
    assert ended == CloseFrame(1008, f"too slow: {EVENTS_WAITING} events were waiting")


def test_large_events_close_a_socket_sooner() -> None:
    client = SocketClient(MILLISECOND)
    large = packet(bytes(BYTES_WAITING // 2))
    for _ in range(3):
        client.offer(large)
    ended = asyncio.run(client.next())
    assert ended == CloseFrame(1008, "too slow: 2 events were waiting")


def test_the_newest_state_takes_the_place_of_one_that_waits() -> None:
    client = SocketClient(MILLISECOND)
    client.offer(packet(b"first"))
    client.offer_state("a", packet(b"a1"))
    client.offer_state("b", packet(b"b1"))
    client.offer(packet(b"second"))
    client.offer_state("a", packet(b"a2"))
    assert asyncio.run(taken(client, 4)) == ["first", "a2", "b1", "second"]


def test_a_state_of_a_stream_that_was_left_is_not_told() -> None:
    client = SocketClient(MILLISECOND)
    client.offer_state("a", packet(b"a1"))
    client.offer(packet(b"event"))
    client.forget_state("a")
    assert asyncio.run(client.next()) == "event"


def test_answers_of_one_turn_leave_in_one_write() -> None:
    written: list[bytes] = []

    def write(frame: bytes) -> bool:
        written.append(frame)
        return True

    async def run() -> None:
        client = ApiClient(MILLISECOND)
        client.connect(write)
        writer = asyncio.get_running_loop().create_task(client.next())
        await asyncio.sleep(0)
        for number in range(3):
            client.offer(packet(b"%d" % number))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        writer.cancel()

    asyncio.run(run())
    assert written == [b"".join(frame_of(b"%d" % number) for number in range(3))]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_frames_are_those_of_the_protocol(size: int) -> None:
    assert frame_of(b"x" * size) == message("x" * size).frame


def test_an_event_is_made_once_for_each_way_in_which_it_is_heard() -> None:
    made: list[int] = []

    def make(unit: int) -> dict[str, int]:
        made.append(unit)
        return {"E": 5_000_000 // unit}

    told = Told(make)
    assert told.packet(None, MILLISECOND).payload == b'{"E":5}'
    assert told.packet("a@b", MILLISECOND).payload == b'{"stream":"a@b","data":{"E":5}}'
    assert told.packet(None, MICROSECOND).payload == b'{"E":5000}'
    assert told.packet(None, MILLISECOND) is told.packet(None, MILLISECOND)
    assert made == [MILLISECOND, MICROSECOND]


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("btcusdt@trade", Named(Kind.TRADE, "BTCUSDT")),
        ("btcusdt@aggTrade", Named(Kind.AGGREGATE, "BTCUSDT")),
        ("btcusdt@depth", Named(Kind.DEPTH, "BTCUSDT", 1000)),
        ("btcusdt@depth@1000ms", Named(Kind.DEPTH, "BTCUSDT", 1000)),
        ("btcusdt@depth@100ms", Named(Kind.DEPTH, "BTCUSDT", 100)),
        ("btcusdt@depth20", Named(Kind.PARTIAL_DEPTH, "BTCUSDT", 1000, 20)),
        ("btcusdt@depth5@100ms", Named(Kind.PARTIAL_DEPTH, "BTCUSDT", 100, 5)),
        ("btcusdt@miniTicker", Named(Kind.MINI_TICKER, "BTCUSDT", 1000)),
        ("btcusdt@miniTicker@3000ms", Named(Kind.MINI_TICKER, "BTCUSDT", 3000)),
        ("!miniTicker@arr", Named(Kind.ALL_MINI_TICKERS, speed=1000)),
        ("!miniTicker@arr@3000ms", Named(Kind.ALL_MINI_TICKERS, speed=3000)),
        ("btcusdt@ticker_4h", Named(Kind.WINDOW_TICKER, "BTCUSDT", 1000, word="4h")),
        ("btcusdt@kline_1M", Named(Kind.KLINE, "BTCUSDT", word="1M")),
        ("btcusdt@kline_1d@+08:00", Named(Kind.KLINE, "BTCUSDT", word="1d", offset=8 * 3600 * 10**9)),
        ("btcusdt@kline_1d@-00:30", Named(Kind.KLINE, "BTCUSDT", word="1d", offset=-1800 * 10**9)),
        ("BTCUSDT@trade", None),
        ("btcusdt", None),
        ("@trade", None),
        ("btcusdt@depth7", None),
        ("btcusdt@depth@200ms", None),
        ("btcusdt@kline_7m", None),
        ("btcusdt@kline_1d@+15:00", None),
        ("btc-usdt@trade", None),
        ("!ticker@arr", None),
    ],
)
def test_names_of_streams(name: str, named: Named | None) -> None:
    assert read_name(name) == named


@pytest.mark.parametrize(
    ("path", "query", "names", "combined"),
    [
        ("/ws", b"", [], False),
        ("/ws/", b"", [], False),
        ("/ws/42", b"", [], False),
        ("/stream/ws/42", b"", [], False),
        ("/ws/a@b/c@d/a@b", b"", ["a@b", "c@d"], False),
        ("/ws/!miniTicker@arr", b"", ["!miniTicker@arr"], False),
        ("/ws/" + 60 * "k", b"", [60 * "k"], False),
        ("/stream", b"", [], True),
        ("/stream", b"x=1&streams=a%40b/c@d%40%2b08:00", ["a@b", "c@d@+08:00"], True),
        ("/stream", b"streams=a@b_1d@+08:00", ["a@b_1d@+08:00"], True),
    ],
)
def test_paths_of_streams(path: str, query: bytes, names: list[str], *, combined: bool) -> None:
    opened = read_path(path, query)
    assert opened is not None
    assert (opened.names, opened.combined) == (names, combined)


@pytest.mark.parametrize(
    "path", ["/ws/marketdata", "/ws/trades", "/ws/user", "/ws/" + 59 * "k", "/ws/4a", "/wss", "/streams", "/stream/a"]
)
def test_other_paths_are_not_the_dialects(path: str) -> None:
    assert read_path(path, b"streams=a@b") is None


def test_signed_texts_are_sorted_plain_and_percent_encoded() -> None:
    assert signed_texts({"b": "0.10", "a": "x"}) == (b"a=x&b=0.10",)
    assert signed_texts({"b": '["X"]', "a": "x"}) == (b'a=x&b=["X"]', b"a=x&b=%5B%22X%22%5D")


@pytest.mark.parametrize(
    ("after", "before", "wanted"),
    [
        (("1", "0"), ("0.5", "0.5"), None),
        (("12.5", "0"), ("0", "0"), "12.50000000"),
        (("0", "1"), ("2.00000000001", "0"), "-1.00000000001"),
        (("10", "0"), ("3", "0"), "7.00000000"),
        (("0.1", "0"), ("0.3", "0"), "-0.20000000"),
    ],
)
def test_what_has_come_or_gone(after: tuple[str, str], before: tuple[str, str], wanted: str | None) -> None:
    assert difference(after, before) == wanted


def test_a_wallet_is_as_its_updates_say() -> None:
    wallet = Wallet([AssetBalance("USDT", "5", "0")], ledger=True)
    moved = wallet.take(
        BalancesPart(ledger=True, balances=[AssetBalance("USDT", "3", "1"), AssetBalance("BTC", "2", "0")])
    )
    assert moved == [("USDT", "-1.00000000"), ("BTC", "2.00000000")]
    assert wallet.view(["BTC", "USDT", "ETH"]) == [
        {"a": "BTC", "f": "2.00000000", "l": "0.00000000"},
        {"a": "USDT", "f": "3.00000000", "l": "1.00000000"},
        {"a": "ETH", "f": "0.00000000", "l": "0.00000000"},
    ]
    assert wallet.take(BalancesPart(ledger=False, balances=[])) == []
    assert wallet.view(["BTC"]) == [{"a": "BTC", "f": "1000000000.00000000", "l": "0.00000000"}]
