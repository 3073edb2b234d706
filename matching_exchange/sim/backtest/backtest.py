"""A backtest: strategies in recorded markets."""

from collections.abc import Mapping, Sequence
from typing import Final

from matching_exchange.recordings.source import Source, instrument_of, surveyed
from matching_exchange.sim.backtest.flows import BacktestError, LevelFlow, OrderFlow
from matching_exchange.sim.backtest.queue_models import QueueModel, RiskAverse
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.kernel.shadow import ACCOUNT, ShadowVenue
from matching_exchange.sim.kernel.shadowed import ShadowedBook, ShadowedOrders
from matching_exchange.sim.kernel.shadowed_levels import ShadowedLevels
from matching_exchange.sim.kernel.venue import EngineVenue, Venue
from matching_exchange.sim.latency import Latency
from matching_exchange.sim.order_entry import Number
from matching_exchange.sim.result.result import Result
from matching_exchange.sim.simulation import QUOTE_EVERY, Simulation
from matching_exchange.sim.strategy import Strategy
from protocol.instrument import Instrument

__all__ = ["Backtest", "BacktestError"]

DEFAULT_MODEL: Final = RiskAverse()


class Backtest:
    """Let strategies trade in recorded markets.

    recording: what a reader of `matching_exchange.recordings` has made; several for several symbols.
    impact: whether recorded orders and own ones meet in one engine. Else the recorded market goes on as it did, and own
        orders stand beside it. Unless given, orders have impact and levels have none; levels cannot have any.
    queue_model: how own orders move in the queues of recorded levels.
    maker_fee_bps, taker_fee_bps: of own trades, in basis points.
    instruments: others than the recordings give, by symbol. Their decimals are those of the recording.
    latency, balances, name: of `strategy`. `add` takes more strategies.
    seed, record_trades, quote_every: as in `Simulation`.

    Raises BacktestError, and RecordingError where a file cannot be read.
    """

    def __init__(
        self,
        recording: Source | Sequence[Source],
        strategy: Strategy | None = None,
        *,
        latency: Latency | None = None,
        impact: bool | None = None,
        balances: Mapping[str, Number] | None = None,
        name: str | None = None,
        queue_model: QueueModel = DEFAULT_MODEL,
        maker_fee_bps: int = 0,
        taker_fee_bps: int = 0,
        instruments: Mapping[str, Instrument] | None = None,
        seed: int | str = 0,
        record_trades: bool = True,
        quote_every: int = QUOTE_EVERY,
    ) -> None:
        sources = [recording] if isinstance(recording, Source) else list(recording)
        if not sources:
            raise BacktestError("recording takes at least one")
        by_level = any(source.by_level for source in sources)
        self.impact = (not by_level) if impact is None else impact
        if self.impact and by_level:
            raise BacktestError("impact=True takes recordings of orders: nobody knows the orders of a level")
        given = instruments or {}
        made = [
            _checked(source, given[source.symbol], beside=not self.impact)
            if source.symbol in given
            else instrument_of(source, maker_fee_bps=maker_fee_bps, taker_fee_bps=taker_fee_bps)
            for source in sources
        ]
        self._flows: list[OrderFlow | LevelFlow] = []
        self.venue = self._with_impact(sources) if self.impact else self._beside(sources, queue_model)
        starts = [time for flow in self._flows if (time := flow.next_time()) is not None]
        if not starts:
            raise BacktestError("recording takes one with at least one order or level")
        self.start: int = min(starts)
        for flow in self._flows:
            flow.start = self.start
        self.simulation = Simulation(
            made, seed=seed, start=self.start, venue=self.venue, record_trades=record_trades, quote_every=quote_every
        )
        for flow in self._flows:
            self.simulation.add_flow(flow)
        if strategy is not None:
            self.add(strategy, name, latency=latency, balances=balances)

    def add(
        self,
        strategy: Strategy,
        name: str | None = None,
        *,
        latency: Latency | None = None,
        balances: Mapping[str, Number] | None = None,
        measure: bool = True,
    ) -> Strategy:
        """As `Simulation.add`. The recorded market has a name of its own. Raises BacktestError."""
        if name == ACCOUNT:
            raise BacktestError(f"name takes another one than {ACCOUNT!r}, which the recorded market has")
        return self.simulation.add(strategy, name, latency=latency, balances=balances, measure=measure)

    def run(self, duration: int | None = None) -> Result:
        """Run to the end of the recording, or so long, in nanoseconds of its time."""
        return Result(self.run_record(duration))

    def run_record(self, duration: int | None = None) -> Record:
        """Run to the end of the recording, or so long. Returns the record."""
        session = self.simulation.begin()
        end = None if duration is None else self.start + duration
        while True:
            horizons = [time for flow in self._flows if (time := flow.horizon()) is not None]
            if not horizons:
                break
            horizon = min(horizons)
            if end is not None and horizon >= end:
                break
            session.run_until(horizon)
        if end is not None:
            session.run_until(end)
        return session.finish()

    def _with_impact(self, sources: list[Source]) -> Venue:
        venue = EngineVenue()
        # Ids of two recordings may be the same.
        self._flows += [
            OrderFlow(source, venue, prefix=f"{number}." if number else "") for number, source in enumerate(sources)
        ]
        return venue

    def _beside(self, sources: list[Source], model: QueueModel) -> Venue:
        books: dict[str, ShadowedBook] = {}
        venue = ShadowVenue(books)
        for source in sources:
            if source.by_level:
                levels = ShadowedLevels(model.power, trades_follow=source.trades_follow)
                books[source.symbol] = levels
                self._flows.append(LevelFlow(source, levels, venue))
            else:
                orders = ShadowedOrders(source.symbol)
                books[source.symbol] = orders
                self._flows.append(OrderFlow(source, orders.venue, venue))
        return venue


def _checked(source: Source, instrument: Instrument, *, beside: bool) -> Instrument:
    decimals = (instrument.price_decimals, instrument.quantity_decimals)
    needed = (source.price_decimals, source.quantity_decimals)
    if instrument.symbol != source.symbol or decimals != needed:
        raise BacktestError(
            f"instruments: {source.symbol} takes {needed[0]} decimals of the price and {needed[1]} of the quantity, as "
            "its recording has them"
        )
    least = instrument.min_quantity <= source.lot_size and source.lot_size % instrument.lot_size == 0
    if beside and (not least or instrument.min_notional):
        # What is left of a recorded order or trade would be refused, and fill nothing.
        raise BacktestError(
            f"instruments: {source.symbol} takes min_quantity and lot_size of at most {source.lot_size} units, and no "
            "min_notional, without impact: an own order trades with any part of what was recorded"
        )
    if source.by_level:
        extent = surveyed(source).extent
        assert extent is not None, "the survey tells it"
        if extent.tick_size % instrument.tick_size:
            raise BacktestError(f"instruments: {source.symbol} takes a tick_size that divides {extent.tick_size} units")
    return instrument
