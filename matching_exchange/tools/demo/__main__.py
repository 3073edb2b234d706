"""python -m matching_exchange.tools.demo: trades on a running exchange as a lively market."""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import FrameType
from typing import Final

from gateway.config import KEYS
from matching_exchange.process.command_line import end_with_line, run_program
from matching_exchange.recordings.readers import read_recording
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.tools.arguments import Parser
from matching_exchange.tools.demo.arguments import add_market_arguments
from matching_exchange.tools.demo.control import Control, ControlError, ControlSocket, OtherDemoError
from matching_exchange.tools.demo.market import Market
from matching_exchange.tools.demo.people import PEOPLE, Gateway, NoKeysError, fund
from matching_exchange.tools.demo.program import PROGRAM, Demo
from matching_exchange.tools.demo.recorded import RecordedError, RecordedMarket
from matching_exchange.tools.demo.venue import LiveVenue
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
        default=environment.get("MATCHER_DATA_DIR") or None,
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
    endpoints = {"--commands": options.commands, "--reports": options.reports}
    demo = Demo(
        endpoints, options.keys, Market(str(options.seed), run, recorded), control, greeter(parser, environment).greet
    )
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt), ExitStack() as at_end:
        at_end.callback(demo.clean_up)
        at_end.callback(_ignore_interrupts)
        if options.data_dir is not None and options.data_dir.is_dir():
            offer_control(options.data_dir, control, at_end)
        try:
            demo.run()
        except RecordedError as error:
            end_with_line(PROGRAM, f"--from: {error}")


def offer_control(directory: Path, control: Control, at_end: ExitStack) -> None:
    """Let the gateway reach the demo. Ends the process if another demo is reached there."""
    try:
        at_end.enter_context(closing(ControlSocket(directory, control)))
    except OtherDemoError:
        end_with_line(PROGRAM, f"another demo trades beside the exchange of {directory}: stop it first")
    except ControlError as error:
        print(f"{PROGRAM}: nobody can pause it over the gateway: {error}", file=sys.stderr, flush=True)


class Greeter:
    """Gives the sample people their money, and their keys, once.

    asks_for_keys: whether the exchange does. gateway: makes them; None where no token of an administrator is known.
    """

    def __init__(self, gateway: Gateway | None, *, asks_for_keys: bool) -> None:
        self._gateway = gateway
        self._asks_for_keys = asks_for_keys
        self._done = False

    def greet(self, venue: LiveVenue, instruments: Sequence[Instrument]) -> None:
        if self._done:
            return
        new = fund(venue, sorted({asset for each in instruments for asset in (each.base, each.quote)}))
        if new:
            print(f"{PROGRAM}: {' and '.join(new)} have money to trade with", flush=True)
        if self._asks_for_keys:
            self._tell_keys()
        self._done = True

    def _tell_keys(self) -> None:
        """Print the keys where a person reads them alone; elsewhere the command that makes them."""
        made: Mapping[str, str] = {}
        if self._gateway is not None and sys.stdout.isatty():
            try:
                made = self._gateway.make_keys()
            except NoKeysError as error:
                print(f"{PROGRAM}: no keys were made: {error}", file=sys.stderr, flush=True)
        for person, proof in made.items():
            print(f"{PROGRAM}: the key of {person}: {proof}", flush=True)
        for person in PEOPLE:
            if person not in made:
                print(f"{PROGRAM}: a key of {person}: scripts/keys create --account {person}", flush=True)


def greeter(parser: Parser, environment: Mapping[str, str]) -> Greeter:
    """What the gateway's settings ask for. Ends the process if one is bad."""
    auth, token, others = (parser.gateway_value(name, environment) for name in ("auth", "admin-token", "admin-tokens"))
    tokens = [token] if token else [each for _, each in others]
    url = parser.gateway_url(environment)
    return Greeter(Gateway(url, tokens[0]) if tokens else None, asks_for_keys=auth == KEYS)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ignore_interrupts() -> None:
    """Another one does not hurry the end, which is bounded."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
