"""Simulations for tests of sweeps. Other processes import this module."""

import os
import signal

from matching_exchange.sim import Market, OrderUpdate, Side, Simulation, Strategy, ms, seconds
from protocol.instrument import Instrument

AAA = Instrument("AAA-USD", "AAA", "USD", 2, 1, 1, 1, 1, 10**9, 10**9, 0, 10, 20)
DURATION = seconds(20)


class Quoter(Strategy):
    """Quotes around 100.00, a little elsewhere each time."""

    def __init__(self, half_spread: int = 10) -> None:
        self.half_spread = half_spread

    def on_start(self, market: Market) -> None:
        market.wake_in(0)

    def on_wakeup(self, market: Market) -> None:
        market.cancel_all()
        mid = 10_000 + market.random.between(-20, 20)
        market.place(market.symbol, Side.BUY, 100, mid - self.half_spread)
        market.place(market.symbol, Side.SELL, 100, mid + self.half_spread)
        market.wake_in(ms(500))


class Taker(Strategy):
    """Buys and sells by chance."""

    def on_start(self, market: Market) -> None:
        market.wake_in(ms(300))

    def on_wakeup(self, market: Market) -> None:
        market.place(market.symbol, market.random.side(), market.random.between(1, 30), 10_000)
        market.wake_in(ms(700))


class Fails(Strategy):
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_order(self, market: Market, update: OrderUpdate) -> None:
        raise ValueError(f"no luck with {self.seed}\nat all")

    def on_start(self, market: Market) -> None:
        market.place(market.symbol, Side.BUY, 1, 1)


def build(seed: int, half_spread: int = 10) -> Simulation:
    simulation = Simulation([AAA], seed=seed)
    simulation.add(Quoter(half_spread), "quoter")
    simulation.add(Taker(), "taker")
    return simulation


def build_that_fails(seed: int, unlucky: int = 2) -> tuple[Simulation, int]:
    simulation = build(seed)
    if seed == unlucky:
        simulation.add(Fails(seed), "fails")
    return simulation, DURATION


def build_that_kills(seed: int) -> Simulation:
    if seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return build(seed)


def build_that_interrupts(seed: int) -> Simulation:
    """Ctrl-C of a terminal reaches the process that has started the sweep."""
    if seed == 2:
        os.kill(os.getppid(), signal.SIGINT)
        signal.pause()
    return build(seed)
