"""The start: snapshot and tail give the same state as the journal from its first record."""

from pathlib import Path

import pytest

from matcher.core.digest import digest
from matcher.storage.journal_format import JournalError
from matcher.storage.recovery import drop_superseded
from matcher.storage.snapshot_file import snapshots
from tests.journal_files import end_of_content
from tests.unit.matcher.life import Life, assert_same, recovered


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


def test_a_replay_from_the_first_record_gives_the_live_state(life: Life) -> None:
    life.trade(20)
    assert_same(recovered(life), life)


def test_snapshot_and_tail_give_the_live_state(life: Life) -> None:
    life.trade(10)
    life.snapshot()
    assert_same(recovered(life), life)
    life.trade(10)
    assert_same(recovered(life), life)


def test_two_snapshots_stay_and_only_the_segments_that_they_need(life: Life) -> None:
    for _ in range(4):
        life.trade(10)
        life.snapshot()
        (life.directory.snapshots / "1.snapshot.new").write_bytes(b"half written")
        drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)
    life.trade(3)
    names = [path.name for path in snapshots(life.directory.snapshots)]
    assert names == [f"{83:020d}.snapshot", f"{63:020d}.snapshot"]
    assert not list(life.directory.snapshots.glob("*.new"))
    segments = sorted(int(path.stem) for path in life.directory.journal.glob("*.journal"))
    assert segments[0] > 1
    assert segments[0] <= 64 < segments[1]
    assert_same(recovered(life), life)


def test_a_snapshot_fits_whose_segment_ends_with_records_without_commands(life: Life) -> None:
    """The segment is full behind them: the next one begins right behind the snapshot's sequence."""
    life.trade(11)
    life.snapshot()
    life.fill_segment()
    life.trade(10)
    newer = life.snapshot()
    drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)
    newer.unlink()
    assert_same(recovered(life), life)


def test_a_segment_of_records_without_commands_goes_on_where_it_is_full(life: Life) -> None:
    life.fill_segment()
    for _ in range(2):
        life.fill_segment()
    life.trade(10)
    assert_same(recovered(life), life)


def test_the_whole_journal_stays_where_it_is_to_be_kept(life: Life) -> None:
    for _ in range(3):
        life.trade(10)
        life.snapshot()
        drop_superseded(life.directory, life.journal.drop_before, keep_journal=True)
    for path in snapshots(life.directory.snapshots):
        path.unlink()
    assert_same(recovered(life), life)


def test_a_damaged_snapshot_is_passed_over(life: Life) -> None:
    life.trade(10)
    life.snapshot()
    life.trade(10)
    newest = life.snapshot()
    whole = newest.read_bytes()
    life.trade(2)
    for damaged in (
        b"",
        whole[:7],
        whole[:-1],
        whole[: len(whole) // 2],
        whole[:100] + b"\x00" + whole[101:],
        whole[: -len(whole) // 3],
    ):
        newest.write_bytes(damaged)
        assert_same(recovered(life), life)


def test_a_snapshot_beyond_the_journal_is_passed_over(life: Life) -> None:
    life.trade(10)
    kept = life.state.sequence
    size = {path: end_of_content(path) for path in life.directory.journal.glob("*.journal")}
    life.trade(10)
    life.snapshot()
    for path in life.directory.journal.glob("*.journal"):
        if path in size:
            path.write_bytes(path.read_bytes()[: size[path]])
        else:
            path.unlink()
    state = recovered(life)
    assert state.sequence == kept
    assert digest(state.registry) == life.digests[kept]


def test_segments_that_are_gone_without_a_snapshot_are_an_error(life: Life) -> None:
    life.trade(20)
    min(life.directory.journal.glob("*.journal")).unlink()
    with pytest.raises(JournalError, match="the segments before it are gone"):
        recovered(life)


def test_damage_in_the_tail_is_named_also_where_there_are_snapshots(life: Life) -> None:
    life.trade(10)
    life.snapshot()
    life.trade(10)
    path = sorted(life.directory.journal.glob("*.journal"))[-2]
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalError, match=f"{path.name}: damaged at byte"):
        recovered(life)
