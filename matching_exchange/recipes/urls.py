"""URLs of a client: all of them name this exchange, or the client is not to start."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

_URL: Final = re.compile(r"^(https?|wss?)://[^/?#]*", re.IGNORECASE)
_SUB_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")

_NO_SUB_PATHS: Final = ("api", "v3", "ws", "ws-api", "stream")
"""Ends of the dialect's own URLs, which a client adds itself."""


class ClientConfigError(ValueError):
    """A configuration that would not reach this exchange, or not this exchange alone. Its text is one line."""


def parts_of(url: str) -> tuple[str, bool]:
    """Host and port as a URL writes them, with the sub-path of the gateway, and whether it is encrypted. Raises
    ClientConfigError."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_good = False
    path = parts.path.rstrip("/") if is_good else ""
    if (
        not is_good
        or not _SUB_PATH.fullmatch(parts.path)
        or path.rpartition("/")[2] in _NO_SUB_PATHS
        or parts.query
        or parts.fragment
    ):
        raise ClientConfigError(
            f"url: {url!r}: takes the gateway's URL such as http://127.0.0.1:8000, without a path but its root path"
        )
    return parts.netloc + path, parts.scheme == "https"


def rewritten(value: Any, url: str) -> Any:
    """The same with every URL in it, however deep in dicts and lists, naming the exchange at `url`; paths stay."""
    host, encrypted = parts_of(url)
    end = "s" if encrypted else ""

    def replace(match: re.Match[str]) -> str:
        kind = "ws" if match[1].lower().startswith("ws") else "http"
        return f"{kind}{end}://{host}"

    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: walk(each) for name, each in part.items()}
        if isinstance(part, (list, tuple)):
            return [walk(each) for each in part]
        return _URL.sub(replace, part) if isinstance(part, str) else part

    return walk(value)


def refuse_other_hosts(value: Any, url: str, name: str = "") -> None:
    """Raise ClientConfigError where a URL in it, however deep, names another host or port than `url`."""
    host = parts_of(url)[0].partition("/")[0]
    if isinstance(value, dict):
        for key, each in value.items():
            refuse_other_hosts(each, url, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for place, each in enumerate(value):
            refuse_other_hosts(each, url, f"{name}[{place}]")
    elif isinstance(value, str) and "://" in value and urlsplit(value).netloc != host:
        raise ClientConfigError(f"{name}: names {urlsplit(value).netloc}, which is not {host}")
