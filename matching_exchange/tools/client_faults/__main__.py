"""python -m matching_exchange.tools.client_faults: kill the exchange again and again while clients of Binance Spot
trade, and check what they know in the end."""

import argparse
import secrets
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.config import MAX_WORKERS
from matcher.storage.journal_format import JournalError
from matching_exchange.process.command_line import EXIT_INTERRUPTED, run_program
from matching_exchange.tools.arguments import MAX_NUMBER, Parser, number
from matching_exchange.tools.client_faults.report import print_report
from matching_exchange.tools.client_faults.run import Plan, client_faults
from matching_exchange.tools.processes import ExchangeError
from matching_exchange.tools.tables import to_json
from matching_exchange.tools.torture.__main__ import EXIT_BROKEN, prepare
from matching_exchange.tools.torture.clients import UnansweredError

PROGRAM: Final = "client_faults"

MAX_CLIENTS: Final = 100


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, or 1 if anything was found that must not happen."""
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
        "Start an exchange of its own, and kill its matcher and its gateway at random moments while clients trade "
        "through the Binance dialect. Check that streams and look-ups show every change once, that each unknown "
        "outcome is resolved by a look-up, that no order is doubled, and that local books are the depth. Exit status: "
        "0; 1 if anything was found.",
    )
    for name, default, least, most, text in (
        ("kills", 20, 0, MAX_NUMBER, "how many times to kill"),
        ("clients", 4, 1, MAX_CLIENTS, "how many accounts trade"),
        ("workers", 1, 1, MAX_WORKERS, "how many workers the gateway has"),
        ("calm", 2_000, 0, MAX_NUMBER, "the longest time between a recovery and the next kill, in ms"),
        ("pause", 20, 0, MAX_NUMBER, "about how long each client waits between two calls, in ms"),
    ):
        parser.add_argument(
            f"--{name}", type=number(least, most), default=default, metavar="N", help=f"{text} (default: {default})"
        )
    parser.add_argument(
        "--seed",
        type=number(0),
        default=secrets.randbelow(MAX_NUMBER),
        metavar="N",
        help="of what is sent and killed (default: a new one)",
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in this new directory and leave it there")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace, directory: Path, terminal: Console) -> bool:
    """Whether every promise was kept; prints the report."""
    plan = Plan(
        options.kills, options.seed, options.clients, options.workers, options.calm / 1000, options.pause / 1000
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[answered]:,} calls answered"),
        TimeElapsedColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    ) as progress:
        task = progress.add_task("kills", total=plan.kills, answered=0)
        report = client_faults(
            plan, directory, lambda kills, answered: progress.update(task, completed=kills, answered=answered)
        )
    if options.json:
        print(to_json(report))
    else:
        print_report(report, Console(soft_wrap=True))
    return report.sound


if __name__ == "__main__":
    # A signal to this process also ends the exchange.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
