"""Strategies that tests steer, and a small market for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matching_exchange import sim
from matching_exchange.sim.kernel.record import Record

BTC = sim.instrument("BTC-USD", "0.01", "0.001", maker_fee_bps=1, taker_fee_bps=2)

Act = Callable[[sim.Market], Any]


class Scripted(sim.Strategy):
    """Does what a script says at its times, counted from the start. Keeps what it hears, with the time at which it does.

    orders: what the acts have returned.
    """

    def __init__(self, *script: tuple[int, Act]) -> None:
        self._script = sorted(script, key=lambda each: each[0])
        self._acts: list[Act] = []
        self.returned: list[Any] = []
        self.heard: list[tuple[int, sim.OrderUpdate]] = []
        self.start = 0

    def on_start(self, market: sim.Market) -> None:
        self.start = market.now
        for time, act in self._script:
            market.wake_at(self.start + time)
            self._acts.append(act)

    def on_wakeup(self, market: sim.Market) -> None:
        self.returned.append(self._acts.pop(0)(market))

    def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
        self.heard.append((market.now - self.start, update))

    @property
    def kinds(self) -> list[str]:
        return [update.kind.name for _, update in self.heard]

    @property
    def times(self) -> list[int]:
        return [time for time, _ in self.heard]


class Listening(Scripted):
    """Hears the public data too."""

    def __init__(self, *script: tuple[int, Act]) -> None:
        super().__init__(*script)
        self.books: list[tuple[int, sim.Book]] = []
        self.trades: list[tuple[int, sim.Trade]] = []

    def on_book(self, market: sim.Market, book: sim.Book) -> None:
        self.books.append((market.now - self.start, book))

    def on_trade(self, market: sim.Market, trade: sim.Trade) -> None:
        self.trades.append((market.now - self.start, trade))


def run(
    *strategies: sim.Strategy,
    latencies: Mapping[int, sim.Latency] | None = None,
    balances: Mapping[int, Mapping[str, Any]] | None = None,
    duration: int = sim.seconds(100),
    seed: int = 1,
    instruments: Sequence[sim.Instrument] = (BTC,),
    quote_every: int = 0,
) -> Record:
    """Run the strategies as agents a, b, c, ... with the latency and the balances of their places."""
    simulation = sim.Simulation(instruments, seed=seed, quote_every=quote_every)
    for place, strategy in enumerate(strategies):
        simulation.add(
            strategy,
            "abcdefgh"[place],
            latency=(latencies or {}).get(place),
            balances=(balances or {}).get(place),
        )
    return simulation.run_record(duration)


def rows(table: Mapping[str, Any]) -> list[dict[str, int]]:
    """The rows of a table of the record."""
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
