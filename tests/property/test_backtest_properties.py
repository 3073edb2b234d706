"""Random agents in a made-up recording: what holds for every backtest without impact, and with it."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from matching_exchange import sim
from matching_exchange.recordings import Source, read_bitstamp
from matching_exchange.recordings.recording import Levels, LevelStep, LevelTrade, Place, Step
from matching_exchange.recordings.source import survey
from matching_exchange.recordings.synthetic import text_of
from matching_exchange.sim.backtest import Backtest, Power, Proportional, QueueModel, RiskAverse
from matching_exchange.sim.kernel.ticket import Ticket
from protocol.units import Side
from tests.recorded_markets import source_of

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.venue import Venue

MINUTES: Final = 2
LOOK_EVERY: Final = sim.ms(250)


class Wild(sim.Strategy):
    """Joins, improves, crosses and cancels by chance. Looks at the place of its orders: they never fall back."""

    book_levels = 3

    def __init__(self, largest: int) -> None:
        self.venue: Venue | None = None
        self._largest = largest
        self._ahead: dict[int, int] = {}
        self._fills: dict[int, tuple[Side, int]] = {}

    def on_start(self, market: sim.Market) -> None:
        market.wake_in(1)

    def on_wakeup(self, market: sim.Market) -> None:
        venue = self.venue
        for order in market.orders() if venue is not None else ():
            assert isinstance(order, Ticket) and venue is not None
            ahead = venue.ahead(order.venue_id)
            assert ahead <= self._ahead.get(order.number, ahead), "it falls back"
            self._ahead[order.number] = ahead
        chance, book = market.random, market.book()
        drawn = chance.between(0, 10 - 1)
        live = market.orders()
        if drawn < 3 and live:
            market.cancel(live[chance.between(0, len(live) - 1)])
        elif book.bids_units and book.asks_units:
            side = Side.BUY if chance.between(0, 2 - 1) else Side.SELL
            level = (book.bids_units if side is Side.BUY else book.asks_units)[0][0]
            tick = market.instruments[market.symbol].tick_size
            away = (chance.between(0, 5 - 1) - 2 if drawn < 9 else 20) * tick
            price = level + away if side is Side.BUY else level - away
            market.place(market.symbol, side, 1 + chance.between(0, self._largest - 1), max(tick, price))
        market.wake_in(1 + chance.between(0, LOOK_EVERY - 1))

    def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
        if update.kind is sim.UpdateKind.FILL and self._fills.pop(update.trade_id, None) is None:
            # A trade between two of its orders comes twice.
            self._fills[update.trade_id] = (update.order.side, update.quantity_units)

    def filled(self, side: Side) -> int:
        """The quantity that the recorded market gave it."""
        return sum(quantity for filled, quantity in self._fills.values() if filled is side)


@lru_cache(maxsize=8)
def market(seed: int, directory: Path) -> tuple[Source, tuple[Step, ...]]:
    path = directory / f"{seed}.log"
    path.write_text(text_of(seed, MINUTES))
    source = read_bitstamp(path)
    steps: tuple[Step, ...] = tuple(source.steps())  # type: ignore[arg-type]
    return replace(source, steps=lambda: iter(steps), extent=survey(steps)), steps


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made-up")


def run(
    source: Source, seed: int, largest: int, *, impact: bool, model: QueueModel | None = None
) -> tuple[Wild, sim.Record]:
    strategy = Wild(largest)
    backtest = Backtest(source, strategy, impact=impact, seed=seed, queue_model=model or RiskAverse())
    strategy.venue = None if impact else backtest.venue
    return strategy, backtest.run_record()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flow=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_beside_recorded_orders(directory: Path, flow: int, seed: int) -> None:
    source, steps = market(flow, directory)
    strategy, record = run(source, seed, 10**8, impact=False)
    placed = dict.fromkeys(Side, 0)
    for step in steps:
        if isinstance(step, Place):
            placed[step.side] += step.quantity
    # Each recorded order gives at most itself.
    assert strategy.filled(Side.BUY) <= placed[Side.SELL]
    assert strategy.filled(Side.SELL) <= placed[Side.BUY]
    # Nothing of the recording changes.
    assert record.counts["quotes"] == record.counts["quotes_as_recorded"] > 0
    assert not any(count for name, count in record.counts.items() if name.startswith(("dropped", "short")))
    again = run(source, seed, 10**8, impact=False)[1]
    assert (again.digest, again.counts) == (record.digest, record.counts)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flow=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_among_recorded_orders(directory: Path, flow: int, seed: int) -> None:
    source, _ = market(flow, directory)
    digests = {run(source, seed, 10**8, impact=True)[1].digest for _ in range(2)}
    assert len(digests) == 1
    alone = Backtest(source, impact=True).run_record()
    assert alone.counts["quotes"] == alone.counts["quotes_as_recorded"]


level_changes = st.tuples(st.sampled_from([95, 96, 97, 98]), st.integers(0, 40), st.booleans())
level_trades = st.tuples(st.sampled_from([95, 96, 97, 98, 99, 100]), st.integers(1, 30), st.booleans())


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(
        st.one_of(level_changes, level_trades.map(lambda trade: (*trade, "trade"))), min_size=5, max_size=80
    ),
    seed=st.integers(0, 10**6),
    model=st.sampled_from([RiskAverse(), Proportional(), Power(3)]),
)
def test_beside_recorded_levels(
    moves: list[tuple[int, int, bool] | tuple[int, int, bool, str]], seed: int, model: QueueModel
) -> None:
    steps: list[LevelStep] = [Levels(1, ((97, 20),), ((99, 20),), whole=True)]
    told = dict.fromkeys(Side, 20)
    for place, (price, quantity, is_buy, *kind) in enumerate(moves, 1):
        time = place * sim.ms(100)
        if kind:
            side = Side.BUY if is_buy else Side.SELL
            told[side] += quantity
            steps.append(LevelTrade(time, side, price, quantity))
        elif is_buy:
            told[Side.BUY] += quantity
            steps.append(Levels(time, ((price, quantity),), ()))
        else:
            told[Side.SELL] += quantity
            steps.append(Levels(time, (), ((price + 3, quantity),)))
    strategy, record = run(source_of(steps, by_level=True), seed, 30, impact=False, model=model)
    # Each trade and each telling of a level gives at most itself.
    assert strategy.filled(Side.BUY) <= told[Side.SELL]
    assert strategy.filled(Side.SELL) <= told[Side.BUY]
    assert run(source_of(steps, by_level=True), seed, 30, impact=False, model=model)[1].digest == record.digest
