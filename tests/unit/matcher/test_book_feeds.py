"""What the matcher publishes of a book that somebody follows, turn by turn."""

import zlib

import pytest

from matcher.core.saved_books import save_book
from matcher.instrument_list import read_instruments
from matcher.serving.book_feeds import ANSWERED_BYTES, SNAPSHOT_EVERY, TOLD_AT_ONCE
from protocol import topics
from protocol.book_changes import OrderAdded, OrderDeleted, OrderExecuted, OrderModified, OrderUpdate
from protocol.book_checksum import book_checksum
from protocol.book_feeds import BookMessage, BookSnapshotMessage, OrdersMessage, OrdersSnapshotMessage
from protocol.codec import decode_market_data
from protocol.commands import (
    AmendOrder,
    BookUpdatesQuery,
    CancelOrder,
    LoadBook,
    OrderTerms,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    SetInstrument,
)
from protocol.events import BookUpdates, CommandRefused
from protocol.market_data import MarketDataMessage
from protocol.units import OrderType, Refusal, SelfTradePrevention, Side
from tests.book_market import BookMarket

BUY, SELL = Side.BUY, Side.SELL
SYMBOL = "BTC-USDT"
BOOK, ORDERS = topics.book(SYMBOL), topics.orders(SYMBOL)
PRICE = 6_000_000

NOTHING_KEPT = BookUpdates([], complete=False, more=False)


def limit(
    side: Side, quantity: int, price: int = PRICE, account: str = "ann", terms: OrderTerms | None = None
) -> PlaceOrder:
    return PlaceOrder(SYMBOL, account, side, OrderType.LIMIT, quantity, price, terms=terms)


def market_with(*commands: OwnCommand, kept: int = 1_000) -> BookMarket:
    """A market that nobody follows yet."""
    market = BookMarket(kept_messages=kept)
    market.turn(*read_instruments(None))
    market.turn(*commands)
    return market


def told(market: BookMarket, *commands: OwnCommand) -> list[MarketDataMessage]:
    return [decode_market_data(payload) for _, payload in market.turn(*commands)]


def updates(market: BookMarket, *commands: OwnCommand) -> list[OrderUpdate]:
    """What the commands change, order by order."""
    found: list[OrderUpdate] = []
    for message in told(market, *commands):
        if isinstance(message, OrdersMessage):
            found += message.updates
    return found


def followed(*commands: OwnCommand, kept: int = 1_000) -> BookMarket:
    """A market whose orders somebody follows; the snapshot is out."""
    market = market_with(*commands, kept=kept)
    market.subscribe(ORDERS)
    while market.feeds.due() is not None:
        market.turn()
    return market


# The feeds


def test_nothing_is_published_and_no_mirror_is_held_while_nobody_subscribes() -> None:
    market = market_with(limit(BUY, 1_000))
    assert market.sent == []
    assert not market.feeds.on and not market.state.trackers.on
    assert market.feeds.due() is None


def test_a_newcomer_gets_a_snapshot_and_then_each_change() -> None:
    market = market_with(limit(BUY, 1_000), limit(BUY, 2_000, account="bob"), limit(SELL, 3_000, PRICE + 100))
    market.subscribe(BOOK, ORDERS)
    book, orders = told(market)
    assert isinstance(book, BookSnapshotMessage) and isinstance(orders, OrdersSnapshotMessage)
    assert (book.bids, book.asks) == ([(PRICE, 3_000)], [(PRICE + 100, 3_000)])
    assert (orders.bids, orders.asks) == ([(1, PRICE, 1_000), (2, PRICE, 2_000)], [(3, PRICE + 100, 3_000)])
    assert (book.part, book.parts, book.number, book.previous) == (1, 1, 1, 1)
    levels, changes = told(market, limit(SELL, 1_500))
    assert isinstance(levels, BookMessage) and isinstance(changes, OrdersMessage)
    assert (levels.bids, levels.asks) == ([(PRICE, 1_500)], [])
    assert changes.updates == [
        OrderExecuted(1, "buy", PRICE, 1_000, 0, 1),
        OrderExecuted(2, "buy", PRICE, 500, 1_500, 2),
    ]
    assert (levels.number, levels.previous, changes.number, changes.previous) == (2, 1, 2, 1)
    assert levels.sequence == changes.sequence == market.state.sequence
    assert levels.timestamp == market.state.time
    [removed, _] = told(market, CancelOrder(2))
    assert isinstance(removed, BookMessage)
    assert (removed.bids, removed.asks, removed.number) == ([(PRICE, 0)], [], 3)


def test_each_command_of_a_turn_that_changes_the_book_has_a_message_of_its_own() -> None:
    market = followed()
    commands = (limit(BUY, 1_000), CancelOrder(77), limit(BUY, 2_000), SetInstrument(SYMBOL, 2, 5, maker_fee_bps=1))
    messages = told(market, *commands, CancelOrder(1))
    assert [message.number for message in messages] == [2, 3, 4]
    assert [message.sequence for message in messages] == [
        market.state.sequence - 4,
        market.state.sequence - 2,
        market.state.sequence,
    ]


def test_only_topics_with_a_subscriber_are_published() -> None:
    market = market_with()
    market.subscribe(BOOK)
    assert [topic for topic, _ in market.turn(limit(BUY, 1_000))] == [BOOK]
    assert [topic for topic, _ in market.turn(limit(BUY, 1_000))] == [BOOK]
    market.subscribe(b"orders/")
    snapshots = {topic for topic, _ in market.turn()}
    assert snapshots == {topics.orders(symbol) for symbol in market.state.registry.books}


def test_a_topic_of_a_later_instrument_is_published_from_its_beginning() -> None:
    market = market_with()
    market.subscribe(topics.book("NEW-USD"))
    assert market.turn() == []
    [(topic, _)] = market.turn(SetInstrument("NEW-USD", 2, 3, "NEW", "USD", 5, 10, 10, 10**9, 10**8, 0, 10, 20))
    assert topic == topics.book("NEW-USD")


def test_numbers_never_get_another_meaning_after_all_have_left() -> None:
    market = followed()
    [message] = told(market, limit(BUY, 1_000))
    market.unsubscribe(ORDERS)
    assert told(market, limit(BUY, 2_000)) == []
    assert not market.feeds.on
    market.now += SNAPSHOT_EVERY
    market.subscribe(ORDERS)
    [snapshot] = told(market)
    assert isinstance(snapshot, OrdersSnapshotMessage)
    assert snapshot.number > message.number
    [next_message] = told(market, limit(BUY, 3_000))
    # Who was there before and missed the middle sees the hole.
    assert next_message.previous == snapshot.number != message.number


def test_many_newcomers_share_one_snapshot_an_interval() -> None:
    market = followed()
    market.subscribe(ORDERS)
    market.subscribe(ORDERS)
    assert market.turn() == []
    assert market.feeds.due() == SNAPSHOT_EVERY
    market.now += SNAPSHOT_EVERY
    assert len(market.turn()) == 1
    market.now += SNAPSHOT_EVERY
    assert market.turn() == []
    assert market.feeds.due() is None


def test_snapshots_of_many_books_are_spread_over_turns() -> None:
    symbols = [f"COIN{place}-USD" for place in range(6)]
    market = BookMarket()
    market.turn(*[SetInstrument(symbol, 2, 3, "COIN", "USD", 5, 10, 10, 10**9, 10**8, 0, 10, 20) for symbol in symbols])
    for symbol in symbols:
        market.turn(*[PlaceOrder(symbol, "ann", BUY, OrderType.LIMIT, 10, 500)] * 4_000)
    market.subscribe(b"orders/")
    while market.feeds.due() is not None:
        market.turn()
    market.now += SNAPSHOT_EVERY
    market.subscribe(b"orders/")
    turns = [len(market.turn()) for _ in range(3)]
    assert turns == [3, 3, 0]
    assert 2 * 4_000 < TOLD_AT_ONCE < 3 * 4_000


def test_a_loaded_book_is_a_hole_and_a_snapshot() -> None:
    market = followed(limit(BUY, 1_000))
    saved = save_book(market.state.registry.books[SYMBOL], market.state.sequence)
    [last] = told(market, limit(BUY, 2_000))
    market.now += SNAPSHOT_EVERY
    assert told(market, LoadBook(SYMBOL, saved)) == []
    [snapshot] = told(market)
    assert isinstance(snapshot, OrdersSnapshotMessage)
    assert (snapshot.bids, snapshot.number) == ([(1, PRICE, 1_000)], last.number + 1)
    assert market.feeds.after(BookUpdatesQuery(SYMBOL, orders=True, epoch=1, after=last.number)) == NOTHING_KEPT


# What was missed


def ask(market: BookMarket, after: int, *, epoch: int = 1) -> tuple[list[int], bool, bool]:
    """Numbers of the missed messages, and what is told of them."""
    answer = market.feeds.after(BookUpdatesQuery(SYMBOL, orders=True, epoch=epoch, after=after))
    assert isinstance(answer, BookUpdates)
    return [decode_market_data(payload).number for payload in answer.messages], answer.complete, answer.more


def test_missed_messages_are_told_again_as_they_were() -> None:
    market = followed()
    sent = [payload for _, payload in market.turn(*[limit(BUY, 1_000)] * 5)]
    answer = market.feeds.after(BookUpdatesQuery(SYMBOL, orders=True, epoch=1, after=3))
    assert answer == BookUpdates(sent[2:], complete=True, more=False)
    assert ask(market, 6) == ([], True, False)


@pytest.mark.parametrize(("after", "epoch"), [(2, 1), (7, 1), (6, 2), (0, 0)])
def test_who_has_missed_too_much_gets_a_snapshot(after: int, epoch: int) -> None:
    """Messages that are no longer kept, a number that was never published, another epoch, nothing known at all."""
    market = followed(kept=3)
    market.turn(*[limit(BUY, 1_000)] * 5)
    assert ask(market, 3) == ([4, 5, 6], True, False)
    market.now += SNAPSHOT_EVERY
    assert market.turn() == []
    assert ask(market, after, epoch=epoch) == ([], False, False)
    [snapshot] = told(market)
    assert isinstance(snapshot, OrdersSnapshotMessage)
    assert len(snapshot.bids) == 5


def test_a_long_answer_comes_in_pages() -> None:
    market = followed(*[limit(SELL, 1_000)] * 2_000, kept=10_000)
    for _ in range(4):
        market.turn(limit(BUY, 1_900_000), *[limit(SELL, 1_000)] * 1_900)
    numbers, complete, more = ask(market, 1)
    assert complete and more
    assert numbers == list(range(2, numbers[-1] + 1))
    following, complete, _ = ask(market, numbers[-1])
    assert complete and following[0] == numbers[-1] + 1
    answer = market.feeds.after(BookUpdatesQuery(SYMBOL, orders=True, epoch=1, after=1))
    assert isinstance(answer, BookUpdates)
    assert sum(map(len, answer.messages[:-1])) <= ANSWERED_BYTES


def test_nobody_hears_of_what_is_not_followed() -> None:
    market = followed()
    assert market.feeds.after(BookUpdatesQuery(SYMBOL, orders=False, epoch=1, after=0)) == NOTHING_KEPT
    assert market.feeds.after(BookUpdatesQuery("NONE-USD", orders=False, epoch=1, after=0)) == CommandRefused(
        Refusal.UNKNOWN_SYMBOL
    )


# What changes in a book, order by order


def test_an_amend_down_keeps_its_priority_and_other_amends_lose_it() -> None:
    market = followed(limit(BUY, 1_000))
    assert updates(market, AmendOrder(1, quantity=600)) == [OrderModified(1, "buy", PRICE, 600, loses_priority=False)]
    assert updates(market, AmendOrder(1, quantity=900)) == [OrderModified(1, "buy", PRICE, 900, loses_priority=True)]
    assert updates(market, AmendOrder(1, price=PRICE - 1)) == [
        OrderModified(1, "buy", PRICE - 1, 900, loses_priority=True)
    ]


def test_an_amended_order_that_trades_leaves_before_its_trades() -> None:
    market = followed(limit(BUY, 1_000), limit(SELL, 400, PRICE + 1))
    assert updates(market, AmendOrder(1, price=PRICE + 1)) == [
        OrderDeleted(1, "buy", PRICE, 1_000),
        OrderExecuted(2, "sell", PRICE + 1, 400, 0, 1),
        OrderAdded(1, "buy", PRICE + 1, 600),
    ]


def test_an_iceberg_shows_its_part_and_is_refilled_at_the_back() -> None:
    market = followed()
    assert updates(market, limit(SELL, 1_000, terms=OrderTerms(display_quantity=300))) == [
        OrderAdded(1, "sell", PRICE, 300)
    ]
    assert updates(market, limit(SELL, 500)) == [OrderAdded(2, "sell", PRICE, 500)]
    assert updates(market, limit(BUY, 900)) == [
        OrderExecuted(1, "sell", PRICE, 300, 0, 1),
        OrderModified(1, "sell", PRICE, 300, loses_priority=True),
        OrderExecuted(2, "sell", PRICE, 500, 0, 2),
        OrderExecuted(1, "sell", PRICE, 100, 200, 3),
    ]
    # Less of what is hidden shows nowhere.
    assert updates(market, AmendOrder(1, quantity=900)) == []


def test_what_waits_is_not_shown_until_it_rests() -> None:
    market = followed(limit(SELL, 1_000), limit(BUY, 100))
    stop = PlaceOrder(SYMBOL, "ann", BUY, OrderType.STOP_LIMIT, 700, PRICE + 50, PRICE + 10)
    assert updates(market, stop) == []
    assert updates(market, AmendOrder(3, quantity=600)) == []
    market.turn(limit(SELL, 100, PRICE + 10))
    # The taker empties both prices. Then the stop has fired: it rests after the taker.
    assert updates(market, limit(BUY, 1_500, PRICE + 20)) == [
        OrderExecuted(1, "sell", PRICE, 900, 0, 2),
        OrderExecuted(4, "sell", PRICE + 10, 100, 0, 3),
        OrderAdded(5, "buy", PRICE + 20, 500),
        OrderAdded(3, "buy", PRICE + 50, 600),
    ]
    assert updates(market, PlaceOrder(SYMBOL, "ann", SELL, OrderType.STOP_MARKET, 100, None, PRICE - 50)) == []
    assert updates(market, CancelOrder(6)) == []


def test_of_an_oco_only_the_limit_leg_is_shown() -> None:
    market = followed(limit(SELL, 100), limit(BUY, 100))
    oco = PlaceOco(SYMBOL, "ann", SELL, 1_000, PRICE + 100, PRICE - 100, None)
    assert updates(market, oco) == [OrderAdded(3, "sell", PRICE + 100, 1_000)]
    assert updates(market, limit(BUY, 300, PRICE + 100)) == [OrderExecuted(3, "sell", PRICE + 100, 300, 700, 2)]
    assert updates(market, CancelOrder(3)) == [OrderDeleted(3, "sell", PRICE + 100, 700)]


def test_self_trade_prevention_takes_off_without_a_trade() -> None:
    market = followed(limit(SELL, 1_000))
    taker = limit(BUY, 400, terms=OrderTerms(self_trade_prevention=SelfTradePrevention.DECREMENT))
    assert updates(market, taker) == [OrderModified(1, "sell", PRICE, 600, loses_priority=False)]


def test_orders_that_a_later_command_of_the_turn_forgets_are_told() -> None:
    market = followed(limit(SELL, 1_000))
    market.state.registry.remembered_orders = 0
    assert updates(market, limit(BUY, 1_000), limit(BUY, 10), limit(BUY, 20)) == [
        OrderExecuted(1, "sell", PRICE, 1_000, 0, 1),
        OrderAdded(3, "buy", PRICE, 10),
        OrderAdded(4, "buy", PRICE, 20),
    ]


# The checksum


def test_the_checksum_is_made_by_hand() -> None:
    bids, asks = [(5_999, 30), (5_998, 7)], [(6_001, 1_200), (6_002, 5)]
    assert book_checksum(bids, asks) == zlib.crc32(b"600112006002559993059987") == 1_634_165_974
    assert book_checksum([], []) == 0
    assert book_checksum([(5_999, 30)], []) == zlib.crc32(b"599930")


def test_the_checksum_covers_ten_levels_of_each_side() -> None:
    market = market_with(*[limit(BUY, 1_000, PRICE - 100 * place) for place in range(12)], limit(SELL, 7, PRICE + 5))
    market.subscribe(BOOK)
    [snapshot] = told(market)
    assert isinstance(snapshot, BookSnapshotMessage)
    digits = f"{PRICE + 5}7" + "".join(f"{PRICE - 100 * place}1000" for place in range(10))
    assert snapshot.checksum == zlib.crc32(digits.encode())
    [far] = told(market, CancelOrder(12))
    [near] = told(market, CancelOrder(1))
    assert isinstance(far, BookMessage) and isinstance(near, BookMessage)
    assert far.checksum == snapshot.checksum
    digits = f"{PRICE + 5}7" + "".join(f"{PRICE - 100 * place}1000" for place in range(1, 11))
    assert near.checksum == zlib.crc32(digits.encode())
