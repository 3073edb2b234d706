"""The settings of a replicated log itself: what it may hold, and what shows its servers who we are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from matcher.etcd.address import Credentials
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line
from matching_exchange.process.files import read_file, what_failed
from matching_exchange.process.settings import Setting, bounded

MIN_BUDGET: Final = 1_000_000
MAX_BUDGET: Final = 10**13
DEFAULT_BUDGET: Final = 1024**3

MAX_PEM_BYTES: Final = 1024 * 1024


def _file(text: str) -> Path | None:
    return Path(text) if text else None


def _user(text: str) -> tuple[str, str]:
    """Name and password; empty without a user."""
    name, colon, password = text.strip().partition(":")
    if text.strip() and not (name and colon):
        raise ValueError(text)
    return name, password


LOG_BUDGET: Final = Setting(
    "log-budget",
    str(DEFAULT_BUDGET),
    bounded(MIN_BUDGET, MAX_BUDGET),
    f"a number of bytes from {MIN_BUDGET} to {MAX_BUDGET}",
    "how much a replicated log may hold: at a quarter of it a snapshot is taken, at three quarters orders are refused",
)
LOG_CA: Final = Setting(
    "log-ca", "", _file, "a PEM file", "who signs the certificates of the log's servers; turns TLS on"
)
LOG_CERT: Final = Setting("log-cert", "", _file, "a PEM file", "the certificate that the log's servers are shown")
LOG_KEY: Final = Setting("log-key", "", _file, "a PEM file", "the key of that certificate")
LOG_USER: Final = Setting(
    "log-user",
    "",
    _user,
    "NAME:PASSWORD",
    "the user of the log's servers",
    secret=True,
    has_flag=False,
    from_file=True,
)

ACCESS_SETTINGS: Final = (LOG_CA, LOG_CERT, LOG_KEY, LOG_USER)
"""What it takes to reach the log."""


def read_credentials(program: str, prefix: str, values: Mapping[str, Any]) -> Credentials:
    """What the values of ACCESS_SETTINGS stand for. Ends the process with one line where they do not fit together, or
    where a file cannot be read."""
    ca, certificate, key = (values[setting.key] for setting in (LOG_CA, LOG_CERT, LOG_KEY))
    if (certificate is None) != (key is None):
        missing, given = (LOG_KEY, LOG_CERT) if key is None else (LOG_CERT, LOG_KEY)
        end_with_line(program, f"{missing.title(prefix)}: takes {missing.takes}: {given.title(prefix)} needs it")
    if certificate is not None and ca is None:
        end_with_line(program, f"{LOG_CA.title(prefix)}: takes {LOG_CA.takes}: {LOG_CERT.title(prefix)} needs it")
    try:
        ca, certificate, key = (
            None if path is None else read_file(path, MAX_PEM_BYTES) for path in (ca, certificate, key)
        )
    except OSError as error:
        end_with_line(program, what_failed(error), EXIT_FAILED)
    user, password = values[LOG_USER.key]
    return Credentials(ca, certificate, key, user, password)
