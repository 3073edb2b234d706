"""A mix over 2 and 4 shards leaves each of them as one matcher is that was fed the commands of its symbols alone."""

import asyncio
from dataclasses import dataclass, field
from random import Random

import pytest
from msgspec.structs import replace

from gateway.link.answers import expect
from matcher.serving.queries import answer_query
from protocol.commands import (
    AmendOrder,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    Command,
    DepthQuery,
    OrderQuery,
    OrderTerms,
    PlaceOco,
    PlaceOrder,
    SetInstrument,
    TradesQuery,
)
from protocol.events import CommandRefused, Depth, OrderState, TradeHistory
from protocol.units import InstrumentStatus, OrderType, SelfTradePrevention, Side
from tests.shard_world import StateBroker, World, map_of
from tests.tape import COIN

SYMBOLS = ["COIN-USD", "GOLD-USD", "SILVER-USD", "IRON-USD"]
INSTRUMENTS = [replace(COIN, symbol=symbol, base=symbol.partition("-")[0]) for symbol in SYMBOLS]
MIDDLE = 500
LENGTH = 3_000
ACCOUNTS = ("ann", "bob", "cy")

MAPS = {
    2: map_of(["GOLD-USD", "IRON-USD"], []),
    4: map_of(["GOLD-USD"], ["IRON-USD"], ["COIN-USD"], []),
}


@dataclass
class Mix:
    """Draws commands, each with its symbol. Orders are named by client_order_ids, which tell matchers apart from
    nothing: the same commands may go to any matcher."""

    random: Random
    names: list[tuple[str, str, str]] = field(default_factory=list)

    def draw(self) -> tuple[str, Command]:
        kind = self.random.choices(
            ["order", "oco", "cancel", "amend", "replace", "all", "halt"], [60, 5, 15, 10, 6, 2, 1]
        )[0]
        if kind == "order" or not self.names:
            order = self._order()
            return order.symbol, order
        if kind == "oco":
            return self._oco()
        if kind == "halt":
            symbol = self._symbol()
            status = self.random.choice([InstrumentStatus.TRADING] * 3 + [InstrumentStatus.HALTED])
            return symbol, SetInstrument(symbol, COIN.price_decimals, COIN.quantity_decimals, status=status)
        symbol, account, name = self.random.choice(self.names[-40:])
        named = (None, account, name)
        if kind == "cancel":
            # With its symbol or without: then all shards are asked for it.
            return symbol, CancelOrder(*named, symbol=self.random.choice([None, symbol]))
        if kind == "amend":
            return symbol, AmendOrder(*named, quantity=self._quantity(), price=self._price())
        if kind == "replace":
            placed = self._order()
            assert placed.client_order_id is not None
            self.names[-1] = symbol, account, placed.client_order_id
            return symbol, CancelReplace(CancelOrder(*named), replace(placed, symbol=symbol, account=account))
        return symbol, CancelAllOrders(account, symbol)

    def _order(self) -> PlaceOrder:
        kinds = [OrderType.LIMIT] * 6 + [OrderType.MARKET, OrderType.IOC, OrderType.STOP_LIMIT]
        order_type = self.random.choice(kinds)
        symbol, account = self._symbol(), self.random.choice(ACCOUNTS)
        terms = self.random.choice(
            [
                None,
                None,
                OrderTerms(self_trade_prevention=SelfTradePrevention.DECREMENT),
                OrderTerms(display_quantity=5),
            ]
        )
        return PlaceOrder(
            symbol,
            account,
            self._side(),
            order_type,
            self._quantity(),
            None if order_type is OrderType.MARKET else self._price(),
            self._price() if order_type is OrderType.STOP_LIMIT else None,
            self._name(symbol, account),
            terms=terms if order_type is OrderType.LIMIT else None,
        )

    def _oco(self) -> tuple[str, Command]:
        symbol, account = self._symbol(), self.random.choice(ACCOUNTS)
        side = self._side()
        above, below = MIDDLE + 40, MIDDLE - 40
        limit, stop = (above, below) if side is Side.SELL else (below, above)
        name = self._name(symbol, account)
        return symbol, PlaceOco(symbol, account, side, self._quantity(), limit, stop, None, name)

    def _name(self, symbol: str, account: str) -> str:
        name = f"n{len(self.names)}"
        self.names.append((symbol, account, name))
        return name

    def _symbol(self) -> str:
        return self.random.choice(SYMBOLS)

    def _side(self) -> Side:
        return self.random.choice([Side.BUY, Side.SELL])

    def _quantity(self) -> int:
        return self.random.randint(1, 30)

    def _price(self) -> int:
        return MIDDLE + self.random.randint(-12, 12)


async def feed(world: World, commands: list[tuple[str, Command]]) -> int:
    """Send all of them by the link. Returns how many were refused."""
    refused = 0
    for _, command in commands:
        refused += isinstance((await world.link.command(command)).value, CommandRefused)
    return refused


@pytest.mark.parametrize("shards", [2, 4])
def test_each_shard_is_as_one_matcher_that_had_its_symbols_alone(shards: int) -> None:
    mix = Mix(Random(17 + shards))
    commands = [mix.draw() for _ in range(LENGTH)]
    shard_map = MAPS[shards]
    world = World(shard_map, INSTRUMENTS)
    refused = asyncio.run(feed(world, commands))
    assert refused < LENGTH / 3, "most of the mix is carried out"

    for shard, broker in zip(shard_map.shards, world.brokers, strict=True):
        own = [each for each in INSTRUMENTS if shard_map.number_of(each.symbol) == shard.number]
        alone = StateBroker(shard.number, own)
        alone.carry_out(*(command for symbol, command in commands if shard_map.number_of(symbol) == shard.number))
        assert broker.digest == alone.digest

    # One matcher with all of the mix has the same books and trades, under other order_ids.
    everything = StateBroker(0, INSTRUMENTS)
    everything.carry_out(*(command for _, command in commands))
    for symbol in SYMBOLS:
        owner = world.brokers[shard_map.number_of(symbol)]
        assert told(owner, symbol) == told(everything, symbol)
    assert len({broker.digest for broker in (*world.brokers, everything)}) == shards + 1
    for symbol, account, name in mix.names[-100:]:
        query = OrderQuery(None, account, name)
        known = answer_query(everything.state.registry, query)
        found = answer_query(world.brokers[shard_map.number_of(symbol)].state.registry, query)
        assert isinstance(known, OrderState) is isinstance(found, OrderState)
        if isinstance(known, OrderState) and isinstance(found, OrderState):
            assert (found.status, found.filled_quantity, found.filled_value) == (
                known.status,
                known.filled_quantity,
                known.filled_value,
            )


def told(broker: StateBroker, symbol: str) -> tuple[object, list[tuple[int, int, int, Side]]]:
    """The depth and the last trades of the symbol."""
    registry = broker.state.registry
    depth = expect(Depth, answer_query(registry, DepthQuery(symbol, 100)))
    trades = expect(TradeHistory, answer_query(registry, TradesQuery(symbol, 1_000))).trades
    assert len(trades) > 50
    return (depth.bids, depth.asks), [
        (trade.trade_id, trade.price, trade.quantity, trade.aggressor_side) for trade in trades
    ]
