"""The agents of one market: those of the standard scenario, and of the demo."""

from decimal import Decimal
from typing import Final

from msgspec import Struct, structs

from matching_exchange.sim.agents.amounts import Sizes
from matching_exchange.sim.agents.market_maker import MarketMaker
from matching_exchange.sim.agents.takers import Large, Momentum, Noise, Value, Witness
from matching_exchange.sim.agents.world import World
from matching_exchange.sim.durations import MILLISECOND, SECOND
from matching_exchange.sim.kernel.values import as_decimal
from matching_exchange.sim.strategy import Strategy
from protocol.instrument import Instrument

UNIT_VALUE: Final = 3_000
"""The value of a typical quote, in whole quote currency. Quantities below are thousandths of its quantity."""

COARSE: Final = 40_000
"""A step of quoted prices is about this part of the price."""

THOUSAND: Final = 1_000

WITNESS: Final = "witness"
"""The agent that sends nothing."""


class Quoting(Struct, frozen=True):
    """How a maker quotes. quantity: at the best level. Other fields are parameters of MarketMaker."""

    quantity: int
    half_spread_bps: str
    follow: int
    requote: int
    skew_bps: str
    impact_bps: str
    growth: int
    levels: int = 10
    most_impact_bps: str = "6"
    noise_bps: str = "0"


NIMBLE: Final = Quoting(1_000, "0.6", 150 * MILLISECOND, 455 * MILLISECOND, "0.06", "0.12", 15, noise_bps="0.2")
LARGE: Final = Quoting(900, "1.1", 500 * MILLISECOND, 1_110 * MILLISECOND, "0.054", "0.108", 78)


class Cast(Struct, frozen=True):
    """Who trades.

    makers: how each of them quotes.
    value_every, momentum_every, noise_every, large_every: mean times between two of their orders, in nanoseconds; 0
        leaves the agent out.
    """

    makers: tuple[Quoting, ...] = (NIMBLE, LARGE)
    value_every: int = 1_670 * MILLISECOND
    momentum_every: int = 2 * SECOND
    noise_every: int = 1_400 * MILLISECOND
    large_every: int = 140 * SECOND


USUAL_CAST: Final = Cast()


def quote_step(instrument: Instrument, price: int) -> int:
    """The step of quoted prices, in the price unit: a power of ten of ticks, and about a 40,000th of the price."""
    step = instrument.tick_size
    while step * 10 * COARSE <= price:
        step *= 10
    return step


def unit_of(instrument: Instrument, price: int) -> int:
    """The quantity of a typical quote, in the quantity unit."""
    return max(instrument.lot_size, int(10**instrument.value_decimals) * UNIT_VALUE // price)


def members(
    instrument: Instrument, price: int, world: World, cast: Cast = USUAL_CAST, *, amends: bool
) -> list[tuple[str, Strategy]]:
    """The agents of one instrument by their names, in the order in which they begin.

    price: about where it trades, in the price unit.
    amends: whether makers move their quotes by amends.
    """
    symbol, sizes, unit = instrument.symbol, Sizes(instrument), unit_of(instrument, price)

    def quantity(thousandths: int) -> Decimal:
        return as_decimal(sizes.order(unit * thousandths // THOUSAND), instrument.quantity_decimals)

    found: list[tuple[str, Strategy]] = []
    for number, quoting in enumerate(cast.makers, 1):
        parameters = structs.asdict(quoting)
        parameters["quantity"] = quantity(quoting.quantity)
        found.append(
            (
                f"maker-{number}",
                MarketMaker(
                    **parameters, symbol=symbol, world=world, step=quote_step(instrument, price), amends=amends
                ),
            )
        )
    if cast.value_every:
        found.append(("value", Value(world, symbol=symbol, quantity=quantity(700), every=cast.value_every)))
    if cast.momentum_every:
        momentum = Momentum(
            symbol=symbol,
            quantity=quantity(1_200),
            every=cast.momentum_every,
            stops_every=8 * cast.momentum_every,
            world=world,
        )
        found.append(("trend", momentum))
    if cast.noise_every:
        noise = Noise(
            symbol=symbol,
            quantity=quantity(100),
            largest=quantity(40_000),
            every=cast.noise_every,
            leave_every=cast.noise_every * 6 // 5,
            again=72,
            first_after=800 * MILLISECOND,
            world=world,
        )
        found.append(("noise", noise))
    if cast.large_every:
        large = Large(symbol=symbol, quantity=quantity(4_000), every=cast.large_every, world=world)
        found.append(("large", large))
    found.append((WITNESS, Witness(world, symbol=symbol, quantity=quantity(THOUSAND))))
    return found
