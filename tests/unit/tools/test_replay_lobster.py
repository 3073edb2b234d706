"""The LOBSTER reader: messages and rows of the shown levels in, all steps out. Rows here show two levels a side."""

import lzma
from pathlib import Path

import pytest

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.readers import detect
from matching_exchange.recordings.readers.lobster import READER, nanoseconds
from matching_exchange.recordings.recording import (
    Cancel,
    OutOfTurn,
    Place,
    Recording,
    RecordingError,
    Reduce,
    Step,
    Take,
    VenueBest,
    VenueFill,
    VenueTrade,
)
from protocol.units import Side

T = 34_200_000_000_000
NONE_ASK = (9999999999, 0)
NONE_BID = (-9999999999, 0)
Level = tuple[int, int]

START_ROW = ((101_00, 5), (102_00, 6), (99_00, 7), (98_00, 8))
"""Two asks, two bids: what the replays below start from, as anonymous orders 1 (98.00), 2, 3, 4 in the order of
`STARTED`."""

STARTED: list[Step] = [
    Place(T, "anonymous.1", Side.BUY, 99_00, 7, announced=False),
    Place(T, "anonymous.2", Side.BUY, 98_00, 8, announced=False),
    Place(T, "anonymous.3", Side.SELL, 101_00, 5, announced=False),
    Place(T, "anonymous.4", Side.SELL, 102_00, 6, announced=False),
]
START = ("34200.0,5,0,1,10000,1", START_ROW)

Row = tuple[Level, Level, Level, Level]


def read(paths: list[Path]) -> Recording:
    return READER.read([RecordingFile(path) for path in paths])


def write(tmp_path: Path, *moves: tuple[str, Row]) -> Path:
    messages = tmp_path / "ABC_2012-06-21_34200000_57600000_message_2.csv"
    messages.write_text("".join(f"{message}\n" for message, _ in moves))
    rows = "".join(
        f"{ask1[0]},{ask1[1]},{bid1[0]},{bid1[1]},{ask2[0]},{ask2[1]},{bid2[0]},{bid2[1]}\n"
        for _, (ask1, ask2, bid1, bid2) in moves
    )
    messages.with_name("ABC_2012-06-21_34200000_57600000_orderbook_2.csv").write_text(rows)
    return messages


def steps(tmp_path: Path, *moves: tuple[str, Row]) -> list[Step]:
    """The steps after those of START."""
    found = read([write(tmp_path, START, *moves)]).steps
    assert found[: len(STARTED)] == STARTED
    return found[len(STARTED) :]


def best(time: int, bid: Level | None, ask: Level | None) -> VenueBest:
    return VenueBest(T + time, bid, ask)


A1, A2, B1, B2 = START_ROW


def test_an_order_is_entered_reduced_and_deleted(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        ("34200.000000001,1,77,9,9900,1", (A1, A2, (99_00, 16), B2)),
        ("34200.000000002,2,77,4,9900,1", (A1, A2, (99_00, 12), B2)),
        ("34200.000000003,3,77,5,9900,1", (A1, A2, (99_00, 7), B2)),
    ) == [
        Place(T + 1, "77", Side.BUY, 99_00, 9),
        best(1, (99_00, 16), A1),
        Reduce(T + 2, "77", 4),
        best(2, (99_00, 12), A1),
        Cancel(T + 3, "77", 5),
        best(3, (99_00, 7), A1),
    ]


def test_an_execution_takes_from_the_order_that_it_names(tmp_path: Path) -> None:
    inside = ((99_50, 9), A1, B1, B2)
    assert steps(
        tmp_path,
        ("34200.000000001,1,77,9,9950,-1", inside),
        ("34200.000000002,4,77,4,9950,-1", ((99_50, 5), A1, B1, B2)),
        ("34200.000000003,4,77,5,9950,-1", START_ROW),
    ) == [
        Place(T + 1, "77", Side.SELL, 99_50, 9),
        Cancel(T + 1, "anonymous.4", None),
        best(1, B1, (99_50, 9)),
        VenueTrade(T + 2, 99_50, 4),
        Take(T + 2, Side.BUY, 99_50, 4, "77"),
        best(2, B1, (99_50, 5)),
        VenueTrade(T + 3, 99_50, 5),
        Take(T + 3, Side.BUY, 99_50, 5, "77"),
        Place(T + 3, "anonymous.5", Side.SELL, 102_00, 6, announced=False),
        best(3, B1, A1),
        VenueFill("77", 9),
    ]


def test_orders_that_were_never_announced_are_the_anonymous_one(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        ("34200.000000001,1,77,1,9900,1", (A1, A2, (99_00, 8), B2)),
        ("34200.000000002,4,11,2,9900,1", (A1, A2, (99_00, 6), B2)),
        ("34200.000000003,3,12,3,9900,1", (A1, A2, (99_00, 3), B2)),
        ("34200.000000004,2,13,1,9900,1", (A1, A2, (99_00, 2), B2)),
        ("34200.000000005,3,13,1,9900,1", (A1, A2, (99_00, 1), B2)),
        ("34200.000000006,3,14,1,9900,1", (A1, A2, (99_00, 1), B2)),
    ) == [
        Place(T + 1, "77", Side.BUY, 99_00, 1),
        best(1, (99_00, 8), A1),
        VenueTrade(T + 2, 99_00, 2),
        Take(T + 2, Side.SELL, 99_00, 2, None),
        best(2, (99_00, 6), A1),
        Reduce(T + 3, "anonymous.1", 3),
        best(3, (99_00, 3), A1),
        Reduce(T + 4, "anonymous.1", 1),
        best(4, (99_00, 2), A1),
        Cancel(T + 5, "anonymous.1", None),
        best(5, (99_00, 1), A1),
        best(6, (99_00, 1), A1),
    ]


def test_an_execution_out_of_turn_is_a_miss_and_a_cancel(tmp_path: Path) -> None:
    row = (A1, A2, (99_50, 5), B1)
    assert steps(
        tmp_path,
        ("34200.000000001,1,77,2,9950,1", (A1, A2, (99_50, 2), B1)),
        ("34200.000000002,1,78,3,9950,1", row),
        ("34200.000000003,4,78,1,9950,1", (A1, A2, (99_50, 4), B1)),
        ("34200.000000004,4,78,2,9950,1", (A1, A2, (99_50, 2), B1)),
    )[3:] == [
        Place(T + 2, "78", Side.BUY, 99_50, 3),
        best(2, (99_50, 5), A1),
        VenueTrade(T + 3, 99_50, 1),
        OutOfTurn("78"),
        Reduce(T + 3, "78", 1),
        best(3, (99_50, 4), A1),
        VenueTrade(T + 4, 99_50, 2),
        OutOfTurn("78"),
        Cancel(T + 4, "78", None),
        best(4, (99_50, 2), A1),
        VenueFill("78", 3),
    ]


def test_a_forgotten_order_is_cancelled_and_comes_back_as_anonymous(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        ("34200.000000001,1,77,1,9800,1", (A1, A2, B1, (98_00, 9))),
        ("34200.000000002,1,78,2,9950,1", (A1, A2, (99_50, 2), B1)),
        ("34200.000000003,3,78,2,9950,1", (A1, A2, B1, (98_00, 9))),
        ("34200.000000004,3,77,1,9800,1", (A1, A2, B1, (98_00, 8))),
    ) == [
        Place(T + 1, "77", Side.BUY, 98_00, 1),
        best(1, B1, A1),
        Place(T + 2, "78", Side.BUY, 99_50, 2),
        Cancel(T + 2, "anonymous.2", None),
        Cancel(T + 2, "77", None),
        best(2, (99_50, 2), A1),
        Cancel(T + 3, "78", 2),
        Place(T + 3, "anonymous.5", Side.BUY, 98_00, 9, announced=False),
        best(3, B1, A1),
        Reduce(T + 4, "anonymous.5", 1),
        best(4, B1, A1),
    ]


def test_hidden_executions_crosses_and_halts_send_nothing(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        ("34200.000000001,5,0,100,10050,1", START_ROW),
        ("34200.000000002,6,0,100,10050,-1", START_ROW),
        ("34200.000000003,7,0,0,-1,-1", START_ROW),
        ("34200.000000004,7,0,0,0,-1", START_ROW),
        ("34200.000000005,7,0,0,1,-1", START_ROW),
    ) == [best(time, B1, A1) for time in range(1, 6)]


@pytest.mark.parametrize("order", ["-1", "-2", "-3", "-4", "0"])
def test_a_cross_trade_of_any_kind_sends_nothing(tmp_path: Path, order: str) -> None:
    assert steps(
        tmp_path,
        (f"34200.000000001,6,{order},500,10050,-1", START_ROW),
        ("34200.000000002,3,77,7,9900,1", (A1, A2, B2, (97_00, 9))),
    )[:2] == [best(1, B1, A1), Cancel(T + 2, "anonymous.1", None)]


def test_an_order_that_is_executed_ahead_of_anonymous_volume_goes_before_it(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        ("34200.000000001,1,77,2,9900,1", (A1, A2, (99_00, 9), B2)),
        ("34200.000000002,4,77,1,9900,1", (A1, A2, (99_00, 8), B2)),
        ("34200.000000003,4,11,3,9900,1", (A1, A2, (99_00, 5), B2)),
        ("34200.000000004,4,77,1,9900,1", (A1, A2, (99_00, 4), B2)),
        ("34200.000000005,4,12,1,9900,1", (A1, A2, (99_00, 3), B2)),
    ) == [
        Place(T + 1, "77", Side.BUY, 99_00, 2),
        best(1, (99_00, 9), A1),
        VenueTrade(T + 2, 99_00, 1),
        Cancel(T + 2, "anonymous.1", None),
        Place(T + 2, "anonymous.5", Side.BUY, 99_00, 7, announced=False),
        Take(T + 2, Side.SELL, 99_00, 1, "77"),
        best(2, (99_00, 8), A1),
        VenueTrade(T + 3, 99_00, 3),
        Reduce(T + 3, "anonymous.5", 3),
        best(3, (99_00, 5), A1),
        VenueTrade(T + 4, 99_00, 1),
        Take(T + 4, Side.SELL, 99_00, 1, "77"),
        best(4, (99_00, 4), A1),
        VenueTrade(T + 5, 99_00, 1),
        Take(T + 5, Side.SELL, 99_00, 1, None),
        best(5, (99_00, 3), A1),
        VenueFill("77", 2),
    ]


def test_a_known_order_between_makes_it_out_of_turn(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        ("34200.000000001,1,77,2,9900,1", (A1, A2, (99_00, 9), B2)),
        ("34200.000000002,1,78,3,9900,1", (A1, A2, (99_00, 12), B2)),
        ("34200.000000003,4,78,3,9900,1", (A1, A2, (99_00, 9), B2)),
    )[4:7] == [VenueTrade(T + 3, 99_00, 3), OutOfTurn("78"), Cancel(T + 3, "78", None)]


@pytest.mark.parametrize(
    ("row", "tick"),
    [
        (START_ROW, 100),
        (((101_05, 5), (102_00, 6), (99_00, 7), (98_00, 8)), 5),
        (((101_01, 5), (102_00, 6), (99_00, 7), (98_00, 8)), 1),
        (((100_00, 5), (105_00, 6), (95_00, 7), (90_00, 8)), 500),
        (((101_00, 5), NONE_ASK, (99_00, 7), NONE_BID), 100),
        ((NONE_ASK, NONE_ASK, (99_00, 7), NONE_BID), 99_00),
    ],
)
def test_the_tick_is_the_greatest_that_fits_the_prices(tmp_path: Path, row: Row, tick: int) -> None:
    """The hidden execution at the start is at a price that no order has."""
    assert read([write(tmp_path, ("34200.0,5,0,1,9955,1", row))]).tick_size == tick


def test_a_side_without_levels(tmp_path: Path) -> None:
    empty = (NONE_ASK, NONE_ASK, B1, B2)
    assert steps(
        tmp_path,
        ("34200.000000001,4,9,5,10100,-1", ((102_00, 6), NONE_ASK, B1, B2)),
        ("34200.000000002,4,8,6,10200,-1", empty),
        ("34200.000000003,1,77,1,10300,-1", ((103_00, 1), NONE_ASK, B1, B2)),
    ) == [
        VenueTrade(T + 1, 101_00, 5),
        Take(T + 1, Side.BUY, 101_00, 5, None),
        best(1, B1, (102_00, 6)),
        VenueTrade(T + 2, 102_00, 6),
        Take(T + 2, Side.BUY, 102_00, 6, None),
        best(2, B1, None),
        Place(T + 3, "77", Side.SELL, 103_00, 1),
        best(3, B1, (103_00, 1)),
    ]


def test_an_order_in_the_first_row_enters_behind_what_was_there(tmp_path: Path) -> None:
    found = read([write(tmp_path, ("34200.0,1,77,2,9900,1", START_ROW))]).steps
    assert found == [
        Place(T, "anonymous.1", Side.BUY, 99_00, 5, announced=False),
        Place(T, "77", Side.BUY, 99_00, 2),
        Place(T, "anonymous.2", Side.BUY, 98_00, 8, announced=False),
        Place(T, "anonymous.3", Side.SELL, 101_00, 5, announced=False),
        Place(T, "anonymous.4", Side.SELL, 102_00, 6, announced=False),
    ]


def test_orders_announced_at_once_in_the_first_second_enter_by_id(tmp_path: Path) -> None:
    rows: list[Row] = [(A1, A2, (99_00, 7 + size), B2) for size in (1, 3, 4, 6)]
    found = steps(
        tmp_path,
        ("34200.5,1,90,1,9900,1", rows[0]),
        ("34200.5,1,88,2,9900,1", rows[1]),
        ("34200.6,1,20,1,9900,1", rows[2]),
        ("34200.6,1,101,2,9900,1", rows[3]),
    )
    later = steps(
        tmp_path,
        ("34201.5,1,90,1,9900,1", rows[0]),
        ("34201.5,1,88,2,9900,1", rows[1]),
    )
    assert [step.order for step in found if isinstance(step, Place)] == ["88", "90", "20", "101"]
    assert [step.order for step in later if isinstance(step, Place)] == ["90", "88"]


def test_orders_that_change_places_in_the_first_second_make_no_anonymous_volume(tmp_path: Path) -> None:
    """The row after the first message shows the size of that message, not of the order that enters in its place."""
    found = steps(
        tmp_path,
        ("34200.5,1,90,5,9950,1", (A1, A2, (99_50, 5), B1)),
        ("34200.5,1,88,2,9950,1", (A1, A2, (99_50, 7), B1)),
    )
    assert [step for step in found if isinstance(step, Place)] == [
        Place(T + 500_000_000, "88", Side.BUY, 99_50, 2),
        Place(T + 500_000_000, "90", Side.BUY, 99_50, 5),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("34200", 34_200_000_000_000),
        ("34200.5", 34_200_500_000_000),
        ("34200.015105074", 34_200_015_105_074),
        ("34200.0151050739", 34_200_015_105_074),
        ("34200.01510507349999", 34_200_015_105_073),
    ],
)
def test_times_are_exact_to_the_nanosecond(text: str, value: int) -> None:
    assert nanoseconds(text) == value


def test_either_file_finds_the_other_and_the_name_tells_the_symbol(tmp_path: Path) -> None:
    messages = write(tmp_path, START)
    books = messages.with_name(messages.name.replace("message", "orderbook"))
    for path in (messages, books):
        assert detect(RecordingFile(path)).name == "lobster"
    recordings = [read(paths) for paths in ([messages], [books], [messages, books], [books, messages])]
    assert all(recording == recordings[0] for recording in recordings)
    assert (recordings[0].symbol, recordings[0].price_decimals, recordings[0].tick_size) == ("ABC-USD", 4, 100)


def test_compressed_files(tmp_path: Path) -> None:
    messages = write(tmp_path, START)
    books = messages.with_name(messages.name.replace("message", "orderbook"))
    for path in (messages, books):
        path.with_suffix(".csv.xz").write_bytes(lzma.compress(path.read_bytes()))
    assert read([messages.with_suffix(".csv.xz")]) == read([messages])


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("\n34200.1,5,0,1,9900,1", "takes time,type,order id,size,price,direction"),
        ("34200.1,1,7,1,9900", "takes time,type,order id,size,price,direction"),
        ("34200.1,8,7,1,9900,1", "takes time,type,order id,size,price,direction"),
        ("34200.1,1,7,1.5,9900,1", "takes time,type,order id,size,price,direction"),
        ("34200.1,1,7,0,9900,1", "a size and a price above zero"),
        ("34200.1,1,7,1,-1,1", "a size and a price above zero"),
        ("34200.1,1,-7,1,9900,1", "no negative order id"),
        ("34200.1,4,-1,1,9900,1", "no negative order id"),
        ("34199.9,1,7,1,9900,1", "the time goes back"),
    ],
)
def test_a_garbled_message_is_named(tmp_path: Path, message: str, complaint: str) -> None:
    with pytest.raises(RecordingError, match=complaint) as caught:
        steps(tmp_path, (message, START_ROW))
    assert "message_2.csv, line 2: " in str(caught.value)


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    messages = write(tmp_path, START, START)
    books = messages.with_name(messages.name.replace("message", "orderbook"))
    rows = books.read_text().splitlines(keepends=True)
    books.write_text(rows[0])
    with pytest.raises(RecordingError, match=r"orderbook_2\.csv, line 2: ends before the 2 messages do"):
        read([messages])
    books.write_text(rows[0] * 3)
    with pytest.raises(RecordingError, match=r"message_2\.csv, line 2: ends before the order book does"):
        read([messages])
    books.write_text(rows[0] + "1,2,3\n")
    with pytest.raises(RecordingError, match=r"orderbook_2\.csv, line 2: takes ask price"):
        read([messages])
    for bad_level in ("-5,6,9900,7", "0,6,9900,7", "10100,-6,9900,7", "10100,6,9900,00"):
        books.write_text(rows[0] + f"{bad_level},10200,6,9800,8\n")
        with pytest.raises(RecordingError, match=r"orderbook_2\.csv, line 2: takes ask price"):
            read([messages])
    with pytest.raises(RecordingError, match="a second message file; takes one of each"):
        read([messages, messages])
    with pytest.raises(RecordingError, match="a second order book file; takes one of each"):
        read([books, books])
    with pytest.raises(RecordingError, match="a LOBSTER recording is a message file and an order book file"):
        read([messages, books, messages])
    books.unlink()
    with pytest.raises(RecordingError, match=r"orderbook_2\.csv: No such file"):
        read([messages])
    lonely = messages.rename(tmp_path / "flow.csv")
    with pytest.raises(RecordingError, match="give the orderbook file too"):
        read([lonely])
