"""The states of an agent's order."""

from enum import IntEnum


class OrderState(IntEnum):
    SENT = 1
    PENDING = 2
    OPEN = 3
    FILLED = 4
    CANCELED = 5
    REJECTED = 6
    REFUSED = 7
