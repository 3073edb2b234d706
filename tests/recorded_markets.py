"""Recorded markets of tests: sources from steps, and played without any agent."""

from collections.abc import Sequence
from pathlib import Path

from matching_exchange.recordings import Source
from matching_exchange.recordings.recording import LevelStep, Step
from matching_exchange.recordings.source import Extent, instrument_of
from matching_exchange.sim.backtest.flows import LevelFlow, OrderFlow
from matching_exchange.sim.kernel.shadow import ShadowVenue
from matching_exchange.sim.kernel.shadowed_levels import ShadowedLevels
from matching_exchange.sim.kernel.values import Levels
from matching_exchange.sim.kernel.venue import EngineVenue
from protocol.commands import SetInstrument

DATA = Path(__file__).parents[2] / "shared" / "data"

ALL = 100_000


def source_of(steps: Sequence[Step | LevelStep], *, by_level: bool = False) -> Source:
    """A market of ABC-USD in whole units."""
    return Source(
        format="test",
        symbol="ABC-USD",
        base="ABC",
        quote="USD",
        price_decimals=0,
        quantity_decimals=0,
        steps=lambda: iter(steps),
        by_level=by_level,
        extent=Extent(1, 1_000, 1_000),
    )


def play_orders(source: Source) -> tuple[OrderFlow, Levels, Levels]:
    """The flow at its end, and the levels that are left: bids and asks."""
    venue = EngineVenue()
    venue.apply(0, SetInstrument.of(instrument_of(source)))
    flow = OrderFlow(source, venue)
    flow.begin(venue)
    while (time := flow.next_time()) is not None:
        flow.play(time)
    return (flow, *venue.top(source.symbol, ALL))


def play_levels(source: Source) -> tuple[LevelFlow, Levels, Levels]:
    """As `play_orders`, of a recording of levels."""
    book = ShadowedLevels(0)
    venue = ShadowVenue({source.symbol: book})
    venue.apply(0, SetInstrument.of(instrument_of(source)))
    flow = LevelFlow(source, book, venue)
    while (time := flow.next_time()) is not None:
        flow.play(time)
    return (flow, *book.top(ALL))
