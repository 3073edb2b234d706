"""Fetches a snapshot from one of several nodes. Nothing of it is used before its blocks and its digest are checked."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog
import zmq
from msgspec import Struct

from matcher.core.digest import digest
from matcher.state import State
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import SUFFIX, Head, SnapshotError
from matching_exchange.process.files import (
    make_directory,
    named,
    open_private,
    sync_directory,
    sync_file,
)
from protocol.curve import ClientKeys, open_with
from protocol.snapshots import (
    MAX_ANSWER_BYTES,
    VERSION,
    AskList,
    AskPiece,
    Listed,
    Piece,
    Question,
    SnapshotAnswer,
    SnapshotList,
    decode_answer,
    encode,
)
from protocol.sockets import Context, Socket, is_ipv6

ANSWER_MILLISECONDS: Final = 2_000
"""How long to wait for one answer of a node."""

TRIES_SECONDS: Final = 10.0
"""How long nodes that do not answer are asked again."""

PAUSE_SECONDS: Final = 0.25

MAX_SNAPSHOT_BYTES: Final = 256 * 1024**3
"""The largest snapshot that is fetched."""

SYNC_EVERY: Final = 8 * 1024 * 1024

log = structlog.get_logger("matcher")


class Fetched(Struct, frozen=True):
    """A snapshot that was fetched, and is sound."""

    path: Path
    head: Head
    state: State


class _AwayError(Exception):
    """The node does not answer, or not as it should."""


class SnapshotFetcher:
    """Fetches from the nodes at these endpoints into the folder."""

    def __init__(self, endpoints: Sequence[str], keys: ClientKeys | None, folder: Path) -> None:
        self._endpoints = endpoints
        self._keys = keys
        self._folder = folder

    def fetch(self, log_id: str, fits: Callable[[Listed], bool], seconds: float = TRIES_SECONDS) -> Generator[Fetched]:
        """The snapshots of this log that fit, each once, the newest first, as long as more are asked for.

        While some node does not answer, all are asked again, for so many seconds: so they are where a snapshot came
        and is of no use, since the log was trimmed meanwhile and newer ones are there. OSError if the disk takes none.
        """
        tried: set[int] = set()
        end = time.monotonic() + seconds
        with zmq.Context() as context:
            while True:
                away = came = False
                offers: list[tuple[Listed, str]] = []
                for endpoint in self._endpoints:
                    try:
                        offers += self._offers(context, endpoint, log_id, fits)
                    except _AwayError:
                        away = True
                for listed, endpoint in sorted(offers, key=lambda offer: -offer[0].position):
                    if listed.position in tried:
                        continue
                    fetched = self._take(context, endpoint, log_id, listed)
                    if fetched is not None:
                        tried.add(listed.position)
                        came = True
                        yield fetched
                if not (away or came) or time.monotonic() >= end:
                    return
                time.sleep(PAUSE_SECONDS)

    def _offers(
        self, context: Context, endpoint: str, log_id: str, fits: Callable[[Listed], bool]
    ) -> list[tuple[Listed, str]]:
        with _connected(context, endpoint, self._keys) as socket:
            told = _ask(socket, AskList(VERSION))
        if not isinstance(told, SnapshotList) or told.log != log_id:
            return []
        return [(each, endpoint) for each in told.snapshots if each.bytes <= MAX_SNAPSHOT_BYTES and fits(each)]

    def _take(self, context: Context, endpoint: str, log_id: str, listed: Listed) -> Fetched | None:
        """The snapshot; None if it is not there any more, or not sound."""
        path = self._folder / f"{listed.position:020d}{SUFFIX}"
        # The ending differs from that of the matcher's own children.
        temporary = path.with_name(path.name + ".fetched.new")
        try:
            with _connected(context, endpoint, self._keys) as socket:
                self._copy(socket, listed, temporary)
            head, state = read_snapshot(temporary)
            if head.journal != log_id or head.position != listed.position:
                raise SnapshotError(f"{endpoint}: is the snapshot of another place")
            if digest(state.registry) != head.digest:
                raise SnapshotError(f"{endpoint}: its state does not have its digest")
            temporary.rename(path)
            sync_directory(self._folder)
        except (_AwayError, SnapshotError) as error:
            log.warning("snapshot not fetched", node=endpoint, position=listed.position, error=str(error))
            return None
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        log.info("snapshot fetched", node=endpoint, position=head.position, sequence=head.sequence, bytes=listed.bytes)
        return Fetched(path, head, state)

    def _copy(self, socket: Socket, listed: Listed, path: Path) -> None:
        """Copy it to the file, which is not larger than was told. _AwayError if it does not come."""
        make_directory(self._folder)
        offset = unsynced = 0
        with named(path), open(path, "wb", opener=open_private) as file:
            while offset < listed.bytes:
                piece = _ask(socket, AskPiece(VERSION, listed.position, offset))
                if not isinstance(piece, Piece) or not piece.data:
                    raise _AwayError("it is not there any more")
                data = piece.data[: listed.bytes - offset]
                file.write(data)
                offset += len(data)
                unsynced += len(data)
                if unsynced >= SYNC_EVERY:
                    file.flush()
                    sync_file(file.fileno())
                    unsynced = 0
            file.flush()
            sync_file(file.fileno())


@contextmanager
def _connected(context: Context, endpoint: str, keys: ClientKeys | None) -> Iterator[Socket]:
    socket = context.socket(zmq.REQ)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.MAXMSGSIZE, MAX_ANSWER_BYTES)
    socket.set(zmq.RCVTIMEO, ANSWER_MILLISECONDS)
    socket.set(zmq.SNDTIMEO, ANSWER_MILLISECONDS)
    socket.set(zmq.IPV6, is_ipv6(endpoint))
    open_with(socket, keys)
    socket.connect(endpoint)
    try:
        yield socket
    finally:
        socket.close()


def _ask(socket: Socket, question: Question) -> SnapshotAnswer:
    try:
        socket.send(encode(question))
        answer: SnapshotAnswer = decode_answer(socket.recv())
    except zmq.Again as error:
        raise _AwayError("it does not answer") from error
    except msgspec.MsgspecError as error:
        raise _AwayError(f"its answer cannot be read: {error}") from error
    return answer
