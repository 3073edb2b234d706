"""`python -m matcher.adopt`: begins a replicated log with a state, or a local data directory with the state of a node.

Never run by itself. No matcher of the old log may run any more: two logs with one state would both be answered.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from matcher.config import PREFIX, SETTINGS
from matcher.etcd.address import TAKES, LogAddress, parse_address
from matcher.etcd.opening import open_log
from matcher.log_config import ACCESS_SETTINGS, read_credentials
from matcher.node.adopting import (
    Adopted,
    AdoptError,
    begin_local,
    begin_log,
    check_empty,
    copy_beside,
    state_of_local,
    state_of_node,
)
from matcher.storage.data_directory import DataDirectory, DirectoryError
from matcher.storage.log import LogFailedError, Position
from matching_exchange.process.command_line import EXIT_FAILED, Parser, end_with_line, run_program
from matching_exchange.process.files import what_failed
from matching_exchange.process.logs import configure_logs
from matching_exchange.process.settings import read_value
from matching_exchange.process.settings_file import read_settings_file

PROGRAM = "adopt"


class Taken(Struct, frozen=True):
    """What is taken over although it is not as it should be: a state that lacks answers, or one of other rules."""

    with_loss: bool
    any_engine: bool


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    parser = Parser(
        PROGRAM,
        "Begin a new replicated log with the state of a stopped node, or of a local data directory; or make a local "
        "data directory of a node's state. Without any of these, show the state of a node's newest snapshot.",
        "The digest of the state stays the same. Other nodes start with an empty data directory and fetch the state. "
        "Only in the environment or the settings file: MATCHER_LOG_USER.",
    )
    parser.add_argument("--log", metavar="NEW", help=f"the log to begin: {TAKES}, of a name that is not in use")
    parser.add_argument("--from-data-dir", metavar="DIR", type=Path, help="take the state of this local data directory")
    parser.add_argument("--to-data-dir", metavar="DIR", type=Path, help="make this local data directory, empty or new")
    parser.add_argument(
        "--with-loss", action="store_true", help="go on although the node had come further than its newest snapshot"
    )
    parser.add_argument(
        "--adopt-engine",
        action="store_true",
        help="take the state of another engine's rules: orders go on by those here",
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", help="the node's data directory (default: ./data; environment: MATCHER_DATA_DIR)"
    )
    for setting in ACCESS_SETTINGS:
        if setting.has_flag:
            told = f"{setting.help} (environment: {setting.variable(PREFIX)})"
            parser.add_argument(f"--{setting.name}", metavar="FILE", help=told)
    options = parser.parse_args(arguments)
    if options.from_data_dir is not None and options.log is None:
        end_with_line(PROGRAM, f"--log: takes {TAKES}: --from-data-dir needs it")
    if options.to_data_dir is not None and (options.log is not None or options.from_data_dir is not None):
        end_with_line(PROGRAM, "--to-data-dir: takes neither --log nor --from-data-dir beside it")
    file = read_settings_file(PROGRAM, None, environment)
    settings = (next(setting for setting in SETTINGS if setting.name == "data-dir"), *ACCESS_SETTINGS)
    values = {
        setting.key: read_value(PROGRAM, PREFIX, setting, getattr(options, setting.key, None), environment, file)
        for setting in settings
    }
    configure_logs("warning")
    data: Path = values["data_dir"]
    taken = Taken(options.with_loss, options.adopt_engine)
    try:
        if options.to_data_dir is not None:
            return to_local(data, options.to_data_dir, taken)
        if options.log is None:
            return show(data)
        return to_log(data, options.from_data_dir, _address(options.log), values, taken)
    except (AdoptError, DirectoryError, LogFailedError) as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        end_with_line(PROGRAM, what_failed(error), EXIT_FAILED)


def _address(text: str) -> LogAddress:
    try:
        return parse_address(text)
    except ValueError as error:
        end_with_line(PROGRAM, f"--log: {text!r}: takes {TAKES}: {error}")


def show(data: Path) -> int:
    """Print the state of a node."""
    with _existing(data) as directory:
        adopted = state_of_node(directory, with_loss=True, any_engine=True)
        _tell(adopted, adopted.log_id, adopted.position)
    return 0


def to_log(data: Path, local: Path | None, address: LogAddress, values: Mapping[str, Any], taken: Taken) -> int:
    """Begin the log with the state of the node, or of the local data directory."""
    credentials = read_credentials(PROGRAM, PREFIX, values)
    if local is None:
        with _existing(data) as directory, closing(open_log(address, credentials)) as log:
            adopted = state_of_node(directory, with_loss=taken.with_loss, any_engine=taken.any_engine)
            position = begin_log(adopted, log, str(address), directory)
            _tell(adopted, log.id, position)
        return 0
    if local.resolve() == data.resolve():
        raise AdoptError(f"{data}: takes another directory for the node than --from-data-dir (--data-dir)")
    with _existing(local) as source, DataDirectory(data) as directory, closing(open_log(address, credentials)) as log:
        check_empty(directory)
        adopted = state_of_local(source)
        copy_beside(source, directory)
        position = begin_log(adopted, log, str(address), directory)
        _tell(adopted, log.id, position)
    return 0


def to_local(data: Path, target: Path, taken: Taken) -> int:
    """Make a local data directory of the node's state."""
    with _existing(data) as source, DataDirectory(target) as directory:
        check_empty(directory)
        adopted = state_of_node(source, with_loss=taken.with_loss, any_engine=taken.any_engine)
        copy_beside(source, directory)
        log_id = begin_local(adopted, directory)
        _tell(adopted, log_id, 0)
    return 0


def _existing(path: Path) -> DataDirectory:
    if not path.is_dir():
        raise DirectoryError(f"there is no data directory {path}")
    return DataDirectory(path)


def _tell(adopted: Adopted, log_id: str, position: Position) -> None:
    print(f"log       {log_id}")
    if position:
        print(f"position  {position}")
    print(f"sequence  {adopted.state.sequence}")
    print(f"digest    {adopted.digest}")


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
