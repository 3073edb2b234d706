"""Where an exchange is, who calls it, and what one attempt of a call sends. It does no input or output."""

import os
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from matching_exchange.client.call import Access, Call
from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.proofs import Bearer, KeyInput, NoProof, Proof, proof_of

URL_VARIABLE: Final = "EXCHANGE_URL"
KEY_VARIABLE: Final = "EXCHANGE_KEY"
ADMIN_TOKEN_VARIABLE: Final = "EXCHANGE_ADMIN_TOKEN"  # noqa: S105
"""Where the clients look for what is not given."""

DEFAULT_URL: Final = "http://127.0.0.1:8000"

TIMEOUT: Final = 30.0
"""Seconds that a call may take with all its attempts."""

FIRST_SECONDS: Final = 5.0
"""Seconds in which the first connection of a client must stand: a wrong address shall not take the time of a call."""

KEEP_ALIVE_SECONDS: Final = 30.0
"""An idle connection is closed after this time: before the exchange does so, at 60."""

_JSON: Final = {"content-type": "application/json"}


class Request(Struct, frozen=True):
    """What one attempt sends."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None


class Connection:
    """url, key, admin_token: None is the environment's, else the default.

    account: of calls that name none; None where the key's, or `default`, is meant.
    """

    def __init__(self, url: str | None, key: KeyInput | None, admin_token: str | None, account: str | None) -> None:
        self.url = _checked(url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)
        key = key or os.environ.get(KEY_VARIABLE) or None
        token = admin_token or os.environ.get(ADMIN_TOKEN_VARIABLE) or None
        self._proofs: dict[Access, Proof] = {
            Access.PUBLIC: NoProof(),
            Access.ACCOUNT: proof_of(key),
            Access.ADMIN: NoProof() if token is None else Bearer(token, "admin_token"),
        }
        self.account = account
        """The account, once it is known."""
        self.is_known = False
        """Whether an exchange has ever answered at the address."""

    @property
    def has_key(self) -> bool:
        return not isinstance(self._proofs[Access.ACCOUNT], NoProof)

    def seconds_to_connect(self, timeout: float) -> float:
        """How long a call, or a stream, may look for the exchange."""
        return timeout if self.is_known else min(timeout, FIRST_SECONDS)

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https:")

    def request(self, call: Call[Any]) -> Request:
        """What the next attempt of the call sends. A signature is made anew for each."""
        path, query = call.target(self.account)
        content = call.content(self.account)
        proved, query = self._proofs[call.access].proved(query, content or b"")
        headers = {**proved} if content is None else {**_JSON, **proved}
        return Request(call.method, f"{self.url}{path}?{query}" if query else f"{self.url}{path}", headers, content)

    def stream(self, path: str, query: list[tuple[str, str]], access: Access) -> tuple[str, dict[str, str]]:
        """The URL and the headers of a WebSocket."""
        headers, text = self._proofs[access].proved(urlencode(query), b"")
        return f"ws{self.url.removeprefix('http')}{path}?{text}", dict(headers)

    def __repr__(self) -> str:
        return f"url={self.url!r}, account={self.account!r}"


def _checked(url: str) -> str:
    """The URL without a slash at its end. InvalidValue where it is none of HTTP."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
        raise InvalidValue('url takes an address such as "http://127.0.0.1:8000".', "url")
    if parts.username is not None or parts.password is not None:
        raise InvalidValue("url takes no user and no password; give a key.", "url")
    # As httpx reads it: the scheme in small letters, by which certificates are verified.
    return parts.geturl().rstrip("/")
