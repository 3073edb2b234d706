"""`python -m matcher`: wire the matcher from its settings and run it."""

import secrets
import sys

import structlog
import zmq

from matcher.config import Config, read_config
from matcher.data_directory import DataDirectory, DirectoryError
from matcher.engine import Engine
from matcher.instrument_list import InstrumentListError, read_instruments
from matcher.instruments import set_instrument
from matcher.loop import Matcher
from process.logs import configure_logs
from process.settings import EXIT_BAD_SETTING
from protocol import topics
from protocol.events import CommandRefused

CHECK_TIMEOUT = 3_000
"""How many milliseconds `--check` waits for a heartbeat: three of them."""


def main() -> int:
    """The process's exit status."""
    config = read_config(sys.argv[1:])
    if config.check:
        return check(config)
    configure_logs()
    log = structlog.get_logger("matcher")
    try:
        instruments = read_instruments(config.instruments)
    except InstrumentListError as error:
        print(f"matcher: --instruments: {config.instruments}: {error}", file=sys.stderr)
        return EXIT_BAD_SETTING
    try:
        with DataDirectory(config.data_dir) as directory:
            engine = Engine()
            matcher = Matcher(config, directory, engine, sequence=0, journal_id=secrets.token_hex(16))
            for command in instruments:
                refused = set_instrument(None, command)
                if isinstance(refused, CommandRefused):
                    print(f"matcher: instrument {command.symbol}: {refused.field} {refused.detail}", file=sys.stderr)
                    return EXIT_BAD_SETTING
            matcher.set_instruments(list(instruments))
            matcher.bind()
            log.info(
                "matcher started",
                commands=config.commands,
                market_data=config.market_data,
                reports=config.reports,
                data_dir=str(config.data_dir),
                sync=config.sync,
            )
            matcher.run()
            log.info("matcher stopped")
    except (DirectoryError, zmq.ZMQError) as error:
        print(f"matcher: {error}", file=sys.stderr)
        return 1
    return 0


def check(config: Config) -> int:
    """Whether a running matcher is heard: 0 or 1."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.subscribe(topics.HEARTBEAT)
        socket.connect(config.market_data.replace("//*:", "//127.0.0.1:").replace("//0.0.0.0:", "//127.0.0.1:"))
        return 0 if socket.poll(CHECK_TIMEOUT) else 1


if __name__ == "__main__":
    sys.exit(main())
