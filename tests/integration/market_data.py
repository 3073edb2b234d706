"""What tests of the market data socket send, and what its messages look like."""

import random
from collections.abc import Iterable

from protocol.client import CommandClient
from protocol.commands import (
    CancelAllOrders,
    Command,
    DepthQuery,
    InstrumentsQuery,
    PlaceOrder,
    SetInstrument,
    TradesQuery,
)
from protocol.events import Answer, Depth, InstrumentList, InstrumentSet, Trade, TradeHistory
from protocol.instrument import Instrument
from protocol.units import OrderType, Side
from tests.exchange import Json, wait_until
from tests.subscriber import Message, Subscriber

BUY, SELL = Side.BUY, Side.SELL
BUILT_IN = ("BTC-USDT", "ETH-USDT", "SOL-USDT")

EVERY = {"type", "epoch", "sequence", "number", "previous", "timestamp"}
TRADE = EVERY | {
    "symbol",
    "trade_id",
    "price",
    "quantity",
    "aggressor_side",
    "maker_order_id",
    "taker_order_id",
    "maker_fee",
    "taker_fee",
}
DEPTH = EVERY | {"symbol", "bids", "asks"}
INSTRUMENT = EVERY | {
    "symbol",
    "price_decimals",
    "quantity_decimals",
    "fee_decimals",
    "tick_size",
    "lot_size",
    "status",
}


def add(client: CommandClient, symbol: str) -> str:
    command = SetInstrument(symbol, 2, 3, "COIN", "USD", 5, 10, 10, 10**9, 10**8, 0, 10, 20)
    assert isinstance(client.command(command), InstrumentSet)
    return symbol


def limit(symbol: str, side: Side, quantity: int, price: int, account: str = "default") -> PlaceOrder:
    return PlaceOrder(symbol, account, side, OrderType.LIMIT, quantity, price)


def send(client: CommandClient, commands: Iterable[Command]) -> list[Answer]:
    """The answers to the commands, of which many are under way at a time."""
    numbers = client.send(commands)
    return [client.receive().answer for _ in numbers]


def depth_of(client: CommandClient, symbol: str) -> tuple[list[list[int]], list[list[int]]]:
    depth = client.query(DepthQuery(symbol)).result
    assert isinstance(depth, Depth)
    return [list(level) for level in depth.bids], [list(level) for level in depth.asks]


def shows(message: Json, depth: tuple[list[list[int]], list[list[int]]]) -> bool:
    return (message["bids"], message["asks"]) == depth


def last_trade_id(client: CommandClient, symbol: str) -> int:
    history = client.query(TradesQuery(symbol, 1)).result
    assert isinstance(history, TradeHistory)
    return history.trades[0].trade_id


def instrument_of(client: CommandClient, symbol: str) -> Instrument:
    listed = client.query(InstrumentsQuery()).result
    assert isinstance(listed, InstrumentList)
    return next(instrument for instrument in listed.instruments if instrument.symbol == symbol)


def published(trade: Trade, instrument: Instrument) -> Json:
    """What the trade looks like on the market data socket, but for the epoch."""
    return {
        "type": "trade",
        "sequence": trade.sequence,
        "number": trade.trade_id,
        "previous": trade.trade_id - 1,
        "timestamp": trade.timestamp,
        "symbol": trade.symbol,
        "trade_id": trade.trade_id,
        "price": trade.price,
        "quantity": trade.quantity,
        "aggressor_side": trade.aggressor_side.name.lower(),
        "maker_order_id": trade.maker_order_id,
        "taker_order_id": trade.taker_order_id,
        "maker_fee": instrument.fee(trade.price, trade.quantity, trade.maker_fee_bps),
        "taker_fee": instrument.fee(trade.price, trade.quantity, trade.taker_fee_bps),
    }


def without_epoch(message: Json) -> Json:
    assert isinstance(message["epoch"], int)
    return {name: value for name, value in message.items() if name != "epoch"}


def flow(symbol: str, length: int, seed: int) -> list[Command]:
    """Orders around one price that rest, cross and sweep, and now and then a clean sweep of the account."""
    dice = random.Random(seed)
    commands: list[Command] = []
    for _ in range(length):
        side = dice.choice((BUY, SELL))
        if dice.random() < 0.02:
            commands.append(CancelAllOrders("default", symbol))
        elif dice.random() < 0.2:
            commands.append(PlaceOrder(symbol, "default", side, OrderType.MARKET, dice.randint(1, 300) * 10))
        else:
            commands.append(limit(symbol, side, dice.randint(1, 100) * 10, dice.randint(1_900, 2_100) * 5))
    return commands


def current(messages: Iterable[Message]) -> dict[str, Json]:
    """The last message of each topic."""
    return dict(messages)


def sync(client: CommandClient, symbol: str, *subscribers: Subscriber) -> None:
    """Make trades until each of the subscribers has seen one, then read up to the last of them."""
    trade = [limit(symbol, SELL, 10, 100), limit(symbol, BUY, 10, 100)]
    for subscriber in subscribers:

        def heard(subscriber: Subscriber = subscriber) -> bool:
            send(client, trade)
            return any(topic == f"trades/{symbol}/" for topic, _ in subscriber.read_waiting())

        wait_until(heard, "a trade is heard")
    send(client, trade)
    last = last_trade_id(client, symbol)
    for subscriber in subscribers:
        subscriber.read_until(lambda topic, message: (topic, message["number"]) == (f"trades/{symbol}/", last))
