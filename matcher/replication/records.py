"""What the records hold that are no batch: one entry each. Only append fields."""

import os
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from matcher.storage.log import Kind, Record


class EpochInfo(Struct, frozen=True, array_like=True):
    """A node leads from here on.

    endpoints: those that it has bound: commands, market data, reports. version: of the program.
    drawn: told apart by this are Epochs that are equal otherwise. Where the clock is behind the log, a node that was
    started again chooses the epoch that it chose before. It must not take that record for its own.
    """

    epoch: int
    node: int
    endpoints: list[str]
    version: str
    drawn: bytes = b""


class Poisoned(Struct, frozen=True, array_like=True):
    """A command that ends every matcher which carries it out: by its session and number, with the error."""

    session: int
    number: int
    error: str


class Handover(Struct, frozen=True, array_like=True):
    """The leader has ended. That node is to lead at once."""

    node: int


class CheckpointInfo(Struct, frozen=True, array_like=True):
    """Every node takes a snapshot here.

    log_bytes: what the log holds up to here, as its leader counts. trimmed: up to which position it was trimmed.
    """

    log_bytes: int = 0
    trimmed: int = 0


class PartInfo(Struct, frozen=True, array_like=True):
    """The place of a Part in its set, from 0 on."""

    index: int
    count: int


DRAWN_BYTES: Final = 8

Content = TypeVar("Content")

pack_content: Final = msgspec.msgpack.Encoder().encode


def epoch_record(sequence: int, epoch: int, node: int, endpoints: list[str], version: str) -> Record:
    """The Epoch of a node that would lead, which no other append equals."""
    info = EpochInfo(epoch, node, endpoints, version, os.urandom(DRAWN_BYTES))
    return Record(sequence, epoch, [pack_content(info)], Kind.EPOCH, epoch, node)


def content(record: Record, kind: type[Content]) -> Content:
    """What the record holds. msgspec.ValidationError if it holds something else."""
    return msgspec.msgpack.decode(record.entries[0], type=kind)
