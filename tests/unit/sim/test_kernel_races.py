"""What an agent and the record are told when messages cross, and at the edges of a run."""

import pytest

from matching_exchange import sim
from matching_exchange.sim.kernel.errors import TimeStandsStillError
from tests.unit.sim.helpers import BTC, Scripted, rows, run


def test_a_quote_tells_how_an_instant_ended() -> None:
    """A maker that cancels and quotes again at once never leaves an empty book behind."""

    def quote(market: sim.Market) -> None:
        market.cancel_all()
        market.buy("1", "99")
        market.sell("1", "101")

    record = run(Scripted(*((place * sim.ms(500), quote) for place in range(10))), quote_every=sim.ms(100))
    assert [(row["bid"], row["ask"]) for row in rows(record.quotes)] == [(9_900, 10_100)]


def test_a_change_within_the_least_time_is_recorded_when_that_is_over() -> None:
    maker = Scripted((0, lambda market: market.buy("1", "99")), (sim.ms(10), lambda market: market.buy("1", "100")))
    record = run(maker, quote_every=sim.ms(100))
    found = [(row["time"] - record.start, row["bid"]) for row in rows(record.quotes)]
    assert found == [(0, 9_900), (sim.ms(100), 10_000)]


def test_who_hears_trades_sees_no_book_of_the_future() -> None:
    class Looking(Scripted):
        def on_trade(self, market: sim.Market, trade: sim.Trade) -> None:
            self.returned.append(market.now - market.book().time)

    maker = Scripted(*((place * sim.ms(50), lambda market: market.buy("1", "100")) for place in range(60)))
    taker = Scripted(*((place * sim.ms(50) + 5, lambda market: market.sell("1", "100")) for place in range(60)))
    looker = Looking()
    far = sim.Latency(market_data=sim.Uniform(sim.seconds(1), sim.seconds(2)))
    run(maker, taker, looker, latencies={2: far}, duration=sim.seconds(20))
    assert len(looker.returned) == 60
    assert min(looker.returned) >= sim.seconds(1)


def test_an_amend_after_a_prevented_part_leaves_what_the_exchange_has() -> None:
    mine = Scripted(
        (0, lambda market: market.buy("5", "100")),
        (1, lambda market: market.sell("2", "100", self_trade_prevention="decrement")),
        (2, lambda market: market.amend(mine.returned[0], quantity="4")),
    )
    other = Scripted((3, lambda market: market.sell("10", "100")))
    run(mine, other)
    order = mine.returned[0]
    assert (order.status, order.filled, order.remaining) == (sim.OrderState.FILLED, 2, 0)


def test_late_news_of_an_amend_and_a_prevented_part_come_right() -> None:
    late = sim.Latency(reports=sim.Constant(sim.ms(500)))
    mine = Scripted(
        (0, lambda market: market.buy("5", "100")),
        (sim.seconds(1), lambda market: market.amend(mine.returned[0], price="101")),
        (sim.seconds(1) + 9, lambda market: market.sell("2", "101", self_trade_prevention="decrement")),
    )
    record = run(mine, latencies={0: late})
    assert (mine.returned[0].price, mine.returned[0].remaining) == (101, 3)
    first = min(rows(record.orders), key=lambda row: row["number"])
    assert (first["price"], first["quantity"]) == (10_100, 3_000)


def test_an_order_of_somebody_else_cannot_be_touched() -> None:
    owner = Scripted((0, lambda market: market.buy("1", "100")))
    with pytest.raises(ValueError, match="order takes an order that this market has sent, not <Order 1 OPEN buy"):
        run(owner, Scripted((1, lambda market: market.cancel(owner.returned[0]))))
    assert owner.returned[0].is_live


def test_agents_that_answer_each_other_without_end_are_told() -> None:
    class Restless(sim.Strategy):
        def on_start(self, market: sim.Market) -> None:
            market.buy("1", "100")

        def on_book(self, market: sim.Market, book: sim.Book) -> None:
            market.cancel_all()
            market.buy("1", "100")

    simulation = sim.Simulation([BTC])
    simulation.add(Restless())
    session = simulation.begin()
    session._kernel.most_at_once = 1_000
    with pytest.raises(
        TimeStandsStillError,
        match=r"more than 11000 messages at [0-9]+: agents answer without end; give them a latency",
    ):
        session.run_until(simulation.start)


def test_at_the_end_a_cancel_is_left_out() -> None:
    class Tidy(Scripted):
        def on_end(self, market: sim.Market) -> None:
            market.cancel_all()

    tidy = Tidy((0, lambda market: market.buy("1", "100")))
    assert len(rows(run(tidy).orders)) == 1


def test_a_stop_that_fires_and_rests_begins_to_rest_then() -> None:
    maker = Scripted((0, lambda market: [market.sell("1", "101"), market.sell("1", "103")]))
    stop = Scripted((5, lambda market: market.buy("1", "102", type="stop_limit", trigger_price="101")))
    record = run(maker, stop, Scripted((10, lambda market: market.buy("1", "101"))))
    [row] = [row for row in rows(record.orders) if row["agent"] == 1]
    assert (row["arrived_at"] - record.start, row["rested_at"] - record.start) == (5, 10)


def test_messages_of_different_moments_are_not_counted_together() -> None:
    """Whoever steps and sends between the steps goes on for ever, as does time that only expiries move."""
    simulation = sim.Simulation([BTC])
    simulation.add(sim.Strategy())
    session = simulation.begin()
    session._kernel.most_at_once = -9_990
    for step in range(1, 40):
        session.desks[0].buy("1", "100", expire_in=5)
        session.run_until(simulation.start + step * 10)
    assert session.finish().counts["commands"] == 39
