"""python -m matching_exchange.tools.torture: kill the exchange again and again while clients trade and move money,
and check that no answered command is lost, and that the sums are exact."""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gateway.config import MAX_WORKERS
from matcher.config import SETTINGS
from matcher.storage.journal_format import JournalError
from matching_exchange.process.command_line import EXIT_INTERRUPTED, end_with_line, run_program
from matching_exchange.tools.arguments import MAX_NUMBER, Parser, number, told
from matching_exchange.tools.processes import ExchangeError
from matching_exchange.tools.tables import to_json
from matching_exchange.tools.torture.clients import UnansweredError
from matching_exchange.tools.torture.cluster.command import (
    CLIENT_PAUSE,
    add_cluster_arguments,
    check_cluster_arguments,
    run_cluster,
    tell_cluster,
)
from matching_exchange.tools.torture.report import print_report
from matching_exchange.tools.torture.run import Plan, torture

PROGRAM: Final = "torture"

EXIT_BROKEN: Final = 1

KILLS: Final = 20
"""Where nothing else is asked for."""

MAX_CLIENTS: Final = 1_000


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, or 1 if a promise was broken or the exchange did not come back."""
    options = parse(arguments)
    directory = prepare(PROGRAM, options.keep)
    terminal = Console(stderr=True)
    print(f"{PROGRAM}: seed {options.seed}, in {directory}", file=sys.stderr)
    sound = False
    try:
        sound = run(options, directory, terminal)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except (ExchangeError, UnansweredError, JournalError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
    finally:
        if sound and options.keep is None:
            shutil.rmtree(directory)
        else:
            print(f"{PROGRAM}: journal, logs and evidence are in {directory}", file=sys.stderr)
    return 0 if sound else EXIT_BROKEN


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        PROGRAM,
        "Start an exchange of its own, and kill its processes at random moments while clients trade, move money and "
        "retry. Check that everything that was answered is there once, in order. Check that the recovered state is "
        "that of the journal, and that each balance and each asset's sum is exact. Exit status: 0; 1 if a promise was "
        "broken.",
    )
    parser.add_argument(
        "--kills",
        type=number(0, MAX_NUMBER),
        metavar="N",
        help=f"how many times to kill (default: {KILLS})",
    )
    for name, default, least, most, text in (
        ("clients", 8, 1, MAX_CLIENTS, "how many clients trade"),
        ("workers", 1, 1, MAX_WORKERS, "how many workers the gateway has"),
        ("snapshot-every", 500, 1, MAX_NUMBER, "after how many commands a snapshot is taken"),
        ("calm", 1_000, 0, MAX_NUMBER, "the longest time between a recovery and the next kill, in ms"),
    ):
        parser.add_argument(
            f"--{name}", type=number(least, most), default=default, metavar="N", help=f"{text} (default: {default})"
        )
    parser.add_argument(
        "--pause",
        type=number(0, MAX_NUMBER),
        metavar="N",
        help="about how long each client waits between two requests, in ms (default: 0, with --cluster "
        f"{round(CLIENT_PAUSE * 1000)})",
    )
    parser.add_argument(
        "--seed",
        type=number(0),
        default=secrets.randbelow(MAX_NUMBER),
        metavar="N",
        help="of what is sent and killed (default: a new one)",
    )
    sync = next(setting for setting in SETTINGS if setting.name == "sync")
    sync_help = f"when the journal is synced: {sync.takes} (default: {sync.default})"
    parser.add_argument("--sync", type=told(sync.parse, sync.takes), metavar="MODE", help=sync_help)
    add_cluster_arguments(parser)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new directory and leave it there")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    check_cluster_arguments(parser, options)
    options.sync = options.sync or sync.default
    return options


def prepare(program: str, keep: Path | None) -> Path:
    """The directory to work in. Ends the process if the one to keep cannot be made."""
    if keep is None:
        return Path(tempfile.mkdtemp(prefix=f"{program}-"))
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        end_with_line(program, f"--keep: {keep} cannot be made: {error.strerror}")
    return keep.resolve()


def pause_of(options: argparse.Namespace) -> float:
    """Seconds between two requests of a client."""
    if options.pause is None:
        return CLIENT_PAUSE if options.cluster else 0.0
    return float(options.pause) / 1000


def run(options: argparse.Namespace, directory: Path, terminal: Console) -> bool:
    """Whether every promise was kept; prints the report."""
    plan = Plan(
        KILLS if options.kills is None else options.kills,
        options.seed,
        options.clients,
        options.workers,
        options.sync,
        options.snapshot_every,
        options.calm / 1000,
        pause_of(options),
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[answered]:,} commands answered"),
        TimeElapsedColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    ) as progress:
        if options.cluster:
            tasks: dict[str, TaskID] = {}

            def update(kind: str, count: int, done: int, answered: int) -> None:
                if kind not in tasks:
                    tasks[kind] = progress.add_task(kind, total=count, answered=0)
                progress.update(tasks[kind], completed=done, answered=answered)

            found = run_cluster(PROGRAM, options, plan, directory, update)
            tell_cluster(found, as_json=options.json)
            return found.sound
        task = progress.add_task("kills", total=plan.kills, answered=0)
        report = torture(
            plan, directory, lambda kills, answered: progress.update(task, completed=kills, answered=answered)
        )
    if options.json:
        print(to_json(report))
    else:
        print_report(report, Console())
    return report.sound


if __name__ == "__main__":
    # A signal to this process also ends the exchange.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
