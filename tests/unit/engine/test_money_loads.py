"""A saved book that is loaded: its orders lock again, or it is refused whole."""

import pytest
from msgspec.structs import replace

from matcher.core.saved_books import save_book
from protocol.commands import LoadBook, PlaceOco, PlaceOrder, SetInstrument
from protocol.events import BookLoaded, CommandRefused
from protocol.saved_book import SavedBook
from protocol.units import Refusal
from tests.money_tape import COIN, deposit, fees, holds, reserves, reset, unlimited, withdraw
from tests.tape import (
    BUY,
    SELL,
    amend,
    cancel,
    cancel_all,
    change,
    limit,
    market,
    oco,
    stop_limit,
    stop_market,
    take_profit,
    trailing_stop,
)
from tests.unit.engine.saved_money import Exchange

FOREIGN = 10_000
"""Another exchange has come so far in sequences and in order_ids."""


def funded(**balances: str) -> Exchange:
    exchange = Exchange()
    exchange.do(reset("ann", "funds", **balances))
    return exchange


def foreign(contents: SavedBook, sequence: int = FOREIGN) -> SavedBook:
    """The book as another exchange has saved it."""

    def moved(order_id: str | None) -> str | None:
        return None if order_id is None else str(int(order_id) + FOREIGN)

    bids, asks, pending = (
        [
            replace(order, order_id=moved(order.order_id), oco_id=moved(order.oco_id), sequence=sequence)
            for order in orders
        ]
        for orders in (contents.bids, contents.asks, contents.pending)
    )
    return replace(contents, bids=bids, asks=asks, pending=pending)


# What it locks


def test_load_locks_for_each_order_what_it_locked() -> None:
    exchange = funded(USD="20000", COIN="9")
    orders = [
        limit(BUY, 5, 1_000, account="ann"),
        limit(SELL, 3, 2_000, account="ann"),
        stop_limit(BUY, 1, 1_900, at=1_800, account="ann"),
        stop_market(BUY, 1, at=1_500, account="ann"),
        take_profit(SELL, 2, at=1_700, account="ann"),
        trailing_stop(BUY, 4, trailing_amount=10, account="ann"),
        limit(BUY, 5, 1_000),
    ]
    exchange.place(limit(BUY, 1, 1_100))
    exchange.place(market(SELL, 1))
    for order in orders:
        exchange.place(order)
    before, contents = exchange.money(), exchange.save()
    assert set(before.reserved) == {3, 4, 5, 6, 7}
    assert exchange.load(contents).restored == 7
    assert exchange.money() == before


@pytest.mark.parametrize(
    "order",
    [
        limit(SELL, 5, 2_000, account="ann", post_only=True),
        oco(SELL, 5, 2_000, at=1_500, account="ann"),
    ],
)
def test_an_order_with_terms_is_loaded_after_a_partial_fill(order: PlaceOrder | PlaceOco) -> None:
    exchange = funded(COIN="9")
    exchange.place(limit(SELL, 1, 1_700))
    exchange.place(market(BUY, 1))
    exchange.place(order)
    exchange.place(market(BUY, 2))
    before, contents = exchange.money(), exchange.save()
    assert [order.shown_quantity for order in contents.asks] == ["0"]
    exchange.load(contents)
    assert exchange.money() == before


def test_load_takes_back_what_amends_have_changed() -> None:
    exchange = funded(USD="10000", COIN="9")
    bid = exchange.place(limit(BUY, 5, 1_000, account="ann"))
    ask = exchange.place(limit(SELL, 2, 2_000, account="ann"))
    contents = exchange.save()
    exchange.do(amend(bid, quantity=1, price=100))
    exchange.do(amend(ask, quantity=9))
    exchange.check(holds("ann", USD=("9899.8", "100.2"), COIN=("0", "9")))
    exchange.load(contents)
    exchange.check(holds("ann", USD=("4990", "5010"), COIN=("7", "2")), reserves((bid, "5010"), (ask, "2")))


def test_what_was_filled_since_the_save_locks_no_more() -> None:
    exchange = funded(USD="5010")
    bid = exchange.place(limit(BUY, 5, 1_000, account="ann"))
    contents = exchange.save()
    exchange.place(market(SELL, 2))
    exchange.load(contents)
    exchange.check(holds("ann", USD=("2", "3006"), COIN="2"), reserves((bid, "3006")), fees(USD="6"))
    exchange.place(market(SELL, 3))
    exchange.check(holds("ann", USD="5", COIN="5"), reserves())


def test_what_is_done_since_the_save_locks_nothing() -> None:
    exchange = funded(USD="9018")
    filled, canceled, live = (exchange.place(limit(BUY, 3, price, account="ann")) for price in (1_000, 999, 998))
    contents = exchange.save()
    exchange.place(market(SELL, 3))
    exchange.do(cancel(canceled))
    assert exchange.load(contents) == BookLoaded(COIN.symbol, 1, [filled, canceled])
    exchange.check(holds("ann", USD=("3015.012", "2999.988"), COIN="3"), reserves((live, "2999.988")))


def test_orders_that_the_load_cancels_pay_for_those_that_it_brings() -> None:
    """All that ann has is locked by an order that the saved book does not hold."""
    exchange = funded(USD="5010")
    bid = exchange.place(limit(BUY, 5, 1_000, account="ann"))
    contents = exchange.save()
    exchange.do(amend(bid, quantity=1))
    exchange.place(limit(BUY, 4, 1_000, account="ann"))
    exchange.check(holds("ann", USD=("0", "5010")))
    exchange.load(contents)
    exchange.check(holds("ann", USD=("0", "5010")), reserves((bid, "5010")))


def with_pair() -> tuple[Exchange, int]:
    """The stop leg at 1,100 makes the one lock of the pair: 5,511."""
    exchange = funded(USD="5511")
    exchange.place(limit(BUY, 1, 1_000))
    exchange.place(market(SELL, 1))
    return exchange, exchange.place(oco(BUY, 5, 900, at=1_100, account="ann"))


def test_pair_has_one_lock() -> None:
    exchange, leg = with_pair()
    contents = exchange.save()
    for change_first in ([], [amend(leg, quantity=2)], [amend(leg + 1, at=2_000, quantity=1)]):
        for command in change_first:
            exchange.do(command)
        exchange.load(contents)
        exchange.check(holds("ann", USD=("0", "5511")), reserves((leg, "5511")))
    exchange.do(cancel(leg))
    exchange.check(holds("ann", USD="5511"), reserves())


def test_pair_of_another_exchange() -> None:
    exchange, leg = with_pair()
    contents = foreign(exchange.save())
    exchange.load(contents)
    exchange.check(holds("ann", USD=("0", "5511")), reserves((leg + FOREIGN, "5511")))
    exchange.do(cancel(leg + FOREIGN + 1))
    exchange.check(holds("ann", USD="5511"), reserves())


def test_legs_of_which_one_is_left_lock_alone() -> None:
    exchange, leg = with_pair()
    contents = exchange.save()
    exchange.load(replace(contents, bids=[]))
    exchange.check(reserves((leg + 1, "5511")))
    exchange.load(replace(contents, pending=[]))
    exchange.check(reserves())


# What cannot be locked


@pytest.mark.parametrize(
    "order",
    [
        limit(BUY, 5, 1_000, account="ann"),
        stop_limit(BUY, 5, 1_000, at=950, account="ann"),
        stop_market(BUY, 5, at=1_000, account="ann"),
        limit(BUY, 5, 1_000, account="ann", display_quantity=1),
    ],
    ids=["limit", "stop_limit", "stop_market", "iceberg"],
)
def test_book_that_its_account_cannot_lock_is_refused_whole(order: PlaceOrder) -> None:
    """5,010 are needed. The order of the account without a ledger is not brought back either."""
    exchange = funded(USD="5010")
    exchange.place(limit(BUY, 1, 900))
    exchange.place(order)
    contents = exchange.save()
    exchange.do(cancel_all("ann"))
    exchange.do(cancel_all())
    exchange.do(withdraw("ann", "USD", "0.0001"))
    refused = exchange.refuse(foreign(contents))
    assert (refused.refusal, refused.field) == (Refusal.INVALID_SAVED_BOOK, "account")
    assert refused.detail == "ann: lacks 0.0001 USD to lock for its orders"
    exchange.do(deposit("ann", "USD", "0.0001", "back"))
    assert exchange.load(foreign(contents)).restored == 2
    exchange.check(holds("ann", USD=("0", "5010")))


def test_book_whose_seller_has_too_little_is_refused() -> None:
    exchange = funded(COIN="5")
    exchange.place(limit(SELL, 3, 1_000, account="ann"))
    exchange.place(stop_market(SELL, 2, at=900, account="ann"))
    contents = exchange.save()
    exchange.do(cancel_all("ann"))
    exchange.do(withdraw("ann", "COIN", "1"))
    assert exchange.refuse(foreign(contents)).detail == "ann: lacks 1 COIN to lock for its orders"


def test_orders_that_buy_and_sell_lock_one_asset_together() -> None:
    """Base and quote are the same: 1,002 to buy and 1,000 to sell are needed."""
    same = replace(COIN, symbol="COIN-COIN", quote=COIN.base)
    saver, exchange = Exchange(), funded(COIN="2001")
    for one in (saver, exchange):
        one.do(SetInstrument.of(same))
    saver.place(limit(BUY, 1, 1_000, account="ann", symbol=same.symbol))
    saver.place(limit(SELL, 1_000, 1_100, account="ann", symbol=same.symbol))
    contents = save_book(saver.engine.registry.books[same.symbol], 1)
    [refused] = exchange.do(LoadBook(same.symbol, foreign(contents)))
    assert isinstance(refused, CommandRefused)
    assert refused.detail == "ann: lacks 1 COIN to lock for its orders"


def test_money_of_one_account_is_no_help_to_another() -> None:
    exchange = funded(USD="1002")
    exchange.do(reset("bob", "funds", USD="1002"))
    exchange.place(limit(BUY, 1, 1_000, account="ann"))
    exchange.place(limit(BUY, 1, 1_000, account="bob"))
    contents = exchange.save()
    exchange.do(cancel_all("bob"))
    exchange.do(withdraw("bob", "USD", "1002"))
    assert exchange.refuse(foreign(contents)).detail == "bob: lacks 1002 USD to lock for its orders"


def test_live_order_that_would_grow_beyond_its_money_is_refused() -> None:
    exchange = funded(USD="5010")
    bid = exchange.place(limit(BUY, 5, 1_000, account="ann"))
    contents = exchange.save()
    exchange.do(amend(bid, quantity=1))
    exchange.do(withdraw("ann", "USD", "1"))
    assert exchange.refuse(contents).detail == "ann: lacks 1 USD to lock for its orders"
    exchange.check(holds("ann", USD=("4007", "1002")), reserves((bid, "1002")))


def test_what_orders_of_another_book_lock_is_no_help() -> None:
    exchange = funded(USD="5010")
    exchange.place(limit(BUY, 5, 1_000, account="ann"))
    contents = exchange.save()
    exchange.do(cancel_all("ann"))
    exchange.place(limit(BUY, 1, 1_000, account="ann", symbol="GOLD-USD"))
    assert exchange.refuse(foreign(contents)).detail == "ann: lacks 1002 USD to lock for its orders"


def test_accounts_without_a_ledger_load_as_before() -> None:
    exchange = funded(USD="10")
    bid = exchange.place(limit(BUY, 5_000, 9_000, account="bob"))
    contents = exchange.save()
    exchange.do(cancel(bid))
    assert exchange.load(foreign(contents)).restored == 1
    exchange.check(holds("ann", USD="10"), unlimited("bob"), reserves())


def test_account_that_the_exchange_does_not_know_has_no_ledger() -> None:
    saver = Exchange()
    saver.place(limit(BUY, 5_000, 9_000, account="new"))
    exchange = funded(USD="10")
    assert exchange.load(foreign(saver.save())).restored == 1
    exchange.check(unlimited("new"), reserves())


# The rates at which it locks


@pytest.mark.parametrize("sequence", [1, FOREIGN])
def test_order_of_another_exchange_entered_with_its_load(sequence: int) -> None:
    """Its own sequence is that of the other exchange, and says nothing here. It locks and pays 20 basis points."""
    saver = Exchange()
    saver.place(limit(BUY, 5, 1_000, account="ann"))
    exchange = funded(USD="5010")
    exchange.place(limit(BUY, 1, 10))
    exchange.do(change(COIN, maker_fee_bps=0, taker_fee_bps=0))
    exchange.do(change(COIN, maker_fee_bps=10, taker_fee_bps=20))
    exchange.load(foreign(saver.save(), sequence))
    exchange.check(holds("ann", USD=("0", "5010")))
    exchange.do(change(COIN, maker_fee_bps=600, taker_fee_bps=600))
    exchange.place(market(SELL, 4))
    exchange.check(holds("ann", USD=("0", "1002"), COIN="4"))
    exchange.do(amend(FOREIGN + 1, quantity=5, price=999))
    exchange.check(holds("ann", USD=("1.002", "1000.998"), COIN="4"))
    exchange.place(market(SELL, 1))
    exchange.check(holds("ann", USD="1.002", COIN="5"))


def test_ledger_that_begins_after_the_load_of_a_foreign_book() -> None:
    saver = Exchange()
    saver.place(limit(BUY, 5, 1_000, account="ann"))
    exchange = Exchange()
    exchange.load(foreign(saver.save()))
    exchange.do(deposit("ann", "USD", "5010"))
    exchange.do(change(COIN, taker_fee_bps=600, maker_fee_bps=600))
    exchange.place(market(SELL, 5))
    exchange.check(holds("ann", COIN="5"), reserves())


def test_order_that_is_loaded_again_keeps_its_rate() -> None:
    exchange = funded(USD="5010")
    bid = exchange.place(limit(BUY, 5, 1_000, account="ann"))
    contents = exchange.save()
    exchange.do(change(COIN, maker_fee_bps=600, taker_fee_bps=600))
    exchange.do(amend(bid, quantity=1))
    exchange.load(contents)
    exchange.check(holds("ann", USD=("0", "5010")))
    exchange.place(market(SELL, 5))
    exchange.check(holds("ann", COIN="5"))
