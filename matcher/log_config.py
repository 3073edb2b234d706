"""The matcher's settings of a log that is not its own journal. The history reads the same ones."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from matcher.etcd.address import TAKES, Credentials, LogAddress, parse_address
from matcher.etcd.needs import fault_here
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.files import read_file
from matching_exchange.process.settings import Setting, bounded

LOCAL: Final = "local"

MAX_PEM_BYTES: Final = 1024 * 1024
"""The largest file of certificates."""

MAX_USER: Final = 256
"""Characters of a user's name and password together."""

MIN_BUDGET: Final = 1_000_000
MAX_BUDGET: Final = 10**12
DEFAULT_BUDGET: Final = 1024 * 1024 * 1024


class PemFile(Struct, frozen=True):
    """A file of certificates or of a key, and what it holds."""

    path: Path
    content: bytes


def _log(text: str) -> LogAddress | None:
    return None if text == LOCAL else parse_address(text)


def _pem(text: str) -> PemFile | None:
    if not text:
        return None
    try:
        content = read_file(Path(text), MAX_PEM_BYTES)
    except OSError as error:
        raise ValueError(text) from error
    if b"-----BEGIN " not in content:
        raise ValueError(text)
    return PemFile(Path(text), content)


def _user(text: str) -> tuple[str, str]:
    """Name and password; empty without a user."""
    name, colon, password = text.strip().partition(":")
    if text and not (name and colon and password and len(text) <= MAX_USER):
        raise ValueError
    return name, password


LOG: Final = Setting(
    "log",
    LOCAL,
    _log,
    f"{LOCAL} (the journal in the data directory) or {TAKES}",
    "where commands are committed",
    full_variable="MATCHER_LOG",
)
CA: Final = Setting(
    "log-ca",
    "",
    _pem,
    "a file of certificates (PEM)",
    "who signs the log servers' certificates; set, they are reached by TLS",
    full_variable="MATCHER_LOG_CA",
)
CERTIFICATE: Final = Setting(
    "log-cert",
    "",
    _pem,
    "a file with a certificate (PEM)",
    "shows the log servers who this is; it needs --log-key",
    full_variable="MATCHER_LOG_CERT",
)
KEY: Final = Setting(
    "log-key", "", _pem, "a file with a key (PEM)", "that of --log-cert", full_variable="MATCHER_LOG_KEY"
)
USER: Final = Setting(
    "log-user",
    "",
    _user,
    f"NAME:PASSWORD of at most {MAX_USER} characters",
    "the user of the log servers",
    secret=True,
    has_flag=False,
    from_file=True,
    full_variable="MATCHER_LOG_USER",
)
LOG_BUDGET: Final = Setting(
    "log-budget",
    str(DEFAULT_BUDGET),
    bounded(MIN_BUDGET, MAX_BUDGET),
    f"a number of bytes from {MIN_BUDGET} to {MAX_BUDGET}",
    "how much a replicated log may hold: at a quarter of it a snapshot is taken, at three quarters orders are refused",
    full_variable="MATCHER_LOG_BUDGET",
)

ACCESS_SETTINGS: Final = (CA, CERTIFICATE, KEY, USER)
"""What it takes to reach the log."""

REPLICATED_LOG: Final = (LOG, *ACCESS_SETTINGS, LOG_BUDGET)


def check_log(program: str, title: str, address: LogAddress) -> None:
    """End the process with one line where a log of that kind cannot be used here. `title` is the setting that names
    it."""
    fault = fault_here()
    if fault:
        end_with_line(program, f"{title}: {address}: {fault}")


def read_credentials(program: str, prefix: str, values: Mapping[str, Any]) -> Credentials:
    """What the values of ACCESS_SETTINGS stand for. Ends the process with one line where they do not fit each
    other."""
    ca, certificate, key = (values[setting.key] for setting in (CA, CERTIFICATE, KEY))
    for needed, file, setting, other in (
        (KEY, key, CERTIFICATE, certificate),
        (CERTIFICATE, certificate, KEY, key),
        (CA, ca, CERTIFICATE, certificate),
    ):
        if file is None and other is not None:
            end_with_line(program, f"{needed.title(prefix)}: takes {needed.takes}: {setting.title(prefix)} needs it")
    _check_pem(program, prefix, ca, certificate, key)
    name, password = values[USER.key]
    return Credentials(_content(ca), _content(certificate), _content(key), name, password)


def _content(file: PemFile | None) -> bytes | None:
    return None if file is None else file.content


def _check_pem(program: str, prefix: str, ca: PemFile | None, certificate: PemFile | None, key: PemFile | None) -> None:
    """End the process with one line if the files do not hold what they are to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        try:
            context.load_verify_locations(ca.path)
        except ssl.SSLError:
            end_with_line(program, f"{CA.title(prefix)}: {ca.path}: takes {CA.takes}")
    if certificate is not None and key is not None:
        try:
            # An empty password: a key that has one is refused, and nobody is asked for it.
            context.load_cert_chain(certificate.path, key.path, password="")
        except (ssl.SSLError, ValueError):
            end_with_line(
                program,
                f"{CERTIFICATE.title(prefix)} and {KEY.title(prefix)}: {certificate.path}, {key.path}: take a "
                "certificate and its key, without a password",
            )
