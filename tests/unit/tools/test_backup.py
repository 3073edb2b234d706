"""Backups of a data directory, and what restoring one refuses."""

import json
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from history.schema.database import sqlite_database
from matcher.core.digest import digest
from matcher.storage.commit_mark import CommitMark
from matcher.storage.recovery import drop_superseded, recover
from matching_exchange.tools import backup, restore
from matching_exchange.tools.backup import make_backup
from matching_exchange.tools.backup_files import BackupError, Contents, copy_listed
from tests.unit.matcher.life import Life


@pytest.fixture(autouse=True)
def _quiet_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs run in this process: a log that they set up would outlive the test's own output."""
    for program in (backup, restore):
        monkeypatch.setattr(program, "configure_logs", lambda *_: None)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path / "data")


def backed_up(life: Life, target: Path) -> Contents:
    return make_backup(life.directory.path, target, None)


def restored(life: Life, tmp_path: Path) -> Path:
    """A data directory that was made of a backup of this life."""
    backed_up(life, tmp_path / "backup")
    restore.restore(tmp_path / "backup", tmp_path / "again")
    return tmp_path / "again"


def test_what_was_committed_comes_back_with_its_digest(life: Life, tmp_path: Path) -> None:
    life.trade(40)
    life.snapshot()
    life.trade(5)
    position = life.state.sequence
    mark = CommitMark(life.directory.journal, position)
    # Behind the position stands what nobody was told of.
    life.trade(7)
    contents = backed_up(life, tmp_path / "backup")
    mark.close()
    assert (contents.sequence, contents.digest) == (position, life.digests[position])
    assert contents.journal == life.journal.id
    restore.restore(tmp_path / "backup", tmp_path / "again")
    life.directory.path = tmp_path / "again"
    state = recover(life.directory).state
    assert (state.sequence, digest(state.registry)) == (position, life.digests[position])


def test_without_a_matcher_all_that_is_there_is_copied(life: Life, tmp_path: Path) -> None:
    life.trade(30)
    contents = backed_up(life, tmp_path / "backup")
    assert (contents.sequence, contents.digest) == (life.state.sequence, digest(life.state.registry))


def test_greetings_behind_the_position_are_copied_for_a_snapshot_that_stands_behind_them(
    life: Life, tmp_path: Path
) -> None:
    life.trade(10)
    mark = CommitMark(life.directory.journal, life.state.sequence)
    life.fill_segment()
    life.snapshot()
    contents = backed_up(life, tmp_path / "backup")
    mark.close()
    assert [each.path for each in contents.files if "snapshots/" in each.path]
    assert contents.digest == digest(life.state.registry)


def test_a_matcher_removes_nothing_that_is_being_copied(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        life.trade(30)
        life.snapshot()
        drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)

    def live_on(_: object) -> int:
        """The matcher trades, takes snapshots and removes the oldest, while the backup has just begun."""
        position = life.state.sequence
        for _round in range(3):
            life.trade(30)
            life.snapshot()
            drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)
        return position

    monkeypatch.setattr(backup, "_committed", live_on)
    contents = backed_up(life, tmp_path / "backup")
    assert contents.digest == life.digests[contents.sequence]
    # Nothing is kept for it any more.
    before = len(list(life.directory.snapshots.iterdir()))
    drop_superseded(life.directory, life.journal.drop_before, keep_journal=False)
    assert (before, len(list(life.directory.snapshots.iterdir()))) == (3, 2)


def test_a_second_backup_at_the_same_time_is_refused(life: Life, tmp_path: Path) -> None:
    life.trade(1)
    registration = life.directory.path / "readers" / "backup.json"
    with backup._registered(life.directory):
        with pytest.raises(BackupError, match="another backup"):
            backed_up(life, tmp_path / "backup")
        # What the first one needs is kept on.
        assert registration.exists()
    assert not registration.exists()
    backed_up(life, tmp_path / "second")


def test_a_backup_is_made_by_the_user_of_the_matcher(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life.trade(1)
    owner = life.directory.path.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    with pytest.raises(BackupError, match=f"belongs to the user with id {owner}: make the backup as that user"):
        backed_up(life, tmp_path / "backup")


def test_what_stands_beside_the_journal_is_copied_and_private(life: Life, tmp_path: Path) -> None:
    life.trade(1)
    data = life.directory.path
    for name in ("keys/server.key", "state/orderbook_BTC-USDT.json", "journal_id"):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text(life.journal.id if name == "journal_id" else name)
    again = restored(life, tmp_path)
    assert (again / "keys/server.key").read_text() == "keys/server.key"
    assert (again / "state/orderbook_BTC-USDT.json").is_file()
    for path in [again, tmp_path / "backup", *again.rglob("*"), *(tmp_path / "backup").rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_tables_of_the_history_come_with_their_position(life: Life, tmp_path: Path) -> None:
    life.trade(1)
    path = tmp_path / "tables.sqlite"
    with sqlite3.connect(path) as tables:
        tables.execute("CREATE TABLE position (id, sequence)")
        tables.execute("INSERT INTO position VALUES (1, 3)")
    tables.close()
    contents = make_backup(life.directory.path, tmp_path / "backup", sqlite_database(path))
    assert contents.history == 3
    assert "history/history.sqlite" in [each.path for each in contents.files]


def test_a_file_whose_tables_are_not_made_yet_is_left_out(life: Life, tmp_path: Path) -> None:
    """The history makes its file first, and then the tables: a backup may come between."""
    life.trade(1)
    path = tmp_path / "tables.sqlite"
    path.touch()
    contents = make_backup(life.directory.path, tmp_path / "backup", sqlite_database(path))
    assert contents.history is None
    assert not (tmp_path / "backup" / "history").exists()
    # Its journal mode is set before its tables are made.
    with sqlite3.connect(path) as tables:
        tables.execute("PRAGMA journal_mode = WAL")
        assert make_backup(life.directory.path, tmp_path / "other", sqlite_database(path)).history is None
    tables.close()
    assert restore.restore(tmp_path / "other", tmp_path / "again").history is None


def test_a_damaged_journal_gives_no_backup(life: Life, tmp_path: Path) -> None:
    life.trade(60)
    first = min(life.directory.journal.glob("*.journal"))
    content = bytearray(first.read_bytes())
    content[200] ^= 1
    first.write_bytes(content)
    with pytest.raises(BackupError, match="damaged at byte"):
        backed_up(life, tmp_path / "backup")
    assert not (tmp_path / "backup" / "backup.json").exists()


@pytest.mark.parametrize("kind", ["journal/*.journal", "snapshots/*.snapshot"])
def test_a_damaged_file_is_found_and_nothing_stays(life: Life, tmp_path: Path, kind: str) -> None:
    life.trade(40)
    life.snapshot()
    backed_up(life, tmp_path / "backup")
    path = min((tmp_path / "backup").glob(kind))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupError, match=rf"{path.name}: is damaged"):
        restore.restore(tmp_path / "backup", tmp_path / "again")
    assert list((tmp_path / "again").iterdir()) == []
    assert not (tmp_path / "again.restoring").exists()


class CutError(BaseException):
    """The power is cut, or the process is ended."""


@pytest.mark.parametrize("cleans", [True, False])
def test_a_restore_that_is_cut_leaves_no_part_of_an_exchange(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, cleans: bool
) -> None:
    life.trade(40)
    life.snapshot()
    files = len(backed_up(life, tmp_path / "backup").files)
    for cut in range(files):
        left = iter(range(cut))

        def copied(*arguments: Any, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise CutError
            copy_listed(*arguments)

        monkeypatch.setattr(restore, "copy_listed", copied)
        if not cleans:
            monkeypatch.setattr(restore, "_remove", lambda _: None)
        with pytest.raises(CutError):
            restore.restore(tmp_path / "backup", tmp_path / "again")
        assert list((tmp_path / "again").iterdir()) == []
        unfinished = tmp_path / "again.restoring"
        assert unfinished.exists() is not cleans
        if not cleans:
            with pytest.raises(BackupError, match=r"again\.restoring: is there already: .* remove it, or wait"):
                restore.restore(tmp_path / "backup", tmp_path / "again")
            shutil.rmtree(unfinished)
    monkeypatch.undo()
    restore.restore(tmp_path / "backup", tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "backup", "data"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_an_ended_restore_cleans_up(life: Life, tmp_path: Path, ending: signal.Signals) -> None:
    life.trade(40)
    backed_up(life, tmp_path / "backup")
    # The signal comes when all is copied.
    program = (
        "import os, runpy, sys\n"
        "from matching_exchange.tools import backup_files\n"
        f"backup_files.state_of = lambda _: os.kill(os.getpid(), {int(ending)})\n"
        "runpy.run_module('matching_exchange.tools.restore', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "backup"), str(tmp_path / "again")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert list((tmp_path / "again").iterdir()) == []
    assert not (tmp_path / "again.restoring").exists()


def test_a_mount_point_is_refused(life: Life, tmp_path: Path) -> None:
    life.trade(1)
    backed_up(life, tmp_path / "backup")
    with pytest.raises(BackupError, match="/: is a mount point"):
        restore.restore(tmp_path / "backup", Path("/"))


def test_a_missing_file_is_named(life: Life, tmp_path: Path) -> None:
    life.trade(1)
    backed_up(life, tmp_path / "backup")
    min((tmp_path / "backup" / "journal").iterdir()).unlink()
    with pytest.raises(BackupError, match="is missing"):
        restore.restore(tmp_path / "backup", tmp_path / "again")


def test_another_digest_is_found(life: Life, tmp_path: Path) -> None:
    life.trade(4)
    backed_up(life, tmp_path / "backup")
    path = tmp_path / "backup" / "backup.json"
    contents = json.loads(path.read_text())
    contents["digest"] = "0" * 64
    path.write_text(json.dumps(contents))
    with pytest.raises(BackupError, match=f"the backup names {'0' * 64}"):
        restore.restore(tmp_path / "backup", tmp_path / "again")


@pytest.mark.parametrize("path", ["/etc/passwd", "../other"])
def test_a_list_names_files_of_the_backup_alone(life: Life, tmp_path: Path, path: str) -> None:
    life.trade(1)
    backed_up(life, tmp_path / "backup")
    listed = tmp_path / "backup" / "backup.json"
    contents = json.loads(listed.read_text())
    contents["files"][0]["path"] = path
    listed.write_text(json.dumps(contents))
    with pytest.raises(BackupError, match="takes paths below the backup"):
        restore.restore(tmp_path / "backup", tmp_path / "again")


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    return output.err.rstrip("\n")


@pytest.mark.parametrize("program", ["backup", "restore"])
def test_a_directory_that_holds_something_is_refused(
    life: Life, tmp_path: Path, capsys: pytest.CaptureFixture[str], program: str
) -> None:
    life.trade(1)
    backed_up(life, tmp_path / "backup")
    capsys.readouterr()
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    with pytest.raises(SystemExit) as ended:
        if program == "backup":
            backup.main([str(full), f"--data-dir={life.directory.path}"], {})
        else:
            restore.main([str(tmp_path / "backup"), str(full)], {})
    assert ended.value.code == 1
    assert one_line(capsys) == f"{program}: {full}: takes a directory that is empty or not there"
    assert list(full.iterdir()) == [full / "file"]


def test_what_is_no_backup_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        restore.main([str(tmp_path), str(tmp_path / "again")], {})
    assert ended.value.code == 1
    line = f"restore: {tmp_path}: holds no backup.json: it is no backup, or one that was not finished"
    assert one_line(capsys) == line


@pytest.mark.parametrize("what", ["a directory without a journal", "a place within the data directory"])
def test_what_cannot_be_backed_up_is_refused(
    life: Life, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    inside = "within" in what
    data = life.directory.path if inside else tmp_path / "none"
    target = data / "backup" if inside else tmp_path / "backup"
    with pytest.raises(SystemExit) as ended:
        backup.main([str(target), f"--data-dir={data}"], {})
    assert ended.value.code == 1
    assert one_line(capsys).startswith(f"backup: {target if inside else data}: ")
    assert not target.exists()
