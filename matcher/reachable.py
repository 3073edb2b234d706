"""Tells at the start what others can reach: sockets, and files."""

import structlog

from matcher.config import Config
from matcher.storage.data_directory import DataDirectory

log = structlog.get_logger("matcher")


def warn_of_others(config: Config, directory: DataDirectory) -> None:
    """Log what others can reach."""
    if config.open_endpoints:
        log.warning(
            "who reaches these endpoints can trade: MATCHER_CURVE_SECRET and MATCHER_CURVE_ALLOWED close them",
            endpoints=config.open_endpoints,
        )
    if directory.open_to_others:
        log.warning(
            "other users of this machine may read the data directory: chmod 700 ends that",
            data_dir=str(config.data_dir),
        )
