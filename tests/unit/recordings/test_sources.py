"""Every source goes to another process and reads the same there: that is how sweeps take all cores."""

import pickle
from pathlib import Path

from matching_exchange.recordings import (
    Source,
    read_binance,
    read_bitstamp,
    read_coinbase,
    read_csv,
    read_export,
    read_itch,
    read_journal,
    read_kraken,
    read_lobster,
)
from matching_exchange.recordings.readers import read_recording
from matching_exchange.recordings.source import source_of
from tests.exports import data_directory, export
from tests.unit.recordings.test_bitstamp_table import ROWS, write
from tests.unit.recordings.test_captures import SNAPSHOT, kraken, snapshot, update
from tests.unit.recordings.test_captures import write as write_capture
from tests.unit.recordings.test_itch import day
from tests.unit.recordings.test_mapping import ORDERS, TICKS, csv


def sources(tmp_path: Path) -> list[Source]:
    data = data_directory("golden_compiled", tmp_path)
    itch = tmp_path / "day.itch"
    itch.write_bytes(day().data)
    table = write(tmp_path, *ROWS)
    coinbase = write_capture(
        tmp_path / "coinbase",
        {"type": "snapshot", "product_id": "ABC-USD", "bids": [["10.4", "1"]], "asks": [["10.5", "1"]]},
    )
    export(data, "level-3", "message.csv", "--symbol", "BTC-USDT", "--format", "lobster")
    return [
        read_bitstamp(table),
        source_of(read_recording([table])),
        read_itch(itch, "ABC"),
        read_csv(csv(tmp_path, ORDERS), TICKS, "ABC-USD"),
        read_kraken(write_capture(tmp_path / "kraken", kraken(SNAPSHOT)), "XBT/USD"),
        read_coinbase(coinbase, "ABC-USD"),
        read_binance(write_capture(tmp_path / "ws", update(8, 12, None)), snapshot(tmp_path, 10), "ABCUSDT"),
        read_journal(data, "BTC-USDT"),
        read_export(export(data, "level-2", "levels.parquet", "--symbol", "BTC-USDT")),
        read_lobster(tmp_path / "message.csv", tmp_path / "orderbook.csv"),
    ]


def test_a_source_is_the_same_in_another_process(tmp_path: Path) -> None:
    for source in sources(tmp_path):
        other = pickle.loads(pickle.dumps(source))
        steps = list(source.steps())
        assert steps
        assert list(other.steps()) == steps, source.format
