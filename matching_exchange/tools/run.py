"""Starts the whole exchange on one machine, a matcher, a gateway and the history, and stops them on Ctrl-C."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from types import FrameType
from typing import Final

import gateway.config
import history.config
import matcher.config
from gateway.config import ON, GatewayConfig
from matcher.compile_setting import read_compile
from matcher.compiled import ALWAYS
from matcher.config import Config as MatcherConfig
from matcher.storage.data_directory import DirectoryError
from matching_exchange.process.addresses import connectable, in_url, reachable
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line, run_program
from matching_exchange.process.settings import FILE_SUFFIX, MAX_PORT, bounded, unknown_variables
from matching_exchange.process.settings_file import FLAG, HELP, read_settings_file
from matching_exchange.process.settings_file import VARIABLE as FILE_VARIABLE
from matching_exchange.tools.arguments import Parser, told
from matching_exchange.tools.core_build import BuildBeside, build_before
from matching_exchange.tools.demo.arguments import add_market_arguments
from matching_exchange.tools.history_beside import HistoryBeside
from matching_exchange.tools.reset import empty
from matching_exchange.tools.serving import Processes
from matching_exchange.tools.vacancy import TakenError, check_addresses, check_directory
from protocol.curve import public_key
from protocol.demo import SPEED_DECIMALS
from protocol.instrument import format_decimal

PROGRAM: Final = "run"

START_TIMEOUT: Final = 60
"""Seconds until the exchange must have answered a health check."""

HEALTH_TIMEOUT: Final = 1.0
LOOK_EVERY: Final = 0.05
"""Seconds."""

SOCKETS: Final = ("COMMANDS", "MARKET_DATA", "REPORTS")
"""The matcher's sockets, as the settings of both processes name them. With --ports their ports have this order."""

MAX_BASE: Final = MAX_PORT - len(SOCKETS)


class Stop:
    """Whether a signal has asked to close the exchange."""

    def __init__(self) -> None:
        self.wanted = False
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, self._want)

    def _want(self, _number: int, _frame: FrameType | None) -> None:
        self.wanted = True


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0; 1 if the exchange does not start, or a part of it ends by itself."""
    options = parse(arguments)
    if options.config is not None:
        environment = {**environment, FILE_VARIABLE: options.config}
    wanted = read_compile(PROGRAM, environment)
    chosen, matcher_config, gateway_config = choose(options, environment)
    prepare(options, matcher_config, gateway_config)
    if wanted == ALWAYS:
        build_before(PROGRAM, environment)
    stop = Stop()
    processes = Processes(without_unknown(environment))
    beside: BuildBeside | None = None
    told: HistoryBeside | None = None
    try:
        processes.start_serving("matcher", chosen)
        processes.start_serving("gateway", chosen)
        if not _wait_until_healthy(processes, gateway_config, stop):
            return 0 if stop.wanted else EXIT_FAILED
        print(banner(gateway_config), flush=True)
        told = HistoryBeside(
            PROGRAM, {**without_unknown(environment), **chosen}, ["--new-journal"] if options.reset else []
        )
        beside = BuildBeside(PROGRAM, wanted, environment, verbose=options.verbose)
        if options.demo:
            processes.start("matching_exchange.tools.demo", chosen, demo_arguments(options))
        while not stop.wanted:
            ended = processes.ended()
            if ended is not None:
                print(f"{PROGRAM}: {told_end(ended, matcher_config)}: closing the exchange", file=sys.stderr)
                return EXIT_FAILED
            beside.look()
            told.look()
            time.sleep(LOOK_EVERY)
    finally:
        if beside is not None:
            beside.stop()
        processes.stop()
        if told is not None:
            told.stop()
    print("The exchange is closed.")
    return 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        PROGRAM,
        "Start the whole exchange: a matcher, a gateway, and the history beside them. Ctrl-C stops all.",
        "All settings of the processes are environment variables (MATCHER_..., GATEWAY_..., HISTORY_...), or stand in "
        "the settings file: see the --help of matcher, gateway and history. EXCHANGE_COMPILE: auto (default) runs the "
        "compiled core where it is built, and builds it beside for the next start; always builds it first; never runs "
        "the sources.",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="add a lively synthetic market, with its own data directory (./data-demo) and its own accounts",
    )
    add_market_arguments(parser)
    parser.add_argument("--reset", action="store_true", help="with --demo: begin with an empty data directory")
    parser.add_argument(
        "--port",
        type=told(bounded(1, MAX_PORT), f"a port from 1 to {MAX_PORT}"),
        help="the gateway's port (default: 8000)",
        metavar="PORT",
    )
    parser.add_argument(
        "--ports",
        type=told(bounded(1, MAX_BASE), f"a port from 1 to {MAX_BASE}"),
        metavar="BASE",
        help=(
            "ports of a second exchange: BASE for the gateway, the next three for the "
            "matcher's commands, market data and reports. Its data directory is ./data-BASE or ./data-demo-BASE"
        ),
    )
    parser.add_argument(
        "--data-dir",
        type=told(directory, "a directory"),
        metavar="DIR",
        help="the matcher's data directory (default: ./data)",
    )
    parser.add_argument(f"--{FLAG}", metavar="FILE", help=HELP)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show all that the processes log, not only warnings"
    )
    options = parser.parse_args(arguments)
    if options.reset and not options.demo:
        parser.error("--reset needs --demo")
    if options.recording and not options.demo:
        parser.error("--from needs --demo")
    return options


def demo_arguments(options: argparse.Namespace) -> list[str]:
    """What the demo is told beside its environment."""
    files = ["--from", *(str(file.absolute()) for file in options.recording)] if options.recording else []
    return [f"--seed={options.seed}", f"--speed={format_decimal(options.speed, SPEED_DECIMALS)}", *files]


def directory(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def choose(
    options: argparse.Namespace, environment: Mapping[str, str]
) -> tuple[dict[str, str], MatcherConfig, GatewayConfig]:
    """The variables that the processes get beside those of this one, and the settings of both. Ends the process if a
    setting is bad."""
    chosen: dict[str, str] = {}
    # The processes read the file themselves: a message then names it.
    given = {**read_settings_file(PROGRAM, options.config, environment).texts, **environment}
    if options.ports is not None:
        for port, name in enumerate(SOCKETS, options.ports + 1):
            chosen[f"MATCHER_{name}"] = chosen[f"GATEWAY_{name}"] = f"tcp://127.0.0.1:{port}"
    if options.port is not None or options.ports is not None:
        chosen["GATEWAY_PORT"] = str(options.port or options.ports)
    if options.data_dir is not None:
        chosen["MATCHER_DATA_DIR"] = options.data_dir
    elif options.reset and "MATCHER_DATA_DIR" in given:
        end_with_line(
            PROGRAM, "--reset empties the demo's own directory or that of --data-dir, never that of MATCHER_DATA_DIR"
        )
    elif options.demo or options.ports is not None:
        own = "./data" + ("-demo" if options.demo else "") + (f"-{options.ports}" if options.ports is not None else "")
        chosen["MATCHER_DATA_DIR"] = given.get("MATCHER_DATA_DIR", own)
    chosen |= _log_levels(given, verbose=options.verbose)
    matcher_config = matcher.config.read_config([], {**environment, **chosen})
    # All three find the history there.
    chosen["MATCHER_DATA_DIR"] = str(matcher_config.data_dir)
    history.config.read_config([], {**environment, **chosen})
    chosen |= _sockets(matcher_config, given)
    if "GATEWAY_KEY_FILE" not in given:
        chosen["GATEWAY_KEY_FILE"] = str(matcher_config.data_dir / "keys" / "server.key")
    if matcher_config.curve_secret:
        chosen |= {name: value for name, value in client_settings(matcher_config).items() if not is_set(name, given)}
    gateway_config = gateway.config.read_config([], {**environment, **chosen})
    if gateway_config.port == 0:
        end_with_line(PROGRAM, "GATEWAY_PORT: '0': takes a port from 1 here, where it has to be known")
    return chosen, matcher_config, gateway_config


def _sockets(config: MatcherConfig, given: Mapping[str, str]) -> dict[str, str]:
    """Those of the matcher for which none is set. Ends the process where other matchers are."""
    if given.get("GATEWAY_MATCHERS"):
        end_with_line(PROGRAM, "GATEWAY_MATCHERS: takes none here: this program starts the matcher of its gateway")
    bound = zip(SOCKETS, (config.commands, config.market_data, config.reports), strict=True)
    return {f"GATEWAY_{name}": connectable(endpoint) for name, endpoint in bound if f"GATEWAY_{name}" not in given}


def _log_levels(given: Mapping[str, str], *, verbose: bool) -> dict[str, str]:
    """Those of the processes for which none is set."""
    # What administrators do is told at the level of info, and requests are.
    audited = any(given.get(name) for name in ("GATEWAY_ADMIN_TOKEN", "GATEWAY_ADMIN_TOKENS"))
    audited = audited or given.get("GATEWAY_REQUEST_LOG") == ON
    told = {"MATCHER": verbose, "GATEWAY": verbose or audited, "HISTORY": verbose}
    levels = {f"{prefix}_LOG_LEVEL": "info" if all_of_it else "warning" for prefix, all_of_it in told.items()}
    return {name: level for name, level in levels.items() if name not in given}


def prepare(options: argparse.Namespace, matcher_config: MatcherConfig, gateway_config: GatewayConfig) -> None:
    """End the process if the directory or an address is taken. Then empty the directory, if --reset asks for it."""
    sources = {}
    if options.ports is not None:
        sources = dict.fromkeys(("MATCHER_COMMANDS", "GATEWAY_PORT"), f"--ports={options.ports}")
    if options.port is not None:
        sources["GATEWAY_PORT"] = "--port"
    try:
        if not options.reset:
            check_directory(matcher_config)
        check_addresses(matcher_config, gateway_config, sources)
        if options.reset:
            empty(matcher_config.data_dir)
    except DirectoryError as error:
        end_with_line(PROGRAM, f"--reset: {error}" if options.reset else str(error), EXIT_FAILED)
    except TakenError as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)


def client_settings(config: MatcherConfig) -> dict[str, str]:
    """What the gateway has to know of a matcher with CURVE."""
    return {
        "GATEWAY_CURVE_SERVER": public_key(config.curve_secret),
        "GATEWAY_CURVE_MARKET_DATA": "on" if config.curve_market_data else "off",
    }


def is_set(name: str, environment: Mapping[str, str]) -> bool:
    return name in environment or name + FILE_SUFFIX in environment


def without_unknown(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that set nothing. One warning of these is enough."""
    unknown = {
        name
        for config in (matcher.config, gateway.config, history.config)
        for name in unknown_variables(config.PREFIX, config.SETTINGS, environment)
    }
    return {name: value for name, value in environment.items() if name not in unknown}


def told_end(ended: tuple[str, str], config: MatcherConfig) -> str:
    name, how = ended
    where = f" (data directory {config.data_dir}: MATCHER_DATA_DIR, --data-dir)" if name == "matcher" else ""
    return f"the {name} has ended by itself {how}{where}"


def banner(config: GatewayConfig) -> str:
    url = f"http://{in_url(reachable(config.host))}:{config.port}"
    return f"""
  The exchange is open.

    dashboard    {url}/
    API          {url}/docs
    market data  {config.market_data}

  Ctrl-C closes it.
"""


def _wait_until_healthy(processes: Processes, config: GatewayConfig, stop: Stop) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and not stop.wanted:
        ended = processes.ended()
        if ended is not None:
            name, how = ended
            # A process that was killed has said nothing itself.
            print(
                f"{PROGRAM}: the {name} did not start" + (f": it ended {how}" if "SIG" in how else ""), file=sys.stderr
            )
            return False
        # Before both serve, others may answer: another exchange at this port, or another matcher behind this gateway.
        if processes.serve() and _is_healthy(config):
            return True
        time.sleep(LOOK_EVERY)
    if not stop.wanted:
        print(f"{PROGRAM}: {config.host}:{config.port} did not answer within {START_TIMEOUT} seconds", file=sys.stderr)
    return False


def _is_healthy(config: GatewayConfig) -> bool:
    connection = HTTPConnection(reachable(config.host), config.port, timeout=HEALTH_TIMEOUT)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))
