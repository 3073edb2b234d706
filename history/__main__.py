"""`python -m history`: follows the journal of a data directory, and writes what happened into a database."""

import os
import sys
from typing import Final

from history.config import PROGRAM, read_config
from history.follower.lock import LockedError, held
from history.follower.process import Process
from history.follower.start import RefusedError
from history.follower.stop import Stop
from history.writing.interface import StoreRefusedError
from matcher.state import JournalMismatchError
from matcher.storage.journal_format import JournalError
from matcher.storage.log import LogFailedError
from matching_exchange.process.command_line import EXIT_FAILED, run_program
from matching_exchange.process.files import what_failed
from matching_exchange.process.logs import configure_logs

NICE: Final = 10
"""How much lower its priority is: the matcher and the gateway come first."""


def main() -> int:
    """The process's exit status."""
    config = read_config(sys.argv[1:])
    configure_logs(config.log_level, config.log_format)
    os.nice(NICE)
    stop = Stop()
    stop.catch_signals()
    try:
        with held(config.data_dir):
            Process(config, stop).run()
    except (
        JournalError,
        JournalMismatchError,
        LockedError,
        LogFailedError,
        RefusedError,
        StoreRefusedError,
    ) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_FAILED
    except OSError as error:
        if error.filename is None:
            raise
        print(f"{PROGRAM}: {what_failed(error)}", file=sys.stderr)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    run_program(PROGRAM, main)
