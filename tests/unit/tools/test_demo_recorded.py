"""A recording that plays in a loop, and jumps: on an engine in this process."""

import random
from pathlib import Path

import pytest

from matching_exchange.recordings.readers import read_recording
from matching_exchange.recordings.recording import Cancel, Place, Recording, Reduce, Replace, Step, Take, VenueTrade
from matching_exchange.tools.demo.recorded import ACCOUNT, RecordedError, RecordedMarket
from matching_exchange.tools.demo.venue import EngineVenue
from protocol.commands import DepthQuery, OrdersQuery, PlaceOrder, TradesQuery
from protocol.events import Depth, OrderPage, TradeHistory
from protocol.units import OrderType, Side

SECOND = 10**9
SYMBOL = "COIN-USD"


def flow(seed: int = 1) -> Recording:
    """A recording with every kind of step, one each second."""
    chance = random.Random(seed)
    steps: list[Step] = []
    live: list[tuple[str, int]] = []
    for number in range(400):
        time = 1_000 * SECOND + number * SECOND
        kind = chance.choice(("place", "place", "place", "take", "cancel", "reduce", "replace"))
        if kind == "place" or len(live) < 5:
            side = chance.choice((Side.BUY, Side.SELL))
            price = 1_000 + (-1 if side is Side.BUY else 1) * chance.randint(1, 20)
            quantity = chance.randint(5, 50)
            live.append((f"o{number}", quantity))
            steps.append(Place(time, f"o{number}", side, price, quantity))
        elif kind == "take":
            side = chance.choice((Side.BUY, Side.SELL))
            steps.append(Take(time, side, 1_030 if side is Side.BUY else 970, chance.randint(1, 30), None))
            steps.append(VenueTrade(time, 1_000, 1))
        else:
            at = chance.randrange(len(live))
            order, quantity = live[at]
            if kind == "cancel":
                live.pop(at)
                steps.append(Cancel(time, order, None))
            elif kind == "reduce" and quantity > 1:
                live[at] = (order, quantity - 1)
                steps.append(Reduce(time, order, 1))
            else:
                steps.append(Replace(time, order, 1_000 + chance.randint(-20, 20), quantity))
    return Recording("test", SYMBOL, "COIN", "USD", 2, 3, 1, 1, steps)


def depth(venue: EngineVenue) -> Depth:
    [told] = venue.ask([DepthQuery(SYMBOL, 1_000)])
    assert isinstance(told, Depth)
    return told


def trades(venue: EngineVenue) -> int:
    [told] = venue.ask([TradesQuery(SYMBOL, 1_000)])
    assert isinstance(told, TradeHistory)
    return len(told.trades)


def playing(recording: Recording, seconds: int = 0) -> tuple[RecordedMarket, EngineVenue]:
    market, venue = RecordedMarket(recording, "run"), EngineVenue()
    market.prepare(venue)
    market.resume(venue)
    for _ in range(seconds):
        market.play(venue, SECOND)
    return market, venue


def test_it_begins_with_its_first_step_and_goes_on_by_its_own_clock() -> None:
    market, venue = playing(flow())
    assert (market.begin, market.end) == (1_000 * SECOND, 1_399 * SECOND)
    assert market.time == market.begin
    assert len(depth(venue).bids) + len(depth(venue).asks) == 1
    market.play(venue, 100 * SECOND)
    assert market.time == 1_100 * SECOND
    assert trades(venue) > 5


def test_all_orders_are_the_demos() -> None:
    _, venue = playing(flow(), 50)
    [page] = venue.ask([OrdersQuery(limit=1_000)])
    assert isinstance(page, OrderPage)
    assert {order.account for order in page.orders} == {ACCOUNT}


@pytest.mark.parametrize("seconds", [0, 1, 77, 150, 300, 398])
def test_a_jump_makes_the_book_that_playing_there_makes_and_trades_nothing(seconds: int) -> None:
    _, played = playing(flow(), seconds)
    market, venue = playing(flow(), 20)
    before = trades(venue)
    market.jump(venue, market.begin + seconds * SECOND)
    assert market.time == market.begin + seconds * SECOND
    assert depth(venue) == depth(played)
    assert trades(venue) == before


def test_after_a_jump_it_plays_on_as_it_would_have() -> None:
    _, played = playing(flow(), 300)
    market, venue = playing(flow(), 250)
    market.jump(venue, market.begin + 150 * SECOND)
    for _ in range(150):
        market.play(venue, SECOND)
    assert depth(venue) == depth(played)


def test_after_its_end_it_begins_again_with_an_empty_book() -> None:
    market, venue = playing(flow(), 398)
    first = trades(venue)
    market.play(venue, SECOND)
    assert market.time == market.begin
    assert depth(venue) == Depth(SYMBOL, [], [])
    for _ in range(300):
        market.play(venue, SECOND)
    _, played = playing(flow(), 300)
    assert depth(venue) == depth(played)
    assert trades(venue) > first


def test_orders_of_others_stay() -> None:
    market, venue = playing(flow(), 100)
    venue.carry_out([PlaceOrder(SYMBOL, "alice", Side.BUY, OrderType.LIMIT, 7, 500)])
    market.jump(venue, market.begin)
    assert depth(venue).bids[-1] == (500, 7)
    market.play(venue, 400 * SECOND)
    assert depth(venue) == Depth(SYMBOL, [(500, 7)], [])


def test_a_recorded_file_plays(tmp_path: Path) -> None:
    file = tmp_path / "market.log"
    file.write_text(
        '1430438404000 order_created {"order_type": 0, "price": "236.00", "amount": "1.00000000", "id": 1}\n'
        '1430438405000 order_created {"order_type": 1, "price": "236.00", "amount": "0.40000000", "id": 2}\n'
        '1430438406000 order_deleted {"order_type": 0, "price": "236.00", "amount": "0.60000000", "id": 1}\n'
    )
    market, venue = RecordedMarket(read_recording([file]), "run"), EngineVenue()
    market.prepare(venue)
    market.play(venue, SECOND)
    [told] = venue.ask([TradesQuery("BTC-USD")])
    assert isinstance(told, TradeHistory)
    assert [(trade.price, trade.quantity) for trade in told.trades] == [(236_00, 40_000_000)]


def test_a_recording_without_orders_is_refused() -> None:
    with pytest.raises(RecordedError, match="holds no orders"):
        RecordedMarket(Recording("test", SYMBOL, "COIN", "USD", 2, 3, 1, 1, [VenueTrade(1, 1, 1)]), "run")


def test_a_symbol_with_other_units_is_told() -> None:
    _, venue = playing(flow())
    other = RecordedMarket(Recording("test", SYMBOL, "COIN", "USD", 1, 3, 1, 1, flow().steps), "other")
    with pytest.raises(RecordedError, match=f"refuses {SYMBOL}"):
        other.prepare(venue)
