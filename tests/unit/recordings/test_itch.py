"""Nasdaq ITCH 5.0 in, the steps of one stock out."""

import gzip
from pathlib import Path

import pytest

from matching_exchange.recordings import RecordingError, itch, read_itch
from matching_exchange.recordings.recording import Cancel, OutOfTurn, Place, Reduce, Take, VenueTrade
from protocol.units import Side
from tests.itch_writer import ItchWriter

BUY, SELL = Side.BUY, Side.SELL


def steps(tmp_path: Path, writer: ItchWriter, stock: str = "ABC", **options: int) -> list[object]:
    path = tmp_path / "day.itch"
    path.write_bytes(writer.data)
    return list(read_itch(path, stock, **options).steps())


def day() -> ItchWriter:
    """Two bids at 10.00, one ask; all kinds of messages."""
    return (
        ItchWriter()
        .system(1, "O")
        .directory(2)
        .state(3, "T")
        .add(10, 1, "B", 100, 10_00_00)
        .add(11, 2, "B", 50, 10_00_00, by="MAKR")
        .add(12, 3, "S", 70, 10_05_00)
        .execute(20, 1, 40)
        .reduce(21, 1, 10)
        .delete(22, 1)
        .replace(23, 3, 4, 60, 10_04_00)
        .hidden(24, 5, 10_02_00)
        .cross(25, 900, 10_03_00)
    )


DAY: list[object] = [
    Place(10, "1", BUY, 10_00_00, 100),
    Place(11, "2", BUY, 10_00_00, 50),
    Place(12, "3", SELL, 10_05_00, 70),
    VenueTrade(20, 10_00_00, 40),
    Take(20, SELL, 10_00_00, 40, "1"),
    Reduce(21, "1", 10),
    Cancel(22, "1", 50),
    Cancel(23, "3", 70),
    Place(23, "4", SELL, 10_04_00, 60, replaces="3"),
    VenueTrade(24, 10_02_00, 5),
    VenueTrade(25, 10_03_00, 900),
]


def test_every_message_that_touches_the_book(tmp_path: Path) -> None:
    assert steps(tmp_path, day()) == DAY


def test_another_stock_and_what_comes_after_the_end_are_left_out(tmp_path: Path) -> None:
    writer = day()
    other = ItchWriter("XYZ", 8)
    other.data = writer.data
    other.directory(30).add(31, 9, "B", 1, 10_00_00).system(32, "C").raw("Z", 33, b"")
    assert steps(tmp_path, other) == DAY


def test_compressed_and_in_small_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(itch, "CHUNK", 7)
    path = tmp_path / "day.itch.gz"
    path.write_bytes(gzip.compress(day().data))
    source = read_itch(path, "ABC", epoch=5)
    assert list(source.steps()) == list(source.steps()) == DAY
    assert (source.symbol, source.epoch, source.price_decimals, source.quantity_decimals) == ("ABC-USD", 5, 4, 0)


def test_an_execution_out_of_turn_leaves_the_book_as_the_venue_has_it(tmp_path: Path) -> None:
    writer = ItchWriter().add(1, 1, "B", 10, 10_00_00).add(2, 2, "B", 20, 10_00_00).execute(3, 2, 5)
    writer.execute_at(4, 1, 10, 9_99_00).execute(5, 2, 15)
    assert steps(tmp_path, writer)[2:] == [
        VenueTrade(3, 10_00_00, 5),
        OutOfTurn("2"),
        Reduce(3, "2", 5),
        VenueTrade(4, 9_99_00, 10),
        OutOfTurn("1"),
        Cancel(4, "1", 10),
        VenueTrade(5, 10_00_00, 15),
        Take(5, SELL, 10_00_00, 15, "2"),
    ]


def test_a_crossed_book_of_a_halt_is_held_back_until_the_cross(tmp_path: Path) -> None:
    writer = ItchWriter().add(1, 1, "B", 10, 10_00_00).state(2, "H").add(3, 2, "S", 30, 9_90_00)
    writer.execute_at(4, 1, 10, 9_95_00, "N").execute_at(5, 2, 10, 9_95_00, "N").cross(6, 10, 9_95_00).state(7, "T")
    assert steps(tmp_path, writer) == [
        Place(1, "1", BUY, 10_00_00, 10),
        OutOfTurn("1"),
        Cancel(4, "1", 10),
        Place(4, "2", SELL, 9_90_00, 30),
        OutOfTurn("2"),
        Reduce(5, "2", 10),
        VenueTrade(6, 9_95_00, 10),
    ]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "day.itch: is empty"),
        (day().data[:-3], r"day.itch, offset 362: ends in the middle of a message"),
        (b"\x00\x05hello", "offset 0: message h of 5 bytes: takes 21"),
        (b"\x00\x01!", r"offset 0: message type '!': takes those of ITCH 5.0"),
        (ItchWriter().system(1, "O").data, "day.itch: tells nothing of the stock ABC"),
        (ItchWriter().directory(1).execute(2, 4, 1).data, "message E: order 4 is not known"),
        (
            ItchWriter().add(1, 4, "B", 5, 10_00_00).execute(2, 4, 6).data,
            "message E: order 4 has 5 left, and is to trade 6",
        ),
        (ItchWriter().add(1, 4, "B", 5, 10_00_00).reduce(2, 4, 6).data, "message X: order 4 has 5 left"),
        (
            ItchWriter().add(1, 4, "B", 5, 10_00_00).add(2, 4, "B", 5, 10_00_00).data,
            "message A: order 4 is there already",
        ),
        (ItchWriter().add(1, 4, "Q", 5, 10_00_00).data, "indicator Q: takes B or S"),
        (ItchWriter().add(1, 4, "B", 0, 10_00_00).data, "message A: shares 0: takes a number above zero"),
        (ItchWriter().add(1, 4, "B", 5, 10_00_01).data, r"price 100001 in 0.0001: .* give tick_size=1"),
        (ItchWriter().add(9, 4, "B", 5, 10_00_00).delete(8, 4).data, "offset 38: message D: the time goes back"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, data: bytes, complaint: str) -> None:
    writer = ItchWriter()
    writer.data = data
    with pytest.raises(RecordingError, match=complaint):
        steps(tmp_path, writer)


def test_a_fine_tick_and_a_wrong_stock(tmp_path: Path) -> None:
    writer = ItchWriter().add(1, 4, "B", 5, 50_01)
    assert steps(tmp_path, writer, tick_size=1) == [Place(1, "4", BUY, 50_01, 5)]
    with pytest.raises(RecordingError, match="stock 'abc': takes 1 to 8 characters"):
        read_itch(tmp_path / "day.itch", "abc")


def test_a_file_that_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none: No such file"):
        list(read_itch(tmp_path / "none", "ABC").steps())
    path = tmp_path / "day.gz"
    path.write_bytes(gzip.compress(day().data)[:-9])
    with pytest.raises(RecordingError, match=r"day.gz: broken gzip file"):
        list(read_itch(path, "ABC").steps())
