"""Formats that are declared: CSV files in, steps out."""

import lzma
from pathlib import Path

import pytest

from matching_exchange.recordings import Action, Mapping, RecordingError, read_csv
from matching_exchange.recordings.recording import Cancel, Levels, LevelTrade, Place, Reduce, Take, VenueTrade
from protocol.units import Side

TICKS = Mapping(
    name="ticks",
    time="ts",
    time_unit="ms",
    event="what",
    order="id",
    side="bs",
    price="px",
    quantity="qty",
    words={
        "new": Action.ADD,
        "less": Action.REDUCE,
        "now": Action.CHANGE,
        "gone": Action.DELETE,
        "hit": Action.EXECUTE,
    },
    buy=("B",),
    sell=("S",),
)

ORDERS = """ts,what,id,bs,px,qty,note
1.5,new,a1,B,10.25,3,
2,new,b2,S,10.5,4.5,hello
3,less,a1,B,10.25,1,
4,hit,b2,S,10.5,0.5,
5,now,b2,S,10.75,2,
6,gone,a1,B,10.25,2,
"""


def csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "day.csv"
    path.write_text(text)
    return path


def test_a_made_up_format_of_orders(tmp_path: Path) -> None:
    source = read_csv(csv(tmp_path, ORDERS), TICKS, "ABC-USD", epoch=9)
    assert (source.format, source.base, source.quote, source.epoch) == ("ticks", "ABC", "USD", 9)
    assert (source.price_decimals, source.quantity_decimals) == (2, 1)
    assert (
        list(source.steps())
        == list(source.steps())
        == [
            Place(1_500_000, "a1", Side.BUY, 1025, 30),
            Place(2_000_000, "b2", Side.SELL, 1050, 45),
            Reduce(3_000_000, "a1", 10),
            VenueTrade(4_000_000, 1050, 5),
            Take(4_000_000, Side.BUY, 1050, 5, "b2"),
            Cancel(5_000_000, "b2", 40),
            Place(5_000_000, "b2", Side.SELL, 1075, 20, replaces="b2"),
            Cancel(6_000_000, "a1", 20),
        ]
    )


def test_a_made_up_format_of_levels_without_a_header(tmp_path: Path) -> None:
    levels = Mapping(
        name="levels",
        header=("t", "kind", "side", "price", "size"),
        delimiter=";",
        time="t",
        time_unit="us",
        event="kind",
        side="side",
        price="price",
        quantity="size",
        quantity_in_units=8,
        words={"s": Action.SNAPSHOT, "u": Action.LEVEL, "t": Action.TRADE, "x": Action.CLEAR, "?": Action.IGNORE},
    )
    path = tmp_path / "day.csv.xz"
    rows = "1;s;buy;9.5;700000000\n1;s;sell;10;1\n2;u;buy;9.5;0\n2;u;sell;9.8;5\n2;t;buy;9.8;3\n3;?;;;\n4;x;;;\n"
    path.write_bytes(lzma.compress(rows.encode()))
    source = read_csv(path, levels, "ABC-USD")
    assert (source.by_level, source.price_decimals, source.quantity_decimals) == (True, 1, 8)
    assert list(source.steps()) == [
        Levels(1_000, ((95, 700000000),), ((100, 1),), whole=True),
        Levels(2_000, ((95, 0),), ((98, 5),)),
        LevelTrade(2_000, Side.BUY, 98, 3),
        Levels(4_000, (), (), whole=True),
    ]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("ts,what", "time,what", "line 1: no column ts; there are time, what"),
        ("3,less", "3,fewer", "line 4: what 'fewer': takes one of new, less"),
        ("2,new,b2,S", "2,new,b2,X", "line 3: bs 'X': takes one of B, S"),
        ("2,new,b2", "2,new,", "line 3: id: takes the id of an order"),
        ("2,new,b2", "2,new,a1", "line 3: order a1 is there already"),
        ("3,less,a1", "3,less,zz", "line 4: order zz is not known"),
        ("3,less", "1,less", "line 4: the time goes back"),
        ("3,less", "three,less", "line 4: ts: takes a decimal number"),
        ("10.5,4.5", "-10.5,4.5", "line 3: px: takes a number above zero"),
        ("10.5,4.5", "10.5,0", "line 3: qty: takes a number above zero"),
        ("10.5,4.5", "10.5,1e-40", "line 3: qty: takes"),
        (",hello", "", "line 3: takes 7 columns, found 6"),
    ],
)
def test_a_row_that_does_not_fit_is_told_with_line_and_column(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(RecordingError, match=complaint):
        list(read_csv(csv(tmp_path, ORDERS.replace(old, new, 1)), TICKS, "ABC-USD").steps())


def test_a_declaration_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="symbol 'ABC': takes base and quote"):
        read_csv(csv(tmp_path, ORDERS), TICKS, "ABC")
    common = {"name": "x", "time": "t", "event": "e", "side": "s", "price": "p", "quantity": "q"}
    with pytest.raises(ValueError, match="time_unit 'h': takes one of s, ms, us, ns"):
        Mapping(**common, order="id", words={}, time_unit="h")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="order: takes the column of the order's id"):
        Mapping(**common, words={"t": Action.TRADE})  # type: ignore[arg-type]
