"""Makes a data directory of a backup, and checks that its state is the one of the backup."""

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line, run_program
from matching_exchange.process.files import PRIVATE_DIRECTORY, sync_directory, what_failed
from matching_exchange.process.logs import configure_logs
from matching_exchange.tools.backup import stop, told
from matching_exchange.tools.backup_files import (
    BackupError,
    Contents,
    copy_listed,
    is_of_node,
    make_empty,
    read_list,
    state_of,
)

PROGRAM: Final = "restore"

UNFINISHED: Final = ".restoring"
"""Ends the name of the directory beside the one to make, where everything is copied to and checked first."""


def main(arguments: Sequence[str], _: Mapping[str, str]) -> int:
    parser = Parser(
        PROGRAM,
        "Make a data directory of a backup. Check every file, every record, every snapshot, and the digest of the "
        "state.",
    )
    parser.add_argument("backup", metavar="BACKUP", type=Path, help="a directory that scripts/backup has made")
    parser.add_argument("directory", metavar="DIR", type=Path, help="the data directory to make: empty, or not there")
    options = parser.parse_args(arguments)
    configure_logs("warning")
    try:
        contents = restore(options.backup, options.directory)
    except BackupError as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        end_with_line(PROGRAM, what_failed(error), EXIT_FAILED)
    print(told(contents, options.directory))
    if is_of_node(options.directory):
        print(f"Restored. Begin a new log with it: python -m matcher.adopt --log NEW --data-dir={options.directory}")
    else:
        print(f"Restored. Start the exchange with --data-dir={options.directory}")
    return 0


def restore(backup: Path, directory: Path) -> Contents:
    """Make the data directory. BackupError or OSError if it is not the one of the backup; nothing stays then.

    It is there whole or not at all: a part of a journal would pass for a shorter exchange.
    """
    contents = read_list(backup)
    target = directory.resolve()
    if target.is_mount():
        raise BackupError(f"{directory}: is a mount point, which cannot be replaced: takes a directory below it")
    make_empty(target)
    unfinished = target.with_name(target.name + UNFINISHED)
    _make_unfinished(unfinished)
    with ExitStack() as in_the_end:
        in_the_end.callback(_remove, unfinished)
        for each in contents.files:
            copy_listed(backup, unfinished, each)
        standing = state_of(unfinished)
        expected = (contents.journal, contents.sequence, contents.digest)
        if (standing.journal, standing.sequence, standing.digest) != expected:
            raise BackupError(
                f"{backup}: the state at sequence {standing.sequence} has the digest {standing.digest}, but the backup "
                f"names {contents.digest} at {contents.sequence}"
            )
        for folder in (*(path for path in unfinished.rglob("*") if path.is_dir()), unfinished):
            sync_directory(folder)
        unfinished.rename(target)
        sync_directory(target.parent)
    return contents


def _make_unfinished(path: Path) -> None:
    """Make the directory. BackupError where it is there already."""
    try:
        path.mkdir(PRIVATE_DIRECTORY)
    except FileExistsError as error:
        raise BackupError(
            f"{path}: is there already: a restore that was killed has left it, or another one runs: remove it, or wait"
        ) from error


def _remove(path: Path) -> None:
    """Remove what was copied, where it has not become the data directory."""
    if path.exists():
        shutil.rmtree(path)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
