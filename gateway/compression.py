"""Static files in gzip, for clients that take it. A file is compressed once; the results are kept, within a bound."""

import gzip
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Scope

KEPT_BYTES: Final = 8 * 2**20
"""Bytes of compressed files that are kept at most. All pages together take about 1 MB."""

LEAST_BYTES: Final = 512
"""Smaller files are sent as they are: gzip has a head of its own."""

LEVEL: Final = 9
"""The best that gzip has: a file is compressed once, and sent often."""

COMPRESSED_TYPES: Final = ("text/", "application/javascript", "application/json", "image/svg+xml")


class Compressed:
    """The compressed contents of files, by path and etag."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}
        self._size = 0

    async def response(self, response: Response, scope: Scope) -> Response:
        """The same file in gzip if the client takes it and it gains; else the response as it is."""
        if not isinstance(response, FileResponse) or not response.headers["content-type"].startswith(COMPRESSED_TYPES):
            return response
        request = Headers(scope=scope)
        response.headers["vary"] = "accept-encoding"
        if not _takes_gzip(request) or "range" in request or int(response.headers["content-length"]) < LEAST_BYTES:
            return response
        etag = response.headers["etag"]
        key = (str(response.path), etag)
        content = self._kept.get(key)
        if content is None:
            content = await anyio.to_thread.run_sync(_compress, Path(response.path))
            self._keep(key, content)
        headers = {
            **{name: value for name, value in response.headers.items() if name != "accept-ranges"},
            "content-length": str(len(content)),
            "content-encoding": "gzip",
            # A weak one: the bytes differ from those of the file.
            "etag": f"W/{etag}",
        }
        return Response(b"" if scope["method"] == "HEAD" else content, headers=headers)

    def _keep(self, key: tuple[str, str], content: bytes) -> None:
        """Keep it in the place of the oldest ones, and of an earlier version of the file."""
        for other in [kept for kept in self._kept if kept[0] == key[0]]:
            self._size -= len(self._kept.pop(other))
        if len(content) > KEPT_BYTES:
            return
        self._kept[key] = content
        self._size += len(content)
        while self._size > KEPT_BYTES:
            self._size -= len(self._kept.pop(next(iter(self._kept))))


def _compress(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), LEVEL, mtime=0)


def _takes_gzip(request: Headers) -> bool:
    """Whether Accept-Encoding names gzip, and not with a weight of 0."""
    for part in request.get("accept-encoding", "").split(","):
        coding, _, weight = part.partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").rstrip("0.").lower() != "q="
    return False
