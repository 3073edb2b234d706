"""python -m matching_exchange.tools.simulate_replication: the protocol of leaders and standbys, in many runs."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Final

from matching_exchange.process.command_line import EXIT_INTERRUPTED, run_program
from matching_exchange.tools.arguments import Parser, number
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.run import Run, run
from matching_exchange.tools.simulate_replication.seen import Seen

PROGRAM: Final = "simulate_replication"

EXIT_VIOLATED: Final = 1

SHOWN: Final = 30
"""Last lines of a run's trace that are printed."""

CHUNK: Final = 20
"""Seeds that a process runs before it tells what came of them."""

MAX_PROCESSES: Final = 64


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if every promise was kept, 1 if one was broken."""
    options = parse(arguments)
    planted = Planted[options.plant.upper()] if options.plant is not None else None
    total = Seen()
    try:
        for done in runs(range(options.first, options.first + options.seeds), options.processes, planted):
            total.add(done.seen)
            if done.violation is not None:
                print(f"seed {done.seed}: {done.violation}")
                print("\n".join(done.trace[-SHOWN:]))
                return EXIT_VIOLATED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    for name, count in total.rows():
        print(f"{name:<42}{count:>14}")
    print(f"{total.runs:,} runs, every promise was kept")
    return 0


def runs(seeds: range, processes: int, planted: Planted | None) -> Iterator[Run]:
    """What came of the seeds, in their order."""
    if processes == 1:
        yield from (run(seed, planted) for seed in seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        try:
            yield from pool.map(partial(run, planted=planted), seeds, chunksize=CHUNK)
        finally:
            pool.shutdown(cancel_futures=True)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        PROGRAM,
        "Simulate leaders and standbys of a replicated matcher on a virtual clock, one run a seed, with pauses, kills, "
        "partitions, lost and doubled messages, and servers of the log that fail. Check that nothing answered is lost, "
        "doubled or stale, and that one leader writes at a time. "
        "Exit status: 0 if every promise was kept, 1 if one was broken.",
        "A seed whose run breaks a promise is printed with the end of its trace. The same seed gives the same run.",
    )
    parser.add_argument("--seeds", type=number(1), default=10_000, metavar="N", help="runs (default: 10000)")
    parser.add_argument("--first", type=number(0), default=0, metavar="N", help="the first seed (default: 0)")
    parser.add_argument(
        "--processes", type=number(1, MAX_PROCESSES), default=1, metavar="N", help="processes that run (default: 1)"
    )
    parser.add_argument(
        "--plant",
        choices=[planted.name.lower() for planted in Planted],
        metavar="FAULT",
        help=f"build in a fault, to see it found: {', '.join(planted.name.lower() for planted in Planted)}",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
