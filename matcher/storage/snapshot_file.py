"""The file of a snapshot: a magic word and blocks, each a length, a CRC-32 and MessagePack.

The first block is the head, which names the place in the journal's chain. The last block tells how many there were. A
file that lacks one of them, or whose CRCs do not fit, is no snapshot. It is written under another name, synced, read
again and renamed, and the directory is synced: a half-written file is never taken for a snapshot.

Blocks are read by field name, with defaults. A later version adds fields and kinds of blocks, and the format stays. In
format 1 they were arrays: see `matcher.storage.snapshot_format_1`.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
from msgspec import Struct

from matcher.storage.crash_notes import CrashedCommand
from matching_exchange.process.files import (
    list_files,
    make_directory,
    named,
    open_private,
    open_regular,
    sync_directory,
    sync_file,
)

FORMAT: Final = 2
MAGIC: Final = b"EXSNAPSH"
SUFFIX: Final = ".snapshot"

SYNC_EVERY: Final = 1024 * 1024
"""Bytes after which what was written of a snapshot is synced. One large sync would hold up the journal's."""

_BLOCK = struct.Struct("<II")

_OLD_END_TAG: Final = 6

_encode = msgspec.msgpack.Encoder().encode


class SnapshotError(Exception):
    """The file is no whole snapshot that this version reads. The message says why."""


class Head(Struct, frozen=True, omit_defaults=True):
    """The place in the log up to which the snapshot holds the state. `crc` is that of the last record in it, `engine`
    the version of the rules.

    Of a replicated log alone:
    position: that of the last record.
    epoch: that of its leader.
    log_bytes: what the log held up to there, in bytes.
    poisons: the commands that every node refuses.
    """

    format: int
    engine: int
    journal: str
    sequence: int
    time: int
    crc: int
    digest: str
    last_order_id: int
    forgotten: int
    position: int = 0
    epoch: int = 0
    log_bytes: int = 0
    poisons: list[CrashedCommand] = []

    @property
    def file_number(self) -> int:
        """What its file is named by: it grows from one snapshot to the next."""
        return self.position or self.sequence


class Replicated(Struct, frozen=True):
    """What the head of a snapshot says of a place in a replicated log: see `Head`."""

    position: int
    epoch: int
    log_bytes: int = 0
    poisons: list[CrashedCommand] = []


class _OldHead(Struct, frozen=True, array_like=True):
    """The head of format 1."""

    format: int
    engine: int
    journal: str
    sequence: int
    time: int
    crc: int
    digest: str
    last_order_id: int
    forgotten: int


class _End(Struct, frozen=True):
    end_after: int


_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_old_head = msgspec.msgpack.Decoder(_OldHead).decode


def write_blocks(directory: Path, head: Head, parts: Iterable[Struct]) -> Path:
    """Write a snapshot of these parts. Returns its file. OSError if the disk does not take it."""
    make_directory(directory)
    path = directory / f"{head.file_number:020d}{SUFFIX}"
    temporary = path.with_name(path.name + ".new")
    with named(temporary), open(temporary, "wb", opener=open_private) as file:
        file.write(MAGIC)
        file.write(_block(_encode(head)))
        count = unsynced = 0
        for part in parts:
            unsynced += file.write(_block(_encode(part)))
            count += 1
            if unsynced >= SYNC_EVERY:
                file.flush()
                sync_file(file.fileno())
                unsynced = 0
        file.write(_block(_encode(_End(count))))
        file.flush()
        sync_file(file.fileno())
    for _ in _read_blocks(temporary):
        pass
    temporary.rename(path)
    sync_directory(directory)
    return path


def read_head(path: Path, engine: int) -> Head:
    """The head of a snapshot; SnapshotError if it is none of these rules."""
    return open_blocks(path, engine)[0]


def open_blocks(path: Path, engine: int | None) -> tuple[Head, Iterator[bytes]]:
    """The head, and the encoded blocks behind it. Raises SnapshotError, at the latest after the last block, if the
    file is no whole snapshot of these rules (None: of any). Raises OSError if it cannot be read."""
    blocks = _read_blocks(path)
    payload = next(blocks)
    try:
        head = _read_head(payload)
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"{path}: its head cannot be read: {error}") from error
    if head.format not in (1, FORMAT) or engine not in (None, head.engine):
        raise SnapshotError(f"{path}: was written as format {head.format} of engine {head.engine}")
    return head, blocks


def snapshots(directory: Path) -> list[Path]:
    """The snapshots of the directory, newest first. Reading one shows whether it is whole. OSError if the directory is
    there and cannot be listed."""
    return list_files(directory, SUFFIX)[::-1]


def _read_head(payload: bytes) -> Head:
    if _is_array(payload):
        return msgspec.convert(_decode_old_head(payload), Head, from_attributes=True)
    head: Head = _decode_head(payload)
    return head


def _is_array(payload: bytes) -> bool:
    """Whether the payload is an array: that is format 1."""
    return payload[0] >> 4 == 0x9 or payload[0] in (0xDC, 0xDD)


def _block(payload: bytes) -> bytes:
    return _BLOCK.pack(len(payload), crc32(payload)) + payload


def _read_blocks(path: Path) -> Iterator[bytes]:
    """The payloads of the file's blocks, without the end."""
    with named(path), open_regular(path) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise SnapshotError(f"{path}: is no snapshot")
        count = -1
        ahead: bytes | None = None
        while True:
            header = file.read(_BLOCK.size)
            if not header:
                break
            if len(header) < _BLOCK.size:
                raise SnapshotError(f"{path}: is not whole")
            length, crc = _BLOCK.unpack(header)
            payload = file.read(length)
            if len(payload) < length or crc32(payload) != crc:
                raise SnapshotError(f"{path}: is damaged before byte {file.tell()}")
            if ahead is not None:
                yield ahead
                count += 1
            ahead = payload
        if ahead is None or ahead not in (_encode(_End(count)), _encode((_OLD_END_TAG, count))):
            raise SnapshotError(f"{path}: is not whole")
