"""Captures of venues' feeds of levels in, changes and trades out."""

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from matching_exchange.recordings import RecordingError, read_binance, read_coinbase, read_kraken
from matching_exchange.recordings.recording import Hole, Levels, LevelTrade
from protocol.units import Side
from tests.recorded_markets import DATA, play_levels

SECOND = 10**9
T = 1_600_000_000 * SECOND


def write(path: Path, *messages: Any, first: str = "wss://ws.example <-> 1600000000.0") -> Path:
    lines = [first] if first else []
    lines += [
        message if isinstance(message, str) else f"{1_600_000_000 + place}.5: {json.dumps(message)}"
        for place, message in enumerate(messages, 1)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def at(place: int) -> int:
    return T + place * SECOND + SECOND // 2


def kraken(data: dict[str, Any], name: str = "book-2", pair: str = "XBT/USD") -> list[Any]:
    return [1, data, name, pair]


SNAPSHOT = {"as": [["10.500", "1.00", "t"], ["11.000", "2.00", "t"]], "bs": [["10.000", "3.00", "t"]]}
CHECKSUM = str(crc32(b"10250100" + b"10500100" + b"10000300"))


def test_kraken(tmp_path: Path) -> None:
    path = write(
        tmp_path / "kraken",
        {"event": "systemStatus", "pair": "XBT/USD"},
        kraken({"a": [["9.000", "1.00", "t"]]}),
        kraken(SNAPSHOT),
        kraken(SNAPSHOT, pair="ETH/USD"),
        kraken({"a": [["10.250", "1.00", "t"]], "c": CHECKSUM}),
        [1, [["10.250", "0.40", "t", "b", "m", ""]], "trade", "XBT/USD"],
        [1, {"a": [["10.250", "0.60", "t"]]}, {"b": [["10.000", "0.00", "t"]]}, "book-2", "XBT/USD"],
    )
    source = read_kraken(path, "XBT/USD")
    assert (source.symbol, source.price_decimals, source.quantity_decimals, source.by_level) == ("XBT-USD", 2, 1, True)
    assert list(source.steps()) == [
        Levels(at(3), ((1000, 30),), ((1050, 10), (1100, 20)), whole=True),
        # Deeper than the two levels that the channel tells of.
        Levels(at(5), (), ((1025, 10),), hidden_asks=(1100,)),
        LevelTrade(at(6), Side.BUY, 1025, 4),
        Levels(at(7), ((1000, 0),), ((1025, 6),)),
    ]


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (
            kraken({"a": [["10.250", "1.00", "t"]], "c": "1"}),
            "line 3: the checksum of its levels is 1; those read so far",
        ),
        (kraken({"a": [["0.000", "1.00", "t"]]}), "line 3: price 0.000: takes a number above zero"),
        (kraken({"a": [["x", "1.00", "t"]]}), "a price or a quantity: takes a decimal number"),
        (kraken({"a": [[10.25, "1.00", "t"]]}), "line 3: levels: takes lists of price and quantity, both as strings"),
        ([1, [["1", "1", "t", "x"]], "trade", "XBT/USD"], r"line 3: trade: takes \[price, volume, time, b or s"),
        ('1600000009.5: [1, {"a": "XBT/USD"', "line 3: broken JSON"),
        ("hello", "line 3: takes <receive time in s>: <JSON>"),
        ("1599999999.5: []", "line 3: the time goes back"),
    ],
)
def test_a_broken_capture(tmp_path: Path, message: Any, complaint: str) -> None:
    path = write(tmp_path / "kraken", kraken(SNAPSHOT), message)
    with pytest.raises(RecordingError, match=complaint):
        list(read_kraken(path, "XBT/USD").steps())


def test_what_is_not_in_a_capture(tmp_path: Path) -> None:
    path = write(tmp_path / "kraken", kraken(SNAPSHOT))
    with pytest.raises(RecordingError, match="pair ETH/USD: nothing is told of it"):
        read_kraken(path, "ETH/USD")
    with pytest.raises(RecordingError, match="pair 'XBTUSD': takes the venue's name of a pair"):
        read_kraken(path, "XBTUSD")


def test_coinbase_names_the_side_of_the_maker(tmp_path: Path) -> None:
    match = {"product_id": "ABC-USD", "side": "sell", "price": "10.5", "size": "0.25"}
    path = write(
        tmp_path / "coinbase",
        {"type": "last_match", **match},
        {"type": "snapshot", "product_id": "ABC-USD", "bids": [["10.4", "1"]], "asks": [["10.5", "1"]]},
        {"type": "l2update", "product_id": "ABC-USD", "changes": [["sell", "10.5", "0.75"], ["buy", "10.3", "2"]]},
        {"type": "match", **match},
    )
    assert list(read_coinbase(path, "ABC-USD").steps()) == [
        Levels(at(2), ((104, 100),), ((105, 100),), whole=True),
        Levels(at(3), ((103, 200),), ((105, 75),)),
        LevelTrade(at(4), Side.BUY, 105, 25),
    ]


def update(first: int, last: int, before: int | None, *bids: list[str]) -> dict[str, Any]:
    data: dict[str, Any] = {"e": "depthUpdate", "s": "ABCUSDT", "U": first, "u": last, "b": list(bids), "a": []}
    if before is not None:
        data["pu"] = before
    return {"stream": "abcusdt@depth", "data": data}


def snapshot(tmp_path: Path, *lasts: int) -> Path:
    lines = [
        f"https://example/depth?symbol=ABCUSDT&limit=1000 -> 1600000000.{place}: "
        + json.dumps({"lastUpdateId": last, "bids": [["1.0", str(last)]], "asks": [["1.1", "5"]]})
        for place, last in enumerate(lasts, 1)
    ]
    return write(tmp_path / "http", *lines, first="")


def test_binance_begins_behind_a_snapshot_and_tells_a_hole(tmp_path: Path) -> None:
    path = write(
        tmp_path / "ws",
        update(1, 5, None, ["0.9", "1"]),
        update(6, 12, None, ["0.9", "2"]),
        update(13, 15, None, ["0.9", "3"]),
        {"stream": "abcusdt@aggTrade", "data": {"e": "aggTrade", "s": "ABCUSDT", "p": "1.0", "q": "2", "m": True}},
        update(17, 18, None, ["0.9", "4"]),
        update(19, 24, None, ["0.9", "5"]),
    )
    source = read_binance(path, snapshot(tmp_path, 10, 20), "ABCUSDT")
    assert (source.symbol, source.base, source.quote) == ("ABC-USDT", "ABC", "USDT")
    assert list(source.steps()) == [
        Levels(at(2), ((10, 10),), ((11, 5),), whole=True),
        Levels(at(2), ((9, 2),), ()),
        Levels(at(3), ((9, 3),), ()),
        LevelTrade(at(4), Side.SELL, 10, 2),
        Hole(at(5)),
        Levels(at(6), ((10, 20),), ((11, 5),), whole=True),
        Levels(at(6), ((9, 5),), ()),
    ]
    flow, bids, _ = play_levels(source)
    assert (flow.counts["holes"], bids) == (1, ((10, 20), (9, 5)))


def test_binance_futures_follow_each_other_by_their_own_field(tmp_path: Path) -> None:
    path = write(tmp_path / "ws", update(8, 12, 3, ["0.9", "2"]), update(20, 25, 12, ["0.9", "3"]))
    steps = list(read_binance(path, snapshot(tmp_path, 10), "ABCUSDT").steps())
    assert steps[1:] == [Levels(at(1), ((9, 2),), ()), Levels(at(2), ((9, 3),), ())]
    with pytest.raises(RecordingError, match="symbol XYZ: takes base= and quote= too"):
        read_binance(path, tmp_path / "http", "XYZ")


def recording(name: str) -> Path:
    path = DATA / "l2_recordings" / name
    if not path.exists():
        pytest.skip(f"no recording {name} beside the project")
    return path


def test_every_checksum_of_a_recorded_kraken() -> None:
    path = recording("KRAKEN.ws.50.0.txt.xz")
    pairs = "ADA/XBT ETH/CHF GRT/ETH KSM/XBT OCEAN/XBT OMG/USD SC/EUR WAVES/EUR XBT/CHF XMR/USD"
    counts = [sum(1 for _ in read_kraken(path, pair).steps()) for pair in pairs.split()]
    # Ten snapshots have no checksum.
    assert sum(counts) == 10 + 4_269


def test_a_recorded_binance_has_no_hole() -> None:
    path, answers = recording("BINANCE_FUTURES.ws.1.0.txt.xz"), recording("BINANCE_FUTURES.http.0.0.txt.xz")
    found = {}
    for symbol in ("SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"):
        flow, bids, asks = play_levels(read_binance(path, answers, symbol))
        assert bids[0][0] < asks[0][0]
        found[symbol] = (flow.counts["recorded"], flow.counts["holes"])
    assert found == {"SUSHIUSDT": (293, 0), "AKROUSDT": (197, 0), "KEEPUSDT": (138, 0), "CTKUSDT": (219, 0)}


def test_a_recorded_coinbase_never_crosses() -> None:
    path = recording("COINBASE.ws.28.0.txt.xz")
    for product in ("BAND-GBP", "SKL-USD"):
        _, bids, asks = play_levels(read_coinbase(path, product))
        assert bids[0][0] < asks[0][0]
