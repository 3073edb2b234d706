"""Poisson arrivals: what an agent does at random times."""

from typing import TYPE_CHECKING

from matching_exchange.sim.agents.amounts import at_least
from matching_exchange.sim.agents.world import MOST_PACE, USUAL

if TYPE_CHECKING:
    from matching_exchange.sim.agents.world import World
    from matching_exchange.sim.market import Market


class Arrivals:
    """Arrivals of one kind, independent of each other.

    mean: the time between two of them on average, in nanoseconds, while the market is calm; 0 for none at all.
    world: a livelier world has more of them; None: they keep their rate.
    most: the greatest pace that counts.
    """

    def __init__(self, mean: int, name: str, world: "World | None" = None, most: int = MOST_PACE) -> None:
        self.mean = at_least(0, mean, name)
        self._world = world
        # Draw those of the liveliest world, and leave some out while it is calmer.
        self._most = USUAL if world is None else most
        self._at = 0

    def begin(self, market: "Market") -> None:
        if self.mean:
            self._at = market.now
            self._draw(market)

    def come(self, market: "Market", symbol: str) -> bool:
        """Whether one has come; asked at each wakeup. The next wakeup is ordered."""
        if not self.mean or market.now < self._at:
            return False
        self._draw(market)
        if self._world is None:
            return True
        return market.random.between(1, self._most) <= self._world.pace(symbol, market.now)

    def _draw(self, market: "Market") -> None:
        self._at += market.random.exponential(self.mean * USUAL // self._most)
        market.wake_at(max(self._at, market.now))
