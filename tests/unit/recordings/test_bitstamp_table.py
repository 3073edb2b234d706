"""Bitstamp's order events as CSV: the same steps as those of its log."""

from pathlib import Path

import pytest

from matching_exchange.recordings import RecordingError, read_bitstamp
from matching_exchange.recordings.readers import read_recording
from matching_exchange.recordings.recording import Cancel, Place, Replace, VenueFill
from protocol.units import Side

HEADER = "id,timestamp,exchange.timestamp,price,volume,action,direction"
MS = 1_000_000

ROWS = (
    "7,1000,0,236.47,200000000,created,bid",
    "3,1001,0,240,50000000,changed,ask",
    "7,1002,0,236.47,150000000,changed,bid",
    "7,1003,0,236.5,150000000,changed,bid",
    "3,1004,0,240,0,deleted,ask",
)


def write(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def test_the_steps_of_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, *ROWS)
    source = read_bitstamp(path, base="LTC")
    assert (source.symbol, source.price_decimals, source.quantity_decimals) == ("LTC-USD", 2, 8)
    steps = list(source.steps())
    assert steps == [
        Place(1000 * MS, "3", Side.SELL, 24000, 50000000, announced=False),
        Place(1000 * MS, "7", Side.BUY, 23647, 200000000),
        Replace(1003 * MS, "7", 23650, 150000000),
        Cancel(1004 * MS, "3", None),
        VenueFill("7", 50000000),
        VenueFill("3", 50000000),
    ]
    assert read_recording([path]).steps == steps


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("7,1000,0,236.47,2.5,created,bid", "line 2: takes id,timestamp"),
        ("7,1000,0,236.475,5,created,bid", "line 2: takes at most 2 decimals"),
        ("7,1000,0,236.47,0,created,bid", "line 2: takes a price above zero, and a volume above zero"),
        ("7,1000,0,236.47,5,created,buy", "line 2: takes id,timestamp"),
    ],
)
def test_a_broken_row(tmp_path: Path, row: str, complaint: str) -> None:
    with pytest.raises(RecordingError, match=complaint):
        list(read_bitstamp(write(tmp_path, row)).steps())
