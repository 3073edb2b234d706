"""The server key: 32 random bytes in a file. Secrets of HMAC keys are derived from it, and stored nowhere."""

import hmac
import os
import secrets
import stat
import string
from contextlib import suppress
from pathlib import Path
from typing import Final

from matching_exchange.process.files import OTHERS, make_directory, open_private, read_file, sync_directory, sync_file

KEY_BYTES: Final = 32

SECRET_LENGTH: Final = 64
KEY_LENGTH: Final = 64
LISTEN_KEY_LENGTH: Final = 60
CHECK_LENGTH: Final = 16
"""In characters."""

ALPHABET: Final = string.ascii_letters + string.digits

_FAIR: Final = 256 // len(ALPHABET) * len(ALPHABET)
_LETTERS: Final = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
_UNFAIR: Final = bytes(range(_FAIR, 256))
"""Bytes that would make some letters likelier than others."""

NOBODYS: Final = secrets.token_bytes(KEY_BYTES)
"""In place of a server key that is not there: as much work, and no secret fits."""


class KeyFileError(Exception):
    """The server key cannot be had. The message is one line that names the setting."""


def new_key_id() -> str:
    """The id of a new API key."""
    return "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))


def derive_secret(server_key: bytes, key: str, generation: int) -> str:
    """The secret of an HMAC key: 64 letters and digits."""
    text = f"secret{key}" + (f".{generation}" if generation else "")
    return _derived(server_key, text, SECRET_LENGTH)


def derive_listen_key(server_key: bytes, key: str, generation: int) -> str:
    """What names the events of a key's account to whoever knows it: 60 letters and digits."""
    return _derived(server_key, f"listen{key}.{generation}", LISTEN_KEY_LENGTH)


def _derived(server_key: bytes, text: str, length: int) -> str:
    """So many letters and digits, which nobody knows without the server key."""
    found, block = b"", 0
    while len(found) < length:
        found += hmac.digest(server_key, f"{text}/{block}".encode(), "sha256").translate(_LETTERS, _UNFAIR)
        block += 1
    return found[:length].decode()


def check_of(server_key: bytes) -> str:
    """What tells one server key from another, and gives neither away."""
    return hmac.digest(server_key, b"check", "sha256").hex()[:CHECK_LENGTH]


class ServerKey:
    """`path` is that of the setting; empty for none."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._known: bytes | None = None

    def get(self) -> bytes | None:
        """The key, if its file is there. KeyFileError where the file cannot be read, or holds something else."""
        if self._known is None and self._path is not None:
            try:
                self._known = self._read(self._path)
            except FileNotFoundError:
                return None
        return self._known

    def get_or_nobodys(self) -> bytes:
        """The key, or one that no secret comes from."""
        with suppress(KeyFileError):
            return self.get() or NOBODYS
        return NOBODYS

    def get_or_make(self, *, may_make: bool) -> bytes:
        """The key. Makes the file if it is not there and may be made. KeyFileError where there is none then."""
        found = self.get()
        if found is not None:
            return found
        if self._path is None:
            raise KeyFileError("An HMAC key needs GATEWAY_KEY_FILE, the file of the server key: set it.")
        if not may_make:
            raise KeyFileError(
                f"GATEWAY_KEY_FILE: {self._path} is missing, and HMAC keys were made with it: bring it back, or revoke "
                "these keys first."
            )
        try:
            _make(self._path)
        except OSError as error:
            raise KeyFileError(f"GATEWAY_KEY_FILE: {self._path} cannot be made: {error.strerror}.") from error
        self._known = self._read(self._path)
        return self._known

    @staticmethod
    def _read(path: Path) -> bytes:
        try:
            if stat.S_IMODE(path.stat().st_mode) & OTHERS:
                raise KeyFileError(f"GATEWAY_KEY_FILE: {path}: other users may read it: chmod 600 ends that.")
            content = read_file(path, KEY_BYTES)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise KeyFileError(f"GATEWAY_KEY_FILE: {path} cannot be read: {error.strerror}.") from error
        if len(content) != KEY_BYTES:
            raise KeyFileError(f"GATEWAY_KEY_FILE: {path} holds {len(content)} bytes: takes {KEY_BYTES}.")
        return content


def _make(path: Path) -> None:
    """Make the file, whole or not at all. Of several that make it at once, the first one wins."""
    make_directory(path.parent)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    try:
        with open(temporary, "wb", opener=open_private) as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            sync_file(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)
