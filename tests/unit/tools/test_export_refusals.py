"""What an export refuses: one line that names the flag, and no file."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from matching_exchange.tools.export.__main__ import main
from matching_exchange.tools.export.output import Output
from matching_exchange.tools.export.writers import csv_file, lobster
from tests.exports import data_directory, export, fill_tables, rows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return data_directory("golden_money", tmp_path)


def outcome(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit status and the line on standard error."""
    status: int | str | None
    try:
        status = main(arguments, environment)
    except SystemExit as end:
        status = end.code
    assert isinstance(status, int)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("export: ") and told.err.count("\n") == 1
    return status, told.err.removeprefix("export: ").rstrip("\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["candles", "x.csv"], "--symbol: candles are of one instrument; takes its symbol"),
        (["level-3", "x.csv"], "--symbol: level-3 are of one instrument; takes its symbol"),
        (["trades", "x.csv", "--account", "ann"], "--account: trades have none; takes fills or orders"),
        (
            ["candles", "x.csv", "--symbol", "BTC-USDT", "--last-sequence", "7"],
            "--last-sequence: candles are of times; takes --from and --to",
        ),
        (
            ["trades", "x.csv", "--from", "2027-01-15", "--to", "2027-01-15T00:00:00Z"],
            "--to: takes a time behind that of --from",
        ),
        (
            ["trades", "x.csv", "--first-sequence", "9", "--last-sequence", "8"],
            "--last-sequence: 8: takes at least the --first-sequence 9",
        ),
        (
            ["trades", "x.csv", "--from", "yesterday"],
            "argument --from: 'yesterday': takes a day such as 2026-11-22, or a time such as 2026-11-22T12:00:00.5Z",
        ),
        (
            ["trades", "x.txt"],
            "OUTPUT: x.txt: takes a name with .arrow, .csv, .npz, .parquet, or --format",
        ),
        (["trades", "x.npz"], "--format: hftbacktest has no trades; takes level-2 or level-3"),
        (
            ["level-2", "x_message.csv", "--symbol", "BTC-USDT", "--format", "lobster"],
            "--format: lobster has no level-2; takes level-3",
        ),
        (
            ["level-3", "x.csv", "--symbol", "BTC-USDT", "--format", "lobster"],
            "OUTPUT: x.csv: lobster takes a name with `message`; the second file has `orderbook` instead",
        ),
        (["trades", "missing/x.csv"], "OUTPUT: missing is no directory"),
        (
            ["level-3", "x.csv", "--symbol", "BTC-USDT"],
            "--data-dir: level-3 comes from a journal only, and gone holds no journal; takes a matcher's data directory",
        ),
        (["trades", "x.csv", "--journal"], "--data-dir: gone holds no journal; takes a matcher's data directory"),
    ],
)
def test_a_bad_command_line_ends_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert outcome(capsys, *arguments, MATCHER_DATA_DIR="gone") == (2, line)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flags", [(), ("--journal",)])
def test_an_unknown_symbol_is_told_with_those_that_are_known(
    data: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    fill_tables(data)
    path = data.parent / "x.csv"
    status, line = outcome(capsys, "trades", str(path), "--symbol", "NO-SUCH", "--data-dir", str(data), *flags)
    assert status == 2
    assert line.startswith("--symbol: 'NO-SUCH': takes BTC-USDT, ETH-USDT, ")
    assert list(data.parent.iterdir()) == [data]


def test_a_file_that_exists_is_replaced_only_by_force(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data.parent / "x.csv"
    path.write_text("mine")
    arguments = ("trades", str(path), "--journal", "--data-dir", str(data))
    assert outcome(capsys, *arguments) == (2, f"OUTPUT: {path} exists; --force replaces it")
    assert path.read_text() == "mine"
    assert main([*arguments, "--force"], {}) == 0
    assert len(rows(path)) > 1
    book = data.parent / "x_orderbook.csv"
    book.write_text("mine")
    flags = ("--symbol", "BTC-USDT", "--format", "lobster", "--data-dir", str(data))
    capsys.readouterr()
    assert outcome(capsys, "level-3", str(data.parent / "x_message.csv"), *flags)[1] == (
        f"OUTPUT: {book} exists; --force replaces it"
    )


def test_a_missing_package_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find(name: str, *more: Any) -> Any:
        return None if name in ("numpy", "pyarrow") else found(name, *more)

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", find)
    arguments = ("--journal", "--data-dir", str(data))
    status, line = outcome(capsys, "trades", str(data.parent / "x.parquet"), *arguments)
    assert (status, line) == (
        2,
        f"--format: parquet needs numpy and pyarrow: {sys.executable} -m pip install numpy pyarrow; csv needs nothing",
    )
    assert rows(export(data, "trades", "x.csv", "--journal"))


def test_tables_that_are_not_there_end_with_1(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, line = outcome(capsys, "trades", str(data.parent / "x.csv"), "--data-dir", str(data))
    assert status == 1
    assert line.startswith(f"{data}/history/history.sqlite: ")
    assert line.endswith("No such file or directory: `python -m history` fills the tables; --journal does without")


def test_a_damaged_journal_ends_with_1(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment = min((data / "journal").glob("*.journal"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    status, line = outcome(capsys, "trades", str(data.parent / "x.csv"), "--journal", "--data-dir", str(data))
    assert status == 1
    assert line.startswith(f"{segment}: damaged at byte ")
    assert list(data.parent.iterdir()) == [data]


def test_a_database_that_cannot_be_one_names_the_variable(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, line = outcome(capsys, "trades", str(data.parent / "x.csv"), HISTORY_DATABASE="mysql://root@localhost/x")
    assert status == 2
    assert line.startswith("HISTORY_DATABASE: takes sqlite:////")


def test_a_data_directory_on_the_command_line_wins_over_the_database(data: Path) -> None:
    fill_tables(data)
    path = data.parent / "x.csv"
    arguments = ["trades", str(path), "--data-dir", str(data)]
    assert main(arguments, {"HISTORY_DATABASE": "sqlite:////nowhere/at/all.sqlite"}) == 0
    assert rows(path)


def test_an_interrupt_leaves_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(csv_file.CsvWriter, "write", interrupt)
    monkeypatch.setattr("matching_exchange.tools.export.output.NAMELESS", 0)
    assert main(["trades", str(data.parent / "x.csv"), "--journal", "--data-dir", str(data)], {}) == 130
    assert list(data.parent.iterdir()) == [data]
    assert capsys.readouterr().out == ""


def test_a_system_without_nameless_files_exports_too(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = export(data, "fills", "x.csv", "--journal").read_bytes()
    monkeypatch.setattr("matching_exchange.tools.export.output.NAMELESS", 0)
    assert export(data, "fills", "x.csv", "--journal").read_bytes() == before
    assert sorted(data.parent.iterdir()) == sorted([data, data.parent / "x.csv"])


def test_a_file_has_its_name_only_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "x"
    output = Output(path)
    output.file.write(b"half")
    assert not path.exists()
    assert output.finish() == 4
    output.close()
    assert path.read_bytes() == b"half"


def test_days_that_lobster_cannot_write_name_the_flag(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lobster, "MAX_SECONDS", 1)
    arguments = ("--symbol", "BTC-USDT", "--format", "lobster", "--data-dir", str(data))
    status, line = outcome(capsys, "level-3", str(data.parent / "message.csv"), *arguments)
    assert status == 2
    assert line == "--to: takes at most 1 s after the midnight before the first message"
    assert list(data.parent.iterdir()) == [data]
