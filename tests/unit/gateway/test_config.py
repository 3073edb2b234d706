"""The gateway's settings."""

import pickle
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.config import SETTINGS, GatewayConfig, read_config
from gateway.rate import Rate
from history.schema.database import sqlite_database
from protocol.bases import Endpoints, base_endpoints


def test_the_defaults_are_those_of_the_contract() -> None:
    assert read_config([], {}) == GatewayConfig(
        host="127.0.0.1",
        port=8000,
        workers=1,
        commands="tcp://127.0.0.1:5555",
        market_data="tcp://127.0.0.1:5556",
        reports="tcp://127.0.0.1:5557",
        admin_token="",
        cors_origins=(),
        allowed_hosts=(),
        deadline=5000,
        open_connections_per_address=4000,
        open_streams_per_address=2000,
        binance="on",
    )


ENVIRONMENT = {
    "GATEWAY_HOST": "0.0.0.0",
    "GATEWAY_PORT": "0",
    "GATEWAY_WORKERS": "4",
    "GATEWAY_COMMANDS": "tcp://matcher:1",
    "GATEWAY_MARKET_DATA": "tcp://matcher:2",
    "GATEWAY_REPORTS": "ipc:///run/reports",
    "GATEWAY_ADMIN_TOKEN": "s3cret",
    "GATEWAY_BINANCE_LIMITS": "on",
    "GATEWAY_BINANCE_LISTEN_KEYS": "on",
    "GATEWAY_BINANCE_SELF_TRADE_PREVENTION": "EXPIRE_MAKER",
    "GATEWAY_CORS_ORIGINS": "https://desk.example, http://localhost:3000,http://[::1]:8080",
    "GATEWAY_ALLOWED_HOSTS": "Desk.Example., 192.168.1.5,[::0001],fe80::1",
    "GATEWAY_DEADLINE": "250",
    "GATEWAY_FAUCET": "USDT:100000.50, BTC:01",
    "GATEWAY_REQUESTS_PER_ADDRESS": "100/1",
    "GATEWAY_REQUESTS_PER_KEY": "6000/60:200",
    "GATEWAY_ORDERS_PER_ADDRESS": "1/1",
    "GATEWAY_ORDERS_PER_KEY": "100000/86400:100000",
    "GATEWAY_CONNECTIONS_PER_ADDRESS": "20/2",
    "GATEWAY_CONNECTIONS_PER_KEY": "20/3",
    "GATEWAY_SUBSCRIPTIONS_PER_ADDRESS": "20/4",
    "GATEWAY_SUBSCRIPTIONS_PER_KEY": "20/5",
    "GATEWAY_OPEN_CONNECTIONS_PER_ADDRESS": "10",
    "GATEWAY_OPEN_STREAMS_PER_ADDRESS": "5",
    "GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8, fd00::1",
}


def test_every_setting_is_an_environment_variable() -> None:
    assert read_config([], ENVIRONMENT) == GatewayConfig(
        host="0.0.0.0",
        port=0,
        workers=4,
        commands="tcp://matcher:1",
        market_data="tcp://matcher:2",
        reports="ipc:///run/reports",
        admin_token="s3cret",
        cors_origins=("https://desk.example", "http://localhost:3000", "http://[::1]:8080"),
        allowed_hosts=("desk.example", "192.168.1.5", "::1", "fe80::1"),
        deadline=250,
        faucet=(("USDT", "100000.5"), ("BTC", "1")),
        requests_per_address=Rate(100, 1, 100),
        requests_per_key=Rate(6000, 60, 200),
        orders_per_address=Rate(1, 1, 1),
        orders_per_key=Rate(100_000, 86_400, 100_000),
        connections_per_address=Rate(20, 2, 20),
        connections_per_key=Rate(20, 3, 20),
        subscriptions_per_address=Rate(20, 4, 20),
        subscriptions_per_key=Rate(20, 5, 20),
        open_connections_per_address=10,
        open_streams_per_address=5,
        trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("fd00::1")),
        binance="on",
        binance_limits="on",
        binance_listen_keys="on",
        binance_self_trade_prevention="EXPIRE_MAKER",
    )


def test_every_setting_is_a_flag_and_the_flag_wins() -> None:
    flags = []
    for name, value in ENVIRONMENT.items():
        flags += [f"--{name.removeprefix('GATEWAY_').lower().replace('_', '-')}", value]
    assert read_config(flags, dict.fromkeys(ENVIRONMENT, "bad")) == read_config([], ENVIRONMENT)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWAY_HOST", ""),
        ("GATEWAY_HOST", "local host"),
        ("GATEWAY_PORT", "65536"),
        ("GATEWAY_PORT", "-1"),
        ("GATEWAY_PORT", "http"),
        ("GATEWAY_WORKERS", "0"),
        ("GATEWAY_WORKERS", "65"),
        ("GATEWAY_COMMANDS", "127.0.0.1:5555"),
        ("GATEWAY_MARKET_DATA", "tcp://127.0.0.1"),
        ("GATEWAY_REPORTS", "http://127.0.0.1:1"),
        ("GATEWAY_MATCHERS", "a"),
        ("GATEWAY_MATCHERS", "a:5555,"),
        ("GATEWAY_MATCHERS", "a:5555,a:5555"),
        ("GATEWAY_MATCHERS", "a:65533"),
        ("GATEWAY_MATCHERS", "a:0"),
        ("GATEWAY_MATCHERS", "::1:5555"),
        ("GATEWAY_MATCHERS", "tcp://a:5555"),
        ("GATEWAY_MATCHERS", ",".join(f"a:{port}" for port in range(5000, 5132, 4))),
        ("GATEWAY_ADMIN_TOKEN", "two words"),
        ("GATEWAY_ADMIN_TOKEN", "naïve"),
        ("GATEWAY_ADMIN_TOKENS", "ann:s3cret,ann:other"),
        ("GATEWAY_ADMIN_TOKENS", "ann:s3cret,ben:s3cret"),
        # The log has these words for calls without a token.
        ("GATEWAY_ADMIN_TOKENS", "nobody:s3cret"),
        ("GATEWAY_ADMIN_TOKENS", "anyone:s3cret"),
        ("GATEWAY_CORS_ORIGINS", "*"),
        ("GATEWAY_CORS_ORIGINS", "desk.example"),
        ("GATEWAY_CORS_ORIGINS", "https://desk.example/"),
        ("GATEWAY_CORS_ORIGINS", "https://desk.example,"),
        ("GATEWAY_ALLOWED_HOSTS", "desk.example:8000"),
        ("GATEWAY_ALLOWED_HOSTS", "192.168.1.5:8000"),
        ("GATEWAY_ALLOWED_HOSTS", "[::1]:8000"),
        ("GATEWAY_ALLOWED_HOSTS", "http://desk.example"),
        ("GATEWAY_ALLOWED_HOSTS", "desk.example,"),
        ("GATEWAY_ALLOWED_HOSTS", "*,desk.example"),
        ("GATEWAY_ALLOWED_HOSTS", "*.desk.example"),
        ("GATEWAY_ALLOWED_HOSTS", "two words"),
        ("GATEWAY_ALLOWED_HOSTS", "."),
        ("GATEWAY_DEADLINE", "0"),
        ("GATEWAY_REQUESTS_PER_KEY", "1"),
        ("GATEWAY_REQUESTS_PER_KEY", "/"),
        ("GATEWAY_REQUESTS_PER_KEY", "0/1"),
        ("GATEWAY_REQUESTS_PER_KEY", "1/0"),
        ("GATEWAY_REQUESTS_PER_KEY", "1/1:0"),
        ("GATEWAY_REQUESTS_PER_KEY", "-1/1"),
        ("GATEWAY_REQUESTS_PER_KEY", "1/1/1"),
        ("GATEWAY_REQUESTS_PER_KEY", "1 /1"),
        ("GATEWAY_REQUESTS_PER_KEY", "100001/1"),
        ("GATEWAY_REQUESTS_PER_KEY", "1/86401"),
        ("GATEWAY_REQUESTS_PER_KEY", "1/1:100001"),
        ("GATEWAY_OPEN_STREAMS_PER_ADDRESS", "0"),
        ("GATEWAY_OPEN_CONNECTIONS_PER_ADDRESS", "1000001"),
        ("GATEWAY_TRUSTED_PROXIES", "localhost"),
        ("GATEWAY_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("GATEWAY_DEADLINE", "5s"),
        ("GATEWAY_DEADLINE", "3600001"),
        ("GATEWAY_FAUCET", "USDT"),
        ("GATEWAY_FAUCET", "USDT:"),
        ("GATEWAY_FAUCET", "USDT:0.00"),
        ("GATEWAY_FAUCET", "USDT:-1"),
        ("GATEWAY_FAUCET", "usdt:1"),
        ("GATEWAY_FAUCET", "USDT:1,"),
        ("GATEWAY_FAUCET", "USDT:1,USDT:2"),
        ("GATEWAY_FAUCET", ",".join(f"A{number}:1" for number in range(33))),
    ],
)
def test_a_bad_value_ends_the_process_with_one_line(
    capsys: pytest.CaptureFixture[str], variable: str, value: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        read_config([], {variable: value})
    assert caught.value.code not in (0, None)
    [line] = capsys.readouterr().err.splitlines()
    assert variable in line
    # A message never shows a token.
    assert (repr(value) in line) is ("TOKEN" not in variable)
    assert "takes " in line


def test_an_empty_token_is_no_token() -> None:
    empty = {"GATEWAY_ADMIN_TOKEN": "", "GATEWAY_CORS_ORIGINS": "", "GATEWAY_ALLOWED_HOSTS": " ", "GATEWAY_FAUCET": " "}
    assert read_config([], empty) == read_config([], {})


def test_any_host_may_be_served() -> None:
    assert read_config([], {"GATEWAY_ALLOWED_HOSTS": " * "}).allowed_hosts == ("*",)


def test_help_tells_all_settings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read_config(["--help"], {})
    assert caught.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for variable in ENVIRONMENT:
        assert variable in told


def test_the_history_is_where_its_settings_say(tmp_path: Path) -> None:
    assert read_config([], {}).history is None
    own = read_config([], {"MATCHER_DATA_DIR": "/data"}).history
    assert own == sqlite_database(Path("/data/history/history.sqlite"))
    assert read_config(["--data-dir=/data"], {"MATCHER_DATA_DIR": "/other"}).history == own
    url = "postgresql://someone:hunter2@db:5432/exchange"
    other = read_config(["--data-dir=/data"], {"HISTORY_DATABASE": url}).history
    assert other is not None
    assert (other.path, other.name) == (None, "postgresql://someone@db:5432/exchange")
    secret = tmp_path / "database"
    secret.write_text(f"{url}\n")
    secret.chmod(0o600)
    config = read_config([], {"HISTORY_DATABASE_FILE": str(secret)})
    assert config.history == other
    # It goes to worker processes.
    assert pickle.loads(pickle.dumps(config)) == config


@pytest.mark.parametrize("text", ["oracle://x:hunter2@y/z", "hunter2", "sqlite://", "postgresql://x:hunter2@y"])
def test_a_bad_database_is_named_without_its_password(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read_config([], {"HISTORY_DATABASE": text})
    assert end.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("gateway: HISTORY_DATABASE: takes sqlite:////absolute/path")
    assert "hunter2" not in line


@pytest.mark.parametrize("name", ["commands", "market-data", "reports"])
def test_nodes_stand_in_place_of_the_sockets_of_one_matcher(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variable = f"GATEWAY_{name.upper().replace('-', '_')}"
    # The default counts too where it is written.
    default = next(setting.default for setting in SETTINGS if setting.name == name)
    file = tmp_path / "settings.toml"
    key = name.replace("-", "_")
    file.write_text(f'[gateway]\nmatchers = ["a:5555", "b:5555"]\n{key} = "{default}"\n')
    for arguments, environment in (
        ([f"--{name}={default}"], {"GATEWAY_MATCHERS": "a:5555,[::1]:5555"}),
        (["--matchers=a:5555"], {variable: default}),
        ([f"--config={file}"], {}),
    ):
        with pytest.raises(SystemExit) as ended:
            read_config(arguments, environment)
        assert ended.value.code == 2
        line = f"gateway: {variable} (--{name}) and GATEWAY_MATCHERS (--matchers): takes one of them\n"
        assert capsys.readouterr() == ("", line)


def test_nodes_are_named_by_base_addresses() -> None:
    assert read_config([], {"GATEWAY_MATCHERS": "a:5555, [::1]:65532"}).matchers == ("a:5555", "[::1]:65532")
    assert read_config([], {"GATEWAY_MATCHERS": ""}).matchers == ()
    assert base_endpoints("[::1]:65532") == Endpoints(*(f"tcp://[::1]:{port}" for port in range(65532, 65536)))


SHARDS = """
[[shard]]
name = "majors"
matchers = ["a:5555", "b:5555"]
symbols = ["BTC-USDT"]

[[shard]]
name = "rest"
matchers = ["a:5565"]
default = true
"""


def test_the_map_of_shards_goes_to_worker_processes(tmp_path: Path) -> None:
    file = tmp_path / "shards.toml"
    file.write_text(SHARDS)
    config = pickle.loads(pickle.dumps(read_config([], {"GATEWAY_SHARDS": str(file)})))
    assert [shard.name for shard in config.shards.shards] == ["majors", "rest"]
    assert config.shards.number_of("ETH-USDT") == 1
    assert read_config([], {"GATEWAY_SHARDS": ""}).shards is None


@pytest.mark.parametrize("name", ["commands", "market-data", "reports", "matchers"])
def test_the_map_of_shards_stands_in_place_of_other_addresses(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shards.toml"
    file.write_text(SHARDS)
    value = "a:5555" if name == "matchers" else "tcp://127.0.0.1:5999"
    with pytest.raises(SystemExit) as ended:
        read_config([f"--shards={file}", f"--{name}={value}"], {})
    assert ended.value.code == 2
    variable = f"GATEWAY_{name.upper().replace('-', '_')}"
    line = f"gateway: {variable} (--{name}) and GATEWAY_SHARDS (--shards): takes one of them\n"
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file or directory"),
        ("[[shard]]\n", "[[shard]] number 0: name: takes 1 to 64 of a-z, 0-9, _ and -"),
        (SHARDS.replace("rest", "majors"), "[[shard]] number 1 (majors): name: 'majors' stands twice: takes each once"),
    ],
)
def test_a_bad_map_of_shards_is_one_line(
    text: str | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shards.toml"
    if text is not None:
        file.write_text(text)
    for arguments, environment, source in (
        ([f"--shards={file}"], {}, "--shards"),
        ([], {"GATEWAY_SHARDS": str(file)}, "GATEWAY_SHARDS"),
    ):
        with pytest.raises(SystemExit) as ended:
            read_config(arguments, environment)
        assert ended.value.code == 2
        assert capsys.readouterr() == ("", f"gateway: {source}: {file}: {told}\n")
