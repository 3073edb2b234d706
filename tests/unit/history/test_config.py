"""The settings of the history: bad ones end it with one line, and a password is in none."""

from pathlib import Path

import pytest

from history.config import read_config
from protocol.curve import ClientKeys, new_keys, public_key

URL = "postgresql://ann:hunter2@db.example:5432/exchange"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> str:
    with pytest.raises(SystemExit) as ended:
        read_config(arguments, environment)
    assert ended.value.code == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    return line


def test_the_tables_stand_in_the_data_directory_by_default() -> None:
    config = read_config([], {"MATCHER_DATA_DIR": "/somewhere"})
    assert config.data_dir == Path("/somewhere")
    assert config.database.path == Path("/somewhere/history/history.sqlite")
    assert (config.keep_days, config.max_lag_bytes, config.rebuild, config.new_journal) == (
        None,
        4 * 2**30,
        False,
        False,
    )
    assert read_config(["--data-dir=/else"], {"MATCHER_DATA_DIR": "/somewhere"}).data_dir == Path("/else")


def test_a_database_is_named_by_a_variable_or_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "database"
    file.write_text(f"{URL}\n")
    file.chmod(0o600)
    for environment in ({"HISTORY_DATABASE": URL}, {"HISTORY_DATABASE_FILE": str(file)}):
        database = read_config([], environment).database
        assert database.path is None
        assert database.url.password == "hunter2"
        assert "hunter2" not in database.name


def test_a_file_that_others_may_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "database"
    file.write_text(URL)
    file.chmod(0o644)
    line = refused(capsys, HISTORY_DATABASE_FILE=str(file))
    assert line.startswith(f"history: HISTORY_DATABASE_FILE: {file}: other users may read it")


@pytest.mark.parametrize("text", ["mysql://ann:hunter2@db/x", "hunter2", "postgresql://ann:hunter2@db", "sqlite://"])
def test_a_bad_database_is_told_without_its_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, HISTORY_DATABASE=text)
    assert line.startswith("history: HISTORY_DATABASE: takes sqlite:////absolute")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("HISTORY_KEEP", "0", "takes forever or a number of days from 1 to 36500"),
        ("HISTORY_KEEP", "week", "takes forever or a number of days from 1 to 36500"),
        ("HISTORY_MAX_LAG_BYTES", "-1", "takes a number of bytes from 0 to 1000000000000000"),
        ("MATCHER_DATA_DIR", "", "takes a directory"),
    ],
)
def test_a_bad_setting_is_told(name: str, value: str, takes: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, **{name: value}) == f"history: {name}: {value!r}: {takes}\n"


def test_a_shared_log_is_read_from_the_settings_of_its_matchers(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_config([], {}).shared is None
    secret = new_keys()[1]
    environment = {
        "MATCHER_LOG": "etcd://a:2379,b:2379/main",
        "MATCHER_PEERS": "a:5555,b:5565",
        "MATCHER_LOG_USER": "ann:hunter2",
        "MATCHER_CURVE_SECRET": secret,
    }
    shared = read_config([], environment).shared
    assert shared is not None
    assert (shared.address.servers, shared.address.name) == (("a:2379", "b:2379"), "main")
    assert [node.snapshots for node in shared.nodes] == ["tcp://a:5558", "tcp://b:5568"]
    assert (shared.credentials.user, shared.credentials.password) == ("ann", "hunter2")
    assert shared.keys == ClientKeys(public_key(secret), secret)
    assert refused(capsys, MATCHER_LOG="etcd://a/main").startswith("history: MATCHER_LOG: 'etcd://a/main': takes local")
    assert "hunter2" not in refused(capsys, MATCHER_LOG_USER="hunter2")
    line = refused(capsys, MATCHER_LOG="etcd://a:1/x", MATCHER_LOG_CERT="c.pem")
    assert line == "history: MATCHER_LOG_CERT: 'c.pem': takes a file with a certificate (PEM)\n"
