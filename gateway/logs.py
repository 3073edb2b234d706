"""The logs of libraries that write to `logging`, the web server above all, in the form of this project's own."""

import logging

import structlog

from matching_exchange.process.log_brake import LogBrake
from matching_exchange.process.logs import configure_logs


class _Forward(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._brake = LogBrake()

    def emit(self, record: logging.LogRecord) -> None:
        # What one line of a library's code says is of one kind, unless it tells of different exceptions.
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
