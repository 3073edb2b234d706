"""Each agent alone: what it has seen and its seed make its orders."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from matching_exchange.agents.agent import Agent
from matching_exchange.agents.chance import Chance
from matching_exchange.agents.maker import LARGE, NIMBLE, Maker, Style
from matching_exchange.agents.seen import STEP, USUAL, Seen
from matching_exchange.agents.sizes import Sizes
from matching_exchange.agents.takers import LargeTrader, NoiseTrader, TrendFollower, ValueTrader
from protocol.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from protocol.events import Trade
from protocol.units import OrderType, Side
from tests.agents_market import BTC

VALUE = 60_000_00
SIZES = Sizes(BTC, VALUE)


def names() -> Callable[[], str]:
    numbers = count(1)
    return lambda: str(next(numbers))


def seen(value: int = VALUE, step: int = 1, **more: Any) -> Seen:
    given = {"bid": value - 100, "ask": value + 100, "last": value, "pace": USUAL, **more}
    return Seen(step * STEP, value, **given)


def maker(style: Style = NIMBLE) -> Maker:
    return Maker("maker", SIZES, Chance("1"), names(), style, VALUE)


TAKERS = [ValueTrader, TrendFollower, NoiseTrader, LargeTrader]


def taker(kind: Callable[..., Agent], seed: str = "1") -> Agent:
    return kind("taker", SIZES, Chance(seed), names())


def best(commands: list[Command]) -> tuple[int, int]:
    """The best bid and the best ask among new quotes."""
    prices: dict[Side, list[int]] = {Side.BUY: [], Side.SELL: []}
    for command in commands:
        assert isinstance(command, PlaceOrder) and command.price is not None
        prices[command.side].append(command.price)
    return max(prices[Side.BUY]), min(prices[Side.SELL])


@pytest.mark.parametrize("style", [NIMBLE, LARGE])
def test_a_maker_quotes_both_sides_around_the_value(style: Style) -> None:
    quotes = maker(style).act(seen())
    assert len(quotes) == 2 * style.levels
    bid, ask = best(quotes)
    assert bid < VALUE < ask
    assert (ask - bid) * 10_000 < 5 * VALUE
    prices = [quote.price for quote in quotes if isinstance(quote, PlaceOrder)]
    assert len(set(prices)) == len(prices)
    assert all(price is not None and price % 100 == 0 for price in prices)


def test_a_maker_leans_against_what_it_holds() -> None:
    quotes = {}
    for held in (-40, 0, 40):
        one = maker()
        one.holds = held * SIZES.unit
        quotes[held] = best(one.act(seen()))
    assert quotes[40][0] < quotes[0][0] < quotes[-40][0]
    assert quotes[40][1] < quotes[0][1] < quotes[-40][1]


def test_what_a_maker_has_sold_counts_against_it() -> None:
    one = maker()
    order = next(each for each in one.act(seen()) if isinstance(each, PlaceOrder) and each.side is Side.SELL)
    assert order.client_order_id is not None
    one.filled(order.client_order_id, 7)
    assert one.holds == -7
    assert one.orders[order.client_order_id].remaining == order.quantity - 7


def test_a_maker_follows_the_value_and_amends_its_quotes() -> None:
    one = maker()
    first = one.act(seen())
    moved = [command for step in range(2, 200) for command in one.act(seen(VALUE * 101 // 100, step))]
    assert {type(command) for command in moved} == {AmendOrder}
    bids = [own.price for own in one.orders.values() if own.side is Side.BUY and own.price is not None]
    asks = [own.price for own in one.orders.values() if own.side is Side.SELL and own.price is not None]
    assert max(bids) > best(first)[1]
    assert max(bids) < VALUE * 101 // 100 < min(asks)


def test_a_rising_makers_sells_are_moved_away_before_its_buys_come() -> None:
    one = maker()
    one.act(seen())
    for step in range(2, 100):
        commands = one.act(seen(VALUE * 102 // 100, step))
        if commands:
            sides = [one.orders[each.client_order_id or ""].side for each in commands if isinstance(each, AmendOrder)]
            assert sides == sorted(sides, reverse=True)
            assert sides[0] is Side.SELL
            return
    pytest.fail("it never looked at its quotes")


def test_a_makers_spread_is_wider_while_the_market_is_thin_or_fast() -> None:
    calm, fast = maker(), maker()
    for step in range(1, 30):
        fast.act(seen(VALUE + step * 3_000, step))
        calm.act(seen(step=step))
    assert calm.half_spread(USUAL) < calm.half_spread(USUAL // 4)
    assert calm.half_spread(USUAL) < fast.half_spread(USUAL)


def test_a_maker_takes_trades_for_news() -> None:
    quotes = {}
    for side in (Side.BUY, Side.SELL):
        one = maker()
        trades = [Trade("BTC-USDT", 1, VALUE, 40 * SIZES.unit, side, 1, 2, 0, 0, 1, 1)]
        quotes[side] = best(one.act(seen(trades=trades)))
    assert quotes[Side.BUY][0] > quotes[Side.SELL][0]


def test_a_maker_replaces_what_is_nearly_used_up() -> None:
    one = maker()
    order = one.act(seen())[0]
    assert isinstance(order, PlaceOrder) and order.client_order_id is not None
    one.filled(order.client_order_id, order.quantity * 9 // 10)
    commands: list[Command] = []
    for step in range(2, 100):
        commands += one.act(seen(step=step))
    assert CancelOrder(account="maker", client_order_id=order.client_order_id) in commands
    assert any(isinstance(each, PlaceOrder) and each.side is order.side for each in commands)


def test_a_value_trader_takes_towards_the_value_alone() -> None:
    one = taker(ValueTrader)
    cheap = [
        command for step in range(500) for command in one.act(seen(step=step, bid=VALUE - 9_000, ask=VALUE - 8_000))
    ]
    dear = [
        command for step in range(500) for command in one.act(seen(step=step, bid=VALUE + 8_000, ask=VALUE + 9_000))
    ]
    fair = [command for step in range(500) for command in one.act(seen(step=step))]
    assert {each.side for each in cheap if isinstance(each, PlaceOrder)} == {Side.BUY}
    assert {each.side for each in dear if isinstance(each, PlaceOrder)} == {Side.SELL}
    assert all(isinstance(each, PlaceOrder) and each.price == VALUE for each in cheap + dear)
    assert fair == []


@pytest.mark.parametrize("rising", [True, False])
def test_a_trend_follower_goes_with_the_trend_within_bounds(*, rising: bool) -> None:
    one = taker(TrendFollower)
    assert isinstance(one, TrendFollower)
    sides: set[Side] = set()
    for step in range(3_000):
        price = VALUE + step * (100 if rising else -100)
        for command in one.act(seen(price, step)):
            if isinstance(command, PlaceOrder) and command.order_type is OrderType.IOC:
                sides.add(command.side)
                one.filled(command.client_order_id or "", command.quantity)
    assert sides == {Side.BUY if rising else Side.SELL}
    assert one.MOST - 3 <= abs(one.holds) // SIZES.unit <= one.MOST + 3


def test_a_trend_follower_leaves_triggers_that_wait_and_bounds_their_number() -> None:
    one = taker(TrendFollower)
    live: dict[str, PlaceOrder] = {}
    for step in range(10_000):
        for command in one.act(seen(step=step)):
            if isinstance(command, PlaceOrder):
                assert command.order_type in (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT)
                assert command.trigger_price is not None
                above = (command.side is Side.BUY) is (command.order_type is OrderType.STOP_MARKET)
                assert (command.trigger_price > VALUE) is above
                live[command.client_order_id or ""] = command
            elif isinstance(command, CancelOrder):
                del live[command.client_order_id or ""]
    assert len(live) == TrendFollower.MAX_TRIGGERS


def test_noise_trades_both_ways_soon_and_bounds_what_it_leaves() -> None:
    one = taker(NoiseTrader)
    takes: list[PlaceOrder] = []
    left: set[str] = set()
    for step in range(6_000):
        for command in one.act(seen(step=step)):
            if isinstance(command, CancelOrder):
                left.remove(command.client_order_id or "")
            elif isinstance(command, PlaceOrder) and command.order_type is OrderType.LIMIT:
                left.add(command.client_order_id or "")
            elif isinstance(command, PlaceOrder):
                takes.append(command)
        if step == NoiseTrader.OPENS_BY:
            assert takes
    assert {each.side for each in takes} == {Side.BUY, Side.SELL}
    assert len(left) == NoiseTrader.MOST_LEFT
    sizes = sorted(each.quantity for each in takes)
    # Most are small, a few are very much larger.
    assert sizes[-1] > 15 * sizes[len(sizes) // 2]


def test_large_orders_come_at_once_and_in_parts_of_one_side() -> None:
    one = taker(LargeTrader)
    orders = [
        (step, command)
        for step in range(60_000)
        for command in one.act(seen(step=step))
        if isinstance(command, PlaceOrder)
    ]
    at_once = [step for step, each in orders if each.quantity >= SIZES.quantity(LargeTrader.AT_ONCE[0])]
    parts = [(step, each.side) for step, each in orders if each.quantity < SIZES.quantity(LargeTrader.AT_ONCE[0])]
    assert len(at_once) > 5
    assert len(parts) > 10 * LargeTrader.PARTS[0]
    together = [side for (step, side), (before, _) in zip(parts[1:], parts, strict=False) if step - before < 10]
    changes = sum(a is not b for a, b in zip(together[1:], together, strict=False))
    assert changes * 8 < len(together)


@pytest.mark.parametrize("kind", TAKERS)
def test_the_same_seed_gives_the_same_orders(kind: Callable[..., Agent]) -> None:
    def run(seed: str) -> list[Command]:
        one = taker(kind, seed)
        # A value that goes up and down, and prices that follow late.
        values = [VALUE + 50 * abs(step % 1_200 - 600) for step in range(20_000)]
        return [
            command
            for step, value in enumerate(values)
            for command in one.act(seen(value, step, bid=values[step - 50] - 100, ask=values[step - 50] + 100))
        ]

    assert run("1") == run("1")
    assert len(run("1")) > 10
    assert run("1") != run("2")


@pytest.mark.parametrize("kind", TAKERS)
def test_a_livelier_market_brings_more_orders(kind: Callable[..., Agent]) -> None:
    def orders(pace: int) -> int:
        one = taker(kind)
        values = [VALUE + 50 * abs(step % 1_200 - 600) for step in range(20_000)]
        return sum(
            len(one.act(seen(value, step, pace=pace, bid=values[step - 50] - 100, ask=values[step - 50] + 100)))
            for step, value in enumerate(values)
        )

    assert orders(300) < orders(1_000) < orders(4_000)
