"""python -m matching_exchange.tools.demo: trades on a running exchange as a lively market."""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType
from typing import Final

import gateway.config
from matching_exchange.process.command_line import EXIT_BAD_SETTING, end_with_line, run_program
from matching_exchange.tools.arguments import Parser
from matching_exchange.tools.demo.arguments import add_market_arguments
from matching_exchange.tools.demo.control import Control, ControlError, ControlSocket, OtherDemoError
from matching_exchange.tools.demo.market import Market
from matching_exchange.tools.demo.people import PEOPLE, Gateway, NoKeysError, fund
from matching_exchange.tools.demo.program import PROGRAM, Demo
from matching_exchange.tools.demo.recorded import RecordedError, RecordedMarket
from matching_exchange.tools.demo.venue import LiveVenue
from matching_exchange.tools.replay.readers import read_recording
from matching_exchange.tools.replay.recording import RecordingError
from protocol.demo import AGENTS, RECORDING
from protocol.instrument import Instrument

DESCRIPTION: Final = (
    "Trade on a running exchange as a lively synthetic market, until Ctrl-C: agents around values that move, beside a "
    "recorded market with --from."
)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    parser = Parser(PROGRAM, DESCRIPTION)
    add_market_arguments(parser)
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=environment.get("MATCHER_DATA_DIR"),
        metavar="DIR",
        help=(
            "the matcher's data directory, where the gateway reaches the demo to pause it "
            "(default: none; environment: MATCHER_DATA_DIR)"
        ),
    )
    for name in ("commands", "reports"):
        parser.add_endpoint(name, f"the matcher's socket for {name}")
    options = parser.read(arguments, environment)
    run = f"demo-{time.time_ns() // 1_000_000}"
    try:
        recorded = None if not options.recording else RecordedMarket(read_recording(options.recording), run)
    except (RecordingError, RecordedError) as error:
        end_with_line(PROGRAM, f"--from: {' '.join(str(error).splitlines())}")
    control = Control(AGENTS if recorded is None else RECORDING, [], options.speed)
    if recorded is not None:
        control.note(time=recorded.time, begin=recorded.begin, end=recorded.end)
    greeter = Greeter(parser.gateway_url(environment), environment)
    endpoints = {"--commands": options.commands, "--reports": options.reports}
    demo = Demo(endpoints, options.keys, Market(str(options.seed), run, recorded), control, greeter.greet)
    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as at_end:
        at_end.callback(demo.clean_up)
        if options.data_dir is not None and Path(options.data_dir).is_dir():
            offer_control(Path(options.data_dir), control, at_end)
        try:
            demo.run()
        except RecordedError as error:
            end_with_line(PROGRAM, f"--from: {error}", EXIT_BAD_SETTING)
        except KeyboardInterrupt:
            # Another one does not hurry the end, which is bounded.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)


def offer_control(directory: Path, control: Control, at_end: ExitStack) -> None:
    """Let the gateway reach the demo. Ends the process if another demo is reached there."""
    try:
        at_end.enter_context(closing(ControlSocket(directory, control)))
    except OtherDemoError:
        end_with_line(PROGRAM, f"another demo trades beside the exchange of {directory}: stop it first")
    except ControlError as error:
        print(f"{PROGRAM}: nobody can pause it over the gateway: {error}", file=sys.stderr, flush=True)


class Greeter:
    """Gives the sample people their money, and their keys, once."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self._url = url
        self._environment = environment
        self._done = False

    def greet(self, venue: LiveVenue, instruments: Sequence[Instrument]) -> None:
        if self._done:
            return
        self._done = True
        new = fund(venue, sorted({asset for each in instruments for asset in (each.base, each.quote)}))
        if new:
            print(f"{PROGRAM}: {' and '.join(new)} have money to trade with", flush=True)
        if self._environment.get("GATEWAY_AUTH") == gateway.config.KEYS:
            self._tell_keys()

    def _tell_keys(self) -> None:
        """Print the keys where a person reads them alone; elsewhere the command that makes them."""
        made: Mapping[str, str] = {}
        token = admin_token(self._environment)
        if token and sys.stdout.isatty():
            try:
                made = Gateway(self._url, token).make_keys()
            except NoKeysError as error:
                print(f"{PROGRAM}: no keys were made: {error}", file=sys.stderr, flush=True)
        for person, proof in made.items():
            print(f"{PROGRAM}: the key of {person}: {proof}", flush=True)
        for person in PEOPLE:
            if person not in made:
                print(f"{PROGRAM}: a key of {person}: scripts/keys create --account {person}", flush=True)


def admin_token(environment: Mapping[str, str]) -> str:
    """A token of an administrator; empty for none."""
    config = gateway.config.read_config([], environment)
    tokens = gateway.config.all_tokens(config)
    return tokens[0][1] if tokens else ""


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
