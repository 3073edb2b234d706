"""How many file descriptors this process may have open: every connection takes one."""

import errno
import sys
from collections.abc import Callable
from typing import Final, TypeVar

try:
    import resource
except ImportError:
    # Windows has no such limit.
    resource = None  # type: ignore[assignment]

WANTED: Final = (1_048_576, 10_240)
"""The limits that are asked for, one after the other: billions make some libraries slow, and macOS may take only the
smaller."""

KEPT: Final = 32
"""So many stay above the soft limit of a process that keeps some for its files."""

Opened = TypeVar("Opened")


def raise_limit(reserve: int, *, keep: bool = False) -> int:
    """Raise the soft limit towards the hard one, as far as the system allows it, up to KEPT below it with `keep`. How
    many descriptors connections may use while `reserve` more of them are left for what was not foreseen; at least
    one."""
    if resource is None:
        return sys.maxsize
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return sys.maxsize
    for wanted in (*WANTED, soft):
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        limit = max(limit, soft)
        if keep:
            limit = max(limit - KEPT, 1)
        if limit == soft:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        except (ValueError, OSError):
            continue
        soft = limit
        break
    return max(soft - reserve, 1)


def open_for_sure(make: Callable[[], Opened]) -> Opened:
    """What `make` opens. Where this process has no descriptor left, it may use those that are kept."""
    try:
        return make()
    except OSError as error:
        if error.errno != errno.EMFILE or resource is None:
            raise
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = soft + KEPT if hard == resource.RLIM_INFINITY else min(soft + KEPT, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    try:
        return make()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
