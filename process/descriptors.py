"""How many file descriptors this process may have open: every connection takes one."""

import sys
from typing import Final

try:
    import resource
except ImportError:
    # Windows has no such limit.
    resource = None  # type: ignore[assignment]

WANTED: Final = (1_048_576, 10_240)
"""The limits that are asked for, one after the other: billions make some libraries slow, and macOS may take only the smaller."""


def raise_limit(reserve: int) -> int:
    """Raise the soft limit towards the hard one, as far as the system allows it. How many descriptors may be used while `reserve` of them
    are kept for files and for what was not foreseen; at least one."""
    if resource is None:
        return sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return sys.maxsize
    for wanted in WANTED:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if limit <= soft:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (ValueError, OSError):
            continue
        soft = limit
        break
    return max(soft - reserve, 1)
