"""`python -m matcher`: wire the matcher from its settings, bring its state back, and run it."""

import os
import sys

import structlog
import zmq

from matcher import CORE
from matcher.compile_setting import read_compile
from matcher.compiled import ALWAYS, INTERPRETED, VARIABLE
from matcher.config import PROGRAM, Config, read_config
from matcher.first_commands import WrongDirectoryError, first_commands
from matcher.instrument_list import InstrumentListError, read_instruments
from matcher.node.wiring import run_node
from matcher.reachable import warn_of_others
from matcher.serving.connections import DescriptorsError, descriptor_bounds
from matcher.serving.endpoints import EndpointError, check_endpoints
from matcher.serving.loop import Matcher
from matcher.state import JournalMismatchError
from matcher.storage.data_directory import DataDirectory, DirectoryError
from matcher.storage.file_check import check_files
from matcher.storage.journal_format import JournalError
from matcher.storage.log import LogFailedError
from matcher.storage.recovery import recover
from matching_exchange.process.addresses import connectable
from matching_exchange.process.command_line import EXIT_BAD_SETTING, end_with_line
from matching_exchange.process.files import what_failed
from matching_exchange.process.logs import configure_logs
from matching_exchange.process.readiness import tell_ready
from protocol import topics
from protocol.curve import ClientKeys, open_with, public_key
from protocol.sockets import is_ipv6

CHECK_TIMEOUT = 3_000
"""How many milliseconds `--check` waits for a heartbeat: three of them."""

EXIT_FAILED = 1

log = structlog.get_logger("matcher")


def main() -> int:
    """The process's exit status."""
    config = read_config(sys.argv[1:])
    if config.check:
        return check(config)
    check_core()
    configure_logs(config.log_level, config.log_format)
    try:
        listed = read_instruments(config.instruments)
    except InstrumentListError as error:
        print(f"matcher: {config.instruments_source}: {config.instruments}: {error}", file=sys.stderr)
        return EXIT_BAD_SETTING
    if config.node is not None:
        return run_node(config, config.node, listed)
    matcher: Matcher | None = None
    try:
        with DataDirectory(config.data_dir) as directory:
            descriptor_bounds()
            check_files(directory)
            check_endpoints(config)
            recovered = recover(directory)
            journal, state = recovered.journal, recovered.state
            own = first_commands(config, state, listed)
            matcher = Matcher(config, directory, journal, state)
            matcher.bind()
            recovered.settle()
            if own:
                matcher.begin_with(own)
            recovered.note_journal()
            log_start(config, state.sequence)
            warn_of_others(config, directory)
            tell_ready(os.environ)
            matcher.run()
            journal.close()
            log.info("matcher stopped", sequence=state.sequence)
    except InstrumentListError as error:
        print(f"matcher: instruments: {error}", file=sys.stderr)
        return EXIT_BAD_SETTING
    except (
        DescriptorsError,
        DirectoryError,
        EndpointError,
        JournalError,
        JournalMismatchError,
        WrongDirectoryError,
    ) as error:
        print(f"matcher: {error}", file=sys.stderr)
        return EXIT_FAILED
    except LogFailedError as error:
        return stop_working(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        if matcher is not None:
            return stop_working(what_failed(error))
        print(f"matcher: {what_failed(error)}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def check_core() -> None:
    """End the process if EXCHANGE_COMPILE is bad, or asks for a compiled core that is not there."""
    if read_compile(PROGRAM, os.environ) == ALWAYS and CORE.kind == INTERPRETED:
        end_with_line(PROGRAM, f"{VARIABLE}={ALWAYS}: {CORE.reason}", EXIT_FAILED)


def log_start(config: Config, sequence: int) -> None:
    log.info(
        "matcher started",
        commands=config.commands,
        market_data=config.market_data,
        reports=config.reports,
        data_dir=str(config.data_dir),
        sync=config.sync,
        sequence=sequence,
        core=CORE.kind,
    )
    if CORE.kind == INTERPRETED:
        log.info("the core runs interpreted", reason=CORE.reason)


def stop_working(reason: str) -> int:
    """The exit status of a matcher that has served and then failed."""
    log.critical("matcher stops: nothing more is answered", error=reason)
    return EXIT_FAILED


def check(config: Config) -> int:
    """Whether a running matcher is heard: 0 or 1. A standby publishes no market data, so a node is heard by what it
    tells of itself."""
    secret = config.curve_secret
    topic, bound = topics.HEARTBEAT, config.market_data
    keys = ClientKeys(public_key(secret)) if secret and config.curve_market_data else None
    if config.node is not None:
        topic, bound = topics.NODES, config.reports
        keys = ClientKeys(public_key(secret), secret) if secret else None
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(topic)
        endpoint = connectable(bound)
        socket.ipv6 = is_ipv6(endpoint)
        open_with(socket, keys)
        socket.connect(endpoint)
        return 0 if socket.poll(CHECK_TIMEOUT) else EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
