"""client_order_ids that are unique among live orders only, beside those that are unique for good."""

from msgspec.structs import replace

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.serving.queries import find_order
from protocol.commands import OrderQuery
from protocol.events import CommandRefused
from protocol.units import Reason, Refusal
from tests.money_tape import GOLD
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    account_set,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    duplicated,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    refused,
    rejected,
    resume,
    suspend,
    trade,
)
from tests.unit.engine.saved_money import Exchange

IN_USE = Refusal.CLIENT_ORDER_ID_IN_USE
CONFLICT = Refusal.CLIENT_ORDER_ID_CONFLICT

LIVE = limit(BUY, 5, 90, client_order_id="x", open_only=True)
FOR_GOOD = limit(BUY, 5, 90, client_order_id="x")


@both_engines
def test_an_id_is_refused_while_a_live_order_bears_it_and_free_after(engine: MakeEngine) -> None:
    """Also for the very same order: it is no retry. Another account may use it."""
    play(
        engine,
        (LIVE, [placed(1)]),
        (LIVE, [refused(IN_USE)]),
        (limit(SELL, 5, 95, client_order_id="x", open_only=True), [refused(IN_USE)]),
        (limit(BUY, 5, 90, client_order_id="x", open_only=True, account="ann"), [placed(2)]),
        (cancel(client_order_id="x"), [canceled(1, 5)]),
        (LIVE, [placed(3)]),
        (
            limit(SELL, 10, 90, account="bob"),
            [placed(4), trade(1, SELL, 5, 90, maker=2, taker=4), trade(2, SELL, 5, 90, maker=3, taker=4)],
        ),
        (LIVE, [placed(5)]),
    )


@both_engines
def test_a_refused_or_rejected_order_does_not_use_the_id_up(engine: MakeEngine) -> None:
    play(
        engine,
        (LIVE, [placed(1)]),
        (cancel(1), [canceled(1, 5)]),
        (limit(BUY, 0, 90, client_order_id="x", open_only=True), [refused(Refusal.QUANTITY_REQUIRED)]),
        (suspend(), [account_set(suspended=True)]),
        (LIVE, [rejected(2, Reason.ACCOUNT_SUSPENDED)]),
        (resume(), [account_set()]),
        (amend(client_order_id="x", quantity=4), [refused(Refusal.ORDER_NOT_OPEN)]),
        (LIVE, [placed(3)]),
        (cancel(client_order_id="x"), [canceled(3, 5)]),
    )


@both_engines
def test_a_live_order_of_either_kind_keeps_the_id_from_the_other(engine: MakeEngine) -> None:
    """An id that is unique for good stays so. A retry finds no order of the other kind."""
    play(
        engine,
        (LIVE, [placed(1)]),
        (FOR_GOOD, [refused(CONFLICT)]),
        (cancel(1), [canceled(1, 5)]),
        (FOR_GOOD, [placed(2)]),
        (LIVE, [refused(IN_USE)]),
        (cancel(client_order_id="x"), [canceled(2, 5)]),
        (LIVE, [placed(3)]),
        (FOR_GOOD, [duplicated(2)]),
        (limit(BUY, 6, 90, client_order_id="x"), [refused(CONFLICT)]),
        (cancel(client_order_id="x"), [canceled(3, 5)]),
    )


@both_engines
def test_both_legs_of_an_oco_have_open_only_ids(engine: MakeEngine) -> None:
    legs = oco(SELL, 5, 110, at=90, client_order_id="x", open_only=True)
    play(
        engine,
        *opening_trade(100),
        (legs, [placed(3), placed(4)]),
        (legs, [refused(IN_USE)]),
        (limit(SELL, 1, 120, client_order_id="x:stop", open_only=True), [refused(IN_USE)]),
        (oco(SELL, 5, 110, at=90, client_order_id="x"), [refused(CONFLICT)]),
        (cancel(client_order_id="x:stop"), [canceled(4, 5), canceled(3, 5, Reason.OCO)]),
        (legs, [placed(5), placed(6)]),
    )


def test_the_id_names_the_newest_order_also_when_it_is_done() -> None:
    exchange = Exchange()
    for _ in range(2):
        exchange.place(LIVE)
        exchange.do(cancel(client_order_id="x"))
    last = exchange.place(replace(LIVE, price=80))
    for _ in range(2):
        found = find_order(exchange.engine.registry, OrderQuery(client_order_id="x"))
        assert not isinstance(found, CommandRefused)
        assert (found.order_id, found.client_order_id) == (last, "x")
        exchange.do(cancel(last))


def test_of_two_done_orders_of_both_kinds_the_id_names_the_newer() -> None:
    exchange = Exchange()
    found = []
    for order in (LIVE, FOR_GOOD):
        exchange.do(cancel(exchange.place(order)))
        state = find_order(exchange.engine.registry, OrderQuery(client_order_id="x"))
        assert not isinstance(state, CommandRefused)
        found.append(state.order_id)
    assert found == [1, 2]


def test_a_forgotten_order_takes_its_open_only_id_with_it() -> None:
    def remembers_one() -> Engine:
        return Engine(remembered_orders=1)

    play(
        remembers_one,
        (LIVE, [placed(1)]),
        (cancel(1), [canceled(1, 5)]),
        (LIVE, [placed(2)]),
        (cancel(2), [canceled(2, 5)]),
        (market(BUY, 1, deadline=1), [rejected(3, Reason.TOO_LATE)]),
        (cancel(client_order_id="x"), [refused(Refusal.ORDER_NOT_OPEN)]),
        (market(BUY, 1, deadline=1), [rejected(4, Reason.TOO_LATE)]),
        (cancel(client_order_id="x"), [refused(Refusal.UNKNOWN_ORDER)]),
        (LIVE, [placed(5)]),
    )


# Amends


@both_engines
def test_an_amend_moves_an_open_only_id(engine: MakeEngine) -> None:
    """The order keeps its place, the old id is free."""
    play(
        engine,
        (LIVE, [placed(1)]),
        (limit(BUY, 5, 90, client_order_id="z", open_only=True), [placed(2)]),
        (amend(1, rename="z"), [refused(IN_USE, "new_client_order_id")]),
        (amend(client_order_id="x", quantity=4, rename="y"), [amended(1, 4, 90, renamed=("y", "x"))]),
        (cancel(client_order_id="x"), [refused(Refusal.UNKNOWN_ORDER)]),
        (LIVE, [placed(3)]),
        (amend(client_order_id="y", rename="y"), [amended(1, 4, 90)]),
        (amend(client_order_id="y", rename="a b"), [refused(Refusal.INVALID_NAME, "new_client_order_id")]),
        (
            market(SELL, 5, account="bob"),
            [placed(4), trade(1, SELL, 4, 90, maker=1, taker=4), trade(2, SELL, 1, 90, maker=2, taker=4)],
        ),
        (limit(BUY, 5, 90, client_order_id="y", open_only=True), [placed(5)]),
    )


@both_engines
def test_ids_that_are_unique_for_good_stay_used_after_an_amend(engine: MakeEngine) -> None:
    """The order is found by all of them, a retry of it by the first one only."""
    play(
        engine,
        (FOR_GOOD, [placed(1)]),
        (limit(BUY, 5, 80, client_order_id="z"), [placed(2)]),
        (amend(1, rename="z"), [refused(CONFLICT, "new_client_order_id")]),
        (amend(client_order_id="x", rename="y"), [amended(1, 5, 90, renamed=("y", "x"))]),
        (amend(client_order_id="x", quantity=4), [amended(1, 4, 90)]),
        (FOR_GOOD, [duplicated(1)]),
        (limit(BUY, 5, 90, client_order_id="y"), [refused(CONFLICT)]),
        (amend(1, rename="x"), [refused(CONFLICT, "new_client_order_id")]),
        (limit(BUY, 1, 80, client_order_id="x", open_only=True), [placed(3)]),
        (cancel(client_order_id="y"), [canceled(1, 4)]),
        (FOR_GOOD, [duplicated(1)]),
    )


@both_engines
def test_an_amend_gives_an_order_without_an_id_one_that_is_unique_for_good(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 90), [placed(1)]),
        (LIVE, [placed(2)]),
        (amend(1, rename="x"), [refused(CONFLICT, "new_client_order_id")]),
        (amend(1, rename="y"), [amended(1, 5, 90, renamed=("y", None))]),
        (limit(BUY, 5, 90, client_order_id="y"), [refused(CONFLICT)]),
        (cancel(client_order_id="y"), [canceled(1, 5)]),
    )


# What survives


def test_a_saved_book_brings_both_kinds_back() -> None:
    exchange = Exchange()
    kept = exchange.place(limit(BUY, 5, 90, client_order_id="x", open_only=True))
    renamed = exchange.place(limit(BUY, 5, 90, client_order_id="old"))
    exchange.do(amend(renamed, rename="new"))
    book = exchange.save()
    assert [order.open_only_client_order_id for order in book.bids] == [True, False]
    fresh = Exchange()
    assert fresh.load(book).restored == 2
    assert fresh.do(replace(LIVE, account="default")) == [refused(IN_USE)]
    assert fresh.do(cancel(client_order_id="x")) == [canceled(kept, 5)]
    assert fresh.do(limit(BUY, 5, 90, client_order_id="new")) == [duplicated(renamed)]
    again = exchange.load(book)
    assert (again.restored, again.skipped) == (2, [])
    assert exchange.do(cancel(client_order_id="old")) == [canceled(renamed, 5)]


def test_a_saved_book_with_an_id_that_a_live_order_elsewhere_bears_is_refused() -> None:
    exchange = Exchange()
    exchange.place(LIVE)
    book = exchange.save()
    fresh = Exchange()
    fresh.place(limit(BUY, 5, 90, client_order_id="x", symbol=GOLD.symbol, open_only=True))
    renumbered = replace(book, bids=[replace(book.bids[0], order_id="9")])
    refusal = fresh.refuse(renumbered)
    assert (refusal.refusal, refusal.field) == (Refusal.INVALID_SAVED_BOOK, "bids[0].client_order_id")


def test_open_only_ids_are_in_the_digest() -> None:
    """And a state without them has the digest that it had."""
    digests = []
    for order in (LIVE, FOR_GOOD):
        exchange = Exchange()
        exchange.place(order)
        digests.append(digest(exchange.engine.registry))
    assert len(set(digests)) == 2
