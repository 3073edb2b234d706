"""Notes of commands that have ended the matcher. A later start refuses them, so they do not end it again.

A command that raises an exception is noted with its error. The next start refuses it. A command can also end the
process silently: out of memory, or a hang that somebody kills. The note of what runs shows it; the system keeps that
note when the process dies. The note may name a whole frame, or an innocent command. So the start runs the suspects one
by one, and refuses one that has ended MAX_ENDED processes.
"""

import mmap
import os
from time import monotonic
from typing import Final

import msgspec

from matcher.storage.data_directory import CRASHED_COMMANDS, RUNNING_COMMAND, DataDirectory, DirectoryError
from matching_exchange.process.files import named, open_private, read_file, replace_file

NOTE_BYTES: Final = 24
"""What runs: three numbers of eight bytes, session, number and count; a count of zero says nothing."""

MAX_ENDED: Final = 3
"""Processes that a command ends before it is refused: the first one and two restarts."""

MAX_NOTED: Final = 1_000
"""The most commands that are remembered, the last ones."""


MAX_ERROR_LENGTH: Final = 1_000
"""Characters of an error that are noted."""

MAX_NOTED_BYTES: Final = 16 * 1024 * 1024
"""More bytes than all noted commands with their errors can take."""


CAREFUL_SECONDS: Final = 60
"""Seconds after the start in which commands run one by one."""


class CrashedCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command, by its session and number, with the error that it raised. Without an error: `count` suspects from
    that number on; one of them has ended `ended` processes."""

    session: int
    number: int
    error: str = ""
    count: int = 1
    ended: int = 0

    def covers(self, session: int, number: int) -> bool:
        return session == self.session and 0 <= number - self.number < self.count

    @property
    def refusal(self) -> str | None:
        """Why the command is refused; None if it is not."""
        if self.error:
            return self.error
        return f"it has ended the matcher {self.ended} times" if self.count == 1 and self.ended >= MAX_ENDED else None


class CrashNotes:
    """`begin` and `end` enclose what is carried out. Raises DirectoryError or OSError if the files cannot be used."""

    def __init__(self, directory: DataDirectory) -> None:
        self._path = directory.path / CRASHED_COMMANDS
        self._noted = read_noted(directory)
        self._running = _open_note(directory)
        self._careful_until = monotonic() + CAREFUL_SECONDS
        session, number, count = self._running
        if count:
            self._suspect(session, number, count)
            self._running[2] = 0

    def __bool__(self) -> bool:
        """Whether any command is noted."""
        return bool(self._noted)

    @property
    def careful(self) -> bool:
        """Whether a turn takes one frame only. Then the note tells which frame has ended the process.

        This is true for a while after a process has ended while it executed commands.
        """
        return any(not noted.error for noted in self._noted) and monotonic() < self._careful_until

    def begin(self, session: int, number: int, count: int) -> None:
        """Note that `count` commands of the session run now, from this number on."""
        running = self._running
        running[0] = session
        running[1] = number
        running[2] = count

    def end(self) -> None:
        """They have been carried out, and logged."""
        self._running[2] = 0

    def refusal(self, session: int, number: int) -> str | None:
        """Why the command must be refused; None if it must not."""
        for noted in self._noted:
            if noted.covers(session, number) and (refusal := noted.refusal) is not None:
                return refusal
        return None

    def suspects(self, session: int, number: int, count: int) -> bool:
        """Whether one of these commands may have ended a process: then they are to be carried out one by one."""
        return any(
            noted.session == session and noted.number < number + count and number < noted.number + noted.count
            for noted in self._noted
        )

    def crashed(self, session: int, number: int, error: Exception) -> None:
        """The command has raised the error, which will end this process."""
        self.end()
        self.poisoned(session, number, repr(error))

    def poisoned(self, session: int, number: int, error: str) -> None:
        """The command has raised the error, here or in another node of the same log."""
        noted = CrashedCommand(session, number, error[:MAX_ERROR_LENGTH])
        if noted not in self._noted:
            self._write([*self._noted, noted])

    @property
    def poisons(self) -> list[tuple[int, int, str]]:
        """The session, the number and the error of each command that has raised one."""
        return [(noted.session, noted.number, noted.error) for noted in self._noted if noted.error]

    def forget(self, session: int, number: int, count: int) -> None:
        """These commands are journaled, carried out or refused."""
        kept = [
            noted
            for noted in self._noted
            if noted.session != session or not number <= noted.number + noted.count - 1 < number + count
        ]
        if len(kept) < len(self._noted):
            self._write(kept)

    def _suspect(self, session: int, number: int, count: int) -> None:
        """The process before has ended while it carried these commands out."""
        before = max((noted.ended for noted in self._noted if noted.covers(session, number)), default=0)
        others = [noted for noted in self._noted if noted.error or not noted.covers(session, number)]
        self._write([*others, CrashedCommand(session, number, "", count, before + 1)])

    def _write(self, noted: list[CrashedCommand]) -> None:
        self._noted = noted[-MAX_NOTED:]
        replace_file(self._path, msgspec.json.encode(self._noted))


def read_noted(directory: DataDirectory) -> list[CrashedCommand]:
    """The commands that earlier processes have noted. Raises DirectoryError if the file cannot be read, or holds
    other data."""
    path = directory.path / CRASHED_COMMANDS
    try:
        return msgspec.json.decode(read_file(path, MAX_NOTED_BYTES), type=list[CrashedCommand])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DirectoryError(f"{path} cannot be read: {reason}; remove it to go on without it") from error


def _open_note(directory: DataDirectory) -> memoryview:
    path = directory.path / RUNNING_COMMAND
    with named(path):
        descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
        try:
            os.truncate(descriptor, NOTE_BYTES)
            return memoryview(mmap.mmap(descriptor, NOTE_BYTES)).cast("Q")
        finally:
            os.close(descriptor)
