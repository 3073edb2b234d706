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
"""The limits to try, in this order. Billions make some libraries slow, and macOS may take only the smaller one."""

KEPT: Final = 32
"""Descriptors that stay above the soft limit of a process with `keep`, for its files."""

Opened = TypeVar("Opened")


def raise_limit(reserve: int, *, keep: bool = False) -> int:
    """Raise the soft limit towards the hard one as the system allows. With `keep`, stop KEPT below it. Returns the
    descriptors that connections may use if `reserve` stay free for other needs; at least one."""
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
