"""The settings file: what it sets, what wins over it, and what it refuses with one line."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import gateway.config
import history.config
import matcher.config
from matching_exchange.tools.run import choose, main, parse

Read = Callable[..., Any]

TEXT = """
[matcher]
data_dir = "/srv/exchange"
max_accounts = 500
instruments = "list.toml"

[gateway]
port = 9000
cors_origins = ["https://a.example", "https://b.example"]

[history]
keep = "30"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(directory: Path, text: str, name: str = "exchange.toml") -> Path:
    path = directory / name
    path.write_text(text)
    path.chmod(0o600)
    return path


def refusal(
    capsys: pytest.CaptureFixture[str],
    read: Callable[[list[str], Mapping[str, str]], object],
    environment: Mapping[str, str] | None = None,
    arguments: tuple[str, ...] = (),
) -> str:
    """The one line of a process that does not start."""
    with pytest.raises(SystemExit) as ended:
        read(list(arguments), environment or {})
    output = capsys.readouterr()
    assert (ended.value.code, output.out, output.err.count("\n")) == (2, "", 1)
    return output.err.rstrip("\n")


def test_each_process_takes_its_table(here: Path) -> None:
    write(here, TEXT)
    of_matcher = matcher.config.read_config([], {})
    assert (of_matcher.data_dir, of_matcher.max_accounts) == (Path("/srv/exchange"), 500)
    assert of_matcher.instruments == Path("list.toml")
    of_gateway = gateway.config.read_config([], {})
    assert (of_gateway.port, of_gateway.cors_origins) == (9000, ("https://a.example", "https://b.example"))
    # The data directory is the matcher's, for all three.
    assert of_gateway.history is not None
    assert of_gateway.history.name == "/srv/exchange/history/history.sqlite"
    of_history = history.config.read_config([], {})
    assert (of_history.data_dir, of_history.keep_days) == (Path("/srv/exchange"), 30)


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(here: Path) -> None:
    write(here, TEXT)
    variables = {"GATEWAY_PORT": "9001"}
    assert gateway.config.read_config([], variables).port == 9001
    assert gateway.config.read_config(["--port=9002"], variables).port == 9002


def test_a_variable_that_names_a_file_wins_over_the_text_in_the_settings_file(here: Path) -> None:
    write(here, '[gateway]\ncurve_server = "' + "a" * 64 + '"\n')
    write(here, "0" * 64, "server")
    assert gateway.config.read_config([], {"GATEWAY_CURVE_SERVER": ""}).curve_server == ""
    with pytest.raises(SystemExit):
        gateway.config.read_config([], {"GATEWAY_CURVE_SERVER_FILE": str(here / "missing")})


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_another_file_may_be_named(here: Path, way: str) -> None:
    write(here, "[gateway]\nport = 1\n")
    named = write(here, "[gateway]\nport = 2\n", "other.toml")
    arguments, environment = ([f"--config={named}"], {}) if way == "flag" else ([], {"EXCHANGE_CONFIG": str(named)})
    assert gateway.config.read_config(arguments, environment).port == 2


def test_an_empty_name_reads_no_file(here: Path) -> None:
    write(here, "[gateway]\nport = 1\n")
    assert gateway.config.read_config([], {"EXCHANGE_CONFIG": ""}).port == 8000


@pytest.mark.parametrize("way", ["flag", "variable"])
def test_a_named_file_must_be_there(here: Path, capsys: pytest.CaptureFixture[str], way: str) -> None:
    environment = {"EXCHANGE_CONFIG": "none.toml"} if way == "variable" else {}
    arguments = ("--config=none.toml",) if way == "flag" else ()
    line = refusal(capsys, gateway.config.read_config, environment, arguments)
    source = "--config" if way == "flag" else "EXCHANGE_CONFIG"
    assert line == f"gateway: {source}: none.toml cannot be used: No such file or directory"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[gateway]\nprot = 1\n", "exchange.toml: [gateway] prot is no setting: [gateway] port?"),
        ("[gateway]\ndata_dir = 'd'\n", "exchange.toml: [gateway] data_dir is no setting: [matcher] data_dir?"),
        ("[gateway]\nadmin-token = 't'\n", "exchange.toml: [gateway] admin-token is no setting: [gateway] admin_token?"),
        ("[gatway]\nport = 1\n", "exchange.toml: gatway: takes the tables [matcher], [gateway], [history]: [gateway]?"),
        ("port = 1\n", "exchange.toml: port: takes the tables [matcher], [gateway], [history]"),
        ("[gateway]\nport = 65536\n", "exchange.toml: [gateway] port: '65536': takes a port from 0 to 65535; 0 for a free one"),
        ("[gateway]\nport = 1.5\n", "exchange.toml: [gateway] port: takes a text, a whole number, or a list of texts"),
        ("[gateway]\nbinance = true\n", "exchange.toml: [gateway] binance: takes a text, a whole number, or a list of texts"),
        ("[gateway]\ncors_origins = [1]\n", "exchange.toml: [gateway] cors_origins: takes a text, a whole number, or a list of texts"),
        ("[gateway\n", "exchange.toml: takes TOML: Expected ']' at the end of a table declaration (at line 1, column 9)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(here: Path, capsys: pytest.CaptureFixture[str], text: str, line: str) -> None:
    write(here, text)
    assert refusal(capsys, gateway.config.read_config) == f"gateway: {line}"


def test_a_name_of_another_process_is_its_own_matter(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here, "[history]\nkepe = 1\n")
    assert gateway.config.read_config([], {}).port == 8000
    assert refusal(capsys, history.config.read_config).endswith("[history] kepe is no setting: [history] keep?")


def test_a_secret_is_for_its_owner_alone_and_is_never_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(here, "[gateway]\nadmin_token = 's3cret'\n")
    assert gateway.config.read_config([], {}).admin_token == "s3cret"
    path.chmod(0o640)
    line = refusal(capsys, gateway.config.read_config)
    assert line == "gateway: exchange.toml: [gateway] admin_token: other users may read the file: chmod 600 ends that"
    write(here, "[gateway]\nadmin_token = 'two words'\n")
    assert "words" not in refusal(capsys, gateway.config.read_config)


def test_the_whole_exchange_is_started_by_one_file(here: Path) -> None:
    write(here, '[matcher]\ncommands = "ipc:///tmp/c"\nlog_level = "error"\n[gateway]\nport = 9000\n', "other.toml")
    environment = {"EXCHANGE_CONFIG": "other.toml"}
    chosen, of_matcher, of_gateway = choose(parse([]), environment)
    assert (of_matcher.commands, of_gateway.commands, of_gateway.port) == ("ipc:///tmp/c", "ipc:///tmp/c", 9000)
    # What the file says is left to it.
    assert "MATCHER_LOG_LEVEL" not in chosen
    assert (of_matcher.log_level, of_gateway.log_level) == ("error", "warning")


def test_the_whole_exchange_is_not_started_by_a_file_that_is_not_good(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refusal(capsys, main, arguments=("--config=none.toml",))
    assert line == "run: --config: none.toml cannot be used: No such file or directory"
    write(here, "[gateway]\nprot = 1\n", "bad.toml")
    line = refusal(capsys, main, arguments=("--config=bad.toml",))
    assert line == "gateway: bad.toml: [gateway] prot is no setting: [gateway] port?"
    assert [path.name for path in here.iterdir()] == ["bad.toml"]


def test_flags_of_the_whole_exchange_win_over_the_file(here: Path) -> None:
    write(here, "[gateway]\nport = 9000\n")
    _, of_matcher, of_gateway = choose(parse(["--ports=9100"]), {})
    assert (of_matcher.commands, of_gateway.commands) == ("tcp://127.0.0.1:9101", "tcp://127.0.0.1:9101")
    assert of_gateway.port == 9100
