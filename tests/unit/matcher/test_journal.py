"""The journal: what was appended comes back, a torn end is cut off, other damage is refused, and never is a wrong
record read."""

import errno
import os
import struct
from pathlib import Path
from zlib import crc32

import pytest

from matcher.storage.journal import RESERVED_BYTES, DiskFile, Journal
from matcher.storage.journal_format import FORMAT, HEADER_BYTES, JournalError
from matcher.storage.log import Record
from tests.journal_files import ends_of_records

RECORDS = [
    Record(1 + 2 * index, 1_000 + index, [b"frame %d" % index * (1 + index % 3), b"x" * index]) for index in range(6)
]


def write(directory: Path, records: list[Record], segment_bytes: int = 1 << 20) -> None:
    journal = Journal(directory, segment_bytes=segment_bytes)
    assert list(journal.records()) == []
    for record in records:
        journal.append(record.sequence, record.time, record.entries)
        journal.sync()
    journal.close()


def read(directory: Path) -> list[Record]:
    return list(Journal(directory).records())


def only_segment(directory: Path) -> Path:
    (path,) = directory.glob("*.journal")
    return path


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    write(tmp_path, RECORDS)
    assert read(tmp_path) == RECORDS


def test_appending_goes_on_after_a_restart_and_the_id_stays(tmp_path: Path) -> None:
    write(tmp_path, RECORDS[:3])
    journal = Journal(tmp_path)
    assert list(journal.records()) == RECORDS[:3]
    for record in RECORDS[3:]:
        journal.append(record.sequence, record.time, record.entries)
    journal.close()
    again = Journal(tmp_path)
    assert list(again.records()) == RECORDS
    assert again.id == journal.id != ""
    assert len(list(tmp_path.glob("*.journal"))) == 1


def test_full_segments_are_followed_by_others(tmp_path: Path) -> None:
    write(tmp_path, RECORDS, segment_bytes=100)
    names = [path.name for path in sorted(tmp_path.glob("*.journal"))]
    assert len(names) > 2
    assert names[0] == f"{1:020d}.journal"
    assert read(tmp_path) == RECORDS


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    write(tmp_path, RECORDS, segment_bytes=100)
    paths = sorted(tmp_path.glob("*.journal"))
    paths[1].unlink()
    with pytest.raises(JournalError, match=f"{paths[2].name}: damaged at byte 0: the segment before it is missing"):
        read(tmp_path)


def test_a_journal_cut_at_any_byte_of_its_last_records_loses_the_torn_ones_only(tmp_path: Path) -> None:
    write(tmp_path / "whole", RECORDS)
    whole = only_segment(tmp_path / "whole").read_bytes()
    ends = [HEADER_BYTES, *ends_of_records(only_segment(tmp_path / "whole"))]
    for size in range(ends[-4], len(whole)):
        directory = tmp_path / str(size)
        directory.mkdir()
        path = directory / f"{1:020d}.journal"
        path.write_bytes(whole[:size])
        kept = max(index for index, end in enumerate(ends) if end <= size)
        journal = Journal(directory)
        assert list(journal.records()) == RECORDS[:kept]
        assert (journal.torn is None) is (size in ends)
        journal.append(99, 9_999, [b"after the cut"])
        journal.close()
        assert read(directory) == [*RECORDS[:kept], Record(99, 9_999, [b"after the cut"])]


@pytest.mark.parametrize("size", range(HEADER_BYTES))
def test_a_segment_torn_while_it_was_made_is_removed(tmp_path: Path, size: int) -> None:
    write(tmp_path, RECORDS, segment_bytes=100)
    last = max(tmp_path.glob("*.journal"))
    before = [path.name for path in tmp_path.glob("*.journal") if path != last]
    kept = [record for record in RECORDS if record.sequence < int(last.name.split(".")[0])]
    last.write_bytes(last.read_bytes()[:size])
    journal = Journal(tmp_path)
    assert list(journal.records()) == kept
    assert last.stat().st_size == size, "reading changes nothing"
    journal.cut_torn()
    assert sorted(path.name for path in tmp_path.glob("*.journal")) == sorted(before)
    assert read(tmp_path) == kept


def test_a_flipped_bit_in_the_last_record_cuts_it_off_and_one_before_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "whole", RECORDS)
    whole = only_segment(tmp_path / "whole").read_bytes()
    ends = [HEADER_BYTES, *ends_of_records(only_segment(tmp_path / "whole"))]
    directory = tmp_path / "flipped"
    directory.mkdir()
    path = directory / f"{1:020d}.journal"
    for bit in range(ends[-2] * 8, len(whole) * 8):
        path.write_bytes(flip(whole, bit))
        assert read(directory) == RECORDS[:-1], f"bit {bit}"
    for bit in range(ends[2] * 8, ends[3] * 8):
        damaged = flip(whole, bit)
        path.write_bytes(damaged)
        with pytest.raises(JournalError, match=f"damaged at byte {ends[2]}"):
            read(directory)
        assert path.read_bytes() == damaged, "a refused journal is not touched"


def flip(data: bytes, bit: int) -> bytes:
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def test_any_zeroed_page_of_the_last_record_cuts_it_off(tmp_path: Path) -> None:
    large = Record(20, 2_000, [os.urandom(3_000) for _ in range(8)])
    write(tmp_path, [*RECORDS, large])
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    start = ends_of_records(path)[-2]
    for page in range(start // 4096, len(whole) // 4096 + 1):
        first, last = max(page * 4096, start), min((page + 1) * 4096, len(whole))
        path.write_bytes(whole[:first] + bytes(last - first) + whole[last:])
        assert read(tmp_path) == RECORDS


def test_a_record_of_another_place_in_the_chain_is_refused(tmp_path: Path) -> None:
    write(tmp_path, RECORDS)
    path = only_segment(tmp_path)
    whole = path.read_bytes()
    ends = ends_of_records(path)
    path.write_bytes(whole[: ends[2]] + whole[ends[3] :])
    with pytest.raises(JournalError, match="does not follow the one before it"):
        read(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    write(tmp_path, RECORDS)
    path = only_segment(tmp_path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 8, FORMAT + 1)
    struct.pack_into("<I", data, HEADER_BYTES - 4, crc32(data[: HEADER_BYTES - 4]))
    path.write_bytes(data)
    with pytest.raises(JournalError, match=f"was written as format {FORMAT + 1}"):
        read(tmp_path)


class FailingFile:
    """A segment on a disk that is full after so many bytes."""

    room = 0

    def __init__(self, path: Path, append: bool) -> None:  # noqa: FBT001 - as OpenFile has it
        self._file = DiskFile(path, append=append)

    def write(self, data: bytes) -> None:
        taken = min(len(data), FailingFile.room)
        self._file.write(data[:taken])
        FailingFile.room -= taken
        if taken < len(data):
            raise OSError(28, "No space left on device")

    def reserve(self) -> None:
        self._file.reserve()

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize("room", range(0, 260, 7))
def test_a_full_disk_is_an_error_and_what_was_synced_before_stays(tmp_path: Path, room: int) -> None:
    FailingFile.room = room
    journal = Journal(tmp_path, open_file=FailingFile)
    assert list(journal.records()) == []
    safe = 0
    with pytest.raises(OSError, match="No space left"):
        for record in RECORDS:
            journal.append(record.sequence, record.time, record.entries)
            journal.sync()
            safe += 1
    journal.close()
    assert read(tmp_path)[:safe] == RECORDS[:safe]


ROOM = [0, 1, 31, 32, 5_000]
"""Bytes of zeros behind the last record."""


@pytest.mark.parametrize("room", ROOM)
def test_zeros_at_the_end_of_a_segment_are_room_and_nothing_torn(tmp_path: Path, room: int) -> None:
    write(tmp_path, RECORDS[:4])
    with only_segment(tmp_path).open("ab") as file:
        file.write(bytes(room))
    journal = Journal(tmp_path)
    assert list(journal.records()) == RECORDS[:4]
    assert journal.torn is None
    for record in RECORDS[4:]:
        journal.append(record.sequence, record.time, record.entries)
    journal.close()
    assert read(tmp_path) == RECORDS
    path = only_segment(tmp_path)
    assert path.stat().st_size == ends_of_records(path)[-1], "no zeros between the records, none behind them"


@pytest.mark.parametrize("room", ROOM[1:])
def test_a_record_torn_before_zeros_is_cut_off_with_them(tmp_path: Path, room: int) -> None:
    write(tmp_path / "whole", RECORDS)
    whole = only_segment(tmp_path / "whole").read_bytes()
    ends = ends_of_records(only_segment(tmp_path / "whole"))
    for size in range(ends[-2] + 1, ends[-1]):
        directory = tmp_path / str(size)
        directory.mkdir()
        path = directory / f"{1:020d}.journal"
        path.write_bytes(whole[:size] + bytes(room))
        journal = Journal(directory)
        assert list(journal.records()) == RECORDS[:-1]
        assert journal.torn is not None
        assert journal.torn[:2] == (path, ends[-2])
        journal.cut_torn()
        assert path.read_bytes() == whole[: ends[-2]]


def test_zeros_between_records_are_damage(tmp_path: Path) -> None:
    write(tmp_path, RECORDS)
    path = only_segment(tmp_path)
    data, ends = path.read_bytes(), ends_of_records(path)
    path.write_bytes(data[: ends[2]] + bytes(ends[3] - ends[2]) + data[ends[3] :])
    with pytest.raises(JournalError, match=f"damaged at byte {ends[2]}"):
        read(tmp_path)


def test_a_journal_that_is_synced_after_each_record_keeps_its_size_and_nobody_who_reads_sees_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert list(journal.records()) == []
    sizes = set()
    for record in RECORDS:
        journal.append(record.sequence, record.time, record.entries, synced=True)
        journal.sync()
        sizes.add(only_segment(tmp_path).stat().st_size)
        assert read(tmp_path)[-1] == record
    assert len(sizes) == 1
    assert sizes.pop() > RESERVED_BYTES
    # A process that dies closes nothing.
    again = Journal(tmp_path)
    assert list(again.records()) == RECORDS
    assert again.torn is None


def test_a_disk_without_room_for_zeros_still_takes_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes, _offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    journal = Journal(tmp_path)
    assert list(journal.records()) == []
    for record in RECORDS:
        journal.append(record.sequence, record.time, record.entries, synced=True)
        journal.sync()
    assert read(tmp_path) == RECORDS
    path = only_segment(tmp_path)
    assert path.stat().st_size == ends_of_records(path)[-1]


def test_a_journal_that_is_not_synced_after_each_record_has_no_room_ahead(tmp_path: Path) -> None:
    """Its unsynced records may reach the disk in any order: over zeros that would leave holes."""
    journal = Journal(tmp_path)
    assert list(journal.records()) == []
    for record in RECORDS:
        journal.append(record.sequence, record.time, record.entries)
        journal.sync()
        path = only_segment(tmp_path)
        assert path.stat().st_size == ends_of_records(path)[-1]
