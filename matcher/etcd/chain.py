"""The records of a log in etcd, as they follow each other: each names the CRC of the one before it."""

from matcher.replication.record_format import unpack
from matcher.storage.journal_format import DamageError
from matcher.storage.log import Logged, Position, RewoundError


class Chain:
    """Where a reader stands: behind the record at `position`. `crc` is that record's, None if it is not known."""

    def __init__(self, position: Position, crc: int | None) -> None:
        self.position = position
        self.crc = 0 if position == 0 else crc

    def take(self, position: Position, packed: bytes) -> Logged:
        """The record that follows. RewoundError if it is not sound, or follows another one. NewerFormatError."""
        try:
            record, crc = unpack(packed, self.crc)
        except DamageError as error:
            raise RewoundError(f"the log does not go on at position {position}: {error}") from error
        self.position, self.crc = position, crc
        return Logged(position, crc, record)


def crc_of(position: Position, packed: bytes) -> int:
    """A record's own CRC. RewoundError if it is not sound."""
    return Chain(position, None).take(position, packed).crc
