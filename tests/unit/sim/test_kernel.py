"""The kernel of a simulation: when messages arrive, who hears what, and in which order."""

from decimal import Decimal

import pytest

from matching_exchange import sim
from matching_exchange.sim.kernel.errors import SimulationEndedError
from tests.unit.sim.helpers import BTC, Listening, Scripted, rows, run

SLOW = sim.Latency(orders=sim.Constant(100), reports=sim.Constant(30), market_data=sim.Constant(7))


def test_an_order_takes_its_way_there_and_its_answer_the_way_back() -> None:
    agent = Scripted((0, lambda market: market.buy("1", "100")))
    record = run(agent, latencies={0: SLOW})
    assert agent.kinds == ["ACCEPTED"]
    assert agent.times == [130]
    [order] = rows(record.orders)
    assert (order["sent_at"] - record.start, order["arrived_at"] - record.start) == (0, 100)
    assert agent.heard[0][1].time - record.start == 100


def test_who_is_nearer_is_first_in_the_queue() -> None:
    """Both send at once; the faster one's order comes first and trades first."""
    near = Scripted((0, lambda market: market.buy("1", "100")))
    far = Scripted((0, lambda market: market.buy("1", "100")))
    taker = Scripted((1_000, lambda market: market.sell("1", "100")))
    run(far, near, taker, latencies={0: SLOW})
    assert near.kinds == ["ACCEPTED", "FILL"]
    assert far.kinds == ["ACCEPTED"]


def test_at_one_time_first_come_is_first_done() -> None:
    first = Scripted((5, lambda market: market.buy("1", "100")))
    second = Scripted((5, lambda market: market.buy("1", "100")))
    taker = Scripted((6, lambda market: market.sell("1.5", "100")))
    run(first, second, taker)
    assert first.returned[0].status is sim.OrderState.FILLED
    assert (second.returned[0].filled, second.returned[0].remaining) == (Decimal("0.5"), Decimal("0.5"))


@pytest.mark.parametrize("seed", range(5))
def test_messages_of_a_channel_never_overtake_each_other(seed: int) -> None:
    far = sim.Latency.of(sim.Exponential(sim.us(10), sim.ms(5)))
    agent = Scripted(*((place * sim.ms(1), lambda market: market.buy("1", "100")) for place in range(200)))
    record = run(agent, latencies={0: far}, seed=seed)
    orders = sorted(rows(record.orders), key=lambda order: order["number"])
    arrived = [order["arrived_at"] for order in orders]
    assert arrived == sorted(arrived)
    assert [update.order.number for _, update in agent.heard] == list(range(1, 201))
    assert agent.times == sorted(agent.times)
    assert len(set(agent.times)) > 20


def test_a_fill_comes_to_both_sides_with_their_fees() -> None:
    maker = Scripted((0, lambda market: market.buy("2", "100")))
    taker = Scripted((10, lambda market: market.sell("1.5", "99")))
    record = run(maker, taker)
    assert maker.kinds == ["ACCEPTED", "FILL"]
    assert taker.kinds == ["ACCEPTED", "FILL"]
    made, took = maker.heard[1][1], taker.heard[1][1]
    assert (made.price, made.quantity, made.is_maker, made.fee) == (
        Decimal(100),
        Decimal("1.5"),
        True,
        Decimal("0.015"),
    )
    assert (took.price, took.quantity, took.is_maker, took.fee) == (
        Decimal(100),
        Decimal("1.5"),
        False,
        Decimal("0.03"),
    )
    assert maker.returned[0].status is sim.OrderState.OPEN
    assert taker.returned[0].status is sim.OrderState.FILLED
    first, second = rows(record.fills)
    assert (first["agent"], first["is_maker"], first["fee_bps"], first["quantity"]) == (1, 0, 2, 1_500)
    assert (second["agent"], second["is_maker"], second["fee_bps"], second["price"]) == (0, 1, 1, 10_000)


def test_the_order_of_a_record_tells_how_it_fared() -> None:
    maker = Scripted((0, lambda market: market.sell("1", "101")), (5, lambda market: market.buy("1", "99")))
    other = Scripted((10, lambda market: market.buy("2", "99")), (30, lambda market: market.cancel(other.returned[0])))
    taker = Scripted((20, lambda market: market.sell("1.25", "99")))
    record = run(maker, other, taker)
    [order] = [row for row in rows(record.orders) if row["agent"] == 1]
    assert {name: order[name] for name in ("filled", "filled_value", "quantity", "price", "resting_ahead")} == {
        "filled": 250,
        "filled_value": 250 * 9_900,
        "quantity": 2_000,
        "price": 9_900,
        "resting_ahead": 1_000,
    }
    times = [order[name] - record.start for name in ("sent_at", "rested_at", "first_fill_at", "done_at")]
    assert times == [10, 10, 20, 30]
    assert (order["arrival_bid"], order["arrival_ask"], order["status"]) == (9_900, 10_100, 5)


def test_an_order_is_canceled_before_its_answer_has_come() -> None:
    def there_and_back(market: sim.Market) -> sim.Order:
        order = market.buy("1", "100")
        market.cancel(order)
        return order

    agent = Scripted((0, there_and_back))
    run(agent, latencies={0: SLOW})
    assert agent.kinds == ["ACCEPTED", "CANCELED"]
    assert agent.returned[0].status is sim.OrderState.CANCELED
    assert agent.returned[0].reason == "requested"


def test_what_cannot_be_canceled_or_amended_is_told() -> None:
    def twice(market: sim.Market) -> sim.Order:
        order = market.buy("1", "0.01")
        market.cancel(order)
        market.cancel(order)
        market.amend(order, price="0.02")
        return order

    agent = Scripted((0, twice))
    run(agent)
    assert agent.kinds == ["ACCEPTED", "CANCELED", "CANCEL_FAILED", "AMEND_FAILED"]
    assert [update.reason for _, update in agent.heard[2:]] == ["order_not_open", "order_not_open"]
    assert agent.returned[0].status is sim.OrderState.CANCELED


def test_an_order_that_was_refused_is_no_order() -> None:
    small = sim.instrument("BTC-USD", "0.01", "0.001", min_notional=10)
    agent = Scripted((0, lambda market: market.buy("0.001", "100")), (9, lambda m: m.cancel(agent.returned[0])))
    record = run(agent, instruments=[small])
    assert agent.kinds == ["REFUSED", "CANCEL_FAILED"]
    assert [update.reason for _, update in agent.heard] == ["below_min_notional", "unknown_order"]
    assert (agent.returned[0].status, agent.returned[0].is_live) == (sim.OrderState.REFUSED, False)
    assert record.counts["refused"] == 2
    [order] = rows(record.orders)
    assert (order["status"], order["done_at"] > 0, order["filled"]) == (0, True, 0)


def test_an_amend_changes_the_order_and_may_trade() -> None:
    maker = Scripted((0, lambda market: market.sell("1", "101")))
    agent = Scripted(
        (10, lambda market: market.buy("3", "99")),
        (20, lambda market: market.amend(agent.returned[0], price="101", quantity="2")),
    )
    run(maker, agent)
    assert agent.kinds == ["ACCEPTED", "AMENDED", "FILL"]
    order = agent.returned[0]
    assert (order.price, order.quantity, order.filled, order.remaining) == (101, 2, 1, 1)
    assert order.status is sim.OrderState.OPEN
    assert order.average_price == 101


def test_all_orders_are_canceled_at_once() -> None:
    agent = Scripted(
        (0, lambda market: [market.buy("1", "99"), market.buy("1", "98"), market.sell("1", "105")]),
        (10, lambda market: market.cancel_all()),
        (20, lambda market: market.orders()),
    )
    run(agent)
    assert agent.kinds == ["ACCEPTED"] * 3 + ["CANCELED"] * 3
    assert agent.returned[2] == []


def test_a_stop_waits_fires_and_trades() -> None:
    maker = Scripted(
        (0, lambda market: [market.sell("1", "101"), market.sell("1", "102"), market.buy("1", "99")]),
    )
    agent = Scripted((5, lambda market: market.buy("1", type="stop_market", trigger_price="101")))
    taker = Scripted((10, lambda market: market.buy("1", "101")))
    waiting = Scripted((5, lambda market: market.sell("1", type="stop_market", trigger_price="90")))
    seen: list[sim.OrderState] = []
    agent_order = agent.on_order

    def look(market: sim.Market, update: sim.OrderUpdate) -> None:
        seen.append(update.order.status)
        agent_order(market, update)

    agent.on_order = look  # type: ignore[method-assign]
    record = run(maker, agent, taker, waiting)
    assert agent.kinds == ["ACCEPTED", "TRIGGERED", "FILL"]
    assert [order["status"] for order in rows(record.orders) if order["agent"] == 3] == [1]
    assert [state.name for state in seen] == ["PENDING", "OPEN", "FILLED"]
    assert agent.heard[2][1].price == 102


def test_an_order_expires_at_its_time_though_nothing_else_happens() -> None:
    agent = Scripted((0, lambda market: market.buy("1", "100", expire_in=sim.seconds(3))))
    record = run(agent, latencies={0: sim.Latency(reports=sim.Constant(40))})
    assert agent.kinds == ["ACCEPTED", "CANCELED"]
    assert agent.heard[1][1].reason == "expired"
    assert agent.heard[1][1].time - record.start == sim.seconds(3) + 1
    assert agent.times[1] == sim.seconds(3) + 41


def test_public_data_comes_with_its_delay() -> None:
    maker = Scripted((0, lambda market: market.buy("1", "100")))
    taker = Scripted((50, lambda market: market.sell("0.4", "100")))
    listener = Listening()
    run(maker, taker, listener, latencies={2: SLOW})
    assert [(time, book.bids) for time, book in listener.books] == [(7, [(100, 1)]), (57, [(100, Decimal("0.6"))])]
    [(time, trade)] = listener.trades
    assert (time, trade.price, trade.quantity, trade.side) == (57, Decimal(100), Decimal("0.4"), sim.Side.SELL)


def test_a_look_at_the_book_sees_the_past_by_the_delay() -> None:
    maker = Scripted((10, lambda market: market.buy("1", "100")), (20, lambda market: market.buy("1", "101")))
    looker = Scripted(*((time, lambda market: market.book().bid) for time in (16, 17, 26, 27)))
    run(maker, looker, latencies={1: SLOW})
    assert looker.returned == [None, 100, 100, 101]


def test_without_a_delay_a_look_sees_all_that_was_before() -> None:
    maker = Scripted((10, lambda market: market.buy("1", "100")))
    looker = Scripted((10, lambda market: market.book().bid), (11, lambda market: market.book().bid))
    run(maker, looker)
    assert looker.returned == [None, 100]


def test_the_last_trade_is_that_which_the_agent_can_know() -> None:
    maker = Scripted((0, lambda market: market.buy("1", "100")))
    taker = Scripted((50, lambda market: market.sell("0.4", "100")))
    look = lambda market: market.last_trade() and market.last_trade().quantity  # noqa: E731
    near, far = Scripted((51, look)), Scripted((56, look), (57, look))
    run(maker, taker, near, far, latencies={3: SLOW})
    assert near.returned == [Decimal("0.4")]
    assert far.returned == [None, Decimal("0.4")]


def test_a_book_that_is_told_now_and_then_is_the_newest_one() -> None:
    class Calm(Listening):
        book_every = 100

    maker = Scripted(*((time, lambda market: market.buy("1", "100")) for time in (0, 10, 20, 90, 150)))
    calm = Calm()
    run(maker, calm)
    assert [(time, book.bids_units[0][1]) for time, book in calm.books] == [
        (0, 1_000),
        (100, 4_000),
        (200, 5_000),
    ]


def test_levels_are_those_that_the_strategy_asks_for() -> None:
    class Deep(Listening):
        book_levels = 2

    maker = Scripted((0, lambda market: [market.buy("1", price) for price in ("100", "99", "98")]))
    deep, flat = Deep(), Listening()
    run(maker, deep, flat)
    assert deep.books[-1][1].bids == [(Decimal(100), Decimal(1)), (Decimal(99), Decimal(1))]
    assert flat.books[-1][1].bids == [(Decimal(100), Decimal(1))]
    assert [len(book.bids_units) for _, book in deep.books] == [1, 2]


def test_nothing_can_be_sent_after_the_end() -> None:
    class Late(sim.Strategy):
        def on_end(self, market: sim.Market) -> None:
            market.buy("1", "100")

    with pytest.raises(SimulationEndedError, match="on_end cannot send orders"):
        run(Late())


def test_an_order_that_is_on_its_way_at_the_end_is_in_the_record() -> None:
    agent = Scripted((0, lambda market: market.buy("1", "100")))
    record = run(agent, latencies={0: SLOW}, duration=99)
    [order] = rows(record.orders)
    assert (order["sent_at"], order["arrived_at"], order["status"]) == (record.start, 0, 0)
    assert agent.heard == []


def test_steps_make_the_same_run() -> None:
    def agents() -> list[sim.Strategy]:
        return [
            Scripted(*((place * 700, lambda market: market.buy("1", "100")) for place in range(20))),
            Scripted(*((place * 900 + 5, lambda market: market.sell("0.7", "100")) for place in range(20))),
        ]

    whole = run(*agents(), latencies={0: SLOW}, duration=20_000)
    simulation = sim.Simulation([BTC], seed=1, quote_every=0)
    for name, latency, agent in zip("ab", (SLOW, None), agents(), strict=True):
        simulation.add(agent, name, latency=latency)
    session = simulation.begin()
    for step in range(0, 20_001, 137):
        session.run_until(simulation.start + step)
        assert session.now == simulation.start + step
    session.run_until(simulation.start + 20_000)
    assert session.finish().digest == whole.digest
