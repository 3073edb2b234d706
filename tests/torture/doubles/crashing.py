"""A matcher whose core crashes half-way through each order whose client_order_id begins with `crash`."""

import sys

from matcher.__main__ import main
from tests.torture.doubles.entering import on_entry


def crash() -> None:
    raise RuntimeError("a defect of the core")


if __name__ == "__main__":
    with on_entry("crash", crash):
        sys.exit(main())
