"""The logs of libraries, in this project's own form. The web server is the most important one."""

import logging

import structlog

from matching_exchange.process.log_brake import LogBrake
from matching_exchange.process.logs import configure_logs


class _Forward(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._brake = LogBrake()

    def emit(self, record: logging.LogRecord) -> None:
        # One line of a library's code is one kind of message, unless the exceptions differ.
        error = record.exc_info[0] if record.exc_info else None
        left_out = self._brake.passes((record.pathname, record.lineno, error))
        if left_out is not None:
            structlog.get_logger(record.name).log(
                record.levelno, record.getMessage(), exc_info=record.exc_info, **left_out
            )


def configure_worker_logs(level: str = "info", form: str = "auto") -> None:
    """As `process.logs.configure_logs`. Libraries are heard from warnings on."""
    configure_logs(level, form)
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)
