"""A matcher whose core crashes half-way through each order whose client_order_id begins with `crash`."""

import sys
from unittest.mock import patch

from matcher.__main__ import main
from matcher.engine import Engine
from protocol.commands import Command, PlaceOrder
from protocol.events import Event

_apply = Engine.apply


def apply(engine: Engine, sequence: int, time: int, command: Command) -> list[Event]:
    events = _apply(engine, sequence, time, command)
    if isinstance(command, PlaceOrder) and (command.client_order_id or "").startswith("crash"):
        raise RuntimeError("a defect of the core")
    return events


if __name__ == "__main__":
    with patch.object(Engine, "apply", apply):
        sys.exit(main())
