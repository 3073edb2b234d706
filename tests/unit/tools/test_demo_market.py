"""What the demo does at a matcher, on an engine in this process."""

import pytest

from matching_exchange.recordings.recording import Place, Recording, Step, Take
from matching_exchange.tools.demo.control import Control
from matching_exchange.tools.demo.crowd import ACCOUNTS
from matching_exchange.tools.demo.market import OWN_ACCOUNTS, Market
from matching_exchange.tools.demo.recorded import RecordedMarket
from matching_exchange.tools.demo.venue import EngineVenue, LostError, cancel_all
from protocol.commands import DepthQuery, OrdersQuery, PlaceOrder, SetInstrument, TradesQuery
from protocol.demo import AGENTS, RECORDING, Steer
from protocol.events import Depth, OrderPage, TradeHistory
from protocol.instrument import Instrument
from protocol.units import OrderType, Side
from tests.agents_market import BTC, ETH, SOL

SECOND = 10**9
SYMBOLS = ["BTC-USDT", "ETH-USDT", "SOL-USDT"]
INSTRUMENTS = [BTC, ETH, SOL]


def venue(*instruments: Instrument) -> EngineVenue:
    made = EngineVenue()
    made.carry_out([SetInstrument.of(instrument) for instrument in instruments or INSTRUMENTS])
    return made


def recorded(symbol: str = "COIN-USD") -> RecordedMarket:
    steps: list[Step] = [Place(second * SECOND, str(second), Side.BUY, 900 + second, 5) for second in range(100)]
    return RecordedMarket(
        Recording("test", symbol, "COIN", "USD", 2, 3, 1, 1, [*steps, Take(100 * SECOND, Side.SELL, 900, 1, None)]),
        "run",
    )


def step(market: Market, at: EngineVenue, steps: int, control: Control | None = None) -> None:
    for _ in range(steps):
        market.trade(at, control or Control(AGENTS, []))


def depth(at: EngineVenue, symbol: str) -> Depth:
    [told] = at.ask([DepthQuery(symbol)])
    assert isinstance(told, Depth)
    return told


def trades(at: EngineVenue, symbol: str) -> list[int]:
    """The prices."""
    [told] = at.ask([TradesQuery(symbol, 1_000)])
    assert isinstance(told, TradeHistory)
    return [trade.price for trade in told.trades]


def live(at: EngineVenue, account: str) -> set[int]:
    [told] = at.ask([OrdersQuery(account=account, limit=1_000)])
    assert isinstance(told, OrderPage)
    return {order.order_id for order in told.orders}


def test_all_known_instruments_are_alive_within_two_seconds() -> None:
    at, market = venue(), Market("1", "run", None)
    market.enter(at, INSTRUMENTS)
    assert market.symbols == SYMBOLS
    step(market, at, 20)
    for symbol in SYMBOLS:
        assert len(depth(at, symbol).bids) == len(depth(at, symbol).asks) == 10
        assert trades(at, symbol)


def test_what_the_exchange_lacks_is_not_traded() -> None:
    at, market = venue(ETH), Market("1", "run", None)
    market.enter(at, [ETH])
    step(market, at, 10)
    assert market.symbols == ["ETH-USDT"]
    nothing = Market("1", "other", None)
    nothing.enter(at, [])
    step(nothing, at, 10)
    assert nothing.symbols == []


def test_it_goes_on_from_the_last_price_that_is_near() -> None:
    at, market = venue(), Market("1", "run", None)
    for symbol, price in (("BTC-USDT", 61_500_00), ("SOL-USDT", 300_00)):
        orders = [PlaceOrder(symbol, "x", side, OrderType.LIMIT, 10_000, price) for side in (Side.BUY, Side.SELL)]
        at.carry_out(orders)
    market.enter(at, INSTRUMENTS)
    step(market, at, 20)
    assert abs(depth(at, "BTC-USDT").bids[0][0] - 61_500_00) < 100_00
    # Too far away: it begins at its base.
    assert abs(depth(at, "SOL-USDT").bids[0][0] - 150_00) < 2_00


def test_at_another_matcher_it_cancels_and_quotes_anew() -> None:
    at, market = venue(), Market("1", "run", None)
    market.enter(at, INSTRUMENTS)
    step(market, at, 30)
    before = {account: live(at, account) for account in ACCOUNTS}
    price = depth(at, "BTC-USDT").bids[0][0]
    market.enter(at, INSTRUMENTS)
    assert all(not live(at, account) for account in ACCOUNTS)
    step(market, at, 1)
    for account in ACCOUNTS[:2]:
        # A taker may have come already.
        assert len(live(at, account)) > 55
        assert live(at, account).isdisjoint(before[account])
    assert abs(depth(at, "BTC-USDT").bids[0][0] - price) < 100_00


def test_orders_of_others_are_left_alone() -> None:
    at, market = venue(), Market("1", "run", None)
    at.carry_out([PlaceOrder("BTC-USDT", "alice", Side.BUY, OrderType.LIMIT, 10_000, 100_00)])
    market.enter(at, INSTRUMENTS)
    step(market, at, 5)
    cancel_all(at, OWN_ACCOUNTS)
    assert len(live(at, "alice")) == 1
    assert depth(at, "BTC-USDT").bids == [(100_00, 10_000)]


@pytest.mark.parametrize(("speed", "steps"), [(100, 20), (50, 10), (250, 50), (1_000, 200), (10_000, 200)])
def test_agents_go_at_the_speed_up_to_ten(speed: int, steps: int) -> None:
    """`steps` of the agents in twenty steps of real time."""
    sped, usual = venue(), venue()
    for at, pace, count in ((sped, speed, 20), (usual, 100, steps)):
        market, control = Market("1", "run", None), Control(AGENTS, [], pace)
        market.enter(at, INSTRUMENTS)
        step(market, at, count, control)
    for symbol in SYMBOLS:
        assert trades(sped, symbol) == trades(usual, symbol)
        assert depth(sped, symbol) == depth(usual, symbol)


def test_a_recording_plays_beside_at_the_speed_and_jumps() -> None:
    at, control = venue(), Control(RECORDING, [], 2_000)
    market = Market("1", "run", recorded())
    control.note(time=0, begin=0, end=100 * SECOND)
    market.enter(at, INSTRUMENTS)
    assert market.symbols == ["COIN-USD", *SYMBOLS]
    assert len(depth(at, "COIN-USD").bids) == 1
    step(market, at, 2, control)
    # Two tenths of a second, twenty times as fast.
    assert control.state.time == 4 * SECOND
    assert len(depth(at, "COIN-USD").bids) == 5
    assert len(depth(at, "BTC-USDT").bids) == 10
    market.jump(at, 50 * SECOND)
    control.steer(Steer(speed=100))
    step(market, at, 10, control)
    assert control.state.time == 51 * SECOND
    assert depth(at, "COIN-USD").bids[0] == (951, 5)


def test_after_a_restart_the_recording_is_where_it_was() -> None:
    at, control = venue(), Control(RECORDING, [], 10_000)
    market = Market("1", "run", recorded())
    market.enter(at, INSTRUMENTS)
    step(market, at, 3, control)
    before = depth(at, "COIN-USD")
    assert len(before.bids) == 10
    market.enter(at, INSTRUMENTS)
    assert depth(at, "COIN-USD") == before


def test_an_exchange_that_lacks_the_instruments_is_noticed_and_entered_anew() -> None:
    first, market = venue(), Market("1", "run", recorded())
    market.enter(first, INSTRUMENTS)
    step(market, first, 10)
    for other in (EngineVenue(), venue(ETH)):
        with pytest.raises(LostError):
            step(market, other, 20)
    # There is no BTC-USDT, and what it has for ETH-USDT are no orders that the market knows.
    only = venue(ETH)
    market.enter(only, [ETH])
    step(market, only, 10)
    assert market.symbols == ["COIN-USD", "ETH-USDT"]
    assert len(depth(only, "ETH-USDT").bids) == len(depth(only, "ETH-USDT").asks) == 10
    # Back at the first one, no name of an order comes twice.
    market.enter(first, INSTRUMENTS)
    step(market, first, 1)
    assert all(len(depth(first, symbol).bids) == 10 for symbol in SYMBOLS)


def test_an_empty_exchange_with_the_same_instruments_gets_quotes() -> None:
    market = Market("1", "run", None)
    market.enter(venue(), INSTRUMENTS)
    step(market, venue(), 1)
    other = venue()
    step(market, other, 300)
    assert all(len(depth(other, symbol).bids) == 10 for symbol in SYMBOLS)


def test_agents_leave_the_recordings_symbol_to_it() -> None:
    at = venue(ETH, SOL)
    market = Market("1", "run", recorded("BTC-USDT"))
    market.enter(at, [ETH, SOL, BTC])
    step(market, at, 5)
    assert market.symbols == SYMBOLS
    assert depth(at, "BTC-USDT").asks == []
