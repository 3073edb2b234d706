"""Cancels of one order and of all, and how a command names an order."""

import pytest

from protocol.commands import AmendOrder, CancelOrder
from protocol.units import Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    GOLD,
    SELL,
    MakeEngine,
    Row,
    amend,
    amended,
    both_engines,
    cancel,
    cancel_all,
    canceled,
    ioc,
    limit,
    market,
    opening_trade,
    placed,
    play,
    refused,
    rejected,
    stop_limit,
    stop_market,
    trade,
    triggered,
)

pytestmark = both_engines


def test_cancel_takes_what_is_left(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (market(BUY, 2), [placed(2), trade(1, BUY, 2, 100, maker=1, taker=2)]),
        (cancel(1), [canceled(1, 3)]),
        (market(BUY, 2), [placed(3), canceled(3, 2, Reason.NO_LIQUIDITY)]),
    )


def test_cancel_of_an_order_that_waits_for_its_trigger(engine: MakeEngine) -> None:
    play(
        engine,
        (stop_market(BUY, 5, at=100), [placed(1)]),
        (cancel(1), [canceled(1, 5)]),
        (cancel(1), [refused(Refusal.ORDER_NOT_OPEN)]),
    )


@pytest.mark.parametrize(
    "name",
    [cancel(9), cancel(client_order_id="nine"), cancel(), cancel(account="ann"), amend(9, price=1), amend(price=1)],
)
def test_order_that_nobody_placed_is_unknown(engine: MakeEngine, name: CancelOrder | AmendOrder) -> None:
    play(
        engine,
        (limit(SELL, 5, 100, account="ann", client_order_id="one"), [placed(1)]),
        (name, [refused(Refusal.UNKNOWN_ORDER)]),
    )


def test_order_that_is_done_is_not_open(engine: MakeEngine) -> None:
    """Filled as a maker, filled as a taker, canceled, its remainder canceled, rejected: neither cancel nor amend,
    however often."""
    endings: tuple[Row, ...] = (
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(BUY, 1, 100), [placed(2), trade(1, BUY, 1, 100, maker=1, taker=2)]),
        (limit(SELL, 1, 100), [placed(3)]),
        (cancel(3), [canceled(3, 1)]),
        (ioc(BUY, 1, 100), [placed(4), canceled(4, 1, Reason.IOC_REMAINDER)]),
        (limit(SELL, 1, 100, deadline=1), [rejected(5, Reason.TOO_LATE)]),
    )
    refusals = [
        (command, [refused(Refusal.ORDER_NOT_OPEN)])
        for order_id in range(1, 6)
        for command in (cancel(order_id), amend(order_id))
    ]
    play(engine, *endings, *refusals, *refusals)


def test_cancel_by_client_order_id_looks_in_the_account_or_in_the_default_one(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100, account="ann", client_order_id="one"), [placed(1)]),
        (limit(SELL, 2, 100, account="bob", client_order_id="one"), [placed(2)]),
        (cancel(client_order_id="one"), [refused(Refusal.UNKNOWN_ORDER)]),
        (cancel(client_order_id="one", account="bob"), [canceled(2, 2)]),
        (cancel(client_order_id="one", account="bob"), [refused(Refusal.ORDER_NOT_OPEN)]),
        (limit(SELL, 3, 100, client_order_id="one"), [placed(3)]),
        (cancel(client_order_id="one"), [canceled(3, 3)]),
        (cancel(client_order_id="one", account="ann"), [canceled(1, 1)]),
    )


def test_order_id_needs_no_account_but_one_that_is_given_must_be_the_owners(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100, account="ann"), [placed(1)]),
        (limit(SELL, 1, 100, account="ann"), [placed(2)]),
        (cancel(1, account="bob"), [refused(Refusal.UNKNOWN_ORDER)]),
        (cancel(1, account="default"), [refused(Refusal.UNKNOWN_ORDER)]),
        (amend(1, account="bob", price=99), [refused(Refusal.UNKNOWN_ORDER)]),
        (cancel(1), [canceled(1, 1)]),
        (cancel(2, account="ann"), [canceled(2, 1)]),
        (cancel(2, account="bob"), [refused(Refusal.UNKNOWN_ORDER)]),
    )


def test_order_id_goes_before_client_order_id(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100, client_order_id="one"), [placed(1)]),
        (limit(SELL, 1, 100, client_order_id="two"), [placed(2)]),
        (cancel(2, client_order_id="one"), [canceled(2, 1)]),
        (cancel(9, client_order_id="one"), [refused(Refusal.UNKNOWN_ORDER)]),
    )


def test_cancel_all_takes_the_accounts_open_and_pending_orders_oldest_first(engine: MakeEngine) -> None:
    """Whatever their symbols, their places in the book and what became of their neighbours."""
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 3, 105, account="ann"), [placed(3)]),
        (limit(SELL, 3, 101, account="ann"), [placed(4)]),
        (limit(SELL, 3, 101, account="bob"), [placed(5)]),
        (stop_market(SELL, 3, at=90, account="ann"), [placed(6)]),
        (limit(BUY, 3, 70, account="ann", symbol=GOLD.symbol), [placed(7)]),
        (market(BUY, 1), [placed(8), trade(2, BUY, 1, 101, maker=4, taker=8)]),
        (cancel_all("ann"), [canceled(3, 3), canceled(4, 2), canceled(6, 3), canceled(7, 3)]),
        (cancel_all("ann"), []),
        (market(BUY, 3), [placed(9), trade(3, BUY, 3, 101, maker=5, taker=9)]),
    )


def test_cancel_all_of_one_symbol(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(SELL, 1, 100, symbol=GOLD.symbol), [placed(2)]),
        (stop_market(BUY, 1, at=100, symbol=GOLD.symbol), [placed(3)]),
        (cancel_all(symbol=GOLD.symbol), [canceled(2, 1), canceled(3, 1)]),
        (cancel_all(symbol=COIN.symbol), [canceled(1, 1)]),
    )


def test_cancel_all_without_orders(engine: MakeEngine) -> None:
    play(
        engine,
        (cancel_all("nobody"), []),
        (cancel_all("nobody", COIN.symbol), []),
        (cancel_all("nobody", "NONE-USD"), [refused(Refusal.UNKNOWN_SYMBOL)]),
    )


@pytest.mark.parametrize("stays", [0, 1, 2])
def test_cancel_all_of_many_orders_between_many_that_are_done(engine: MakeEngine, stays: int) -> None:
    """Every third of 300 stays; one of them is amended, so that it leaves its place in the book."""
    rows: list[Row] = []
    for order_id in range(1, 301):
        rows.append((limit(BUY, 2, 1 + order_id % 7), [placed(order_id)]))
        if order_id % 3 != stays:
            rows.append((cancel(order_id), [canceled(order_id, 2)]))
    left = [order_id for order_id in range(1, 301) if order_id % 3 == stays]
    play(
        engine,
        *rows,
        (amend(left[5], price=9), [amended(left[5], 2, 9)]),
        (cancel_all(), [canceled(order_id, 2) for order_id in left]),
    )


def test_fired_stop_limit_that_rests_is_among_all_that_are_canceled(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 1, 50, at=100), [placed(3), triggered(3)]),
        (stop_limit(BUY, 1, 50, at=101), [placed(4)]),
        (limit(SELL, 1, 101, account="bob"), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 101, maker=5, taker=6), triggered(4)]),
        (cancel_all(), [canceled(3, 1), canceled(4, 1)]),
    )
