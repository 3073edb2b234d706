"""python -m matching_exchange.tools.bench: measure the exchange, suite by suite."""

import argparse
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from rich.console import Console
from rich.status import Status

from matching_exchange.process.command_line import EXIT_INTERRUPTED, end_with_line, run_program
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.tools.arguments import Parser, number, told
from matching_exchange.tools.bench.binance import binance
from matching_exchange.tools.bench.clients import clients
from matching_exchange.tools.bench.cluster import cluster
from matching_exchange.tools.bench.cores import core_line
from matching_exchange.tools.bench.durability import durability
from matching_exchange.tools.bench.engine import engine
from matching_exchange.tools.bench.fairness import fairness
from matching_exchange.tools.bench.fanout import fanout
from matching_exchange.tools.bench.growth import growth
from matching_exchange.tools.bench.history import history
from matching_exchange.tools.bench.http import http
from matching_exchange.tools.bench.machine import describe
from matching_exchange.tools.bench.measure import BenchError, Plan
from matching_exchange.tools.bench.pauses import pauses
from matching_exchange.tools.bench.picture import draw
from matching_exchange.tools.bench.simulators import simulators
from matching_exchange.tools.bench.table import WIDTH, Report, Row, Suite, print_report
from matching_exchange.tools.bench.throughput import throughput
from matching_exchange.tools.bench.way import way
from matching_exchange.tools.processes import ExchangeError
from matching_exchange.tools.tables import to_json

PROGRAM: Final = "bench"

EXIT_UNTRUE: Final = 1

SUITES: Final[dict[str, Callable[[Plan], Iterator[Row]]]] = {
    "engine": engine,
    "way": way,
    "wire": throughput,
    "clients": clients,
    "http": http,
    "binance": binance,
    "fanout": fanout,
    "fairness": fairness,
    "growth": growth,
    "durability": durability,
    "pauses": pauses,
    "history": history,
    "simulators": simulators,
    "cluster": cluster,
}

ROUNDS: Final = 5
SECONDS: Final = 1.0
QUICK_ROUNDS: Final = 1
QUICK_SECONDS: Final = 0.1
MAX_SECONDS: Final = 60.0

RECORDING: Final = Path(__file__).parents[4] / "shared" / "data" / "bitstamp_00h-05h" / "2015-05-01_00h-05h.log.xz"
"""Where a recording of Bitstamp's order flow lies beside a checkout that has one."""


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, 1 where what was counted is not true or the exchange does not answer."""
    options = parse(arguments)
    for name, file in (("json", options.json), ("svg", options.svg)):
        if file is not None and str(file) != "-":
            check_writable(name, Path(file))
    terminal = Console(stderr=True)
    started = time.monotonic()
    try:
        directory = Path(tempfile.mkdtemp(prefix="bench-", dir=options.directory)).resolve()
    except OSError as error:
        end_with_line(PROGRAM, f"--directory: {options.directory} cannot be used: {error.strerror}")
    suites = []
    try:
        machine = describe(directory)
        for name in options.suites or SUITES:
            with terminal.status(name) as status:
                plan = Plan(
                    options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
                    options.seconds or (QUICK_SECONDS if options.quick else SECONDS),
                    options.quick,
                    options.seed,
                    directory,
                    partial(tell, status, name),
                    options.recording,
                    [],
                    [],
                    options.yardsticks,
                )
                suites.append(Suite(name, list(SUITES[name](plan)), plan.distributions, plan.left_out))
    except (BenchError, ExchangeError, RecordingError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_UNTRUE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        shutil.rmtree(directory)
    report = Report(machine, core_line(), plan.rounds, plan.quick, plan.seed, time.monotonic() - started, suites)
    if options.json is not None:
        write_json(report, options.json)
    if options.svg is not None:
        options.svg.write_text(
            draw([(each.name, each.distributions) for each in suites if each.distributions]), encoding="utf-8"
        )
    if options.json != "-":
        print_report(report, Console(width=WIDTH))
    return 0


def tell(status: Status, name: str, doing: str) -> None:
    status.update(f"{name}: {doing}")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        PROGRAM,
        "Start exchanges of its own and measure them: medians of rounds that take turns, with minimum and "
        "maximum. Nothing is "
        "said to be fast enough; what is counted is checked. Exit status: 0, 1 if a check fails.",
        f"Suites: {', '.join(SUITES)} (default: all).",
    )
    parser.add_argument(
        "suites", nargs="*", type=told(suite, f"one of {', '.join(SUITES)}"), metavar="SUITE", help="what to measure"
    )
    parser.add_argument(
        "--rounds",
        type=number(1),
        metavar="N",
        help=f"rounds of each measurement (default: {ROUNDS}, or {QUICK_ROUNDS})",
    )
    seconds_help = f"how long a round of a throughput measurement lasts (default: {SECONDS:g}, quick {QUICK_SECONDS:g})"
    parser.add_argument(
        "--seconds", type=told(seconds, f"seconds up to {MAX_SECONDS:g}, 1 or 0.5"), metavar="S", help=seconds_help
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="sizes for a test that all of it works: a few seconds, figures without meaning",
    )
    parser.add_argument("--seed", type=number(0), default=1, metavar="N", help="of what is sent (default: 1)")
    parser.add_argument(
        "--directory", type=Path, metavar="DIR", help="where data directories are made, on the disk that is measured"
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write the report as JSON to a file, or - for the standard output instead of the table",
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the distributions of latencies into a file")
    recording_help = (
        f"recorded flow that the suite engine replays where it is there (default: {RECORDING.name} beside the checkout)"
    )
    parser.add_argument("--recording", type=Path, default=RECORDING, metavar="FILE", help=recording_help)
    parser.add_argument(
        "--yardsticks",
        default=sys.executable,
        metavar="PYTHON",
        help="a Python that has ABIDES, pams and market-wave, for the suite simulators (default: this one)",
    )
    return parser.parse_args(arguments)


def suite(text: str) -> str:
    if text not in SUITES:
        raise ValueError(text)
    return text


def seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= MAX_SECONDS:
        raise ValueError(text)
    return value


def check_writable(flag: str, file: Path) -> None:
    """End the process now if the file cannot be written, not after the measurement."""
    try:
        with file.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        end_with_line(PROGRAM, f"--{flag}: {file} cannot be written: {error.strerror}")


def write_json(report: Report, file: str) -> None:
    """Write it to the file, or print it for `-`."""
    if file == "-":
        print(to_json(report))
    else:
        Path(file).write_text(to_json(report) + "\n", encoding="utf-8")


if __name__ == "__main__":
    # A signal to this process also ends the processes that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What recovery says of each start is no news here.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
