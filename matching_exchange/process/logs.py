"""Structured logs on standard error: JSON lines, or lines for people."""

import logging
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import structlog

from matching_exchange.process.settings import Setting, one_of

LEVELS: Final[Mapping[str, int]] = MappingProxyType(
    {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
)

LOG_SETTINGS: Final = (
    Setting("log-level", "info", one_of(*LEVELS), "debug, info, warning or error", "what is logged: this and worse"),
    Setting(
        "log-format",
        "auto",
        one_of("auto", "human", "json"),
        "auto, human or json",
        "lines for people; auto: on a terminal, else JSON",
    ),
)


def configure_logs(level: str = "info", form: str = "auto") -> None:
    """Set up structlog for this process, by the values of LOG_SETTINGS; call it once, first."""
    terminal = sys.stderr.isatty()
    human = form == "human" or (form == "auto" and terminal)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=terminal) if human else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if human else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
