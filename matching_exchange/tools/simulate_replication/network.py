"""The network: messages that are late, lost or doubled, and links that are cut in one direction or both."""

from matching_exchange.tools.simulate_replication.weather import Weather
from matching_exchange.tools.simulate_replication.world import MS, Action, World


class Network:
    """Links between named ends. `cut` has those that carry nothing, as (from, to)."""

    def __init__(self, world: World, weather: Weather) -> None:
        self._world = world
        self.weather = weather
        self.cut: set[tuple[str, str]] = set()
        self.doubled = 0

    def send(self, source: str, target: str, action: Action) -> None:
        """Carry a message. What is under way when the link is cut arrives."""
        weather, world = self.weather, self._world
        if (source, target) in self.cut or world.chance(weather.loss):
            return
        world.after(self._delay(), action)
        if world.chance(weather.double):
            self.doubled += 1
            world.after(self._delay(), action)

    def _delay(self) -> int:
        world = self._world
        delay = world.between(100_000, 900_000)
        if world.chance(self.weather.slow):
            delay += world.between(0, world.random.choice((20, 300, 2500)) * MS)
        return delay
