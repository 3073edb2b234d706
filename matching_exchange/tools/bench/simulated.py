"""python -m matching_exchange.tools.bench.simulated NAME ORDERS SEED [TAPE]: a simulation of about so many orders.

Writes its commands to the tape. That takes the interpreted core, since it looks into the venue.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from matching_exchange.sim import Constant, Latency, Simulation, Strategy, instrument, us
from matching_exchange.sim.kernel.venue import EngineVenue
from matching_exchange.tools.bench.simulated_agents import crowd, four_agents
from matching_exchange.tools.bench.simulated_tape import ORDERS, Simulated, Stamped, write_simulated
from protocol.commands import OwnCommand
from protocol.events import Event

SECOND: Final = 1_000_000_000

KINDS: Final[dict[str, tuple[Callable[[], list[Strategy]], int]]] = {
    "four agents": (four_agents, SECOND // 290),
    "crowd": (crowd, SECOND * 10 // 27),
}
"""By name: the agents, and the market time that about one order takes."""

LATENCY: Final = Latency(orders=Constant(us(200)), reports=Constant(us(200)), market_data=Constant(us(300)))


def measure(name: str, orders: int, seed: int, tape: Path | None = None) -> Simulated:
    agents, pace = KINDS[name]
    venue = EngineVenue()
    simulation = Simulation([instrument("BTC-USDT", "0.01", "0.001")], seed=seed, venue=venue)
    for agent in agents():
        simulation.add(agent, latency=LATENCY)
    stamped: list[Stamped] = []
    if tape is not None:
        keep(venue, stamped)
    session = simulation.begin()
    started = time.process_time()
    session.run_until(simulation.start + orders * pace)
    record = session.finish()
    seconds = time.process_time() - started
    if tape is not None:
        write_simulated(tape, stamped)
    counts = Counter(type(command).__name__ for _, command in stamped if type(command) in ORDERS)
    return Simulated(record.counts["commands"], seconds, record.venue_digest, dict(counts))


def keep(venue: EngineVenue, stamped: list[Stamped]) -> None:
    """Note each command of the venue."""
    apply = venue.apply

    def apply_noted(time: int, command: OwnCommand) -> list[Event]:
        stamped.append((time, command))
        return apply(time, command)

    venue.apply = apply_noted  # type: ignore[method-assign]


if __name__ == "__main__":
    name, orders, seed, *tape = sys.argv[1:]
    print(msgspec.json.encode(measure(name, int(orders), int(seed), Path(tape[0]) if tape else None)).decode())
