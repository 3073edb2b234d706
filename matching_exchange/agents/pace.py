"""How lively a market is: phases of minutes for all instruments, and bursts of seconds for each one."""

from typing import Final

from msgspec import Struct

from matching_exchange.agents.chance import MILLION, Chance
from matching_exchange.agents.seen import STEPS_PER_SECOND, USUAL


class Phase(Struct, frozen=True):
    """pace: where it leads. seconds: how long it lasts, on average."""

    pace: int
    seconds: int


CALM: Final = Phase(USUAL, 150)
THIN: Final = Phase(300, 80)
BUSY: Final = Phase(2_600, 45)
PHASES: Final = (CALM, CALM, THIN, THIN, BUSY)
"""One of these comes next."""

OPENING: Final = Phase(2_000, 20)
"""The first one."""

INERTIA: Final = 30
"""Steps in which most of the way to the phase's pace is made."""

FADE: Final = 60
"""Steps in which most of a burst is over."""

PER_UNIT: Final = 60
PER_TRADE: Final = 500
"""What a trade of one unit adds to a burst, and a trade at most."""

MOST: Final = 5_000
"""The strongest burst."""


class Pace:
    """The phases that all instruments share."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._phase = OPENING
        self._times_thousand = OPENING.pace * 1_000

    @property
    def now(self) -> int:
        return self._times_thousand // 1_000

    def step(self) -> None:
        if self._chance.happens(MILLION // (self._phase.seconds * STEPS_PER_SECOND)):
            self._phase = PHASES[self._chance.between(0, len(PHASES) - 1)]
        self._times_thousand += (self._phase.pace * 1_000 - self._times_thousand) // INERTIA

    def wake(self) -> None:
        """News has come."""
        self._phase = BUSY


class Burst:
    """What the trades of one instrument add to its pace: they bring more trades, and fade."""

    def __init__(self) -> None:
        self._times_thousand = 0

    @property
    def now(self) -> int:
        return self._times_thousand // 1_000

    def step(self) -> None:
        self._times_thousand -= self._times_thousand // FADE

    def traded(self, quantity: int, unit: int) -> None:
        added = min(PER_TRADE, PER_UNIT * quantity // unit)
        self._times_thousand = min(MOST * 1_000, self._times_thousand + added * 1_000)
