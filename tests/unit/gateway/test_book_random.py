"""Clients of a book's streams hold the matcher's book at every number, whatever is lost between matcher and gateway."""

import asyncio
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.link.errors import MatcherUnavailableError
from matcher.feeds.trackers import Trackers
from matcher.instrument_list import read_instruments
from protocol import topics
from protocol.book_changes import OrderUpdate
from protocol.codec import decode_market_data
from protocol.commands import AmendOrder, BookUpdatesQuery, CancelOrder, Command, OrderTerms, PlaceOrder
from protocol.units import OrderType, Side
from tests.book_market import SECOND, BookMarket, View
from tests.feed_readers import LevelReader, OrderReader
from tests.unit.gateway.fakes import Gateway, eventually
from tests.unit.gateway.streams import StreamClient

SYMBOL = "BTC-USDT"
TURNS = 400


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


def order(side: Side, quantity: int, price: int, display_quantity: int | None = None) -> PlaceOrder:
    terms = None if display_quantity is None else OrderTerms(display_quantity=display_quantity)
    return PlaceOrder(SYMBOL, "ann", side, OrderType.LIMIT, quantity, price, terms=terms)


def flow(dice: random.Random) -> Iterator[Command]:
    """Orders around one price that rest, trade, and are amended or canceled."""
    for number in range(1, TURNS + 1):
        known = dice.randint(1, number)
        side, quantity, price = dice.choice((Side.BUY, Side.SELL)), dice.randint(1, 9) * 1_000, dice.randint(0, 20)
        commands: tuple[Command, ...] = (
            *[order(side, quantity, 6_000_000 + price)] * 4,
            order(side, 10_000, 6_000_000 + price, 2_000),
            AmendOrder(order_id=known, quantity=quantity),
            AmendOrder(order_id=known, price=6_000_000 + price),
            CancelOrder(known),
        )
        yield dice.choice(commands)


class Line:
    """A matcher, and what stands between it and the gateway: messages are lost, the matcher restarts, or is away.

    kept: messages that the matcher keeps. With few, some can no longer be had.
    lost: the part of the messages that is lost.
    views: the book after each command, by its sequence.
    """

    def __init__(self, gateway: Gateway, topic: bytes, dice: random.Random) -> None:
        self.gateway = gateway
        self.topic = topic
        self.dice = dice
        self.kept = dice.choice((3, 30, 1_000))
        self.lost = dice.choice((0.02, 0.1))
        self.market = BookMarket(kept_messages=self.kept)
        self.market.turn(*read_instruments(None))
        self.views: dict[int, View] = {}
        gateway.broker.results[BookUpdatesQuery] = self.answer

    def answer(self, query: BookUpdatesQuery) -> Any:
        if self.dice.random() < 0.2:
            return MatcherUnavailableError("there is no matcher")
        return self.market.feeds.after(query)

    def turn(self, *commands: Command) -> None:
        """Publish what a turn with at most one command causes. A part of it is lost."""
        market = self.market
        market.now += SECOND // 20
        sent = market.turn(*commands)
        self.views[market.state.sequence] = market.view(SYMBOL)
        for topic, payload in sent:
            if topic == self.topic and self.dice.random() >= self.lost:
                self.gateway.feed.publish(topic, decode_market_data(payload))

    def restart(self) -> None:
        """Another matcher goes on with the state, and hears of the subscription."""
        state = self.market.state
        state.trackers = Trackers(state.registry)
        self.market = BookMarket(state, self.market.epoch + 1, self.kept)
        self.market.subscribe(self.topic)


class ClientBook:
    """The book of a client that knows only its messages. Each one is checked."""

    def __init__(self, views: dict[int, View]) -> None:
        self.views = views
        self.number = 0
        self.levels = LevelReader()
        self.orders = OrderReader()
        self.seen: list[str] = []
        self.view: Any = None

    def take(self, message: Any) -> None:
        self.seen.append(message["type"])
        bids, asks, bid_levels, ask_levels, checksum = self.views[message["sequence"]]
        if message["type"] == "snapshot":
            self.number = message["number"]
            self.levels, self.orders = LevelReader(), OrderReader()
        else:
            assert message["first"] == self.number + 1
            self.number = message["last"]
        if "checksum" in message:
            self.levels.apply(*[[(units(price, 2), units(left, 5)) for price, left in message[side]] for side in SIDES])
            assert message["checksum"] == checksum
            self.view = self.levels.levels("buy"), self.levels.levels("sell")
            assert self.view == (bid_levels, ask_levels)
            return
        for side, name in zip(("buy", "sell"), SIDES, strict=True):
            self.orders.load(
                side, [(int(order), units(price, 2), units(left, 5)) for order, price, left in message.get(name, [])]
            )
        for change in message.get("changes", []):
            self.orders.apply(update_of(change))
        self.view = self.orders.orders("buy"), self.orders.orders("sell")
        assert self.view == (bids, asks)


SIDES = ("bids", "asks")


def units(text: str, decimals: int) -> int:
    return int(Decimal(text).scaleb(decimals))


def update_of(change: dict[str, Any]) -> OrderUpdate:
    decimals = {"price": 2, "quantity": 5, "remaining": 5, "order_id": 0, "trade_id": 0}
    fields = {name: units(value, decimals[name]) if name in decimals else value for name, value in change.items()}
    update: OrderUpdate = msgspec.convert(fields, OrderUpdate)
    return update


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("path", ["/ws/book", "/ws/orders"])
def test_clients_hold_the_book_at_every_number(
    gateway: Gateway, path: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.channels.CHECK_SECONDS", 0.001)
    dice = random.Random(seed)
    topic = topics.book(SYMBOL) if path == "/ws/book" else topics.orders(SYMBOL)
    line = Line(gateway, topic, dice)
    book = ClientBook(line.views)

    async def scenario() -> None:
        client = StreamClient(gateway, f"{path}?symbol={SYMBOL}")
        await eventually(lambda: gateway.feed.subscribed(topic))
        line.market.subscribe(topic)
        line.turn()
        while not client.waiting():
            line.turn()
            await asyncio.sleep(0.001)
        await client.accepted()

        async def read() -> None:
            while True:
                book.take(await client.read())

        reading = asyncio.create_task(read())
        for command in flow(dice):
            line.turn(command)
            if dice.random() < 0.01:
                line.restart()
            await asyncio.sleep(dice.choice((0, 0, 0.001, 0.003)))

        # The last message of all arrives: a channel asks for lost ones after others.
        line.lost = 0
        line.turn(order(Side.BUY, 1_000, 5_000_000))

        def is_told() -> bool:
            """In the end the client holds the book of now. The turns go on, as the matcher's loop does."""
            if reading.done():
                reading.result()
            line.turn()
            bids, asks, *levels, _ = line.market.view(SYMBOL)
            return bool(book.view == (tuple(levels) if path == "/ws/book" else (bids, asks)))

        await eventually(is_told)
        reading.cancel()

    gateway.run(scenario())
    print("COUNT", line.kept, line.lost, book.seen.count("update"), book.seen.count("snapshot"))
    assert book.seen.count("update") > TURNS // 4
