"""A channel between an agent and the exchange, in one direction: when what is sent now arrives."""

from matching_exchange.sim.chance import Chance
from matching_exchange.sim.latency import Delay


class Wire:
    """Messages never overtake each other.

    fixed: the delay of each message; -1 if it is drawn.
    most: no delay is longer.
    """

    __slots__ = ("_chance", "_delay", "_last", "_seen", "fixed", "most")

    def __init__(self, delay: Delay, chance: Chance) -> None:
        constant = delay.constant
        self.fixed: int = -1 if constant is None else constant
        self.most: int = delay.most
        self._delay = delay
        self._chance = chance
        self._last = 0
        self._seen = 0

    def arrival(self, time: int) -> int:
        """When a message of that time arrives."""
        if self.fixed >= 0:
            return time + self.fixed
        arrives: int = time + self._delay.draw(self._chance)
        if arrives < self._last:
            return self._last
        self._last = arrives
        return arrives

    def sent_by(self, time: int) -> int:
        """The time whose messages have arrived by that time, for a reader who looks now."""
        if self.fixed >= 0:
            return time - self.fixed
        seen: int = time - self._delay.draw(self._chance)
        if seen < self._seen:
            return self._seen
        self._seen = seen
        return seen
