"""The command line of `scripts/export`, and what it stands for."""

import argparse
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.native.json.times import parse_exact_time
from gateway.native.problems import ProblemError
from history.candles.intervals import INTERVALS
from history.config import FILE, PREFIX, SETTINGS
from history.schema.database import Database, sqlite_database
from matcher.storage.data_directory import HISTORY
from matching_exchange.process.command_line import Parser
from matching_exchange.process.settings import read_value
from matching_exchange.process.settings_file import read_settings_file
from matching_exchange.tools.arguments import number, told
from matching_exchange.tools.export.errors import UsageError
from matching_exchange.tools.export.kinds import CANDLES, KINDS
from matching_exchange.tools.export.output import check_free
from matching_exchange.tools.export.selection import Selection
from matching_exchange.tools.export.writers import FORMATS, MESSAGE, ORDER_BOOK, Format, paths_of
from protocol.units import MAX_INTEGER, NAME_PATTERN

PROGRAM: Final = "export"

_SETTINGS: Final = {setting.name: setting for setting in SETTINGS}
_DATA_DIR: Final = _SETTINGS["data-dir"]
_DATABASE: Final = _SETTINGS["database"]

MAX_LEVELS: Final = 1_000
MAX_LATENCY: Final = 60 * 10**9
"""Nanoseconds."""


class Request(Struct, frozen=True):
    """What is to be exported, from where, to which files and how.

    data: the matcher's data directory.
    database: where the tables are; None to read the journal in `data`.
    """

    selection: Selection
    format: Format
    paths: list[Path]
    data: Path
    database: Database | None
    integers: bool
    latency: int
    levels: int


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Request:
    """The request. Ends the process, or raises UsageError, if it is a bad one."""
    options = _parser().parse_args(arguments)
    selection = _selection(options)
    format_ = _format(options)
    paths = paths_of(format_.name, options.output)
    check_free(paths, force=options.force)
    file = read_settings_file(PROGRAM, None, environment)
    data: Path = read_value(PROGRAM, PREFIX, _DATA_DIR, options.data_dir, environment, file)
    return Request(
        selection,
        format_,
        paths,
        data,
        _database(options, environment, data),
        options.integers,
        options.latency,
        options.levels,
    )


def _parser() -> Parser:
    parser = Parser(
        PROGRAM,
        "Write what has happened on an exchange to a file, from the tables of its history or straight from its "
        "journal. Exit status: 0, 1 if the export fails, 2 on a bad command line. An export that fails leaves no file.",
        "kinds: "
        + "; ".join(f"{kind.name}: {kind.text}" for kind in KINDS.values())
        + ". formats: "
        + "; ".join(f"{format_.name}: {format_.text}" for format_ in FORMATS.values())
        + ".",
    )
    parser.add_argument("kind", choices=KINDS, metavar="KIND", help="what to export; see below")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the file to write")
    parser.add_argument(
        "--format", choices=FORMATS, help="the format (default: by OUTPUT's ending: .parquet, .csv, .arrow, .npz)"
    )
    parser.add_argument("--symbol", help="of this instrument only; candles, level-2 and level-3 need it")
    parser.add_argument("--account", type=_account, help="of this account only; for fills and orders")
    parser.add_argument(
        "--from", dest="begin", type=_time, metavar="TIME", help="from this time on: 2026-11-22, or ...T12:00:00Z"
    )
    parser.add_argument("--to", dest="end", type=_time, metavar="TIME", help="until before this time")
    sequence = number(1, MAX_INTEGER)
    parser.add_argument("--first-sequence", type=sequence, metavar="NUMBER", help="from this sequence on")
    parser.add_argument("--last-sequence", type=sequence, metavar="NUMBER", help="up to this sequence, with it")
    parser.add_argument(
        "--interval", choices=INTERVALS, default="1m", metavar="INTERVAL",
        help=f"of candles: {', '.join(INTERVALS)} (default: 1m)",
    )  # fmt: skip
    parser.add_argument(
        "--journal",
        action="store_true",
        help="read the journal in the data directory; a matcher may run on it. level-2 and level-3 are always read so",
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIRECTORY",
        help=f"the matcher's data directory (default: {_DATA_DIR.default}; environment: {_DATA_DIR.variable(PREFIX)}). "
        f"The tables are in it, unless {_DATABASE.variable(PREFIX)} names a database and this flag is not given",
    )
    parser.add_argument(
        "--integers", action="store_true", help="write prices and quantities as integers, with their decimals beside"
    )
    parser.add_argument(
        "--latency", type=number(0, MAX_LATENCY), default=0, metavar="NANOSECONDS",
        help="of hftbacktest: how much later the reader gets each event (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--levels", type=number(1, MAX_LEVELS), default=10, metavar="NUMBER",
        help="of lobster: price levels a side (default: 10)",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    return parser


def _account(text: str) -> str:
    if not NAME_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: takes 1 to 64 of letters, digits and . _ : -")
    return text


def _nanoseconds(text: str) -> int:
    try:
        return parse_exact_time(text if "T" in text else f"{text}T00:00:00Z", "it")
    except ProblemError as error:
        raise ValueError(text) from error


_time: Final = told(_nanoseconds, "a day such as 2026-11-22, or a time such as 2026-11-22T12:00:00.5Z")


def _selection(options: argparse.Namespace) -> Selection:
    kind = KINDS[options.kind]
    begin, end, first, last = options.begin, options.end, options.first_sequence, options.last_sequence
    if kind.one_symbol and options.symbol is None:
        raise UsageError(f"--symbol: {kind.name} are of one instrument; takes its symbol")
    if options.account is not None and not kind.by_account:
        raise UsageError(f"--account: {kind.name} have none; takes fills or orders")
    if not kind.by_sequence and (first, last) != (None, None):
        flag = "--last-sequence" if first is None else "--first-sequence"
        raise UsageError(f"{flag}: {kind.name} are of times; takes --from and --to")
    if begin is not None and end is not None and end <= begin:
        raise UsageError("--to: takes a time behind that of --from")
    if first is not None and last is not None and last < first:
        raise UsageError(f"--last-sequence: {last}: takes at least the --first-sequence {first}")
    interval = INTERVALS[options.interval] if kind is CANDLES else None
    return Selection(kind, options.symbol, options.account, begin, end, first, last, interval)


def _format(options: argparse.Namespace) -> Format:
    path: Path = options.output
    by_suffix = {format_.suffix: format_ for format_ in reversed(FORMATS.values()) if format_.name != "lobster"}
    format_ = FORMATS.get(options.format) or by_suffix.get(path.suffix)
    if format_ is None:
        raise UsageError(f"OUTPUT: {path.name}: takes a name with {', '.join(sorted(by_suffix))}, or --format")
    if options.kind not in format_.kinds:
        raise UsageError(f"--format: {format_.name} has no {options.kind}; takes {' or '.join(format_.kinds)}")
    if format_.name == "lobster" and MESSAGE not in path.name:
        raise UsageError(
            f"OUTPUT: {path.name}: lobster takes a name with `{MESSAGE}`; the second file has `{ORDER_BOOK}` instead"
        )
    missing = [package for package in format_.needs if importlib.util.find_spec(package) is None]
    if missing:
        raise UsageError(
            f"--format: {format_.name} needs {' and '.join(missing)}: {sys.executable} -m pip install "
            f"{' '.join(missing)}; csv needs nothing"
        )
    return format_


def _database(options: argparse.Namespace, environment: Mapping[str, str], data: Path) -> Database | None:
    """Where the tables are; None to read the journal."""
    if options.journal or KINDS[options.kind].journal_only:
        return None
    named: Database | None = None
    if options.data_dir is None:
        file = read_settings_file(PROGRAM, None, environment)
        named = read_value(PROGRAM, PREFIX, _DATABASE, None, environment, file)
    return named or sqlite_database(data / HISTORY / FILE)
