"""What a registered reader has not read stays for it, within its bounds; without one, what recovery needs."""

from pathlib import Path

import pytest

from matcher.storage.journal_reader import JournalReader
from matcher.storage.log import TrimmedError
from matcher.storage.readers import Registration, register, registrations
from matcher.storage.recovery import drop_superseded
from matcher.storage.snapshot_file import snapshots
from tests.unit.matcher.life import Life, recovered


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


def live_on(life: Life, rounds: int = 4) -> None:
    """Trade, and drop what is superseded, again and again."""
    for _ in range(rounds):
        life.trade(10)
        life.snapshot()
        drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)


def sequences(life: Life) -> list[int]:
    return [int(path.stem) for path in snapshots(life.directory.snapshots)][::-1]


def can_follow(life: Life, after: int) -> bool:
    try:
        list(JournalReader(life.directory.journal).read(after))
    except TrimmedError:
        return False
    return True


def test_without_a_reader_only_what_recovery_needs_stays(life: Life) -> None:
    live_on(life)
    assert sequences(life) == [63, 83]
    assert not can_follow(life, 42)


def test_a_reader_keeps_the_snapshot_before_its_position_and_what_follows(life: Life) -> None:
    live_on(life, 2)
    register(life.directory.path, Registration("history", 50, 1_000_000))
    live_on(life)
    assert sequences(life) == [43, 103, 123]
    assert can_follow(life, 43)
    assert not can_follow(life, 22)
    register(life.directory.path, Registration("history", 123, 1_000_000))
    live_on(life, 1)
    assert sequences(life) == [123, 143]
    assert not can_follow(life, 100)


def test_a_reader_that_begins_keeps_everything(life: Life) -> None:
    register(life.directory.path, Registration("history", 0, 1_000_000))
    live_on(life)
    assert sequences(life) == [63, 83]
    assert can_follow(life, 0)


def test_the_record_at_the_position_stays(life: Life) -> None:
    """It tells the reader that the log is still the one that it has read."""
    live_on(life, 2)
    last = list(JournalReader(life.directory.journal).read(30))[-1]
    register(life.directory.path, Registration("history", last.position, 1_000_000))
    live_on(life)
    assert JournalReader(life.directory.journal).holds(last.position, last.crc)


def test_what_is_kept_for_a_reader_is_bounded(life: Life, capfd: pytest.CaptureFixture[str]) -> None:
    register(life.directory.path, Registration("history", 1, 3_000))
    live_on(life)
    assert sequences(life) == [63, 83]
    assert not can_follow(life, 42)
    assert "too far behind" in "".join(capfd.readouterr())


def test_a_reader_for_which_too_much_is_gone_keeps_nothing(life: Life) -> None:
    live_on(life)
    register(life.directory.path, Registration("history", 1, 1_000_000))
    live_on(life)
    assert sequences(life) == [143, 163]
    assert not can_follow(life, 83)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"name": 3}', bytes(10_000), b"[" * 3_000])
def test_a_registration_that_cannot_be_read_keeps_nothing_and_stops_nobody(
    life: Life, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    register(life.directory.path, Registration("history", 1, 1_000_000))
    [path] = (life.directory.path / "readers").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(content)
    life.trade(1)
    assert registrations(life.directory.path) == []
    assert "".join(capfd.readouterr()).count("a reader of the journal not known") == 1
    live_on(life)
    assert len(sequences(life)) == 2
    assert recovered(life).sequence == life.state.sequence
