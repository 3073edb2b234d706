"""The moving picture: an animated PNG of whole PNGs."""

import struct
import zlib

import pytest

from tests.pictures.moving import SIGNATURE, moving_picture


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, grey: int) -> bytes:
    """One row of grey."""
    head = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" + bytes([grey]) * width)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunks(picture: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        kind, content = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", picture, at + 8 + length) == (zlib.crc32(kind + content),)
        found.append((kind, content))
        at += length + 12
    return found


def test_each_frame_is_there_with_its_time_in_one_numbering() -> None:
    parts = chunks(moving_picture([png(3, grey) for grey in (0, 90, 200)], 250))
    assert [kind for kind, _ in parts] == [
        *(b"IHDR", b"acTL", b"fcTL", b"IDAT", b"fcTL", b"fdAT", b"fcTL", b"fdAT", b"IEND"),
    ]
    assert parts[1][1] == struct.pack(">II", 3, 0)
    numbers = [struct.unpack_from(">I", content)[0] for kind, content in parts if kind in (b"fcTL", b"fdAT")]
    assert numbers == [0, 1, 2, 3, 4]
    assert [struct.unpack_from(">HH", content, 20) for kind, content in parts if kind == b"fcTL"] == [(250, 1_000)] * 3
    assert zlib.decompress(parts[5][1][4:]) == b"\0" + bytes([90]) * 3


def test_frames_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        moving_picture([png(3, 0), png(4, 0)], 250)
