"""python -m matching_exchange.tools.conformance: the gate cases and the published hashes of a public benchmark, against
the engine in this process."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matching_exchange.process.command_line import EXIT_INTERRUPTED, run_program
from matching_exchange.tools.arguments import Parser
from matching_exchange.tools.conformance.benchmark import NAME, BenchmarkError, Workload, read_gate, read_workloads
from matching_exchange.tools.conformance.engine_book import EngineBook
from matching_exchange.tools.conformance.messages import Message, Subject, digest
from matching_exchange.tools.conformance.plain_book import PlainBook

PROGRAM: Final = "conformance"

EXIT_DIFFERS: Final = 1
EXIT_FAILED: Final = 2

SHOWN: Final = 16
"""Digits of a hash that are printed; the benchmark prints as many of its gate's. All are compared."""


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if all fits, 1 if something differs, 2 if there is nothing to compare with."""
    options = parse(arguments)
    try:
        cases = read_gate(options.directory)
        workloads = [] if options.gate else read_workloads(options.directory)
        for workload in workloads:
            workload.check()
        fits = [check_hash("plain book", PlainBook(), workload) for workload in workloads]
        fits += [check_case(name, messages) for name, messages in cases.items()]
        fits += [check_hash("engine", EngineBook(), workload) for workload in workloads]
    except BenchmarkError as error:
        # A message of theirs may have more lines than one.
        print(f"{PROGRAM}: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    print(f"{sum(fits)} of {len(fits)} fit")
    return 0 if all(fits) else EXIT_DIFFERS


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        PROGRAM,
        f"Run the gate cases and the published hashes of {NAME} against the engine in this process, one line each. "
        "The answers to the gate cases come from a plain book, which has to reproduce the hashes first. "
        "Exit status: 0 if all fit, 1 if something differs, 2 on an error.",
        "Runs scripts/conformance_check.py of DIR for its gate cases. The workloads are made by DIR's generator.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a copy of the benchmark, with its workloads built")
    parser.add_argument("--gate", action="store_true", help="only the gate cases, which need no built workloads")
    return parser.parse_args(arguments)


def check_hash(subject: str, book: Subject, workload: Workload) -> bool:
    """Whether the reports to the workload hash to what is published; prints the line."""
    return _tell(f"hash  {workload.name:<42} {subject:<10}", workload.expected, digest(book, workload.messages()))


def check_case(name: str, messages: Sequence[Message]) -> bool:
    """Whether the engine reports what the plain book does, with the same book after each message; prints the line."""
    expected, found = PlainBook(), EngineBook()
    book = "same book"
    for number, message in enumerate(messages, 1):
        expected.take(message)
        found.take(message)
        if expected.levels() != found.levels():
            book = f"another book after message {number}"
            break
    return _tell(
        f"gate  {name:<42} {'engine':<10}", digest(PlainBook(), messages), digest(EngineBook(), messages), book
    )


def _tell(subject: str, expected: str, found: str, book: str = "same book") -> bool:
    fits = expected == found and book == "same book"
    verdict = "fits" if fits else ("differs" if expected != found else book)
    print(f"{subject} expected {expected[:SHOWN]} found {found[:SHOWN]} {verdict}", flush=True)
    return fits


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:]), EXIT_FAILED)
