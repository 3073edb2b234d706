"""Serves the snapshots of a data directory to other nodes, in pieces of a bounded size.

A thread of its own does that: it reads finished files and nothing else, so the matcher never waits for a disk here.
"""

from pathlib import Path
from threading import Thread
from typing import Final

import msgspec
import structlog
import zmq

from matcher.storage.journal_format import ENGINE
from matcher.storage.snapshot_file import SUFFIX, SnapshotError, read_head, snapshots
from matching_exchange.process.files import open_regular
from protocol.snapshots import (
    MAX_LISTED,
    PIECE_BYTES,
    VERSION,
    AskList,
    Listed,
    NoPiece,
    Piece,
    SnapshotAnswer,
    SnapshotList,
    decode_question,
    encode,
)
from protocol.sockets import Socket

SETTING: Final = "snapshots"
"""The domain of its socket, and the name of its setting."""

log = structlog.get_logger("matcher")


class SnapshotServer:
    """Answers what comes in at a REP socket, until the socket's context ends. `folder` holds the snapshots."""

    def __init__(self, socket: Socket, folder: Path) -> None:
        self._socket = socket
        self._folder = folder
        self._thread = Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Serve from now on. The socket is bound, and belongs to the thread."""
        self._thread.start()

    def _run(self) -> None:
        try:
            while True:
                question = self._socket.recv()
                self._socket.send(encode(answer(self._folder, question)))
        except zmq.ContextTerminated:
            self._socket.close(linger=0)


def answer(folder: Path, question: bytes) -> SnapshotAnswer:
    """What is to be answered."""
    try:
        asked = decode_question(question)
    except msgspec.MsgspecError:
        return NoPiece(VERSION)
    try:
        return _list(folder) if isinstance(asked, AskList) else _piece(folder, asked.position, asked.offset)
    except FileNotFoundError:
        return NoPiece(VERSION)
    except OSError as error:
        log.error("a snapshot cannot be served", error=str(error))
        return NoPiece(VERSION)


def _list(folder: Path) -> SnapshotList:
    """The newest ones of the newest one's log."""
    name = ""
    found: list[Listed] = []
    for path in snapshots(folder)[:MAX_LISTED]:
        try:
            head = read_head(path, ENGINE)
        except (FileNotFoundError, SnapshotError):
            # It is of no use to anybody.
            continue
        name = name or head.journal
        if head.position and head.journal == name:
            found.append(Listed(head.position, head.sequence, path.stat().st_size))
    return SnapshotList(VERSION, name, found)


def _piece(folder: Path, position: int, offset: int) -> Piece:
    with open_regular(folder / f"{position:020d}{SUFFIX}") as file:
        file.seek(offset)
        return Piece(VERSION, file.read(PIECE_BYTES))
