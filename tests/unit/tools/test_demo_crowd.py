"""The demo's agents together, on an engine in this process."""

import hashlib
from collections import Counter
from itertools import pairwise

import pytest

from matching_exchange.sim.agents.world import STEP
from matching_exchange.tools.demo.crowd import ACCOUNTS
from protocol.commands import AmendOrder, CancelAllOrders, CancelOrder, Command, OrdersQuery, PlaceOrder
from protocol.events import OrderResult, OrderStates
from protocol.units import OrderType, Side
from tests.agents_market import BASES, AgentsMarket
from tests.moments import correlation, deviation

MINUTES = 60


@pytest.fixture(scope="module")
def hour() -> AgentsMarket:
    """A market after an hour of its time."""
    market = AgentsMarket()
    market.run(MINUTES * 60)
    return market


def beginning(seed: str) -> list[Command]:
    market = AgentsMarket(seed)
    market.run(30)
    return market.commands


def test_the_same_seed_gives_the_same_market() -> None:
    assert beginning("1") == beginning("1")
    assert beginning("1") != beginning("2")


def test_the_market_is_the_same_on_every_machine() -> None:
    """The hash was made once. It changes with the agents alone."""
    lines = [
        f"{each.client_order_id} {getattr(each, 'quantity', None)} {getattr(each, 'price', None)}"
        for each in beginning("1")
        if isinstance(each, PlaceOrder | AmendOrder | CancelOrder)
    ]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == "e62758aeda0939c8"


def test_books_are_full_at_once_and_there_are_trades_soon() -> None:
    market = AgentsMarket()
    market.step()
    for instrument, _ in BASES:
        depth = market.depth(instrument.symbol)
        assert len(depth.bids) == len(depth.asks) == 10
    market.run(1)
    assert all(market.trades.values())


def test_an_hour_has_quotes_on_both_sides_to_its_end(hour: AgentsMarket) -> None:
    for instrument, base in BASES:
        depth = hour.depth(instrument.symbol)
        assert len(depth.bids) == len(depth.asks) == 10
        assert (depth.asks[0][0] - depth.bids[0][0]) * 1_000 < 2 * base
        value = hour.crowd.value(instrument.symbol)
        assert abs(depth.bids[0][0] - value) * 100 < value
        assert hour.crowd.time == MINUTES * 60 * 10 * STEP


def test_the_instruments_move_together_a_little(hour: AgentsMarket) -> None:
    moves = {}
    for symbol in hour.trades:
        closes = hour.closes(symbol, 60)
        moves[symbol] = [(after - before) / before for before, after in pairwise(closes)]
    btc, eth, sol = moves.values()
    for one, other in ((btc, eth), (btc, sol), (eth, sol)):
        least = min(len(one), len(other))
        assert 0.1 < correlation(one[-least:], other[-least:]) < 0.9


def test_there_are_thin_times_and_bursts(hour: AgentsMarket) -> None:
    for trades in hour.trades.values():
        counts = Counter(second // 60 for second, _ in trades)
        per_minute = sorted(counts.get(minute, 0) for minute in range(MINUTES))
        assert per_minute[-1] > 4 * per_minute[len(per_minute) // 2] or per_minute[-1] > 12 * max(1, per_minute[0])
        volumes = sorted(trade.quantity for _, trade in trades)
        assert volumes[-1] > 10 * volumes[len(volumes) // 2]


def test_moves_have_fat_tails(hour: AgentsMarket) -> None:
    for symbol in hour.trades:
        closes = hour.closes(symbol, 10)
        moves = [(after - before) / before for before, after in pairwise(closes)]
        spread = deviation(moves)
        kurtosis = sum(move**4 for move in moves) / len(moves) / spread**4
        assert kurtosis > 3.5


def test_only_the_agents_accounts_trade_and_each_one_does(hour: AgentsMarket) -> None:
    assert Counter(command.account for command in hour.commands if isinstance(command, PlaceOrder)).keys() == set(
        ACCOUNTS
    )
    assert len(hour.commands) < 100 * MINUTES * 60


def test_what_agents_know_is_what_is_live(hour: AgentsMarket) -> None:
    """The orders that they take for live are those in the books, and hold what those hold."""
    live = {
        order.client_order_id or "": order.remaining_quantity
        for account in ACCOUNTS
        for order in hour.orders(OrdersQuery(account=account, limit=1_000))
    }
    known = {
        desk.client_order_id(order): order.remaining_units
        for pit in hour.crowd.pits.values()
        for desk in pit.desks
        for order in desk.orders()
    }
    assert set(live) <= set(known)
    assert {name: known[name] for name in live} == live
    # Some have ended without a word: stops that fired, until they are canceled.
    assert len(known) - len(live) <= 40


def test_what_agents_hold_is_what_they_have_traded(hour: AgentsMarket) -> None:
    """Nobody else trades, so it sums up to nothing."""
    for pit in hour.crowd.pits.values():
        assert sum(desk.position_units() for desk in pit.desks) == 0
        assert any(desk.position_units() for desk in pit.desks)


def test_a_makers_fill_by_a_stranger_is_held(hour: AgentsMarket) -> None:
    market = AgentsMarket()
    market.run(2)
    symbol = "BTC-USDT"
    desks = market.crowd.pits[symbol].desks
    before = sum(desk.position_units() for desk in desks)
    answer = market.send(PlaceOrder(symbol, "stranger", Side.BUY, OrderType.MARKET, 25_000))
    assert isinstance(answer, OrderResult)
    market.step()
    assert sum(desk.position_units() for desk in desks) == before - answer.filled_quantity


def test_quotes_that_were_canceled_from_outside_come_again() -> None:
    market = AgentsMarket()
    market.run(2)
    for account in ACCOUNTS:
        answer = market.send(CancelAllOrders(account))
        assert isinstance(answer, OrderStates)
    market.run(60)
    for instrument, _ in BASES:
        depth = market.depth(instrument.symbol)
        assert len(depth.bids) == len(depth.asks) == 10


def test_after_a_clear_all_is_quoted_anew() -> None:
    market = AgentsMarket()
    market.run(2)
    for account in ACCOUNTS:
        market.send(CancelAllOrders(account))
    market.crowd.clear()
    market.step()
    for instrument, _ in BASES:
        depth = market.depth(instrument.symbol)
        assert len(depth.bids) == len(depth.asks) == 10


def test_a_market_goes_on_where_another_one_has_ended() -> None:
    market = AgentsMarket(starts={"BTC-USDT": 61_234_00})
    market.run(5)
    depth = market.depth("BTC-USDT")
    assert abs(depth.bids[0][0] - 61_234_00) < 100_00
    assert abs(market.depth("ETH-USDT").bids[0][0] - 3_000_00) < 10_00
