"""A moving picture of PNGs of one size and kind: an animated PNG, as https://www.w3.org/TR/png-3/ has it."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def moving_picture(frames: Sequence[bytes], milliseconds: int) -> bytes:
    """All frames after each other, again and again. Each is a whole PNG. ValueError where they differ in size or kind."""
    heads = [dict(_chunks(frame))[b"IHDR"] for frame in frames]
    if len(set(heads)) != 1:
        raise ValueError("takes frames of one size and kind")
    width, height = struct.unpack_from(">II", heads[0])
    parts = [SIGNATURE, _chunk(b"IHDR", heads[0]), _chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    number = 0
    for index, frame in enumerate(frames):
        control = struct.pack(">IIIIIHHBB", number, width, height, 0, 0, milliseconds, 1_000, 0, 0)
        parts.append(_chunk(b"fcTL", control))
        number += 1
        data = b"".join(content for kind, content in _chunks(frame) if kind == b"IDAT")
        if index == 0:
            parts.append(_chunk(b"IDAT", data))
        else:
            parts.append(_chunk(b"fdAT", struct.pack(">I", number) + data))
            number += 1
    return b"".join([*parts, _chunk(b"IEND", b"")])


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the content of each chunk."""
    at = len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12
