"""Whether a log in etcd can be used on this machine. Loads nothing of its client: settings ask it."""

import sys
from importlib.util import find_spec
from typing import Final

LIBRARIES: Final = ("grpc", "google.protobuf")


def fault_here() -> str:
    """Why no log in etcd can be used here, in one line; empty if one can."""
    if sys.platform != "linux":
        return "a log in etcd takes Linux"
    if any(_missing(library) for library in LIBRARIES):
        return "its client is missing: install matching-exchange[cluster]"
    return ""


def _missing(library: str) -> bool:
    try:
        return find_spec(library) is None
    except ModuleNotFoundError:
        return True
