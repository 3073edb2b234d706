"""The public number of a session. Reports carry it, and their topic does; frames to the matcher carry the secret id.

Who hears the whole reports port learns public numbers. No secret id can be made of one.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final

PREFIX: Final = b"matching-exchange session\0"
"""Hashed before the id, so that no other hash of the same id is a public number."""

KEPT: Final = 4_096
"""Numbers that are kept, of the sessions that were used last: some for each session that a matcher knows."""


@lru_cache(KEPT)
def public_number(session: int) -> int:
    """The first 63 bits of the SHA-256 of PREFIX and the id's eight bytes, the highest first. The id has 63 bits."""
    return int.from_bytes(sha256(PREFIX + session.to_bytes(8, "big")).digest()[:8], "big") >> 1
