"""How live runs end, and what a call without a change does: nothing is left behind, nothing is canceled unasked."""

import asyncio
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from matching_exchange import sim
from matching_exchange.testing import Exchange

SYMBOL = "BTC-USDT"


@pytest.fixture(scope="module")
def market() -> Iterator[Exchange]:
    with Exchange() as running:
        yield running


class Probe(sim.Strategy):
    """Begins, and wakes up once."""

    symbols = (SYMBOL,)

    def __init__(self, begin: Callable[[sim.Market], object], wake: Callable[[sim.Market], object] | None) -> None:
        self.begin, self.wake = begin, wake
        self.stop = asyncio.Event()
        self.told: list[tuple[str, str]] = []
        self.position = Decimal(0)

    def on_start(self, market: sim.Market) -> None:
        self.begin(market)
        if self.wake is None:
            self.stop.set()
        else:
            market.wake_in(sim.ms(1))

    def on_wakeup(self, market: sim.Market) -> None:
        assert self.wake is not None
        self.wake(market)

    def on_order(self, market: sim.Market, update: sim.OrderUpdate) -> None:
        self.told.append((update.kind.name, update.reason))

    def on_end(self, market: sim.Market) -> None:
        self.position = market.position()


def test_an_amend_of_nothing_is_refused_and_leaves_the_order(market: Exchange) -> None:
    probe = Probe(lambda desk: desk.amend(desk.buy("1", "100")), None)
    asyncio.run(sim.live.run_async(probe, url=market.url, account="nothing", stop=probe.stop, cancel_at_end=False))
    assert sorted(probe.told) == [("ACCEPTED", ""), ("AMEND_FAILED", "invalid_value")]
    assert len(market.client(account="nothing").orders().orders) == 1


def test_the_end_waits_for_what_was_answered(market: Exchange) -> None:
    market.client(account="other").place(SYMBOL, "sell", quantity="20", price="200")
    for number in range(20):
        probe = Probe(lambda desk: desk.buy("1"), None)
        asyncio.run(
            sim.live.run_async(probe, url=market.url, account=f"w{number}", stop=probe.stop, cancel_at_end=False)
        )
        assert probe.position == 1


def test_an_order_on_its_way_is_canceled_where_another_task_fails(market: Exchange) -> None:
    market.faults.add("latency", call="POST /orders", moment="before", account="fails", delay_ms=1000, skip=1)

    class Failing(sim.Strategy):
        symbols = (SYMBOL,)

        def on_start(self, desk: sim.Market) -> None:
            self.first = desk.buy("1", "100")
            desk.buy("2", "101")
            desk.wake_in(sim.ms(300))

        def on_wakeup(self, desk: sim.Market) -> None:
            market.client(account="fails").cancel(self.first.order_id)

        def on_order(self, desk: sim.Market, update: sim.OrderUpdate) -> None:
            if update.kind is sim.UpdateKind.CANCELED:
                raise ArithmeticError("canceled by another")

    with pytest.raises(ArithmeticError, match="canceled by another"):
        sim.live.run(Failing(), url=market.url, account="fails")
    market.faults.clear()
    ends = time.monotonic() + 2
    while time.monotonic() < ends:
        assert market.client(account="fails").orders().orders == ()
        time.sleep(0.1)


def test_symbols_are_each_heard_once_and_none_is_a_mistake(market: Exchange) -> None:
    probe = Probe(lambda desk: desk.buy("1", "100"), None)
    result = asyncio.run(
        sim.live.run_async(probe, url=market.url, account="twice", symbols=[SYMBOL, SYMBOL], stop=probe.stop)
    )
    assert [each.symbol for each in result.record.instruments] == [SYMBOL]
    with pytest.raises(sim.live.LiveError, match="symbols takes at least one symbol, or None for all"):
        sim.live.run(sim.Strategy(), url=market.url, symbols=[])
