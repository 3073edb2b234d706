"""`python -m matcher.repair`: shows what is wrong with a damaged journal and what cutting it there would lose; with
--cut, cuts.

Never run by itself: what is cut off was answered, and is lost. Gateways that have heard more notice it and say so.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from matcher.config import PREFIX, SETTINGS
from matcher.state import JournalMismatchError
from matcher.storage.data_directory import DataDirectory, DirectoryError
from matcher.storage.file_check import check_files
from matcher.storage.journal_format import SUFFIX, JournalError
from matcher.storage.journal_reader import count_records
from matcher.storage.recovery import recover
from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line, run_program
from matching_exchange.process.files import sync_directory, sync_path, what_failed
from matching_exchange.process.logs import configure_logs
from matching_exchange.process.settings import read_value
from matching_exchange.process.settings_file import read_settings_file

PROGRAM = "repair"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if the journal is whole or was cut, 1 if it is damaged or cannot be cut."""
    parser = Parser(
        PROGRAM,
        "Show what is wrong with a damaged journal, and what cutting it there would lose; with --cut, cut it there.",
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", help="the data directory (default: ./data; environment: MATCHER_DATA_DIR)"
    )
    parser.add_argument(
        "--cut", action="store_true", help="cut the journal off where the damage begins: what is cut off was answered"
    )
    options = parser.parse_args(arguments)
    setting = next(setting for setting in SETTINGS if setting.name == "data-dir")
    file = read_settings_file(PROGRAM, None, os.environ)
    path: Path = read_value(PROGRAM, PREFIX, setting, options.data_dir, os.environ, file)
    configure_logs()
    try:
        if not path.is_dir():
            raise DirectoryError(f"there is no data directory {path}")
        return examine(path, cut=options.cut)
    except (DirectoryError, JournalMismatchError) as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        end_with_line(PROGRAM, what_failed(error), EXIT_FAILED)


def examine(path: Path, *, cut: bool) -> int:
    """Print the state of the journal. Cut it if it is damaged and `cut` is set. Returns the exit status."""
    with DataDirectory(path) as directory:
        check_files(directory)
        try:
            state = recover(directory).state
        except JournalError as error:
            print(error)
            if error.damage is None:
                print("This cannot be mended by cutting: restore the directory from a copy.")
                return EXIT_FAILED
            return _cut(*error.damage, really=cut)
    print(f"The journal is sound up to sequence {state.sequence}.")
    return 0


def _cut(path: Path, offset: int, *, really: bool) -> int:
    """Print what is behind the damage. If `really`, cut it off."""
    later = sorted(other for other in path.parent.glob(f"*{SUFFIX}") if other.name > path.name)
    lost = count_records(path, offset + 1) + sum(count_records(other, 0) for other in later)
    size = path.stat().st_size - offset
    print(
        f"Behind it stand {lost} sound records: {size} bytes of {path.name}"
        + "".join(f", all of {other.name}" for other in later)
    )
    if not really:
        print("They were answered, and would be lost. `--cut` cuts the journal off there.")
        return EXIT_FAILED
    for other in reversed(later):
        other.unlink()
    if offset:
        os.truncate(path, offset)
        sync_path(path)
    else:
        path.unlink()
    sync_directory(path.parent)
    print("Cut.")
    return 0


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
