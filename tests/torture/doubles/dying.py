"""A matcher that is killed, by itself, as it takes in an order whose client_order_id begins with `die`."""

import os
import signal
import sys
from unittest.mock import patch

from matcher.__main__ import main
from matcher.engine import Engine
from protocol.commands import Command, PlaceOrder
from protocol.events import Event

_apply = Engine.apply


def apply(engine: Engine, sequence: int, time: int, command: Command) -> list[Event]:
    if isinstance(command, PlaceOrder) and (command.client_order_id or "").startswith("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    return _apply(engine, sequence, time, command)


if __name__ == "__main__":
    with patch.object(Engine, "apply", apply):
        sys.exit(main())
