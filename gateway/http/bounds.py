"""The largest request, and the longest times of a connection."""

from typing import Final

from msgspec import Struct

MAX_BODY_BYTES: Final = 64 * 1024
"""The largest body of a request."""

MAX_HEAD_BYTES: Final = 64 * 1024
"""The largest request line; also the bound of the head and the trailers of a request together."""

RETRY_AFTER_SECONDS: Final = 1
"""Time after which a caller may try again."""


class Bounds(Struct, frozen=True):
    """The bounds of one connection. All but `descriptors` are seconds.

    descriptors: the most that this process may use.
    request: from the first byte of a request to its last; also from the connection to its first byte.
    idle: from an answer to the next request.
    linger: for the peer to read why its request was refused.
    """

    descriptors: int
    request: float = 30.0
    idle: float = 60.0
    linger: float = 2.0
