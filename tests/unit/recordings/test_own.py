"""Journals of this exchange, and exports of them, as recordings: the golden journals end with the engine's books."""

import sys
from pathlib import Path

import pytest

from matcher.storage.journal_format import first_sequence
from matching_exchange.recordings import RecordingError, read_export, read_journal
from tests.exports import JOURNALS, SYMBOLS, data_directory, export, keep_snapshot, replayed
from tests.recorded_markets import ALL, play_levels, play_orders


@pytest.fixture(scope="module", params=JOURNALS)
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_directory(request.param, tmp_path_factory.mktemp("own"))


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_journal_and_its_exports_end_with_the_books_of_the_engine(data: Path, symbol: str) -> None:
    book = replayed(data).registry.books[symbol]
    left = (tuple(book.bids.top(ALL)), tuple(book.asks.top(ALL)))
    flow, *levels = play_orders(read_journal(data, symbol))
    assert tuple(levels) == left
    assert {name: count for name, count in flow.counts.items() if count and name != "recorded"} == {}
    steps = list(read_journal(data / "journal", symbol).steps())
    name = f"{data.name}-{symbol}"
    for output, flags in ((f"{name}.csv", ()), (f"{name}.parquet", ()), (f"{name}-integers.parquet", ("--integers",))):
        exported = read_export(export(data, "level-3", output, "--symbol", symbol, *flags))
        assert exported.symbol == symbol
        decimals = (exported.price_decimals, exported.quantity_decimals)
        # Without integers, a file tells the decimals that its rows need.
        if decimals == (book.instrument.price_decimals, book.instrument.quantity_decimals):
            assert list(exported.steps()) == steps
        assert len(list(exported.steps())) == len(steps)
    assert decimals == (book.instrument.price_decimals, book.instrument.quantity_decimals)
    level_2 = read_export(export(data, "level-2", f"{name}-2.csv", "--symbol", symbol))
    _, *levels = play_levels(level_2)
    price = 10 ** (book.instrument.price_decimals - level_2.price_decimals)
    quantity = 10 ** (book.instrument.quantity_decimals - level_2.quantity_decimals)
    assert [[(p * price, q * quantity) for p, q in side] for side in levels] == [list(side) for side in left]


def test_a_journal_without_its_beginning_is_read_from_a_snapshot(tmp_path: Path) -> None:
    data = data_directory("golden_compiled", tmp_path)
    _, *whole = play_orders(read_journal(data, "BTC-USDT"))
    first, second, *_ = sorted((data / "journal").glob("*.journal"))
    keep_snapshot(data, 1)
    keep_snapshot(data, first_sequence(second) - 1)
    first.unlink()
    _, *rest = play_orders(read_journal(data, "BTC-USDT"))
    assert rest == whole


def test_what_is_no_journal_and_no_such_instrument(tmp_path: Path, data: Path) -> None:
    with pytest.raises(RecordingError, match="holds no journal; takes a matcher's data directory"):
        read_journal(tmp_path, "BTC-USDT")
    with pytest.raises(RecordingError, match=r"no instrument NO-SUCH; it has .*BTC-USDT"):
        read_journal(data, "NO-SUCH")


def test_an_export_of_trades_makes_no_book(data: Path) -> None:
    path = export(data, "trades", f"{data.name}-trades.csv", "--journal")
    with pytest.raises(RecordingError, match=r"no column event: takes an export of the kind level-3 or level-2"):
        read_export(path)


def test_an_export_with_a_broken_row_is_told_with_its_line(data: Path) -> None:
    path = export(data, "level-3", f"{data.name}-broken.csv", "--symbol", "BTC-USDT")
    lines = path.read_text().splitlines()
    for place, old, new, complaint in (
        (3, lines[3].split(",")[1], "yesterday", "line 4: timestamp: takes a time such as"),
        (3, lines[3].split(",")[3], "vanish", "line 4: event 'vanish': takes one of snapshot, add"),
    ):
        broken = [*lines[:place], lines[place].replace(old, new, 1), *lines[place + 1 :]]
        path.write_text("\n".join(broken) + "\n")
        with pytest.raises(RecordingError, match=complaint):
            list(read_export(path).steps())


def test_parquet_without_its_package_is_one_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = export(data, "level-3", f"{data.name}-lab.parquet", "--symbol", "BTC-USDT")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        RecordingError, match=r"reading Parquet needs the extra: pip install 'matching-exchange\[lab\]'"
    ):
        read_export(path)
    path.write_bytes(path.read_bytes()[:100])
    monkeypatch.undo()
    with pytest.raises(RecordingError, match="no readable Parquet"):
        read_export(path)
