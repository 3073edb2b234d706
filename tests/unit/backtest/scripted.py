"""A strategy that does what it is told at given times, and keeps what it hears."""

from collections.abc import Callable, Sequence

from matching_exchange import sim
from matching_exchange.recordings.recording import LevelStep, Step
from matching_exchange.sim.backtest import Backtest, QueueModel, RiskAverse
from tests.recorded_markets import source_of

Act = Callable[[sim.Market], object]


class Scripted(sim.Strategy):
    """fills: time, price, quantity and whether it was the maker. heard: time and kind of the other updates."""

    book_levels = 5

    def __init__(self, acts: dict[int, Act]) -> None:
        self._acts = acts
        self.fills: list[tuple[int, int, int, bool]] = []
        self.heard: list[tuple[int, str]] = []
        self.trades: list[tuple[int, int, int]] = []
        self.orders: list[sim.Order] = []

    def on_start(self, market: sim.Market) -> None:
        for time in self._acts:
            market.wake_at(time)

    def on_wakeup(self, market: sim.Market) -> None:
        made = self._acts[market.now](market)
        if isinstance(made, sim.Order):
            self.orders.append(made)

    def on_trade(self, market: sim.Market, trade: sim.Trade) -> None:
        self.trades.append((trade.trade_id, trade.price_units, trade.quantity_units))

    def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
        if update.kind is sim.UpdateKind.FILL:
            self.fills.append((market.now, update.price_units, update.quantity_units, update.is_maker))
        elif update.kind is not sim.UpdateKind.ACCEPTED:
            self.heard.append((market.now, f"{update.kind.name} {update.reason}".strip()))


def run(
    steps: Sequence[Step | LevelStep],
    acts: dict[int, Act],
    *,
    impact: bool | None = None,
    by_level: bool = False,
    model: QueueModel | None = None,
) -> tuple[Scripted, sim.Record, Backtest]:
    strategy = Scripted(acts)
    source = source_of(steps, by_level=by_level)
    backtest = Backtest(source, strategy, impact=impact, queue_model=model or RiskAverse(), maker_fee_bps=1)
    return strategy, backtest.run_record(), backtest
