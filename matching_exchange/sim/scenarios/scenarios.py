"""Markets to trade in: each function sets up a simulation with its agents. Strategies join it last, in their order.

All trade BTC-USDT around 60,000, in whole dollars, without fees and without latency. The same seed gives the same
market. `measure_all`: whether the record has the orders and fills of the scenario's own agents too.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import structs

from matching_exchange.sim.agents.execution import TWAP
from matching_exchange.sim.agents.world import CALM, USUAL_MOTION, Motion, Phase, World
from matching_exchange.sim.durations import MILLISECOND, MINUTE, SECOND
from matching_exchange.sim.instruments import instrument
from matching_exchange.sim.scenarios.cast import LARGE, NIMBLE, USUAL_CAST, Cast, members
from matching_exchange.sim.simulation import Simulation
from matching_exchange.sim.strategy import Strategy
from protocol.units import Side

STANDARD: Final = instrument("BTC-USDT", "1", "0.00001")
"""The instrument of all scenarios."""

PRICE: Final = 60_000
"""The price around which it trades."""

HOUR_STEPS: Final = 36_000
"""Steps of a world in an hour."""

CRASH_AT: Final = 10 * MINUTE
CRASH_LASTS: Final = 90 * SECOND
CRASH_QUANTITY: Final = Decimal(120)
"""What is sold in a flash crash: seven million dollars, more than the books hold."""

RUSH: Final = Phase(6_000, 300)
"""How lively the market is after an opening, and for how many seconds."""


def calm(seed: int | str = 0, strategies: Sequence[Strategy] = (), *, measure_all: bool = False) -> Simulation:
    """The standard scenario: two makers, a value trader, a trend follower, noise, and large orders in parts.

    The spread is about 8 dollars. About a hundred orders a minute take; a typical move of an hour is 1 %. Lively and
    thin minutes follow each other, in lively and quiet quarters of an hour; news comes every ten minutes or so.
    """
    return _set_up(seed, strategies, measure_all=measure_all)


def trend(
    seed: int | str = 0,
    strategies: Sequence[Strategy] = (),
    *,
    drift_bps: int = 200,
    measure_all: bool = False,
) -> Simulation:
    """As calm, but the value moves by `drift_bps` basis points in an hour: up, or down if it is negative."""
    drift = drift_bps * 100_000 // HOUR_STEPS
    motion = structs.replace(USUAL_MOTION, drift=drift, back=10**9)
    return _set_up(seed, strategies, motion, measure_all=measure_all)


def thin_book(seed: int | str = 0, strategies: Sequence[Strategy] = (), *, measure_all: bool = False) -> Simulation:
    """One maker with a tenth of the usual quantity and six times the usual spread; the others as in calm.

    The spread is about 50 dollars. The same market orders move the price further; now and then a side is empty.
    """
    maker = structs.replace(NIMBLE, quantity=100, half_spread_bps="3.6", requote=900 * MILLISECOND, levels=5)
    return _set_up(seed, strategies, cast=structs.replace(USUAL_CAST, makers=(maker,)), measure_all=measure_all)


def opening_rush(seed: int | str = 0, strategies: Sequence[Strategy] = (), *, measure_all: bool = False) -> Simulation:
    """The first minutes after an opening.

    For five minutes it has two to four times the usual trades, and moves more. Then it is calm.
    """
    motion = structs.replace(USUAL_MOTION, opening=RUSH, opening_fixed=True, phases=(CALM,), moods=(1_000,))
    return _set_up(seed, strategies, motion, measure_all=measure_all)


def flash_crash(seed: int | str = 0, strategies: Sequence[Strategy] = (), *, measure_all: bool = False) -> Simulation:
    """Somebody sells up to 120 BTC in 90 seconds from minute 10 on, at any price.

    Makers take prices from trades here, and the value trader comes rarely. So the price falls by 2 to 4 % within a
    minute. The value has not changed: five minutes later the price is back, within 1 % of it.
    """
    makers = tuple(
        structs.replace(quoting, follow=3 * MINUTE, impact_bps="0.6", most_impact_bps="15")
        for quoting in (NIMBLE, LARGE)
    )
    cast = structs.replace(USUAL_CAST, makers=makers, value_every=8 * SECOND)
    simulation = _set_up(seed, (), cast=cast, measure_all=measure_all)
    seller = TWAP(Side.SELL, CRASH_QUANTITY, CRASH_LASTS, start=CRASH_AT, every=SECOND, finish=False)
    simulation.add(seller, "seller", measure=measure_all)
    for strategy in strategies:
        simulation.add(strategy)
    return simulation


SCENARIOS: Final[Mapping[str, Callable[..., Simulation]]] = {
    "calm": calm,
    "trend": trend,
    "flash_crash": flash_crash,
    "thin_book": thin_book,
    "opening_rush": opening_rush,
}


def scenario(
    name: str, *, seed: int | str = 0, strategies: Sequence[Strategy] = (), measure_all: bool = False
) -> Simulation:
    """The scenario of this name. Raises ValueError if there is none."""
    if name not in SCENARIOS:
        raise ValueError(f"name takes one of {', '.join(SCENARIOS)}, not {name!r}")
    return SCENARIOS[name](seed, strategies, measure_all=measure_all)


def _set_up(
    seed: int | str,
    strategies: Sequence[Strategy],
    motion: Motion = USUAL_MOTION,
    cast: Cast = USUAL_CAST,
    *,
    measure_all: bool,
) -> Simulation:
    simulation = Simulation([STANDARD], seed=seed)
    world = World([(STANDARD, PRICE)], f"{seed}/world", motion)
    price = PRICE * 10**STANDARD.price_decimals
    for name, strategy in members(STANDARD, price, world, cast, amends=False):
        simulation.add(strategy, name, measure=measure_all)
    for strategy in strategies:
        simulation.add(strategy)
    return simulation
