"""python -m matching_exchange.tools.compatibility: installs stock clients and prints which of their calls pass."""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matching_exchange.process.command_line import EXIT_FAILED, run_program
from matching_exchange.recipes import ClientConfigError, exchange_client_config
from matching_exchange.tools.arguments import Parser, number
from matching_exchange.tools.compatibility.clients import CLIENTS, RECIPES, Client, Session
from matching_exchange.tools.compatibility.environments import InstallError, install
from matching_exchange.tools.compatibility.trading_place import TradingPlace

PROGRAM: Final = "compatibility"

DESCRIPTION: Final = (
    "Install stock clients of Binance Spot, run their sessions against an exchange of its own, and print a table of "
    "what passed. Exit status: 0 if all passed, 1 if something failed."
)

BUSY_SECONDS: Final = 60
MOST_BUSY_SECONDS: Final = 3_600

NOT_RUN: Final = "recipe, not run"

HEAD: Final = ("client", "version", "session", "calls that passed", "calls that failed")


@dataclass
class Row:
    """A line of the table, and what failed in it."""

    cells: tuple[str, ...]
    failed: list[str]


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    parser = Parser(PROGRAM, DESCRIPTION)
    names = tuple(dict.fromkeys(client.name for client in CLIENTS))
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"some of {', '.join(names)} (default: all)")
    parser.add_argument(
        "--environments", type=Path, metavar="DIR", help="keep what is installed there, and use it again"
    )
    parser.add_argument(
        "--python", action="append", default=[], metavar="FILE", help="an interpreter to use first; may be given again"
    )
    parser.add_argument(
        "--busy-seconds",
        type=number(1, MOST_BUSY_SECONDS),
        default=BUSY_SECONDS,
        metavar="S",
        help="how long clients keep a book through a busy phase, in which the matcher is killed (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.clients) - set(names):
        parser.error(f"CLIENT: {', '.join(sorted(unknown))}: takes some of {', '.join(names)}")
    wanted = [client for client in CLIENTS if client.name in (options.clients or names)]
    with tempfile.TemporaryDirectory(prefix=f"{PROGRAM}-") as name:
        directory = (options.environments or Path(name)).absolute()
        rows = [row for client in wanted for row in tried(client, directory, options.python, options.busy_seconds)]
    rows += [Row((*recipe, "", NOT_RUN, ""), []) for recipe in RECIPES if not options.clients]
    print_table(rows)
    return EXIT_FAILED if any(row.failed for row in rows) else 0


def tried(client: Client, directory: Path, pythons: Sequence[str], busy_seconds: float = BUSY_SECONDS) -> list[Row]:
    """A row for each session."""
    try:
        program = install(client, directory, pythons)
    except InstallError as error:
        return [Row((client.name, client.version, "", NOT_RUN, str(error)), [])]
    rows = []
    for session in client.sessions:
        print(f"{client.name} {client.version}: {session.does} ...", file=sys.stderr)
        with (
            tempfile.TemporaryDirectory(prefix="exchange-") as name,
            TradingPlace(Path(name), client.settings) as place,
        ):
            if session.is_busy:
                steps = place.run_busy(program, session, busy_seconds)
            else:
                steps = _steps(place, program, session, directory / f"{client.name}-{client.version}")
        failed = [f"{step['call']}: {step['error']}" for step in steps if step["error"] is not None]
        cells = (client.name, client.version, session.does, str(len(steps) - len(failed)), str(len(failed)))
        rows.append(Row(cells, failed))
    return rows


def _steps(place: TradingPlace, program: Path, session: Session, environment: Path) -> list[Any]:
    if not session.module.endswith(".mjs"):
        return place.run(program, session.module, session.arguments, {})
    # Node finds packages beside the script.
    script = environment / session.module
    shutil.copyfile(Path(__file__).parent / "sessions" / session.module, script)
    try:
        config = exchange_client_config("ccxt", place.url, "KEY", "SECRET")
    except ClientConfigError as error:
        return [{"call": "the session", "error": str(error)}]
    return place.run(program, str(script), session.arguments, {"EXCHANGE_CONFIG": json.dumps(config)})


def print_table(rows: Sequence[Row]) -> None:
    """As Markdown, so that it can stand in a document; below it a line for each call that failed."""
    print(f"| {' | '.join(HEAD)} |")
    print(f"|{'---|' * len(HEAD)}")
    for row in rows:
        print(f"| {' | '.join(row.cells)} |")
    for row in rows:
        for failure in row.failed:
            print(f"\n{row.cells[0]} {row.cells[1]}, {row.cells[2]}: {failure}")


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
