"""What a matcher leaves in its data directory may be read by nobody else, whatever the umask; what was there before
keeps its mode."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.commands import PlaceOrder, SaveBook
from protocol.events import BookSaved, OrderResult
from protocol.units import OrderType, Side
from tests.exchange import Matcher, wait_until

ORDER = PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000)

MAY_READ = "other users of this machine may read the data directory: chmod 700 ends that"


@pytest.fixture
def own_matcher(tmp_path: Path) -> Iterator[Matcher]:
    """A matcher that leaves a snapshot at once; not started yet, and with a umask that takes nothing away."""
    before = os.umask(0)
    matcher = Matcher(tmp_path, "--snapshot-every=1")
    try:
        yield matcher
    finally:
        os.umask(before)
        matcher.close()


def leave_everything(matcher: Matcher) -> None:
    """Start the matcher, and let it make each kind of file."""
    matcher.restart()
    with matcher.client() as client:
        assert isinstance(client.command(ORDER), OrderResult)
        assert isinstance(client.query(SaveBook("BTC-USDT")).result, BookSaved)
        wait_until(lambda: list((matcher.data / "snapshots").glob("*.snapshot")), "a snapshot")


def modes(directory: Path) -> dict[str, int]:
    """The mode of each thing in the directory, by its name; files of one kind have one name, so have those that are
    being written."""
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*")}
    return {
        str(path.relative_to(directory) if path.is_dir() else path.suffix or path.name): mode
        for path, mode in found.items()
    }


def test_everything_is_private(own_matcher: Matcher) -> None:
    leave_everything(own_matcher)
    directories = dict.fromkeys(("journal", "snapshots", "state"), 0o700)
    files = dict.fromkeys(
        (".journal", ".snapshot", ".json", "journal_id", "lock", "running_command", "committed"), 0o600
    )
    assert {".new": 0o600, **modes(own_matcher.data)} == directories | files | {".new": 0o600}
    assert stat.S_IMODE(own_matcher.data.stat().st_mode) == 0o700
    assert not own_matcher.records(MAY_READ)


def test_a_directory_that_others_may_read_stays_so_and_is_told_of(own_matcher: Matcher) -> None:
    own_matcher.data.mkdir()
    own_matcher.data.chmod(0o755)
    leave_everything(own_matcher)
    assert stat.S_IMODE(own_matcher.data.stat().st_mode) == 0o755
    [warning] = own_matcher.records(MAY_READ)
    assert warning["data_dir"] == str(own_matcher.data)
