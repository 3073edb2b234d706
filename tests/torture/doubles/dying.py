"""A matcher that is killed, by itself, as it takes in an order whose client_order_id begins with `die`."""

import os
import signal
import sys

from matcher.__main__ import main
from tests.torture.doubles.entering import on_entry


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with on_entry("die", die):
        sys.exit(main())
