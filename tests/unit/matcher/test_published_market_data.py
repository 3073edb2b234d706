"""What the matcher publishes of a batch that it has carried out."""

import pytest
from msgspec import structs

from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.serving.market_data import MAX_TOLD, MarketData
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from protocol import topics
from protocol.codec import decode_market_data
from protocol.commands import AdvanceTime, CancelOrder, Command, PlaceOrder, SetInstrument
from protocol.market_data import DepthMessage, InstrumentMessage, TradeMessage
from protocol.units import OrderType, Side

SYMBOL = "BTC-USDT"


class Readers:
    """Somebody wants these topics; None for all there are."""

    def __init__(self) -> None:
        self.changes = 0
        self.topics: set[bytes] | None = None

    def want(self, topic: bytes) -> bool:
        return self.topics is None or topic in self.topics


class Published:
    """A matcher's market data, all topics wanted, and what was sent of it."""

    def __init__(self, remembered_orders: int = 1_000) -> None:
        self.state = State(Engine(remembered_orders))
        self.sent: list[tuple[bytes, bytes]] = []
        self.wanted = Readers()
        self.time = 0
        self.market_data = MarketData(
            self.state.registry,
            lambda topic, payload: self.sent.append((topic, payload)),
            self.wanted,
            1,
            0,
            lambda: self.time,
        )
        self.carry_out(*read_instruments(None))
        self.market_data.subscribe([b""])
        self.market_data.tell_newcomers(self.state.sequence, self.time)

    def carry_out(self, *commands: Command) -> list[bytes]:
        """A batch; the payloads of what is sent of it for the symbol, trades first."""
        self.time += 1
        before = len(self.sent)
        _, caused = self.state.apply(OWN_SESSION, 0, list(commands), self.time)
        self.market_data.publish(caused, self.time)
        self.market_data.flush(self.state.sequence, self.time)
        wanted = (topics.trades(SYMBOL), topics.depth(SYMBOL))
        return [payload for topic, payload in self.sent[before:] if topic in wanted]


def place(side: Side, price: int, quantity: int = 1_000, order_type: OrderType = OrderType.LIMIT) -> PlaceOrder:
    return PlaceOrder(SYMBOL, "ann", side, order_type, quantity, None if order_type is OrderType.MARKET else price)


def levels(payload: bytes) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    message = decode_market_data(payload)
    assert isinstance(message, DepthMessage)
    return message.bids, message.asks


def test_each_kind_of_change_of_a_book_is_published() -> None:
    published = Published()
    [rested] = published.carry_out(place(Side.SELL, 6_000_000), place(Side.SELL, 6_000_100))
    assert levels(rested) == ([], [(6_000_000, 1_000), (6_000_100, 1_000)])
    trade, taken = published.carry_out(place(Side.BUY, 0, 400, OrderType.MARKET))
    message = decode_market_data(trade)
    assert isinstance(message, TradeMessage)
    assert (message.price, message.quantity, message.aggressor_side) == (6_000_000, 400, "buy")
    assert levels(taken) == ([], [(6_000_000, 600), (6_000_100, 1_000)])
    [canceled] = published.carry_out(CancelOrder(2))
    assert levels(canceled) == ([], [(6_000_000, 600)])


def test_a_halt_by_itself_is_published_behind_its_trade_and_so_is_its_end() -> None:
    published = Published()
    published.carry_out(
        SetInstrument(SYMBOL, 2, 5, halt_bps=1_000, halt_window_ms=1_000, halt_ms=2_000, max_open_orders=9)
    )
    for price in (6_000_000, 7_000_000):
        published.carry_out(place(Side.SELL, price))
        before = len(published.sent)
        published.carry_out(place(Side.BUY, 0, order_type=OrderType.MARKET))
    sent = [decode_market_data(payload) for topic, payload in published.sent[before:] if b"/BTC" in topic]
    assert isinstance(sent[0], TradeMessage) and isinstance(sent[1], InstrumentMessage)
    halted = sent[1]
    assert (halted.status, halted.halted_until) == ("halted", published.time + 2_000_000_000)
    assert (halted.halt_bps, halted.halt_window_ms, halted.halt_ms, halted.max_open_orders) == (1_000, 1_000, 2_000, 9)
    assert (halted.price_band_bps, halted.reference_price, halted.max_order_notional) == (0, 0, 0)
    published.time += 2_000_000_000
    before = len(published.sent)
    published.carry_out(AdvanceTime())
    [message] = [decode_market_data(payload) for topic, payload in published.sent[before:] if b"/BTC" in topic]
    assert isinstance(message, InstrumentMessage)
    assert (message.status, message.halted_until, message.previous) == ("trading", 0, halted.number)


def test_what_changes_no_book_publishes_nothing() -> None:
    published = Published()
    assert published.carry_out(CancelOrder(1), place(Side.BUY, 6_000_000, 1_000, OrderType.IOC)) == []


def test_a_change_is_published_though_its_order_was_forgotten_in_the_same_batch() -> None:
    published = Published(remembered_orders=0)
    published.carry_out(*(place(Side.BUY, 6_000_000 - number) for number in range(3)))
    [depth] = published.carry_out(CancelOrder(1), CancelOrder(2), place(Side.SELL, 7_000_000))
    assert published.state.registry.orders.get(1) is published.state.registry.orders.get(2) is None
    assert levels(depth) == ([(5_999_998, 1_000)], [(7_000_000, 1_000)])


def test_newcomers_of_one_turn_are_told_each_state_once() -> None:
    published = Published()
    published.sent.clear()
    for _ in range(20):
        published.market_data.subscribe([b"", b"d", b"depth/", b"instruments/BTC-USDT/", b"instruments/B", b"none"])
    published.market_data.tell_newcomers(published.state.sequence, published.time)
    states = {
        f"{kind}/{symbol}-USDT/".encode() for kind in ("depth", "instruments") for symbol in ("BTC", "ETH", "SOL")
    }
    assert sorted(topic for topic, _ in published.sent) == sorted(states)
    assert not published.market_data.telling


def test_a_newcomer_to_everything_is_told_it_part_by_part() -> None:
    published = Published()
    [like] = [command for command in read_instruments(None) if command.symbol == SYMBOL]
    published.carry_out(*(structs.replace(like, symbol=f"A{number}") for number in range(MAX_TOLD)))
    published.sent.clear()
    published.market_data.subscribe([b""])
    told = []
    while published.market_data.telling:
        published.market_data.tell_newcomers(published.state.sequence, published.time)
        told.append(len(published.sent))
    assert told == [MAX_TOLD, 2 * MAX_TOLD, 2 * MAX_TOLD + 6]
    assert len({topic for topic, _ in published.sent}) == told[-1]


@pytest.mark.parametrize(
    "prefixes", [[b""], [b"depth/BTC-USDT/", b"instruments/BTC-USDT/"], [b"instruments/BTC-USDT/", b"depth/BTC-USDT/"]]
)
def test_a_newcomer_is_told_the_instrument_before_its_depth(prefixes: list[bytes]) -> None:
    published = Published()
    published.sent.clear()
    published.market_data.subscribe(prefixes)
    published.market_data.tell_newcomers(published.state.sequence, published.time)
    kinds = [topic.split(b"/")[0] for topic, _ in published.sent]
    assert kinds == sorted(kinds, reverse=True)
    assert set(kinds) == {b"instruments", b"depth"}


def test_trades_are_made_for_those_who_want_them_and_for_nobody_else() -> None:
    published = Published()
    published.wanted.topics = set()
    published.wanted.changes += 1
    published.carry_out(place(Side.SELL, 6_000_000))
    [taken] = published.carry_out(place(Side.BUY, 0, 400, OrderType.MARKET))
    assert levels(taken) == ([], [(6_000_000, 600)])
    published.wanted.topics = {topics.trades(SYMBOL)}
    published.wanted.changes += 1
    trade, _ = published.carry_out(place(Side.BUY, 0, 400, OrderType.MARKET))
    message = decode_market_data(trade)
    assert isinstance(message, TradeMessage)
    assert (message.number, message.previous) == (2, 1), "the one that nobody wanted counts"
