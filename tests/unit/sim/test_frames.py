"""Frames and files of results."""

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas
import polars
import pyarrow.parquet
import pytest

from matching_exchange.sim import OrderState
from matching_exchange.sim.extras import MissingExtraError
from matching_exchange.sim.result.files import FileError
from matching_exchange.sim.result.result import TABLES, Result, ResultError
from protocol.instrument import Instrument
from protocol.units import Side
from tests.sim_records import SECOND, Made

BUY, SELL = Side.BUY, Side.SELL


def result() -> Result:
    made = Made("AAA-USD", "BBB-EUR", seconds=2.5)
    made.record.instruments[1] = Instrument("BBB-EUR", "BBB", "EUR", 4, 0, 1, 1, 1, 10**9, 10**9, 0, 10, 20)
    made.quote(0, 9990, 0).quote(1, 9990, 10010, 10010).quote(1, 12345, 12346, symbol=1).trade(1, 10010, 20)
    made.trade(2, 12346, 7, SELL, symbol=1)
    made.order(1, BUY, 20, 10010, first_fill=1, done=1, filled=20, value=200200, status=OrderState.FILLED)
    made.order(1, SELL, 9, agent=1, symbol=1, arrived=None, status=OrderState.SENT, arrival=(12345, 12346))
    made.fill(1, 1, BUY, 10010, 20).fill(2, 1, SELL, 12346, 7, agent=1, symbol=1, is_maker=True)
    return Result(made.record, {"latency": "1 ms"}, SECOND)


def test_frames_hold_exact_decimals_words_and_times() -> None:
    fills = result().to_polars("fills")
    assert fills["price"].to_list() == [Decimal("100.10"), Decimal("1.2346")]
    assert fills["quantity"].to_list() == [Decimal(2), Decimal(7)]
    assert fills["fee"].to_list() == [Decimal("0.4004"), Decimal("0.0086422")]
    assert fills["liquidity"].to_list() == ["taker", "maker"]
    assert fills["agent"].to_list() == ["ann", "ben"]
    assert fills["timestamp"].to_list()[0] == datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC)
    orders = result().to_polars("orders")
    assert orders["status"].to_list() == ["filled", "sent"]
    assert orders["price"].to_list() == [Decimal("100.1"), None]
    assert orders["arrived"].null_count() == 1
    assert result().to_polars("quotes")["ask"].to_list() == [None, Decimal("100.1"), Decimal("1.2346")]
    assert result().to_polars("trades")["aggressor_side"].to_list() == ["buy", "sell"]


def test_frames_give_floats_where_they_are_asked_for() -> None:
    trades = result().to_polars("trades", exact=False)
    assert trades.schema["price"] == polars.Float64
    assert trades["value"].to_list() == [200.2, 8.6422]


def test_pandas_frames_have_the_same_rows() -> None:
    found = result()
    for name in TABLES:
        frame = found.to_pandas(name)
        assert isinstance(frame, pandas.DataFrame)
        assert list(frame.columns) == found.to_polars(name).columns
        assert len(frame) == len(found.to_polars(name))


def test_the_equity_has_a_row_for_each_interval_and_the_end() -> None:
    rows = result().to_polars("equity").filter(polars.col("agent") == "ann")
    assert [row["timestamp"].second for row in rows.iter_rows(named=True)] == [20, 21, 22, 22]
    # 2 AAA at 100.10 are worth 100.00 each, and cost a fee of 0.4004.
    assert rows["pnl"].to_list() == [0] + [Decimal("-0.6004")] * 3
    assert rows["drawdown"].to_list() == [0] + [Decimal("0.6004")] * 3
    assert rows["position"].to_list() == [0, 2, 2, 2]
    assert len(result().to_polars("equity", interval=SECOND // 2)) == 2 * 6


def test_a_frame_of_another_name_is_refused() -> None:
    with pytest.raises(ResultError, match="name: takes one of quotes, trades, orders, fills, equity, not bars"):
        result().to_polars("bars")


@pytest.mark.parametrize("package", ["polars", "pandas", "pyarrow"])
def test_a_missing_package_is_told_in_one_sentence(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package} is not installed: pip install 'matching-exchange\[lab\]'"):
        result().to_pandas("fills") if package == "pandas" else result().to_polars("fills")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = result()
    written.write_parquet(tmp_path / "run")
    read = Result.read_parquet(tmp_path / "run")
    for table in ("quotes", "trades", "orders", "fills"):
        assert getattr(written.record, table) == getattr(read.record, table)
    assert read.all_figures() == written.all_figures()
    assert read.summary() == written.summary()
    assert (read.parameters, read.interval, read.digest) == ({"latency": "1 ms"}, SECOND, written.digest)
    file = pyarrow.parquet.read_table(tmp_path / "run" / "fills.parquet")
    assert str(file.schema.field("price").type) == "decimal128(38, 4)"
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted(
        [*(f"{name}.parquet" for name in TABLES), "run.json"]
    )


def test_a_run_without_rows_is_written_and_read_again(tmp_path: Path) -> None:
    written = Result(Made().record)
    written.write_parquet(tmp_path)
    assert Result.read_parquet(tmp_path).all_figures() == written.all_figures()


def test_a_directory_without_a_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no result"):
        Result.read_parquet(tmp_path)
    Result(Made().record).write_parquet(tmp_path)
    (tmp_path / "run.json").write_text((tmp_path / "run.json").read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(FileError, match="format takes 1, not 2"):
        Result.read_parquet(tmp_path)
