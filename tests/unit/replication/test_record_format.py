"""The bytes of a record in a replicated log, and what is refused."""

import struct
from zlib import crc32

import pytest

from matcher.replication import record_format
from matcher.replication.record_format import FORMAT, HEAD_BYTES, NewerFormatError, pack, unpack
from matcher.storage.journal_format import ENGINE, DamageError
from matcher.storage.log import Kind, Record

RECORD = Record(12, 1_700_000_000_000_000_000, [b"one", b"", b"three"], Kind.BATCH, 1_700_000_000_000_000_001, 31, 77)
HEAD = struct.Struct("<2sBBHHQI")


def headed(layout: int = FORMAT, kind: int = Kind.BATCH, engine: int = ENGINE) -> bytes:
    head = HEAD.pack(b"XL", layout, kind, 0, engine, 5, 0)
    packed, _ = pack(RECORD, 3)
    return head + struct.pack("<I", crc32(head)) + packed[HEAD_BYTES:]


@pytest.mark.parametrize("kind", Kind)
def test_a_record_comes_back(kind: Kind) -> None:
    record = Record(1, 2, [] if kind is Kind.BEAT else [b"x"], kind, 2**63, 0, 2**32 - 1)
    packed, crc = pack(record, 99)
    assert unpack(packed, 99) == (record, crc)
    assert unpack(packed, None) == (record, crc)
    assert crc == crc32(packed[: HEAD.size] + packed[HEAD_BYTES:])


def test_the_bytes_are_these() -> None:
    """They stand in logs: a later version reads them too."""
    packed, crc = pack(RECORD, 3)
    assert packed.hex() == GOLDEN
    assert crc == GOLDEN_CRC


def test_a_record_has_one_place_in_the_chain() -> None:
    _, crc = pack(RECORD, 0)
    second, _ = pack(RECORD, crc)
    assert unpack(second, crc)[0] == RECORD
    with pytest.raises(DamageError, match="does not follow the one before it"):
        unpack(second, crc ^ 1)


@pytest.mark.parametrize(
    "other",
    [
        Record(12, RECORD.time, RECORD.entries, Kind.PART, RECORD.epoch, 31, 77),
        Record(12, RECORD.time, RECORD.entries, Kind.BATCH, RECORD.epoch + 1, 31, 77),
        Record(12, RECORD.time, RECORD.entries, Kind.BATCH, RECORD.epoch, 30, 77),
        Record(12, RECORD.time, RECORD.entries, Kind.BATCH, RECORD.epoch, 31, 78),
    ],
)
def test_the_head_is_part_of_the_chain(other: Record) -> None:
    """Two leaders' records of one position are told apart, though they hold the same commands."""
    assert pack(other, 0)[1] != pack(RECORD, 0)[1]


def test_each_damaged_byte_is_found() -> None:
    packed, _ = pack(RECORD, 3)
    for place in range(len(packed)):
        damaged = bytearray(packed)
        damaged[place] ^= 0x40
        with pytest.raises((DamageError, NewerFormatError)):
            unpack(bytes(damaged), 3)


@pytest.mark.parametrize("length", [0, 5, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 10])
def test_what_is_cut_off_is_found(length: int) -> None:
    with pytest.raises(DamageError):
        unpack(pack(RECORD, 3)[0][:length], 3)


def test_what_is_too_long_is_found() -> None:
    with pytest.raises(DamageError, match="longer than it says"):
        unpack(pack(RECORD, 3)[0] + b"!", 3)


def test_a_newer_version_is_named() -> None:
    with pytest.raises(NewerFormatError, match=f"a record of format {FORMAT + 1}: this version reads up to {FORMAT}"):
        unpack(headed(layout=FORMAT + 1), 3)
    with pytest.raises(NewerFormatError, match=f"a record of engine {ENGINE + 1}: this version has engine {ENGINE}"):
        unpack(headed(engine=ENGINE + 1), 3)
    with pytest.raises(NewerFormatError, match=f"a record of kind 200: this version knows kinds up to {max(Kind):d}"):
        unpack(headed(kind=200), 3)


def test_the_head_has_the_size_that_it_says() -> None:
    assert HEAD.size + 4 == record_format.HEAD_BYTES


GOLDEN = (
    "584c01001f00010001002a36fe9c97174d000000e725c417f75245430f00000023aba385030000000c00000000000000"
    "00002a36fe9c971793c4036f6e65c400c4057468726565"
)

GOLDEN_CRC = 0x0C1173E5
