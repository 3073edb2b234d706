"""Where an own order stands in the queue of a recorded level.

It begins behind all that the level shows. Trades at its price move it forward by their quantity. A level that shrinks
by more than what has traded tells that orders were canceled, not which ones: that is what a model says.
"""

from typing import Final

MOST_POWER: Final = 10


class QueueModel:
    """`power` is as in `Power`; 0 takes cancels from behind first."""

    def __init__(self, power: int) -> None:
        if not isinstance(power, int) or not 0 <= power <= MOST_POWER:
            raise ValueError(f"power takes a whole number from 1 to {MOST_POWER}, not {power!r}")
        self.power = power

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RiskAverse(QueueModel):
    """Cancels come from behind first. An order moves forward by trades, and where less is left than stood before it."""

    def __init__(self) -> None:
        super().__init__(0)


class Proportional(QueueModel):
    """Cancels come from before and behind an order in proportion to what stands there."""

    def __init__(self) -> None:
        super().__init__(1)


class Power(QueueModel):
    """The part before an order loses front^power / (front^power + back^power) of what is canceled, rounded down.

    A larger power takes more of it from the longer part.
    """

    def __init__(self, power: int) -> None:
        super().__init__(power)
        if not power:
            raise ValueError("power takes a whole number from 1 on; RiskAverse is the model of 0")

    def __repr__(self) -> str:
        return f"Power({self.power})"
