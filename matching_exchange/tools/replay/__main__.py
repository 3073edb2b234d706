"""python -m matching_exchange.tools.replay: recorded order flow through this exchange, compared with what the venue
did."""

import argparse
import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from matching_exchange.process.command_line import EXIT_INTERRUPTED, run_program
from matching_exchange.recordings.readers import all_readers, read_recording
from matching_exchange.recordings.recording import Recording, RecordingError
from matching_exchange.recordings.timeline import check_speed
from matching_exchange.tools.arguments import Parser
from matching_exchange.tools.replay.comparison import Comparison, Score
from matching_exchange.tools.replay.driver import Driver, Effort, clear
from matching_exchange.tools.replay.exchange import EngineExchange, Exchange, ExchangeError
from matching_exchange.tools.replay.report import make_report, percent, print_report
from matching_exchange.tools.replay.sockets import SocketExchange
from matching_exchange.tools.tables import to_json
from protocol.units import SYMBOL_PATTERN

PROGRAM: Final = "replay"

EXIT_MISSED: Final = 1
EXIT_FAILED: Final = 2

MAX_REFUSED_PERCENT: Final = 20
"""With more refused commands than this, the comparison means nothing. A good recording has hardly any (0.11 % in
five hours of Bitstamp). A short one of ten commands may still differ in two."""

RUN_BYTES: Final = 4
"""The random part of a run's client_order_ids, so that runs on one matcher never share one."""


def fail(message: str) -> int:
    # A path or an argument in the message may have more lines than one.
    print(f"{PROGRAM}: {' '.join(message.splitlines())}", file=sys.stderr)
    return EXIT_FAILED


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0; 1 for a missed --expect or too many refused commands; 2 on an error."""
    options = parse(arguments, environment)
    terminal = Console(stderr=True)
    try:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=terminal,
            transient=True,
            disable=not terminal.is_terminal,
        ) as progress:
            return replay(options, progress)
    except (RecordingError, ExchangeError) as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    formats = all_readers()
    parser = Parser(
        PROGRAM,
        "Send a venue's recorded order flow to a running matcher, as a client does. Compare the result with what the "
        "venue did. Exit status: 0, or 2 on an error. It is 1 if an --expect is missed or more than "
        f"{MAX_REFUSED_PERCENT} % of the commands are refused.",
        "formats: " + "; ".join(f"{reader.name}: {reader.help}" for reader in formats.values()),
    )
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="the recording, plain or compressed with xz or gzip; may be a pipe",
    )
    parser.add_argument(
        "--format", choices=sorted(formats), help="the format of the files (default: found by their contents)"
    )
    parser.add_argument(
        "--symbol",
        type=symbol_name,
        help="replay as this instrument, which must have no orders (default: the recording's own)",
    )
    parser.add_argument(
        "--speed",
        type=factor,
        metavar="FACTOR",
        help="a multiple of the recorded speed, such as 10 or 0.5 (default: as fast as possible)",
    )
    parser.add_argument(
        "--in-process", action="store_true", help="replay to an engine in this process: no matcher, no sockets, no disk"
    )
    for name in ("commands", "reports"):
        parser.add_endpoint(name, f"the matcher's socket for {name}")
    parser.add_argument("--keep", action="store_true", help="leave the orders that rest at the end in the book")
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        type=expectation,
        metavar="NAME=NUMBER",
        help="exit with status 1 where the comparison of this name reaches less; may be given again",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.read(arguments, environment)


def symbol_name(text: str) -> str:
    if not SYMBOL_PATTERN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: takes 1 to 32 of A-Z 0-9 . _ - that do not begin with a dot")
    return text


def factor(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or float(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: takes a number above zero")
    return float(text)


def expectation(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not name or not (number.isascii() and number.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r}: takes <name of a comparison>=<number>")
    return name, int(number)


def replay(options: argparse.Namespace, progress: Progress) -> int:
    reading = progress.add_task("reading", total=None)
    recording = read(options)
    progress.remove_task(reading)
    symbol = options.symbol or recording.symbol
    comparison = Comparison()
    with closing(connect(options)) as exchange:
        driver = Driver(exchange, recording, symbol, f"{secrets.token_hex(RUN_BYTES)}:", comparison)
        driver.prepare()
        replaying = progress.add_task("replaying", total=len(recording.steps))
        try:
            effort = driver.run(options.speed, lambda done: progress.update(replaying, completed=done))
        except KeyboardInterrupt:
            if not options.keep:
                # The interrupt may have cut through an answer: over a new session.
                with closing(connect(options)) as another:
                    clear(another, symbol)
            raise
        if not options.keep:
            clear(exchange, symbol)
    progress.stop()
    where = "an engine in this process" if options.in_process else f"the matcher at {options.commands}"
    report = make_report(recording, symbol, where, comparison, effort)
    if options.json:
        print(to_json(report))
    else:
        print_report(report, Console())
    missed = misses(report.scores, options.expect) + too_much_refused(comparison.disputed, effort)
    for miss in missed:
        print(f"{PROGRAM}: {miss}", file=sys.stderr)
    return EXIT_MISSED if missed else 0


def read(options: argparse.Namespace) -> Recording:
    recording = read_recording(options.files, options.format)
    if options.speed is not None and recording.longest_gap is not None:
        check_speed(recording.longest_gap, options.speed)
    return recording


def connect(options: argparse.Namespace) -> Exchange:
    if options.in_process:
        return EngineExchange()
    return SocketExchange(options.commands, options.reports, keys=options.keys)


def misses(scores: Sequence[Score], expected: Sequence[tuple[str, int]]) -> list[str]:
    """A line for each expectation that is not met; a comparison that the recording does not allow is not met."""
    reached = {score.name: score.reached for score in scores}
    return [
        f"{name}: reached {reached.get(name, 0):,}, expected {least:,}"
        for name, least in expected
        if reached.get(name, -1) < least
    ]


def too_much_refused(disputed: int, effort: Effort) -> list[str]:
    """A line of warning, if the exchange refused too many commands that the venue took."""
    if disputed * 100 <= effort.commands * MAX_REFUSED_PERCENT:
        return []
    share = percent(disputed, effort.commands)
    return [f"refused {disputed:,} of {effort.commands:,} commands, {share}; takes at most {MAX_REFUSED_PERCENT} %"]


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ), EXIT_FAILED)
