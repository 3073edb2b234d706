"""The matcher's settings, its exit statuses, and that it runs alone."""

import signal
from pathlib import Path

import pytest

from matcher.config import SETTINGS
from matching_exchange.tools.processes import free_ports
from protocol.client import CommandClient
from protocol.commands import PlaceOrder, StatusQuery
from protocol.events import MatcherStatus, OrderResult
from protocol.units import OrderType, Side
from tests.exchange import PATIENCE, Matcher
from tests.integration.matcher_runs import RunHere, own_endpoints, run, run_all

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
    "curve": "on",
    "curve-allowed": "key",
    "curve-market-data": "no",
    "node": "32",
    "peers": "127.0.0.1:5555,127.0.0.1:5555",
    "base": "tcp://127.0.0.1:5555",
    "snapshots": "127.0.0.1:5558",
    "log": "etcd://127.0.0.1/name",
    "log-ca": "no-such-file.pem",
    "log-cert": "no-such-file.pem",
    "log-key": "no-such-file.pem",
    "log-budget": "0",
    "log-level": "loud",
    "log-format": "xml",
    "metrics": "9100",
    "shards": "no-such-file.toml",
    "shard": "Majors",
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
@pytest.mark.parametrize("form", ["flag", "variable"])
def test_bad_value_ends_with_one_line(run_here: RunHere, form: str, name: str) -> None:
    value = BAD_SETTINGS[name]
    setting = next(setting for setting in SETTINGS if setting.name == name)
    variable = setting.variable("MATCHER")
    status, output, error = run_here(f"--{name}={value}") if form == "flag" else run_here(**{variable: value})
    assert (status, output) == (2, "")
    if name in ("instruments", "shards"):
        assert error.count("\n") == 1
        assert error.startswith(f"matcher: {f'--{name}' if form == 'flag' else variable}: {value}: ")
    else:
        assert error == f"matcher: {f'--{name}' if form == 'flag' else variable}: {value!r}: takes {setting.takes}\n"
    assert list(Path().iterdir()) == []


def test_every_setting_has_a_bad_value() -> None:
    """Those of a secret are in test_curve.py: no message shows them."""
    assert BAD_SETTINGS.keys() == {setting.name for setting in SETTINGS if not setting.secret}


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
        is_secret = any(setting.secret and setting.variable("MATCHER") == name for setting in SETTINGS)
        assert (f"--{name.removeprefix('MATCHER_').lower().replace('_', '-')}" in words) is not is_secret
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
    events = [record["event"] for record in matcher.records()]
    assert (events[0], events[-1]) == ("matcher started", "matcher stopped")
    assert set(events[1:-1]) <= {"the core runs interpreted"}
    # The lock is free: the next one starts.
    matcher.restart()
