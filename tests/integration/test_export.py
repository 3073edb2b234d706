"""Exports of a real exchange while it runs, and exports that are ended from outside."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from history.schema.database import read_database
from matching_exchange.tools.export.__main__ import main
from matching_exchange.tools.export.kinds import KINDS
from matching_exchange.tools.export.writers import FORMATS
from matching_exchange.tools.replay.__main__ import main as replay
from tests.exchange import PATIENCE, ROOT, Exchange
from tests.exports import data_directory, export, fill_tables, rows
from tests.postgres import Server

MODULE = "matching_exchange.tools.export"

FEW_BYTES = 4_096
"""The largest file of a process whose disk is full."""

ENVIRONMENT_OF_FULL_DISK = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
"""Python would leave half of a module's bytecode beside its source, and all later exports would end by it."""

HOLDING = f"""
import signal, sys
from {MODULE}.writers import csv_file
from {MODULE}.__main__ import program

class Holding(csv_file.CsvWriter):
    def finish(self):
        print("all but finished", flush=True)
        signal.pause()

csv_file.CsvWriter = Holding
from matching_exchange.process.command_line import run_program
run_program("export", program)
"""
"""A program that exports, and then waits before it is done."""


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with Exchange(tmp_path_factory.mktemp("exchange")) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def symbol(exchange: Exchange) -> str:
    """A market with trades, an iceberg, an order that was amended, a stop that has fired, and orders that rest."""
    symbol = exchange.add_instrument()
    for step in range(1, 6):
        exchange.place(symbol, "limit", "sell", "0.5", f"{100 + step}", account="ann")
        exchange.place(symbol, "limit", "buy", "0.25", f"{100 - step}", account="bob")
    exchange.place(symbol, "limit", "sell", "2", "101", account="ann", display_quantity="0.2")
    exchange.place(symbol, "stop_market", "buy", "0.1", trigger_price="101", account="bob")
    amended = exchange.place(symbol, "limit", "buy", "0.75", "97", account="bob")
    assert exchange.http.patch(f"/orders/{amended['order_id']}", json={"quantity": "1.5"}).status_code == 200
    exchange.place(symbol, "market", "buy", "1.3", account="cal")
    exchange.place(symbol, "limit", "sell", "0.3", "99", account="cal")
    exchange.delete(f"/orders/{amended['order_id']}")
    return symbol


def test_a_running_exchange_is_exported(exchange: Exchange, symbol: str) -> None:
    data = exchange.matcher.data
    told = exchange.get("/trades", symbol=symbol)["trades"]
    trades = rows(export(data, "trades", "trades.csv", "--journal", "--symbol", symbol))
    same = ("trade_id", "price", "quantity", "aggressor_side", "maker_order_id", "taker_order_id", "taker_fee")
    assert [{name: row[name] for name in same} for row in trades] == [
        {name: row[name] for name in same} for row in told
    ]
    fills = rows(export(data, "fills", "fills.csv", "--journal", "--account", "ann"))
    assert {row["liquidity"] for row in fills} == {"maker"}
    assert sum(Decimal(row["quantity"]) for row in fills) == Decimal("1.4")
    ended = rows(export(data, "orders", "orders.csv", "--journal", "--account", "bob"))
    assert [(row["order_type"], row["status"]) for row in ended] == [
        ("stop_market", "filled"),
        ("limit", "filled"),
        ("limit", "canceled"),
    ]


@pytest.mark.parametrize(
    ("kind", "format_"), [(kind, name) for kind in KINDS for name in FORMATS if kind in FORMATS[name].kinds]
)
def test_every_kind_in_every_format(exchange: Exchange, symbol: str, kind: str, format_: str) -> None:
    path = export(exchange.matcher.data, kind, "message.file", "--format", format_, "--journal", "--symbol", symbol)
    assert path.stat().st_size > 0
    assert path.stat().st_mode & 0o077 == 0


def test_the_replay_of_its_lobster_files_scores_everything(
    exchange: Exchange, symbol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = export(exchange.matcher.data, "level-3", "x_message.csv", "--format", "lobster", "--symbol", symbol)
    capsys.readouterr()
    assert replay(["--in-process", "--json", str(path)], {}) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert scores and all(score["reached"] == score["possible"] > 0 for score in scores)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return data_directory("golden_money", tmp_path)


def started(code: list[str], output: Path, data: Path) -> subprocess.Popen[str]:
    arguments = ["fills", str(output), "--journal", "--data-dir", str(data)]
    return subprocess.Popen(
        [sys.executable, *code, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        pytest.param(
            signal.SIGKILL,
            -signal.SIGKILL,
            marks=pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name"),
        ),
    ],
)
def test_an_export_that_is_ended_leaves_nothing(
    data: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    process = started(["-c", HOLDING], tmp_path / "fills.csv", data)
    assert process.stdout is not None
    assert process.stdout.readline() == "all but finished\n"
    process.send_signal(number)
    _, error = process.communicate(timeout=PATIENCE)
    assert (process.returncode, error) == (status, "")
    assert list(tmp_path.iterdir()) == [data]


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_full_disk_is_one_line_and_leaves_nothing(data: Path, tmp_path: Path, ending: str) -> None:
    before = tmp_path / f"fills.{ending}"
    before.write_text("what was there")
    process = subprocess.run(
        [sys.executable, "-m", MODULE, "fills", before, "--journal", "--data-dir", data, "--force"],
        cwd=ROOT,
        env=ENVIRONMENT_OF_FULL_DISK,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FEW_BYTES, FEW_BYTES)),
    )
    assert process.returncode == 1, process.stderr
    assert process.stderr == f"export: {before} cannot be written: File too large\n"
    assert before.read_text() == "what was there"
    assert sorted(tmp_path.iterdir()) == sorted([data, before])


def test_a_full_disk_for_events_leaves_nothing(data: Path, tmp_path: Path) -> None:
    process = subprocess.run(
        [
            *(sys.executable, "-m", MODULE, "level-3", tmp_path / "events.npz"),
            *("--symbol", "BTC-USDT", "--data-dir", data),
        ],
        cwd=ROOT,
        env=ENVIRONMENT_OF_FULL_DISK,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FEW_BYTES, FEW_BYTES)),
    )
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr.startswith("export: ") and process.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == [data]


def test_the_end_tells_rows_and_bytes(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trades.csv"
    assert main(["trades", str(path), "--journal", "--data-dir", str(data)], {}) == 0
    told = capsys.readouterr()
    count, size = len(rows(path)), path.stat().st_size
    assert told.out == f"{path}: {count:,} rows, {size:,} bytes\n"
    assert told.err == ""


@pytest.mark.parametrize("kind", ["trades", "fills", "orders", "candles"])
def test_a_database_of_postgresql_gives_the_same_bytes(postgres: Server, data: Path, tmp_path: Path, kind: str) -> None:
    url = postgres.url(postgres.make_database())
    fill_tables(data, database=read_database(url))
    for flags in ([], ["--account", "ann"] if KINDS[kind].by_account else []):
        flags = [*flags, "--symbol", "BTC-USDT"] if KINDS[kind].one_symbol else flags
        path = tmp_path / "postgres.csv"
        assert main([kind, str(path), "--force", *flags], {"HISTORY_DATABASE": url}) == 0
        assert path.read_bytes() == export(data, kind, "journal.csv", "--journal", *flags).read_bytes()
        assert len(rows(path)) > 0
