"""Small simulated markets, in which an agent is tried alone."""

from matching_exchange.sim.agents import Motion, Phase, World
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.instruments import instrument
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.latency import Constant, Latency
from matching_exchange.sim.market import Market
from matching_exchange.sim.simulation import Simulation
from matching_exchange.sim.strategy import Strategy
from protocol.units import Side

COIN = instrument("COIN-USD", "0.01", "0.01")
VALUE = 100_00
CALM = Phase(1_000, 10**6)


def still_world(price: str = "100") -> World:
    """One whose values never move. Its pace is calm."""
    motion = Motion(
        common=0, own=0, news=0, own_news=0, trend=0, opening=CALM, phases=(CALM,), moods=(1_000,), bursts=False
    )
    return World([(COIN, price)], "still", motion)


class Deep(Strategy):
    """Quotes so much at two prices that nobody moves them. `after`: when it begins, in nanoseconds."""

    def __init__(self, bid: str = "99.99", ask: str = "100.01", quantity: str = "10000", after: int = 0) -> None:
        self._quotes = (bid, ask, quantity)
        self._after = after

    def on_start(self, market: Market) -> None:
        market.wake_in(self._after)

    def on_wakeup(self, market: Market) -> None:
        bid, ask, quantity = self._quotes
        market.buy(quantity, bid)
        market.sell(quantity, ask)


class Taker(Strategy):
    """Sends market orders of one size at regular times: of the given sides, in turn."""

    def __init__(self, quantity: str, every: int, sides: tuple[Side, ...] = (Side.BUY, Side.SELL)) -> None:
        self._quantity = quantity
        self._every = every
        self._sides = sides
        self._sent = 0

    def on_start(self, market: Market) -> None:
        market.wake_in(self._every)

    def on_wakeup(self, market: Market) -> None:
        market.wake_in(self._every)
        side = self._sides[self._sent % len(self._sides)]
        self._sent += 1
        (market.buy if side is Side.BUY else market.sell)(self._quantity)


class Rows:
    """An agent's rows of a table of a record, a dictionary a row; its orders in the order in which it sent them."""

    def __init__(self, record: Record, agent: str, table: str = "orders") -> None:
        columns = getattr(record, table)
        number = record.agents.index(agent)
        every = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        self.rows: list[dict[str, int]] = [row for row in every if row["agent"] == number]
        if table == "orders":
            self.rows.sort(key=lambda row: row["number"])


def run(seconds: int, *agents: tuple[str, Strategy], seed: str = "1", delay: int = 0) -> Record:
    """The record of these agents together. `delay`: of each message, in nanoseconds."""
    simulation = Simulation([COIN], seed=seed)
    each_way = Constant(delay)
    for name, strategy in agents:
        simulation.add(strategy, name, latency=Latency(orders=each_way, reports=each_way, market_data=each_way))
    return simulation.run_record(seconds * SECOND)
