"""Setting a simulation up, and that the same seed gives the same run."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from matching_exchange import sim
from matching_exchange.sim.kernel.record import Record
from tests.unit.sim.helpers import BTC, Scripted, rows, run


class Trader(sim.Strategy):
    """Trades at random with all that its seed gives it."""

    def on_start(self, market: sim.Market) -> None:
        market.wake_in(market.random.exponential(sim.ms(20)))

    def on_wakeup(self, market: sim.Market) -> None:
        chance = market.random
        book = market.book()
        middle = ((book.bid_units or 9_990) + (book.ask_units or 10_010)) // 2
        side = chance.side()
        orders = market.orders()
        if len(orders) > 10:
            market.cancel(orders[chance.choice(len(orders))])
        elif chance.happens(300_000):
            market.place(market.symbol, side, chance.between(1, 9) * 100, None, sim.OrderType.MARKET)
        else:
            away = chance.between(-2, 20)
            price = middle - away if side is sim.Side.BUY else middle + away
            market.place(market.symbol, side, chance.between(1, 9) * 100, price)
        market.wake_in(chance.exponential(sim.ms(20)))


def trade(seed: int) -> Record:
    simulation = sim.Simulation([BTC], seed=seed)
    for latency in (None, sim.Latency.of(sim.LogNormal(sim.us(50), sim.us(200), 700))):
        for _ in range(2):
            simulation.add(Trader(), latency=latency, balances={"USD": 100_000, "BTC": 1_000})
    return simulation.run_record(sim.seconds(20))


GOLDEN = "a021eb5d09bb2c32476c08fc3320b63293fe6d8fdea89eedfe8618cab30c149e"


def test_the_same_seed_gives_the_same_run_everywhere() -> None:
    """The digest stands here: it is the same with the compiled core and the interpreted one, on every Python."""
    record = trade(7)
    assert record.counts["trades"] > 300
    assert record.digest == GOLDEN


def test_another_seed_gives_another_run() -> None:
    assert trade(7).digest != trade(8).digest


def test_agents_have_chance_of_their_own() -> None:
    """Another agent beside them changes no draw."""

    class Drawing(sim.Strategy):
        def on_start(self, market: sim.Market) -> None:
            self.drawn = [market.random.between(0, 10**9) for _ in range(5)]

    alone, first, second = Drawing(), Drawing(), Drawing()
    run(alone)
    run(first, second)
    assert alone.drawn == first.drawn != second.drawn


def test_a_quote_is_recorded_when_it_changes_and_at_most_so_often() -> None:
    script = tuple((place * 10, lambda market: market.buy("1", "100")) for place in range(10))
    every = run(Scripted(*script), quote_every=0)
    seldom = run(Scripted(*script), quote_every=35)
    assert [row["time"] - every.start for row in rows(every.quotes)] == list(range(0, 100, 10))
    assert [row["time"] - seldom.start for row in rows(seldom.quotes)] == [0, 35, 70, 105]
    assert rows(seldom.quotes)[-1]["bid_quantity"] == 10_000


def test_who_is_not_measured_leaves_no_orders() -> None:
    simulation = sim.Simulation([BTC], record_trades=False)
    simulation.add(Scripted((0, lambda market: market.buy("1", "100"))), "seen")
    simulation.add(Scripted((1, lambda market: market.sell("1", "100"))), "crowd", measure=False)
    record = simulation.run_record(10)
    assert [row["agent"] for row in rows(record.orders)] == [0]
    assert [row["agent"] for row in rows(record.fills)] == [0]
    assert (rows(record.trades), record.counts["trades"]) == ([], 1)
    assert (record.agents, record.measured) == (["seen", "crowd"], [True, False])


def test_agents_hear_of_their_symbols_alone() -> None:
    class Both(Scripted):
        def on_book(self, market: sim.Market, book: sim.Book) -> None:
            self.returned.append(book.symbol)

    class One(Both):
        symbols = ("ETH-USD",)

    ether = sim.instrument("ETH-USD", "0.01", "0.001")
    maker = Scripted((0, lambda market: (market.buy("1", "9"), market.buy("1", "9", symbol="ETH-USD"))))
    both, one = Both(), One()
    run(maker, both, one, instruments=[BTC, ether])
    assert both.returned == ["BTC-USD", "ETH-USD"]
    assert one.returned == ["ETH-USD"]


def test_an_agent_has_a_name_and_a_market() -> None:
    agent = Scripted((3, lambda market: (market.name, market.symbol, market.now, dict(market.instruments))))
    record = run(agent)
    assert agent.returned == [("a", "BTC-USD", record.start + 3, {"BTC-USD": BTC})]
    assert record.agents == ["a"]


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (
            lambda m: m.buy(0.1, "100"),
            'quantity takes a Decimal, a text or a whole number, not the float 0.1: write "0.1"',
        ),
        (lambda m: m.buy("1", 99.5), "price takes a Decimal, a text or a whole number, not the float 99.5"),
        (lambda m: m.buy(bool(1), "9"), "quantity takes a Decimal, a text or a whole number, not the bool True"),
        (lambda m: m.buy("1", "1.001"), "price takes at most 2 decimals, not '1.001'"),
        (lambda m: m.buy("1", Decimal("NaN")), "price takes a decimal number"),
        (lambda m: m.buy("1", "9", type="iceberg"), "type takes one of market, limit, ioc"),
        (lambda m: m.buy("1", "9", self_trade_prevention="all"), "self_trade_prevention takes one of none, "),
        (lambda m: m.buy("1", "9", symbol="ETH-USD"), "symbol takes one of BTC-USD, not 'ETH-USD'"),
        (lambda m: m.buy("1", "9", expire_in=5e9), "expire_in takes a whole number, not 5000000000.0"),
        (lambda m: m.place("BTC-USD", "buy", 1, 100), "side takes Side.BUY or Side.SELL, not 'buy'"),
        (lambda m: m.place("BTC-USD", sim.Side.BUY, 1.5, 100), "quantity_units takes a whole number, not 1.5"),
        (lambda m: m.place("BTC-USD", sim.Side.BUY, 1, 100.5), "price_units takes a whole number or None, not 100.5"),
        (lambda m: m.place("ETH-USD", sim.Side.BUY, 1, 100), "symbol takes one of BTC-USD, not 'ETH-USD'"),
        (lambda m: m.random.between(5, 1), "chance takes a range with at least one number"),
        (lambda m: m.amend(m.buy("1", "9"), price="1.001"), "price takes at most 2 decimals"),
    ],
)
def test_what_an_order_does_not_take_is_said_at_the_call(act: Callable[[sim.Market], object], told: str) -> None:
    with pytest.raises(ValueError, match="takes") as caught:
        run(Scripted((0, act)))
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda s: s.add(Scripted), "a strategy is an object of a class below Strategy"),
        (lambda s: s.add(Scripted(), "no spaces"), "name takes 1 to 64 of A-Z"),
        (lambda s: [s.add(Scripted(), "same"), s.add(Scripted(), "same")], "name takes one that no other agent has"),
        (lambda s: [s.add(agent) for agent in [Scripted()] * 2], "a strategy is added once"),
        (lambda s: [s.begin(), s.begin()], "a simulation runs once"),
        (lambda s: s.add(Scripted(), latency=sim.Constant(5)), "latency takes a Latency, such as"),
        (lambda s: s.add(Scripted(), balances={}), "balances takes at least one asset"),
        (lambda s: [s.begin(), s.add(Scripted())], "a strategy is added before the run begins"),
        (lambda s: s.run(-1), "duration takes nanoseconds, 0 or more"),
        (lambda s: s.run(1e9), "duration takes nanoseconds, 0 or more"),
        (lambda s: sim.Simulation([BTC], start=0), "start takes nanoseconds since 1970, from 1"),
        (lambda s: sim.Simulation([]), "instruments takes at least one"),
        (lambda s: sim.Simulation([BTC, BTC]), "instruments takes each symbol once"),
    ],
)
def test_a_simulation_that_cannot_be_is_told(make: Callable[[sim.Simulation], object], told: str) -> None:
    with pytest.raises(sim.SimulationError) as caught:
        make(sim.Simulation([BTC]))
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("BTC",), "symbol takes BASE-QUOTE, such as BTC-USD, not 'BTC'"),
        (("BTC-USD", 0.01), 'tick_size takes a Decimal, a text or a whole number, not the float 0.01: write "0.01"'),
        (("BTC-USD", "x"), "tick_size takes a decimal number"),
        (("BTC-USD", "0"), "tick_size takes a positive number"),
        (("BTC-USD", "1", "1", 0.5), "maker_fee_bps takes a whole number, not 0.5"),
        (("btc-usd",), "symbol takes 1 to 32 of A-Z"),
    ],
)
def test_an_instrument_that_cannot_be_is_told(arguments: tuple[object, ...], told: str) -> None:
    with pytest.raises(sim.OrderEntryError) as caught:
        sim.instrument(*arguments[:3], **dict(zip(("maker_fee_bps",), arguments[3:], strict=False)))  # type: ignore[arg-type]
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("fees", [0, 10_000])
def test_an_instrument_takes_large_prices_and_quantities(fees: int) -> None:
    made = sim.instrument("BTC-USD", "0.01", "0.00000001", taker_fee_bps=fees)
    assert (made.base, made.quote, made.price_decimals, made.quantity_decimals) == ("BTC", "USD", 2, 8)
    assert made.max_price == 10**9
    assert made.max_quantity >= 10**5
