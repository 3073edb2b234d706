"""Parquet and Arrow, read by pyarrow: the same rows as the CSV, with exact decimals and times."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as parquet
import pytest

from matching_exchange.columns.arrow import decimal_array
from matching_exchange.columns.units import Unit
from matching_exchange.tools.export.kinds import KINDS
from tests.exports import data_directory, export, rows

KIND_FLAGS = [
    *((kind, ()) for kind in ("trades", "fills", "orders")),
    *((kind, ("--symbol", "BTC-USDT")) for kind in KINDS),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_directory("golden_money", tmp_path_factory.mktemp("tables"))


def read(path: Path) -> Any:
    return parquet.read_table(path) if path.suffix == ".parquet" else pyarrow.ipc.open_file(path).read_all()


def text_of(value: object, unit: Unit) -> str:
    """The value as the CSV file has it."""
    if value is None:
        return ""
    if unit is Unit.FLAG:
        return str(value).lower()
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def nanoseconds(text: str) -> int:
    """The time in whole microseconds, which are all that these journals have, since 1970."""
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize(("kind", "flags"), KIND_FLAGS)
def test_the_rows_are_those_of_the_csv(data: Path, kind: str, flags: tuple[str, ...], suffix: str) -> None:
    table = read(export(data, kind, f"table{suffix}", "--journal", *flags))
    expected = rows(export(data, kind, "table.csv", "--journal", *flags))
    columns = KINDS[kind].columns
    assert table.column_names == [column.name for column in columns]
    assert table.num_rows == len(expected) > 0
    for name, unit in columns:
        found = table[name]
        if unit is Unit.TIME:
            assert found.type == pa.timestamp("ns", tz="UTC")
            assert found.cast(pa.int64()).to_pylist() == [nanoseconds(row[name]) for row in expected]
        else:
            assert [text_of(value, unit) for value in found.to_pylist()] == [row[name] for row in expected]


def test_one_symbol_has_its_own_decimals(data: Path) -> None:
    table = read(export(data, "trades", "one.parquet", "--journal", "--symbol", "BTC-USDT"))
    assert table.schema.field("price").type == pa.decimal128(38, 2)
    assert table.schema.field("quantity").type == pa.decimal128(38, 5)
    assert table.schema.field("value").type == pa.decimal128(38, 7)
    assert table.schema.metadata[b"kind"] == b"trades"
    assert table.schema.metadata[b"symbol"] == b"BTC-USDT"


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv"])
def test_integers_stand_beside_their_decimals(data: Path, suffix: str) -> None:
    path = export(data, "trades", f"integers{suffix}", "--journal", "--integers")
    found: list[dict[str, Any]] = [*rows(path)] if suffix == ".csv" else read(path).to_pylist()
    decimals = rows(export(data, "trades", "decimals.csv", "--journal"))
    assert len(found) == len(decimals) > 0
    for whole, row in zip(found, decimals, strict=True):
        price, quantity = (int(whole[name]) for name in ("price_decimals", "quantity_decimals"))
        assert Decimal(whole["price"]).scaleb(-price) == Decimal(row["price"])
        assert Decimal(whole["quantity"]).scaleb(-quantity) == Decimal(row["quantity"])
        assert Decimal(whole["maker_fee"]).scaleb(-price - quantity - 4) == Decimal(row["maker_fee"])


def test_an_empty_range_has_the_columns_and_no_rows(data: Path) -> None:
    table = read(export(data, "trades", "none.parquet", "--journal", "--last-sequence", "1"))
    assert table.num_rows == 0
    assert "maker_account" in table.column_names


@pytest.mark.parametrize(
    "values", [[], [0, -1, None, 5], [None], [10**37, -(10**37), None], [2**63 - 1, -(2**63), 2**63]]
)
def test_decimals_are_copied_exactly(values: list[int | None]) -> None:
    found = decimal_array(values, pa.decimal128(38, 3))
    found.validate(full=True)
    assert found.to_pylist() == [None if value is None else Decimal(value).scaleb(-3) for value in values]
    assert found.null_count == values.count(None)
