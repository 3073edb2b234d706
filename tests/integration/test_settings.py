"""The matcher's settings, its instruments file, its exit statuses."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from matcher.__main__ import main
from matcher.config import SETTINGS
from matching_exchange.tools.processes import free_ports
from protocol.client import CommandClient
from protocol.commands import InstrumentsQuery, PlaceOrder, StatusQuery
from protocol.events import InstrumentList, MatcherStatus, OrderResult
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, OrderType, Side
from tests.exchange import PATIENCE, ROOT, Matcher, clean_environment

Outcome = tuple[int, str, str]
"""Exit status, standard output, standard error."""

RunHere = Callable[..., Outcome]


def run(directory: Path, *arguments: str, **environment: str) -> Outcome:
    """What becomes of a matcher with these arguments and variables."""
    [outcome] = run_all(directory, (arguments, environment))
    return outcome


def run_all(directory: Path, *cases: tuple[Sequence[str], Mapping[str, str]]) -> list[Outcome]:
    """The same for several, side by side."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "matcher", *arguments],
            cwd=directory,
            env=clean_environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for arguments, environment in cases
    ]
    outcomes: list[Outcome] = []
    try:
        for process in started:
            output, error = process.communicate(timeout=PATIENCE)
            outcomes.append((process.returncode, output, error))
    finally:
        for process in started:
            process.kill()
            process.wait(PATIENCE)
    return outcomes


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> RunHere:
    """As `run`, within this process: for matchers that end before they open a socket, of which there are many."""
    for name in {*os.environ} - {*clean_environment()}:
        monkeypatch.delenv(name)
    monkeypatch.setattr("matcher.__main__.configure_logs", lambda *_: None)
    monkeypatch.setattr("matcher.__main__.Matcher", unexpected_matcher)
    monkeypatch.chdir(tmp_path)

    def run_here(*arguments: str, **environment: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["matcher", *arguments])
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        try:
            status = main()
        except SystemExit as end:
            status = -1 if not isinstance(end.code, int) else end.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_here


def unexpected_matcher(*_: object) -> None:
    pytest.fail("the settings were taken")


def own_endpoints() -> list[str]:
    return [
        f"--{name}=tcp://127.0.0.1:{port}"
        for name, port in zip(("commands", "market-data", "reports"), free_ports(3), strict=True)
    ]


BAD_SETTINGS = {
    "commands": "127.0.0.1:5555",
    "market-data": "tcp://127.0.0.1",
    "reports": "tcp://127.0.0.1:65536",
    "data-dir": "",
    "instruments": "no-such-file.toml",
    "sync": "interval:0",
    "keep-journal": "none",
    "snapshot-every": "0",
    "depth-interval": "-1",
    "max-accounts": "0",
    "log-level": "loud",
    "log-format": "xml",
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
@pytest.mark.parametrize("form", ["flag", "variable"])
def test_bad_value_ends_with_one_line(run_here: RunHere, form: str, name: str) -> None:
    value = BAD_SETTINGS[name]
    setting = next(setting for setting in SETTINGS if setting.name == name)
    variable = setting.variable("MATCHER")
    status, output, error = run_here(f"--{name}={value}") if form == "flag" else run_here(**{variable: value})
    assert (status, output) == (2, "")
    if name == "instruments":
        assert error.count("\n") == 1
        assert error.startswith(f"matcher: {f'--{name}' if form == 'flag' else variable}: {value}: ")
    else:
        assert error == f"matcher: {f'--{name}' if form == 'flag' else variable}: {value!r}: takes {setting.takes}\n"
    assert list(Path().iterdir()) == []


def test_every_setting_has_a_bad_value() -> None:
    assert BAD_SETTINGS.keys() == {setting.name for setting in SETTINGS}


def test_bad_settings_end_a_process(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[[instrument]]\n")
    outcomes = run_all(
        tmp_path,
        (["--sync=sometimes"], {}),
        ([], {"MATCHER_COMMANDS": "5555"}),
        (["--port=1"], {}),
        (["--depth=1"], {}),
        (["--instruments=bad.toml"], {}),
    )
    words = ["--sync: 'sometimes'", "MATCHER_COMMANDS: '5555'", "--port", "--depth", "bad.toml"]
    for (status, output, error), word in zip(outcomes, words, strict=True):
        assert (status, output, error.count("\n")) == (2, "", 1)
        assert error.startswith("matcher: ")
        assert word in error


@pytest.mark.parametrize("arguments", [["--deph=1"], ["--sync"], ["data"], ["--check=1"], ["--two\nlines"]])
def test_command_line_that_cannot_be_read_ends_with_one_line(run_here: RunHere, arguments: list[str]) -> None:
    status, output, error = run_here(*arguments)
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert error.startswith("matcher: ")
    assert arguments[0].split("=")[0].split()[0] in error


def test_help_names_every_setting(run_here: RunHere) -> None:
    status, output, error = run_here("--help")
    assert (status, error) == (0, "")
    words = output.split()
    contract = (
        "COMMANDS",
        "MARKET_DATA",
        "REPORTS",
        "DATA_DIR",
        "INSTRUMENTS",
        "SYNC",
        "KEEP_JOURNAL",
        "DEPTH_INTERVAL",
        "LOG_LEVEL",
        "LOG_FORMAT",
    )
    for name in {*(f"MATCHER_{name}" for name in contract), *(setting.variable("MATCHER") for setting in SETTINGS)}:
        assert any(name in word for word in words), name
        assert f"--{name.removeprefix('MATCHER_').lower().replace('_', '-')}" in words
    assert "--check" in words


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path)
    variables = {
        "MATCHER_COMMANDS": matcher.commands,
        "MATCHER_MARKET_DATA": matcher.market_data,
        "MATCHER_REPORTS": matcher.reports,
        "MATCHER_DATA_DIR": str(matcher.data),
        "MATCHER_SYNC": "interval:20",
    }
    matcher.arguments = []
    matcher.environment.update(variables)
    assert sync_mode(matcher) == "interval:20"
    assert matcher.data.is_dir()


def test_flag_wins(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path, "--sync=off")
    matcher.environment.update(
        MATCHER_SYNC="always", MATCHER_DEPTH_INTERVAL="10", MATCHER_DATA_DIR=str(tmp_path / "elsewhere")
    )
    assert sync_mode(matcher) == "off"
    assert not (tmp_path / "elsewhere").exists()


def sync_mode(matcher: Matcher) -> str:
    matcher.start()
    try:
        matcher.wait_until_ready()
        with matcher.client() as client:
            status = client.query(StatusQuery()).result
    finally:
        matcher.close()
    assert isinstance(status, MatcherStatus)
    return status.sync


def test_sockets_over_ipc(short_path: Path) -> None:
    matcher = Matcher(short_path)
    # A socket's path may have about a hundred characters: relative ones are below the directory that the matcher runs
    # in.
    names = {"commands": "c", "market-data": "m", "reports": "r"}
    matcher.arguments = [*(f"--{name}=ipc://{path}" for name, path in names.items()), f"--data-dir={matcher.data}"]
    matcher.start()
    try:
        with CommandClient(f"ipc://{short_path}/c", f"ipc://{short_path}/r", PATIENCE) as client:
            assert isinstance(client.query(StatusQuery()).result, MatcherStatus)
    finally:
        matcher.close()


# One at a time


def test_second_matcher_on_the_same_data_directory_ends_with_one_line(shared_matcher: Matcher) -> None:
    status, output, error = run(shared_matcher.directory, *own_endpoints(), f"--data-dir={shared_matcher.data}")
    assert (status, output) == (1, "")
    assert error == (
        f"matcher: the data directory {shared_matcher.data} is in use by the matcher with process id "
        f"{shared_matcher.running.pid}: stop it, or choose another with MATCHER_DATA_DIR (--data-dir); "
        "scripts/run --ports starts a second exchange\n"
    )


def test_port_in_use_ends_with_one_line(shared_matcher: Matcher, tmp_path: Path) -> None:
    in_use = [shared_matcher.commands, shared_matcher.market_data, shared_matcher.reports]
    cases: list[tuple[list[str], dict[str, str]]] = []
    for index, taken in enumerate(in_use):
        endpoints = own_endpoints()
        endpoints[index] = f"{endpoints[index].partition('=')[0]}={taken}"
        cases.append(([*endpoints, f"--data-dir={tmp_path / str(index)}"], {}))
    for taken, (status, output, error) in zip(in_use, run_all(tmp_path, *cases), strict=True):
        assert (status, output, error.count("\n")) == (1, "", 1)
        assert error.startswith("matcher: ")
        assert taken in error


@pytest.mark.parametrize("below", ["", "/data", "/data/deeper"])
def test_data_directory_that_is_a_file_ends_with_one_line(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    status, output, error = run(tmp_path, *own_endpoints(), f"--data-dir={file}{below}")
    assert (status, output) == (1, "")
    assert error == (f"matcher: the data directory {file}{below} cannot be used: {file} is a file, not a directory\n")


def test_check_tells_whether_a_matcher_runs(shared_matcher: Matcher, tmp_path: Path) -> None:
    away = f"--market-data=tcp://127.0.0.1:{free_ports(1)[0]}"
    bound_to_all = shared_matcher.market_data.replace("127.0.0.1", "0.0.0.0")
    cases: list[tuple[list[str], dict[str, str]]] = [
        (["--check", f"--market-data={shared_matcher.market_data}"], {}),
        (["--check"], {"MATCHER_MARKET_DATA": shared_matcher.market_data}),
        (["--check", f"--market-data={bound_to_all}"], {}),
        (["--check", away], {}),
    ]
    assert [status for status, _, _ in run_all(tmp_path, *cases)] == [0, 0, 0, 1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_a_busy_matcher_cleanly(matcher: Matcher, number: signal.Signals) -> None:
    with matcher.client() as client:
        for price in range(1_000, 3_000):
            client.send([PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.LIMIT, 100_000, price)])
        assert isinstance(client.receive().answer, OrderResult)
        matcher.stop(number)
    assert [record["event"] for record in matcher.records()] == ["matcher started", "matcher stopped"]
    # The lock is free: the next one starts.
    matcher.restart()


# The instruments file


GOOD = """
# Only what is required.
[[instrument]]
symbol = "DOGE-USDT"
base = "DOGE"
quote = "USDT"
tick_size = "0.00001"
lot_size = "1"
max_quantity = "10000000"
max_price = "1000"

[[instrument]]
symbol = "BTC-EUR"
base = "BTC"
quote = "EUR"
tick_size = "0.50"
lot_size = "0.0001"
min_quantity = "0.001"
max_quantity = "100"
max_price = "1000000"
min_notional = "2.5"
maker_fee_bps = 0
taker_fee_bps = 35
status = "cancel_only"
"""


def test_instruments_file(tmp_path: Path) -> None:
    file = tmp_path / "instruments.toml"
    file.write_text(GOOD)
    assert listed_by(Matcher(tmp_path, f"--instruments={file}")) == [
        Instrument("DOGE-USDT", "DOGE", "USDT", 5, 0, 1, 1, 1, 10**7, 10**8, 0, 0, 0, InstrumentStatus.TRADING),
        Instrument("BTC-EUR", "BTC", "EUR", 1, 4, 5, 1, 10, 10**6, 10**7, 250_000, 0, 35, InstrumentStatus.CANCEL_ONLY),
    ]


GOOD_TOO = """
[[instrument]]
symbol = "ETH-EUR"
base = "ETH"
quote = "EUR"
tick_size = "0.01"
lot_size = "0.001"
max_quantity = "1000"
max_price = "100000"
taker_fee_bps = 5
"""


def listed_by(matcher: Matcher) -> list[Instrument]:
    """Start the matcher, ask for its instruments, and stop it."""
    matcher.start()
    try:
        matcher.wait_until_ready()
        with matcher.client() as client:
            listed = client.query(InstrumentsQuery()).result
    finally:
        matcher.close()
    assert isinstance(listed, InstrumentList)
    return listed.instruments


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


BAD_FILES = {
    "no TOML": ("[[instrument]]\nsymbol = BTC\n", ["line 2"]),
    "another table": ("[instruments]\nx = 1", ["instruments"]),
    "no tables": ('instrument = "BTC-USDT"', ["instrument"]),
    "missing field": (changed('quote = "USDT"\n', ""), ["DOGE-USDT: quote is missing"]),
    "nearly empty table": ('[[instrument]]\nbase = "BTC"\n', ["[[instrument]] number 1: symbol is missing"]),
    "missing in the second table": (
        changed('symbol = "BTC-EUR"\n', ""),
        ["[[instrument]] number 2: symbol is missing"],
    ),
    "one table": ("[instrument]\n", ["takes [[instrument]] tables"]),
    "nested arrays": ("x = " + "[" * 5_000 + "]" * 5_000, ["nested"]),
    "nested tables": ("x = " + "{a = " * 5_000 + "1" + "}" * 5_000, ["nested"]),
    "nested field": (changed("taker_fee_bps = 35", "taker_fee_bps = " + "[" * 100 + "]" * 100), ["taker_fee_bps"]),
    "dotted field": (changed("taker_fee_bps = 35", "taker_fee_bps" + ".a" * 5_000 + " = 1"), ["taker_fee_bps"]),
    "unknown field": (changed("[[instrument]]\n", "[[instrument]]\nleverage = 5\n"), ["leverage"]),
    "number instead of text": (
        changed('tick_size = "0.00001"', "tick_size = 0.00001"),
        ["DOGE-USDT: tick_size: takes a text in quotes"],
    ),
    "no decimal": (changed('tick_size = "0.00001"', 'tick_size = "cheap"'), ["DOGE-USDT", "tick_size"]),
    "too many decimals": (changed('max_price = "1000"', 'max_price = "1000.000001"'), ["DOGE-USDT", "max_price"]),
    "zero tick": (changed('tick_size = "0.00001"', 'tick_size = "0"'), ["DOGE-USDT", "tick_size"]),
    "negative lot": (changed('lot_size = "1"', 'lot_size = "-1"'), ["DOGE-USDT", "lot_size"]),
    "max_price off the tick": (changed('max_price = "1000000"', 'max_price = "1000000.3"'), ["BTC-EUR", "max_price"]),
    "min_quantity over max_quantity": (
        changed('min_quantity = "0.001"', 'min_quantity = "101"'),
        ["BTC-EUR", "min_quantity"],
    ),
    "bad symbol": (changed('symbol = "DOGE-USDT"', 'symbol = "../doge"'), ["../doge", "symbol"]),
    "bad currency": (changed('base = "DOGE"', 'base = "doge"'), ["DOGE-USDT", "base"]),
    "unknown status": (changed('"cancel_only"', '"closed"'), ["BTC-EUR", "status"]),
    "negative fee": (changed("taker_fee_bps = 35", "taker_fee_bps = -1"), ["taker_fee_bps"]),
    "fee over all": (changed("taker_fee_bps = 35", "taker_fee_bps = 10001"), ["BTC-EUR", "taker_fee_bps"]),
    "fee as text": (
        changed("taker_fee_bps = 35", 'taker_fee_bps = "35"'),
        ["BTC-EUR: taker_fee_bps: takes a whole number"],
    ),
    "fee as truth": (changed("taker_fee_bps = 35", "taker_fee_bps = true"), ["BTC-EUR: taker_fee_bps: takes a whole"]),
    "fee over 64 bits": (changed("taker_fee_bps = 35", f"taker_fee_bps = {10**30}"), ["BTC-EUR", "taker_fee_bps"]),
    "more than 63 bits": (
        changed('max_quantity = "10000000"', 'max_quantity = "10000000000000"'),
        ["DOGE-USDT", "max_quantity"],
    ),
    "same symbol twice": (changed('symbol = "DOGE-USDT"', 'symbol = "BTC-EUR"'), ["BTC-EUR: symbol"]),
    "no UTF-8": ("symbol = \udcff", ["UTF-8: byte 10 "]),
}


@pytest.mark.parametrize(("content", "words"), [pytest.param(*case, id=name) for name, case in BAD_FILES.items()])
def test_bad_instruments_file_ends_with_one_line(run_here: RunHere, content: str, words: list[str]) -> None:
    Path("instruments.toml").write_bytes(content.encode(errors="surrogateescape"))
    status, output, error = run_here("--instruments=instruments.toml", *own_endpoints())
    assert (status, output, error.count("\n")) == (2, "", 1), error
    assert error.startswith("matcher: ")
    for word in words:
        assert word in error


@pytest.mark.parametrize("path", ["no-such-file.toml", "."])
def test_unreadable_instruments_file_ends_with_one_line(run_here: RunHere, path: str) -> None:
    status, output, error = run_here(f"--instruments={path}")
    assert (status, output, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"matcher: --instruments: {path}: ")


def test_what_was_journaled_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "instruments.toml"
    file.write_text(GOOD)
    matcher = Matcher(tmp_path, f"--instruments={file}")
    assert [instrument.taker_fee_bps for instrument in listed_by(matcher)] == [0, 35]
    file.write_text(changed("taker_fee_bps = 35", "taker_fee_bps = 40") + GOOD_TOO)
    assert [(instrument.symbol, instrument.taker_fee_bps) for instrument in listed_by(matcher)] == [
        ("DOGE-USDT", 0),
        ("BTC-EUR", 35),
        ("ETH-EUR", 5),
    ]


def test_other_tick_for_a_known_symbol_ends_with_one_line(tmp_path: Path) -> None:
    file = tmp_path / "instruments.toml"
    file.write_text(GOOD)
    matcher = Matcher(tmp_path, f"--instruments={file}")
    listed_by(matcher)
    file.write_text(changed('tick_size = "0.50"', 'tick_size = "0.10"'))
    status, output, error = run(ROOT, *matcher.arguments)
    assert (status, output) == (2, "")
    last = error.splitlines()[-1]
    assert last.startswith("matcher: ")
    assert "BTC-EUR: tick_size" in last
