"""python -m matching_exchange.tools.export: what has happened on an exchange, as files."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Final, NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from matching_exchange.process.command_line import EXIT_BAD_SETTING, EXIT_FAILED, EXIT_INTERRUPTED, run_program
from matching_exchange.tools.export.arguments import PROGRAM, Request, parse
from matching_exchange.tools.export.errors import ExportError, UsageError
from matching_exchange.tools.export.kinds import Row
from matching_exchange.tools.export.output import outputs
from matching_exchange.tools.export.sources import Source
from matching_exchange.tools.export.sources.database import DatabaseSource
from matching_exchange.tools.export.sources.journal import JournalSource
from matching_exchange.tools.export.writers import Order, Writer, make_writer

EXIT_TERMINATED: Final = 128 + signal.SIGTERM


class TerminatedError(BaseException):
    """A SIGTERM has come: what is not finished is to be removed."""


class Reached:
    """Tells how far the export is: rows, and the part of the time that has been read."""

    def __init__(self, progress: Progress, end: int, writer: Writer) -> None:
        self._progress = progress
        self._end = end
        self._writer = writer
        self._begin: int | None = None
        self._task: TaskID = progress.add_task("", total=None)

    def tell(self, time: int) -> None:
        """The source has been read up to this time."""
        if self._begin is None:
            self._begin = time
        total = max(self._end - self._begin, 1)
        done = min(max(time - self._begin, 0), total)
        self._progress.update(self._task, description=f"{self._writer.count:,} rows", total=total, completed=done)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0; 1 if the export fails; 2 on a bad command line."""
    try:
        request = parse(arguments, environment)
        print(export(request))
    except UsageError as error:
        return fail(str(error), EXIT_BAD_SETTING)
    except ExportError as error:
        return fail(str(error), EXIT_FAILED)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def export(request: Request) -> str:
    """Write the files. Returns a line that says what they hold. Raises UsageError or ExportError; nothing is left
    then."""
    source = open_source(request)
    terminal = Console(stderr=True)
    selection = request.selection
    order = Order(selection.kind, selection.symbol, source.decimals, request.integers, request.latency, request.levels)
    with outputs(request.paths) as files:
        writer = make_writer(request.format.name, order, files)
        with Progress(
            TextColumn("exporting"),
            BarColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=terminal,
            transient=True,
            disable=not terminal.is_terminal,
        ) as progress:
            end = source.end() if selection.end is None else min(source.end(), selection.end)
            reached = Reached(progress, end, writer)

            def take(rows: list[Row], time: int) -> None:
                writer.write(rows)
                reached.tell(time)

            source.run(take)
            writer.finish()
        # The last one is that which the user has named.
        sizes = [file.finish() for file in reversed(files)]
    for note in source.notes:
        print(f"{PROGRAM}: {note}", file=sys.stderr)
    names = " and ".join(str(path) for path in request.paths)
    return f"{names}: {writer.count:,} rows, {sum(sizes):,} bytes"


def open_source(request: Request) -> Source:
    """Where the rows come from."""
    if request.database is None:
        return JournalSource(request.data, request.selection)
    return DatabaseSource(request.database, request.selection)


def fail(message: str, status: int) -> int:
    # A path or an argument in the message may have more lines than one.
    print(f"{PROGRAM}: {' '.join(message.splitlines())}", file=sys.stderr)
    return status


def program() -> int:
    """The exit status of the program. A SIGTERM ends it as Ctrl-C does: what is not finished is removed."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return main(sys.argv[1:], os.environ)
    except TerminatedError:
        return EXIT_TERMINATED


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise TerminatedError


if __name__ == "__main__":
    run_program(PROGRAM, program)
