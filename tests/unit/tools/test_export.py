"""Exports of trades, fills, orders and candles: from the tables and from the journal."""

from decimal import Decimal
from pathlib import Path

import pytest

from history.candles.intervals import INTERVALS
from protocol.instrument import format_decimal
from tests.exports import JOURNALS, SYMBOLS, data_directory, export, fill_tables, keep_snapshot, replayed, rows

RANGES = (
    (),
    ("--symbol", "BTC-USDT"),
    ("--first-sequence", "100", "--last-sequence", "400"),
    ("--from", "2027-01-15T08:00:00.05Z", "--to", "2027-01-15T08:00:00.1Z", "--symbol", "ETH-USDT"),
)

PERSONAL = (("--account", "ann"), ("--account", "bob", "--symbol", "BTC-USDT", "--first-sequence", "90"))


@pytest.fixture(scope="module", params=JOURNALS)
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a journal, and with tables that are filled from it."""
    data = data_directory(request.param, tmp_path_factory.mktemp("export"))
    fill_tables(data)
    return data


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        *((kind, flags) for kind in ("trades", "fills", "orders") for flags in RANGES),
        *((kind, flags) for kind in ("fills", "orders") for flags in PERSONAL),
        *(("candles", ("--symbol", "BTC-USDT", "--interval", interval)) for interval in INTERVALS),
    ],
)
def test_tables_and_journal_give_the_same_bytes(data: Path, kind: str, flags: tuple[str, ...]) -> None:
    from_tables = export(data, kind, "tables.csv", *flags).read_bytes()
    from_journal = export(data, kind, "journal.csv", "--journal", *flags).read_bytes()
    assert from_tables == from_journal


def test_trades_are_those_of_the_engine(data: Path) -> None:
    state = replayed(data)
    for symbol in SYMBOLS:
        book = state.registry.books[symbol]
        instrument = book.instrument
        expected = [
            (
                str(trade.trade_id),
                format_decimal(trade.price, instrument.price_decimals),
                format_decimal(trade.quantity, instrument.quantity_decimals),
                trade.aggressor_side.name.lower(),
                Decimal(trade.price * trade.quantity * trade.taker_fee_bps).scaleb(-instrument.value_decimals - 4),
            )
            for trade in book.trades
        ]
        found = [
            (
                row["trade_id"],
                row["price"],
                row["quantity"],
                row["aggressor_side"],
                Decimal(row["taker_fee"]),
            )
            for row in rows(export(data, "trades", "trades.csv", "--symbol", symbol))
        ]
        assert found == expected
        assert found


def test_orders_are_all_that_have_ended(data: Path) -> None:
    registry = replayed(data).registry
    found = rows(export(data, "orders", "orders.csv"))
    assert [int(row["order_id"]) for row in found] == [order.order_id for order in registry.done]
    assert {row["status"] for row in found} >= {"filled", "canceled", "rejected"}


def test_a_range_is_a_part_of_all(data: Path) -> None:
    everything = rows(export(data, "fills", "fills.csv", "--journal"))
    some = rows(export(data, "fills", "some.csv", "--journal", "--first-sequence", "120", "--last-sequence", "300"))
    assert some == [row for row in everything if 120 <= int(row["sequence"]) <= 300]
    assert some
    assert rows(export(data, "fills", "none.csv", "--first-sequence", "9000000")) == []


@pytest.mark.parametrize("kind", ["trades", "fills", "orders"])
def test_a_range_behind_a_snapshot_is_the_same(tmp_path: Path, kind: str) -> None:
    data = data_directory("golden_money", tmp_path)
    flags = ("--journal", "--first-sequence", "650")
    before = export(data, kind, "before.csv", *flags).read_bytes()
    assert keep_snapshot(data, 600) > 600
    assert export(data, kind, "behind.csv", *flags).read_bytes() == before
    # The range needs nothing of the first segment.
    min((data / "journal").glob("*.journal")).unlink()
    assert export(data, kind, "trimmed.csv", *flags).read_bytes() == before


def test_a_journal_without_its_beginning_says_from_where_it_is_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = data_directory("golden_money", tmp_path)
    everything = rows(export(data, "trades", "all.csv", "--journal"))
    begin = keep_snapshot(data, 600)
    min((data / "journal").glob("*.journal")).unlink()
    capsys.readouterr()
    assert rows(export(data, "trades", "left.csv", "--journal")) == [
        row for row in everything if int(row["sequence"]) > begin
    ]
    assert f"export: the journal is complete from sequence {begin + 1} (20" in capsys.readouterr().err
    # The candle that was open there would lack trades.
    assert rows(export(data, "candles", "c.csv", "--journal", "--symbol", "BTC-USDT", "--interval", "1d")) == []


def test_incomplete_tables_say_from_where_they_are_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = data_directory("golden_money", tmp_path)
    fill_tables(data, behind=600)
    found = rows(export(data, "trades", "trades.csv"))
    assert found and int(found[0]["sequence"]) > 600
    assert "export: the tables are complete from sequence 60" in capsys.readouterr().err
    export(data, "trades", "trades.csv", "--first-sequence", "700")
    assert "complete" not in capsys.readouterr().err
