"""Where a log is, as a setting says it, and which servers and machines can have one."""

import pytest
from structlog.testing import capture_logs

from matcher.etcd import needs
from matcher.etcd.address import Credentials, LogAddress, parse_address
from matcher.etcd.opening import open_log
from matcher.etcd.servers import fault_of_version
from matcher.storage.log import LogFailedError

ADDRESS = "etcd://a:2379,10.0.0.1:1,[::1]:65535/majors-1.log"


def test_an_address_names_servers_and_a_log() -> None:
    address = parse_address(ADDRESS)
    assert address == LogAddress(("a:2379", "10.0.0.1:1", "[::1]:65535"), "majors-1.log")
    assert str(address) == ADDRESS


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("http://a:1/x", "begins with etcd://"),
        ("etcd://a:1", "ends with /NAME"),
        ("etcd://a:1/", "ends with /NAME"),
        ("etcd://a:1/x/y", "ends with /NAME"),
        ("etcd://a:1/" + "x" * 65, "ends with /NAME"),
        ("etcd:///x", "HOST:PORT"),
        ("etcd://a/x", "HOST:PORT"),
        ("etcd://a:0/x", "HOST:PORT"),
        ("etcd://a:65536/x", "HOST:PORT"),
        ("etcd://a:1,/x", "HOST:PORT"),
        ("etcd://user:secret@a:1/x", "HOST:PORT"),
        ("etcd://a:1,a:1/x", "each server once"),
        ("etcd://" + ",".join(f"a:{port}" for port in range(1, 11)) + "/x", "at most 9 servers"),
    ],
)
def test_what_is_no_address_is_told(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_address(text)


@pytest.mark.parametrize("version", ["3.4.23", "3.4.99", "3.5.3", "3.5.17", "3.6.0", "3.6.0-rc.1", "3.10.0", "4.0.0"])
def test_servers_that_keep_what_they_have_taken_are_used(version: str) -> None:
    assert fault_of_version(version) == ""


@pytest.mark.parametrize("version", ["", "3.3.27", "3.4.9", "3.4.22", "3.5.0", "3.5.1", "3.5.2", "two"])
def test_others_are_refused(version: str) -> None:
    fault = fault_of_version(version)
    assert "takes 3.4.23 or later" in fault
    assert (version or "?") in fault


def test_elsewhere_than_on_linux_there_is_no_such_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(LogFailedError, match=r"^etcd://a:1/x \(MATCHER_LOG\): a log in etcd takes Linux$"):
        open_log(parse_address("etcd://a:1/x"), Credentials())


def test_without_its_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "LIBRARIES", ("no_such_package.at_all",))
    with pytest.raises(LogFailedError, match=r"install matching-exchange\[cluster\]$"):
        open_log(parse_address("etcd://a:1/x"), Credentials())


def test_a_log_that_is_away_is_told_in_one_line() -> None:
    with pytest.raises(LogFailedError, match=r"does not answer: etcd://127\.0\.0\.1:1/x") as told:
        open_log(parse_address("etcd://127.0.0.1:1/x"), Credentials(), 100_000_000)
    assert len(str(told.value).splitlines()) == 1


def test_a_start_that_waits_for_the_log_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.etcd.servers.TELL_AFTER", 50_000_000)
    with capture_logs() as lines, pytest.raises(LogFailedError, match="does not answer"):
        open_log(parse_address("etcd://127.0.0.1:1/x"), Credentials(), 200_000_000)
    [line] = lines
    assert (line["event"], line["log_level"]) == ("waiting for the log", "warning")
    assert "etcd://127.0.0.1:1/x" in line["error"]
