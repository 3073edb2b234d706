"""The logs of libraries that write to `logging`, the web server above all, in the form of this project's own."""

import logging

import structlog

from process.logs import configure_logs


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def configure_worker_logs(level: str = "info", form: str = "auto") -> None:
    """As `process.logs.configure_logs`. Libraries are heard from warnings on."""
    configure_logs(level, form)
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)
