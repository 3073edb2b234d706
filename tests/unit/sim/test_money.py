"""What agents have: positions and balances as they were told, and as the exchange's ledger has them."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching_exchange import sim
from matching_exchange.sim.kernel.venue import EngineVenue
from tests.unit.sim.helpers import BTC, Scripted, run

FUNDS = {"USD": "1000", "BTC": 2}


def test_a_balance_is_the_start_and_all_fills_with_their_fees() -> None:
    maker = Scripted(
        (0, lambda market: market.buy("2", "100")), (20, lambda market: (market.balance("USD"), market.balance("BTC")))
    )
    taker = Scripted(
        (10, lambda market: market.sell("1.5", "99")),
        (20, lambda market: (market.balance("USD"), market.balance("BTC"), market.position())),
    )
    run(maker, taker, balances={0: FUNDS, 1: FUNDS})
    assert maker.returned[1] == (Decimal("1000") - 150 - Decimal("0.015"), Decimal("3.5"))
    assert taker.returned[1] == (Decimal("1000") + 150 - Decimal("0.03"), Decimal("0.5"), Decimal("-1.5"))


def test_an_order_beyond_the_balance_is_rejected() -> None:
    agent = Scripted((0, lambda market: market.buy("11", "100")))
    run(agent, balances={0: FUNDS})
    assert agent.kinds == ["REJECTED"]
    assert (agent.heard[0][1].reason, agent.returned[0].status) == ("insufficient_balance", sim.OrderState.REJECTED)


def test_without_balances_anything_can_be_sold() -> None:
    buyer = Scripted((0, lambda market: market.buy("11", "100")))
    seller = Scripted((1, lambda market: market.sell("11", "100")), (2, lambda market: market.balance("BTC")))
    run(buyer, seller)
    assert seller.returned[1] == -11


@pytest.mark.parametrize(
    ("balances", "told"),
    [
        ({"USD": 1.5}, "balances: USD takes a Decimal, a text or a whole number, not the float 1.5"),
        ({"USD": "much"}, "balances: USD takes a decimal number"),
        ({"EUR": 1}, "balances: EUR: takes an asset of an instrument"),
        ({"USD": "-1"}, "balances: USD: "),
    ],
)
def test_a_balance_that_cannot_be_is_named(balances: dict[str, object], told: str) -> None:
    with pytest.raises(sim.SimulationError) as caught:
        run(Scripted(), balances={0: balances})
    assert str(caught.value).startswith(told)


ACTIONS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 500),
        st.sampled_from(["buy", "sell", "cancel", "amend", "market", "ioc", "post_only"]),
        st.integers(1, 9),
        st.integers(95, 105),
    ),
    max_size=60,
)
DELAYS = st.lists(st.integers(0, 80), min_size=4, max_size=4)


class Random(sim.Strategy):
    def __init__(self, actions: list[tuple[int, str, int, int]]) -> None:
        self._actions = sorted(actions)
        self._sent: list[sim.Order] = []
        self.final: list[sim.Order] = []
        self.market: sim.Market | None = None

    def on_start(self, market: sim.Market) -> None:
        self.market = market
        for time, *_ in self._actions:
            market.wake_at(market.now + time)

    def on_wakeup(self, market: sim.Market) -> None:
        _, what, quantity, price = self._actions.pop(0)
        own = self._sent[quantity % len(self._sent)] if self._sent else None
        if what == "cancel":
            if own is not None:
                market.cancel(own)
        elif what == "amend":
            if own is not None:
                market.amend(own, price=price, quantity=quantity)
        elif what == "sell":
            self._sent.append(market.sell(quantity, price))
        elif what == "market":
            self._sent.append(market.buy(quantity))
        elif what == "ioc":
            self._sent.append(market.sell(quantity, price, type="ioc"))
        else:
            self._sent.append(market.buy(quantity, price, post_only=what == "post_only"))


@settings(max_examples=150, deadline=None)
@given(actions=ACTIONS, delays=DELAYS, funded=st.booleans())
def test_what_agents_know_in_the_end_is_what_the_exchange_has(
    actions: list[tuple[int, int, str, int, int]], delays: list[int], *, funded: bool
) -> None:
    venue = EngineVenue()
    simulation = sim.Simulation([BTC], venue=venue)
    agents = [Random([each[1:] for each in actions if each[0] == place]) for place in range(4)]
    for agent, name, delay in zip(agents, "abcd", delays, strict=True):
        latency = sim.Latency(sim.Constant(delay), sim.Uniform(0, delay), sim.Constant(delay))
        simulation.add(agent, name, latency=latency, balances={"USD": 3_000, "BTC": 20} if funded else None)
    record = simulation.run_record(sim.seconds(1))
    registry = venue.engine.registry
    markets = [agent.market for agent in agents if agent.market is not None]
    assert sum(market.position_units() for market in markets) == 0
    for market in markets:
        account = registry.accounts.get(market.name)
        live = {} if account is None else {order.order_id: order for order in account.orders}
        known = {order.order_id: order for order in market.orders()}
        assert known.keys() == live.keys()
        for order_id, order in known.items():
            theirs = live[order_id]
            assert (order.price_units, order.quantity_units, order.remaining_units, order.filled_units) == (
                theirs.price,
                theirs.quantity,
                theirs.remaining,
                theirs.filled,
            )
        if funded:
            assert account is not None and account.ledger is not None
            for name, asset in registry.assets.items():
                balance = account.ledger.balance(asset)
                assert market.balance(name) == Decimal(f"{balance.free + balance.locked}e-{asset.decimals}")
    assert record.counts["trades"] == len(record.trades["time"])
