"""Settings of a log in etcd that do not fit each other end the process with one line."""

from pathlib import Path

import pytest

from matcher.config import Config, read_config
from matcher.etcd import needs
from matcher.etcd.address import Credentials, LogAddress

URL = "etcd://a:1,b:1/log"
PEM = "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def line_of(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> str:
    """What a process says that ends because of its settings."""
    with pytest.raises(SystemExit) as ended:
        read_config(arguments, environment)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_the_log_is_local_unless_another_is_named() -> None:
    assert read_config([], {}).node is None
    assert read_config([], {"MATCHER_SYNC": "off"}).sync == "off"


def test_a_log_in_etcd_has_its_settings(tmp_path: Path) -> None:
    (tmp_path / "user").write_text("exchange:se:cret\n")
    (tmp_path / "user").chmod(0o600)
    config: Config = read_config([f"--log={URL}", "--log-budget=5000000"], {"MATCHER_LOG_USER_FILE": "user"})
    assert config.node is not None
    assert config.node.log == LogAddress(("a:1", "b:1"), "log")
    assert config.node.credentials == Credentials(user="exchange", password="se:cret")
    assert config.node.budget == 5_000_000


@pytest.mark.parametrize("place", ["flag", "variable", "file"])
def test_when_the_journal_is_synced_says_nothing_beside_it(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, environment = ["--sync=always"] if place == "flag" else [], {"MATCHER_LOG": URL}
    if place == "variable":
        environment["MATCHER_SYNC"] = "always"
    elif place == "file":
        (tmp_path / "exchange.toml").write_text('[matcher]\nsync = "always"\n')
    line = line_of(capsys, *arguments, **environment)
    assert line.startswith("matcher: MATCHER_SYNC (--sync): takes nothing beside MATCHER_LOG (--log)")


def test_where_none_can_be_had_the_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(needs, "LIBRARIES", ("no_such_package",))
    assert line_of(capsys, MATCHER_LOG=URL) == (
        f"matcher: MATCHER_LOG (--log): {URL}: its client is missing: install matching-exchange[cluster]\n"
    )


@pytest.mark.parametrize("user", ["exchange", ":x", "exchange:", "x:" + "y" * 300])
def test_a_user_has_a_name_and_a_password(user: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = line_of(capsys, MATCHER_LOG=URL, MATCHER_LOG_USER=user)
    assert line == "matcher: MATCHER_LOG_USER: takes NAME:PASSWORD of at most 256 characters\n"


@pytest.mark.parametrize(
    ("given", "missing"),
    [({"CERT", "CA"}, "KEY"), ({"KEY", "CA"}, "CERT"), ({"CERT", "KEY"}, "CA")],
)
def test_a_certificate_needs_its_key_and_an_authority(
    given: set[str], missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pem").write_text(PEM)
    line = line_of(capsys, MATCHER_LOG=URL, **{f"MATCHER_LOG_{name}": "pem" for name in given})
    assert line.startswith(f"matcher: MATCHER_LOG_{missing} (--log-{missing.lower()}): takes a file ")


@pytest.mark.parametrize("given", [("CA",), ("CA", "CERT", "KEY")])
def test_a_file_that_holds_no_certificate_is_named(
    given: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pem").write_text(PEM)
    line = line_of(capsys, MATCHER_LOG=URL, **{f"MATCHER_LOG_{name}": "pem" for name in given})
    assert line == "matcher: MATCHER_LOG_CA (--log-ca): pem: takes a file of certificates (PEM)\n"
