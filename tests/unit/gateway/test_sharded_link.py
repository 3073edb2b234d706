"""Which shard a command or a query goes to, and what is told where one is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from gateway.exchange.orders import Orders
from gateway.exchange.pace import Pace
from gateway.link.answers import expect
from gateway.link.errors import MatcherUnavailableError, RefusedError
from gateway.link.instruments import Instruments
from gateway.link.routing import WAYS
from gateway.link.sharded import labelled
from gateway.link.sharded_feed import ShardedFeed
from matching_exchange.metrics.families import gauge, gauges, histogram
from matching_exchange.process.histogram import Histogram
from protocol import topics
from protocol.commands import (
    AmendmentsQuery,
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    Command,
    DepthQuery,
    OrderQuery,
    OrdersQuery,
    PlaceOrder,
    Query,
    SetInstrument,
    TradesQuery,
)
from protocol.events import CommandRefused, OrderPage, OrderResult, OrderState
from protocol.shards import first_order_id
from protocol.units import OrderType, Refusal, Side
from tests.shard_world import TIME, World, map_of
from tests.tape import COIN, GOLD

SILVER = replace(COIN, symbol="SILVER-USD", base="SILVER")
IRON = replace(COIN, symbol="IRON-USD", base="IRON")
INSTRUMENTS = (COIN, GOLD, SILVER, IRON)
MAP = map_of(["COIN-USD"], ["GOLD-USD"], [])
COINS, GOLDS, REST = range(3)

Work = Callable[[World], Awaitable[None]]


def run(work: Work) -> World:
    """The shards after the work."""
    world = World(MAP, INSTRUMENTS)
    asyncio.run(_run(work, world))
    return world


async def _run(work: Work, world: World) -> None:
    await work(world)


def order(symbol: str, client_order_id: str | None = None, price: int = 500, account: str = "ann") -> PlaceOrder:
    return PlaceOrder(symbol, account, Side.BUY, OrderType.LIMIT, 10, price, client_order_id=client_order_id)


async def placed(world: World, command: PlaceOrder) -> int:
    """The order_id of a new order."""
    return expect(OrderResult, (await world.link.command(command)).value).order_id


def test_every_command_and_every_query_has_its_way() -> None:
    assert set(WAYS) == {*get_args(Command), *get_args(Query)}


@pytest.mark.parametrize(
    ("symbol", "number"), [("COIN-USD", COINS), ("GOLD-USD", GOLDS), ("SILVER-USD", REST), ("NONE-USD", REST)]
)
def test_what_names_a_symbol_goes_to_its_shard(symbol: str, number: int) -> None:
    commands: list[Command] = [
        order(symbol),
        CancelOrder(7, symbol=symbol),
        CancelAllOrders("ann", symbol),
        CancelReplace(CancelOrder(7), order(symbol)),
    ]
    queries: list[Query] = [DepthQuery(symbol), TradesQuery(symbol), OrdersQuery(symbol)]

    async def work(world: World) -> None:
        for command in commands:
            await world.link.command(command)
        for query in queries:
            await world.link.query(query)

    world = run(work)
    assert world.brokers[number].taken == commands
    assert world.brokers[number].asked == queries
    for other in set(range(3)) - {number}:
        assert not world.brokers[other].taken
        assert not world.brokers[other].asked


def test_an_order_id_names_its_shard() -> None:
    async def work(world: World) -> None:
        ids = [await placed(world, order(symbol)) for symbol in ("COIN-USD", "GOLD-USD", "SILVER-USD", "IRON-USD")]
        assert ids == [1, first_order_id(1) + 1, first_order_id(2) + 1, first_order_id(2) + 2]
        for order_id, symbol in zip(ids, ("COIN-USD", "GOLD-USD", "SILVER-USD", "IRON-USD"), strict=True):
            found = expect(OrderState, (await world.link.query(OrderQuery(order_id))).value)
            assert (found.order_id, found.symbol) == (order_id, symbol)
            await world.link.query(AmendmentsQuery(order_id))
            amended = await world.link.command(AmendOrder(order_id, "ann", quantity=5))
            assert expect(OrderState, amended.value).quantity == 5
            canceled = await world.link.command(CancelOrder(order_id))
            assert expect(OrderState, canceled.value).order_id == order_id
        # No shard has this number: nobody knows the order.
        unknown = await world.link.query(OrderQuery(first_order_id(9) + 1))
        assert unknown.value == CommandRefused(Refusal.UNKNOWN_ORDER)

    assert [len(broker.asked) for broker in run(work).brokers] == [3, 2, 4]


def test_a_client_order_id_is_looked_for_in_all_shards() -> None:
    async def work(world: World) -> None:
        order_id = await placed(world, order("GOLD-USD", "mine"))
        named = (None, "ann", "mine")
        found = expect(OrderState, (await world.link.query(OrderQuery(*named))).value)
        assert found.order_id == order_id
        amended = expect(OrderState, (await world.link.command(AmendOrder(*named, quantity=5))).value)
        assert (amended.order_id, amended.quantity) == (order_id, 5)
        canceled = expect(OrderState, (await world.link.command(CancelOrder(*named))).value)
        assert canceled.order_id == order_id
        for answer in (
            await world.link.command(CancelOrder(None, "bob", "mine")),
            await world.link.query(OrderQuery(None, "ann", "other")),
        ):
            assert answer.value == CommandRefused(Refusal.UNKNOWN_ORDER)

    world = run(work)
    assert [len(broker.taken) for broker in world.brokers] == [0, 3, 0]


def test_a_live_order_comes_before_a_done_one_and_two_live_ones_have_to_be_told_apart() -> None:
    async def work(world: World) -> None:
        done = await placed(world, order("COIN-USD", "mine"))
        await world.link.command(CancelOrder(done))
        live = await placed(world, order("GOLD-USD", "mine"))
        found = expect(OrderState, (await world.link.query(OrderQuery(None, "ann", "mine"))).value)
        assert found.order_id == live
        await world.link.command(order("SILVER-USD", "mine"))
        for answer in (
            await world.link.query(OrderQuery(None, "ann", "mine")),
            await world.link.command(CancelOrder(None, "ann", "mine")),
        ):
            refused = answer.value
            assert isinstance(refused, CommandRefused)
            assert refused.refusal is Refusal.CLIENT_ORDER_ID_CONFLICT
            assert refused.detail == "orders of the shards s1 and s2 bear it: name the symbol, or the order_id"
        canceled = await world.link.command(CancelOrder(None, "ann", "mine", symbol="GOLD-USD"))
        assert expect(OrderState, canceled.value).order_id == live

    run(work)


def test_a_shard_that_is_away_costs_its_own_symbols() -> None:
    async def work(world: World) -> None:
        await world.link.command(order("COIN-USD", "coin"))
        await world.link.command(order("GOLD-USD", "gold"))
        world.brokers[GOLDS].away = True
        assert world.link.available
        with pytest.raises(MatcherUnavailableError):
            world.link.submit(order("GOLD-USD"))
        with pytest.raises(MatcherUnavailableError):
            await world.link.query(DepthQuery("GOLD-USD"))
        await world.link.command(order("COIN-USD"))
        await world.link.query(DepthQuery("SILVER-USD"))
        # Who is there knows the one; nobody can tell that there is no other.
        assert expect(OrderState, (await world.link.query(OrderQuery(None, "ann", "coin"))).value).order_id == 1
        for name in ("gold", "none"):
            with pytest.raises(MatcherUnavailableError):
                await world.link.query(OrderQuery(None, "ann", name))
            with pytest.raises(MatcherUnavailableError):
                await world.link.command(CancelOrder(None, "ann", name))
        for broker in world.brokers:
            broker.away = True
        assert not world.link.available
        with pytest.raises(MatcherUnavailableError):
            world.link.submit(CancelOrder(None, "ann", "coin"))

    run(work)


def test_a_batch_is_shared_out_and_joined_in_the_order_of_the_caller() -> None:
    async def work(world: World) -> None:
        orders = Orders(world.link, Instruments(world.link), Pace(lambda: 0.0))
        symbols = ["GOLD-USD", "COIN-USD", "SILVER-USD", "COIN-USD", "GOLD-USD"]
        outcomes = await orders.place_each([order(symbol, f"{place}") for place, symbol in enumerate(symbols)])
        states = [outcome for outcome in outcomes if isinstance(outcome, OrderState)]
        assert [(state.symbol, state.client_order_id) for state in states] == [
            (symbol, str(place)) for place, symbol in enumerate(symbols)
        ]
        world.brokers[COINS].away = True
        outcomes = await orders.cancel_each([CancelOrder(state.order_id) for state in states])
        assert [outcome.symbol if isinstance(outcome, OrderState) else type(outcome) for outcome in outcomes] == [
            "GOLD-USD",
            MatcherUnavailableError,
            "SILVER-USD",
            MatcherUnavailableError,
            "GOLD-USD",
        ]

    run(work)


@pytest.mark.parametrize("done", [False, True])
def test_a_list_of_all_symbols_goes_on_shard_by_shard(*, done: bool) -> None:
    async def work(world: World) -> None:
        ids = [await placed(world, order(instrument.symbol)) for instrument in INSTRUMENTS for _ in range(3)]
        if done:
            for order_id in ids:
                await world.link.command(CancelOrder(order_id))
        listed: list[int] = []
        after: int | None = 0
        while after is not None:
            answer = await world.link.query(OrdersQuery(None, "ann", done, 2, after))
            page = expect(OrderPage, answer.value)
            listed += [state.order_id for state in page.orders]
            after = page.next
        if done:
            assert listed == [*reversed(ids[:3]), *reversed(ids[3:6]), *reversed(ids[6:])]
        else:
            assert listed == sorted(ids)
        beyond = expect(OrderPage, (await world.link.query(OrdersQuery(after=first_order_id(3)))).value)
        assert (beyond.orders, beyond.next) == ([], None)

    run(work)


def test_deadlines_go_by_the_clock_of_the_shard() -> None:
    async def work(world: World) -> None:
        world.brokers[GOLDS].ahead = 60_000_000_000
        # So little may be what the pulse has taken on its way.
        world.brokers[REST].ahead = 900_000
        for symbol in ("COIN-USD", "GOLD-USD", "SILVER-USD"):
            placing = replace(order(symbol), deadline=world.link.deadline())
            for command in (placing, CancelReplace(CancelOrder(7), placing), order(symbol)):
                await world.link.command(command)

    def deadline(command: Command) -> int:
        place = command.place if isinstance(command, CancelReplace) else command
        assert isinstance(place, PlaceOrder)
        return place.deadline

    asked = TIME + 5_000_000_000
    assert [[deadline(command) for command in broker.taken] for broker in run(work).brokers] == [
        [asked, asked, 0],
        [asked + 60_000_000_000, asked + 60_000_000_000, 0],
        [asked, asked, 0],
    ]


def test_instruments_are_those_of_all_shards_and_known_ones_of_a_shard_that_is_away() -> None:
    async def work(world: World) -> None:
        instruments = Instruments(world.link)
        world.brokers[GOLDS].away = True
        # Nobody has heard of it yet: it may be there.
        with pytest.raises(MatcherUnavailableError):
            await instruments.find("GOLD-USD")
        assert (await instruments.find("COIN-USD")).symbol == "COIN-USD"
        with pytest.raises(RefusedError):
            await instruments.find("NONE-USD")
        assert [each.symbol for each in await instruments.all()] == ["COIN-USD", "SILVER-USD", "IRON-USD"]
        world.brokers[GOLDS].away = False
        everything = ["COIN-USD", "GOLD-USD", "SILVER-USD", "IRON-USD"]
        assert [each.symbol for each in await instruments.all()] == everything
        world.brokers[GOLDS].away = True
        assert [each.symbol for each in await instruments.all()] == everything
        for broker in world.brokers:
            broker.away = True
        with pytest.raises(MatcherUnavailableError):
            await instruments.all()

    run(work)


def test_an_instrument_that_was_moved_is_that_of_its_new_shard() -> None:
    async def work(world: World) -> None:
        before = replace(COIN, max_quantity=7)
        world.brokers[REST].carry_out(SetInstrument.of(before))
        instruments = Instruments(world.link)
        assert await instruments.all() == [COIN, GOLD, SILVER, IRON]
        assert await instruments.find("COIN-USD") == COIN

    run(work)


def test_each_topic_is_subscribed_to_at_the_shard_of_its_symbol() -> None:
    class Feed:
        def __init__(self) -> None:
            self.topics: list[bytes] = []

        async def start(self) -> None: ...

        async def stop(self) -> None: ...

        def subscribe(self, topic: bytes, _handler: Any) -> Callable[[], None]:
            self.topics.append(topic)
            return lambda: self.topics.remove(topic)

    feeds = [Feed(), Feed(), Feed()]
    sharded = ShardedFeed(MAP, feeds)
    ends = [
        sharded.subscribe(topic("GOLD-USD"), lambda _: None)
        for topic in (topics.trades, topics.depth, topics.book, topics.orders, topics.instruments)
    ]
    sharded.subscribe(topics.depth("NONE-USD"), lambda _: None)
    assert [len(feed.topics) for feed in feeds] == [0, 5, 1]
    for end in ends:
        end()
    assert [len(feed.topics) for feed in feeds] == [0, 0, 1]


def test_metrics_of_a_shard_bear_its_name() -> None:
    times = Histogram()
    times.observe(1)
    for family in (gauge("a", "A.", 1), gauges("b", "B.", ("kind",), {("x",): 1}), histogram("c", "C.", times)):
        told = labelled(family, "shard", "s1")
        assert told.labels == ("shard", *family.labels)
        assert [values for values, _ in told.values] == [("s1", *values) for values, _ in family.values]
        assert [values for values, *_ in told.histograms] == [("s1", *values) for values, *_ in family.histograms]
