"""Makes a data directory of a backup, and checks that its state is the one of the backup."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line, run_program
from matching_exchange.process.files import sync_directory, what_failed
from matching_exchange.process.logs import configure_logs
from matching_exchange.tools.backup import told
from matching_exchange.tools.backup_files import (
    BackupError,
    Contents,
    copy_listed,
    make_empty,
    read_list,
    state_of,
)

PROGRAM: Final = "restore"


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
    print(f"Restored. Start the exchange with --data-dir={options.directory}")
    return 0


def restore(backup: Path, directory: Path) -> Contents:
    """Make the data directory. BackupError or OSError if it is not the one of the backup; nothing stays then."""
    contents = read_list(backup)
    make_empty(directory)
    with ExitStack() as on_failure:
        on_failure.callback(_empty, directory)
        for each in contents.files:
            copy_listed(backup, directory, each)
        standing = state_of(directory)
        expected = (contents.journal, contents.sequence, contents.digest)
        if (standing.journal, standing.sequence, standing.digest) != expected:
            raise BackupError(
                f"{backup}: the state at sequence {standing.sequence} has the digest {standing.digest}, but the backup "
                f"names {contents.digest} at {contents.sequence}"
            )
        for folder in (*(path for path in directory.rglob("*") if path.is_dir()), directory):
            sync_directory(folder)
        on_failure.pop_all()
    return contents


def _empty(directory: Path) -> None:
    """Remove what was copied into the directory, which was empty."""
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
