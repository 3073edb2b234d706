"""python -m matching_exchange.tools.facts: stylised facts of a scenario, beside those of recorded markets."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matching_exchange.process.command_line import EXIT_FAILED, Parser, run_program
from matching_exchange.recordings.readers import read_recording
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.sim.durations import MINUTE, SECOND
from matching_exchange.sim.facts import DepthSampler, Facts, facts_of, series_of, table
from matching_exchange.sim.scenarios import SCENARIOS, scenario
from matching_exchange.tools.arguments import number
from matching_exchange.tools.facts.recorded import EmptyRecordingError, series_of_recording

PROGRAM: Final = "facts"

DESCRIPTION: Final = "Print stylised facts of a scenario of the simulator, beside those of recorded markets."

SKIPPED: Final = 60 * SECOND
"""The beginning of a scenario that is left out: books fill then."""

MOST_MINUTES: Final = 7 * 24 * 60


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    options = parse(arguments)
    markets: list[Facts] = []
    for files in options.recording:
        try:
            recording = read_recording(files)
            name = f"{recording.format} {recording.symbol}"
            markets.append(facts_of(series_of_recording(recording, name)))
        except RecordingError as error:
            return _fail(str(error))
        except EmptyRecordingError:
            return _fail(f"{files[0]}: the recording holds no orders")
    markets += [_simulated(options.scenario, seed, options.minutes) for seed in options.seed]
    print(table(markets))
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(PROGRAM, DESCRIPTION)
    parser.add_argument("--scenario", choices=tuple(SCENARIOS), default="calm", help="which one (default: calm)")
    parser.add_argument(
        "--seed", type=number(0), nargs="+", default=[1], metavar="N", help="a column for each of these (default: 1)"
    )
    parser.add_argument(
        "--minutes",
        type=number(2, MOST_MINUTES),
        default=360,
        metavar="N",
        help="how long the scenario runs, in virtual time; its first minute is left out (default: 360)",
    )
    parser.add_argument(
        "--recording",
        type=Path,
        nargs="+",
        action="append",
        default=[],
        metavar="FILE",
        help="the files of a recorded market that `replay` reads; may be given again for another one",
    )
    return parser.parse_args(arguments)


def _simulated(name: str, seed: int, minutes: int) -> Facts:
    simulation = scenario(name, seed=seed, measure_all=True)
    sampler = DepthSampler()
    simulation.add(sampler, "sampler", measure=False)
    series = series_of(simulation.run_record(minutes * MINUTE), skip=SKIPPED)
    series.name = f"{name}, seed {seed}"
    series.depths = [sample for sample in sampler.depths if sample[0] >= series.begin]
    return facts_of(series)


def _fail(message: str) -> int:
    print(f"{PROGRAM}: {' '.join(message.splitlines())}", file=sys.stderr)
    return EXIT_FAILED


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:]))
