"""How far the log is committed, as other processes see it: right whatever became of the matcher."""

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from matcher.storage.commit_mark import COMMITTED, CommitMark, MarkReader
from matcher.storage.journal import DiskFile, Journal
from matcher.storage.journal_reader import JournalReader
from matcher.storage.local_log import LocalLog
from matcher.storage.log import LogFailedError, Record


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[MarkReader]:
    with closing(MarkReader(tmp_path)) as made:
        yield made


class FailingFile(DiskFile):
    """A segment whose sync fails, where `fails` is set."""

    fails = False

    def sync(self) -> None:
        if self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync()


def begun_log(directory: Path) -> tuple[Journal, LocalLog]:
    journal = Journal(directory, FailingFile)
    assert list(journal.records()) == []
    log = LocalLog(directory, journal, 0, lambda: 0)
    log.append(0, Record(1, 1, []), 1)
    log.begin(1)
    return journal, log


def test_a_reader_sees_what_was_noted_last(tmp_path: Path, reader: MarkReader) -> None:
    assert reader.position() is None
    assert not reader.is_kept()
    mark = CommitMark(tmp_path, 7)
    assert reader.position() == 7
    mark.note(2**40)
    assert reader.position() == 2**40
    assert reader.is_kept()
    mark.close()
    assert (reader.position(), reader.is_kept()) == (2**40, False)
    assert (tmp_path / COMMITTED).stat().st_mode & 0o777 == 0o600


def test_another_matcher_goes_on_with_its_own_position(tmp_path: Path, reader: MarkReader) -> None:
    CommitMark(tmp_path, 100).close()
    with closing(CommitMark(tmp_path, 40)):
        assert (reader.position(), reader.is_kept()) == (40, True)


def test_a_killed_matcher_keeps_nothing(tmp_path: Path, reader: MarkReader) -> None:
    child = os.fork()
    if child == 0:
        CommitMark(tmp_path, 5)
        os._exit(0)
    os.waitpid(child, 0)
    assert (reader.position(), reader.is_kept()) == (5, False)


def test_the_log_notes_what_it_has_appended(tmp_path: Path, reader: MarkReader) -> None:
    journal, log = begun_log(tmp_path)
    assert reader.position() == 1
    log.append(1, Record(2, 1, []), 9)
    assert reader.position() == 9
    log.close()
    journal.close()


def test_a_record_whose_sync_has_failed_is_not_committed(
    tmp_path: Path, reader: MarkReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, log = begun_log(tmp_path)
    monkeypatch.setattr(FailingFile, "fails", True)
    with pytest.raises(LogFailedError):
        log.append(1, Record(2, 1, []), 9)
    assert reader.position() == 1
    with closing(JournalReader(tmp_path).follow(0)) as follower:
        assert [logged.record.sequence for logged in follower.take()] == [1]
    log.close()
    journal.close()


def test_without_room_for_the_file_the_log_goes_on_and_readers_sync_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("matcher.storage.commit_mark.os.pwrite", full)
    with capture_logs() as logs:
        journal, log = begun_log(tmp_path)
    assert [line["event"] for line in logs] == ["readers of the journal sync it themselves"]
    log.append(1, Record(2, 1, []), 2)
    with closing(JournalReader(tmp_path).follow(0)) as follower:
        assert len(follower.take()) == 2
    log.close()
    journal.close()
