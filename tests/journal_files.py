"""Where records stand in a segment of a journal, read by hand."""

import struct
from pathlib import Path

from matcher.storage.journal_format import HEADER_BYTES, MARK


def ends_of_records(segment: Path) -> list[int]:
    """The offsets at which the segment's records end, in order. What follows the last one is room."""
    data = segment.read_bytes()
    offset, ends = HEADER_BYTES, []
    while data.startswith(MARK, offset):
        (length,) = struct.unpack_from("<I", data, offset + 4)
        offset += 32 + length
        ends.append(offset)
    return ends


def end_of_content(segment: Path) -> int:
    """The offset at which the last record ends, or the header."""
    return max(ends_of_records(segment), default=HEADER_BYTES)
