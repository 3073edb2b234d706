"""docs/history.md tells the tables as they are."""

import re
from pathlib import Path

from history.candles.intervals import INTERVALS
from history.schema.tables import COVERED, metadata
from protocol.money import MovementKind
from protocol.units import InstrumentStatus, OrderStatus, OrderType, Side

TEXT = (Path(__file__).parents[3] / "docs" / "history.md").read_text()


def columns(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_every_table_is_told_with_its_key_and_its_indices() -> None:
    told = {
        name: (columns(key), [columns(each) for each in indices.split(";") if columns(each)])
        for name, key, indices in re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|([^|]*)\|$", TEXT, re.MULTILINE)
    }
    assert told.keys() == metadata.tables.keys()
    for name, table in metadata.tables.items():
        key, indices = told[name]
        assert key == list(table.primary_key.columns.keys())
        assert sorted(indices) == sorted(list(index.columns.keys()) for index in table.indexes)


def test_every_interval_and_every_name_of_coverage_is_told() -> None:
    assert ", ".join(INTERVALS) in TEXT
    assert all(f"`{name}`" in TEXT for name in COVERED)


def test_numbers_are_told() -> None:
    def words(*members: Side | OrderType | OrderStatus | InstrumentStatus | MovementKind) -> str:
        return ", ".join(f"{member.value} {member.name.lower()}" for member in members)

    assert f"| {words(*Side)} |" in TEXT
    assert f"| {words(*OrderType)} |" in TEXT
    assert f"| {words(OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED)} |" in TEXT
    assert f"| {words(*InstrumentStatus)} |" in TEXT
    assert f"| {words(*MovementKind)} |" in TEXT
