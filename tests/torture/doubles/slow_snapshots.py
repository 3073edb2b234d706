"""A matcher whose snapshots are never finished: the child that writes one stops half-way, for good."""

import signal
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from matcher.__main__ import main
from matcher.state import State
from matcher.storage import snapshot

_parts = snapshot._parts


def parts(state: State) -> Iterator[Any]:
    yield from _parts(state)
    signal.pause()


if __name__ == "__main__":
    with patch.object(snapshot, "_parts", parts):
        sys.exit(main())
