"""The Bitstamp reader: lines in, all steps out."""

import lzma
from pathlib import Path

import pytest

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.readers import detect
from matching_exchange.recordings.readers.bitstamp import READER
from matching_exchange.recordings.recording import (
    Cancel,
    Place,
    Recording,
    RecordingError,
    Replace,
    Step,
    VenueBest,
    VenueFill,
    VenueTrade,
)
from protocol.units import Side

MS = 1_000_000


def read(paths: list[Path]) -> Recording:
    return READER.read([RecordingFile(path) for path in paths])


def event(time: int, what: str, order: int, price: str, amount: str, order_type: int = 0) -> str:
    return f'{time} order_{what} {{"price": "{price}", "amount": "{amount}", "datetime": "1", "id": {order}, "order_type": {order_type}}}'


def steps(tmp_path: Path, *lines: str) -> list[Step]:
    path = tmp_path / "events.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return read([path]).steps


def test_an_order_is_entered_and_cancelled(tmp_path: Path) -> None:
    assert steps(
        tmp_path, event(1, "created", 7, "236.47", "2.00000001", 1), event(2, "deleted", 7, "236.47", "2.00000001", 1)
    ) == [
        Place(1 * MS, "7", Side.SELL, 23647, 200000001),
        Cancel(2 * MS, "7", 200000001),
    ]


def test_fills_are_not_sent_but_summed_up(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        event(1, "created", 7, "10.00", "3.0"),
        event(2, "changed", 7, "10.00", "2.5"),
        event(3, "changed", 7, "10.00", "2.0"),
        event(4, "deleted", 7, "10.00", "0.0"),
    ) == [
        Place(1 * MS, "7", Side.BUY, 1000, 300000000),
        Cancel(4 * MS, "7", None),
        VenueFill("7", 300000000),
    ]


def test_another_price_is_a_replace_and_no_fill(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        event(1, "created", 7, "10.00", "3.0"),
        event(2, "changed", 7, "10.50", "2.9"),
        event(3, "changed", 7, "10.50", "2.4"),
    ) == [
        Place(1 * MS, "7", Side.BUY, 1000, 300000000),
        Replace(2 * MS, "7", 1050, 290000000),
        VenueFill("7", 50000000),
    ]


def test_orders_from_before_come_first_by_id_with_their_largest_amount(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        event(5, "created", 8, "10.00", "1.0"),
        event(6, "deleted", 4, "12.00", "0.5", 1),
        event(7, "changed", 3, "9.00", "2.0"),
        event(8, "changed", 3, "9.00", "4.0"),
        event(9, "deleted", 3, "9.00", "1.0"),
    ) == [
        Place(5 * MS, "3", Side.BUY, 900, 400000000, announced=False),
        Place(5 * MS, "4", Side.SELL, 1200, 50000000, announced=False),
        Place(5 * MS, "8", Side.BUY, 1000, 100000000),
        Cancel(6 * MS, "4", 50000000),
        Cancel(9 * MS, "3", 100000000),
        VenueFill("3", 300000000),
    ]


def test_an_order_from_before_of_which_no_amount_is_known_is_not_placed(tmp_path: Path) -> None:
    assert steps(tmp_path, event(1, "deleted", 4, "12.00", "0.0")) == [Cancel(1 * MS, "4", None)]


def test_created_after_deleted_is_ignored_and_the_cancel_still_compared(tmp_path: Path) -> None:
    assert steps(tmp_path, event(1, "deleted", 7, "10.00", "1.0"), event(2, "created", 7, "10.00", "1.0")) == [
        Cancel(1 * MS, "7", 100000000),
    ]


def test_only_another_deleted_counts_after_the_deleted_line(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        event(1, "created", 7, "10.00", "1.0"),
        event(2, "deleted", 7, "10.00", "1.0"),
        event(3, "changed", 7, "11.00", "0.5"),
        event(4, "created", 7, "10.00", "1.0"),
        event(5, "deleted", 7, "10.00", "1.0"),
    ) == [
        Place(1 * MS, "7", Side.BUY, 1000, 100000000),
        Cancel(2 * MS, "7", 100000000),
        Cancel(5 * MS, "7", 100000000),
    ]


@pytest.mark.parametrize(
    ("number", "amount"),
    [
        ("1.7885566900000001", 178855669),
        ("8.8351857299999992", 883518573),
        ("3", 300000000),
        ("1e-8", 1),
        ("0.29", 29000000),
    ],
)
def test_amounts_of_trades_are_read_from_their_text_and_rounded(tmp_path: Path, number: str, amount: int) -> None:
    line = f'1 trade {{"price": 236.62999999999999, "amount": {number}, "id": 1}}'
    assert steps(tmp_path, line) == [VenueTrade(1 * MS, 23663, amount)]


ORDER = Place(1 * MS, "1294629594927104", Side.SELL, 876543, 200000001)
ID = '"id": 1294629594927104, "order_type": 1'


@pytest.mark.parametrize(
    "fields",
    [
        f'"price": "8765.43", "amount": "2.00000001", {ID}',
        f'"price": 8765.43, "amount": 2.00000001, {ID}',
        f'"price": 8765.4300000000003, "amount": 2.0000000099999999, {ID}',
        f'"price": 8.76543e3, "amount": 200000001e-8, {ID}',
        f'"price": 8765.43, "price_str": "8765.43", "amount": 2.00000001, "amount_str": "2.00000001", {ID}',
        f'"price": 8765, "price_str": "8765.43", "amount": 2, "amount_str": "2.00000001", {ID}',
        f'"price": null, "price_str": "8765.43", "amount": "2.00000001", "amount_str": null, {ID}',
        '"price": 8765.43, "amount": 2.00000001, "id": "1294629594927104", "order_type": 1',
        f'"price": 8765.43, "amount": 2.00000001, {ID}, "id_str": "7", "datetime": 1583936582, "microtimestamp": 1583936581811000',
        f'"price": 8765.43, "amount": 2.00000001, {ID}, "datetime": "1583936582", "microtimestamp": "1583936581811000"',
    ],
)
def test_numbers_and_strings_say_the_same(tmp_path: Path, fields: str) -> None:
    assert steps(tmp_path, f"1 order_created {{{fields}}}") == [ORDER]


def test_an_id_is_exact_beyond_what_a_float_holds(tmp_path: Path) -> None:
    line = '1 order_created {"price": 1, "amount": 1, "id": 9007199254740993, "order_type": 0}'
    assert steps(tmp_path, line) == [Place(1 * MS, "9007199254740993", Side.BUY, 100, 100000000)]


def test_trades_and_levels_are_numbers_or_strings(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        '1 trade {"price": "8765.43", "amount": "0.00000001", "id": 1}',
        '2 trade {"price": 8765, "price_str": "8765.43", "amount": 0, "amount_str": "0.00000001", "id": "1"}',
        '3 order_book {"bids": [[8765.43, 1.5]], "asks": [["8765.44", 2]]}',
    ) == [
        VenueTrade(1 * MS, 876543, 1),
        VenueTrade(2 * MS, 876543, 1),
        VenueBest(3 * MS, (876543, 150000000), (876544, 200000000)),
    ]


def test_a_snapshot_says_the_best_levels(tmp_path: Path) -> None:
    assert steps(
        tmp_path,
        '1 order_book {"bids": [["236.47", "1.5"], ["236.20", "9.0"]], "asks": [["236.64", "3.7"]]}',
        '2 order_book {"bids": [], "asks": [["236.64", "3.7"]]}',
    ) == [VenueBest(1 * MS, (23647, 150000000), (23664, 370000000)), VenueBest(2 * MS, None, (23664, 370000000))]


def test_a_compressed_file_is_recognised_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "whatever"
    path.write_bytes(lzma.compress(event(1, "created", 7, "10.00", "1.0").encode()))
    file = RecordingFile(path)
    reader = detect(file)
    assert reader.name == "bitstamp"
    recording = reader.read([file])
    assert (recording.symbol, recording.price_decimals, recording.quantity_decimals) == ("BTC-USD", 2, 8)
    assert recording.steps == [Place(1 * MS, "7", Side.BUY, 1000, 100000000)]


GOOD = event(5, "created", 7, "10.00", "1.0")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("\n" + GOOD, "takes <time in ms> <event> <JSON>"),
        ("6 order_moved {}", "takes <time in ms> <event> <JSON>"),
        ("x order_created {}", "takes <time in ms> <event> <JSON>"),
        ("6 order_created {", "truncated"),
        ("6 order_created {}", "missing required field"),
        (event(6, "created", 8, "10.00", "0.0"), "amount above zero"),
        (event(6, "created", 8, "10.001", "1.0"), "at most 2 decimals"),
        (event(6, "changed", 8, "0.00", "1.0"), "positive price"),
        (event(6, "created", 8, "10.00", "1.0", 2), "order_type 2"),
        (event(4, "created", 8, "10.00", "1.0"), "the time goes back"),
        (
            event(6, "created", 8, "10.00", "1.0000000000000002"),
            "amount '1.0000000000000002': takes at most 8 decimals",
        ),
        (
            '6 order_created {"price": 10.001, "amount": 1, "id": 8, "order_type": 0}',
            "price 10.001: takes at most 2 decimals",
        ),
        ('6 order_created {"price": 10, "amount": 1, "id": 8.0, "order_type": 0}', "id 8.0: takes a whole number"),
        (
            '6 order_created {"price": 10, "amount": 1, "id": 9223372036854775808, "order_type": 0}',
            "id 9223372036854775808: takes",
        ),
        ('6 order_created {"price": 10, "amount": 1, "id": "", "order_type": 0}', 'id "": takes a whole number'),
        ('6 order_created {"price": null, "amount": 1, "id": 8, "order_type": 0}', "price null: takes a number"),
        ('6 order_created {"price": 10, "amount": true, "id": 8, "order_type": 0}', "amount true: takes a number"),
        (
            '6 order_created {"price": 10, "price_str": "", "amount": 1, "id": 8, "order_type": 0}',
            "price '': takes a decimal number",
        ),
        (
            '6 order_created {"price": 10, "price_str": 10, "amount": 1, "id": 8, "order_type": 0}',
            "Expected `str | null`",
        ),
        ('6 order_created {"x": ' + "[" * 50_000 + "]" * 50_000 + "}", "nested too deeply"),
        ("1" * 14 + " order_created {}", "takes a time in ms of at most 13 digits"),
        ('6 trade {"price": "a", "amount": 1, "id": 1}', "takes a decimal number"),
        ('6 trade {"price": 1, "amount": {}, "id": 1}', "takes a number"),
        ('6 trade {"price": 1, "amount": 0.123456789, "id": 1}', "takes at most 8 decimals"),
        ('6 trade {"price": 1, "amount": 0.0, "id": 1}', "takes a positive number"),
        ('6 trade {"price": 1, "amount": 1e99999999, "id": 1}', "at most 12 digits"),
    ],
)
def test_a_garbled_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(RecordingError, match=complaint) as caught:
        steps(tmp_path, GOOD, line)
    assert str(caught.value).startswith(f"{tmp_path / 'events.log'}, line 2: ")


def test_a_second_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"b\.log: a Bitstamp recording is one file"):
        read([tmp_path / "a.log", tmp_path / "b.log"])
