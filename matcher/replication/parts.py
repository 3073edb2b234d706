"""A batch that is too large for one record goes as contiguous Parts. It is carried out at the last one."""

from typing import Final

import msgspec
from msgspec.structs import replace

from matcher.replication.records import PartInfo, content, pack_content
from matcher.storage.log import Kind, Record

MAX_BATCH_BYTES: Final = 512 * 1024
"""The most bytes of a record's entries."""

_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class PartsError(Exception):
    """The Parts do not fit together. The message says how."""


def split(record: Record) -> list[Record]:
    """The records to append for this batch: itself, if it is small enough."""
    if sum(map(len, record.entries)) <= MAX_BATCH_BYTES:
        return [record]
    packed = memoryview(pack_content(record.entries))
    chunks = [bytes(packed[start : start + MAX_BATCH_BYTES]) for start in range(0, len(packed), MAX_BATCH_BYTES)]
    return [
        replace(record, kind=Kind.PART, entries=[pack_content(PartInfo(index, len(chunks))), chunk])
        for index, chunk in enumerate(chunks)
    ]


def is_last_part(record: Record) -> bool:
    """Whether this Part makes its set whole."""
    part = content(record, PartInfo)
    return part.index + 1 == part.count


class Joiner:
    """Joins Parts to the batch that they are of."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    @property
    def is_open(self) -> bool:
        """Whether a set has begun and is not complete."""
        return bool(self._chunks)

    def take(self, record: Record) -> Record | None:
        """What is to be carried out now: the record itself, or the batch whose last Part it is. None for another Part.
        PartsError if it does not follow what was taken."""
        if record.kind is not Kind.PART:
            if self._chunks:
                if record.kind is not Kind.EPOCH:
                    raise PartsError("a record stands between the parts of another")
                # Its leader has ended before it was whole: nobody has carried it out.
                self._chunks.clear()
            return record
        part = content(record, PartInfo)
        if part.index != len(self._chunks):
            raise PartsError(f"part {part.index} follows {len(self._chunks)} parts")
        self._chunks.append(record.entries[1])
        if part.index + 1 < part.count:
            return None
        entries = _decode(b"".join(self._chunks))
        self._chunks.clear()
        return replace(record, kind=Kind.BATCH, entries=entries)
