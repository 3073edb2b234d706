"""One command that cancels an order and places another, and cancels that are restricted or have a name."""

import pytest
from msgspec.structs import replace

from matcher.engine import Engine
from protocol.commands import PlaceOrder
from protocol.events import InstrumentSet
from protocol.units import InstrumentStatus, OnlyStatus, Reason, Refusal
from tests.money_tape import funded, holds
from tests.money_tape import play as money_play
from tests.tape import (
    BUY,
    COIN,
    GOLD,
    SELL,
    MakeEngine,
    account_set,
    amend,
    amended,
    both_engines,
    cancel,
    cancel_all,
    cancel_failed,
    cancel_replace,
    canceled,
    change,
    duplicated,
    limit,
    market,
    oco,
    opening_trade,
    place_failed,
    placed,
    play,
    protect,
    refused,
    rejected,
    suspend,
    trade,
)

REST = limit(BUY, 5, 90, client_order_id="x", open_only=True)


@both_engines
def test_the_new_order_takes_the_place_of_the_old_one(engine: MakeEngine) -> None:
    """Also its open-only id, and what it trades comes in the same command."""
    play(
        engine,
        (REST, [placed(1)]),
        (limit(SELL, 2, 95), [placed(2)]),
        (
            cancel_replace(
                cancel(client_order_id="x", name="c1"), limit(BUY, 4, 95, client_order_id="x", open_only=True)
            ),
            [canceled(1, 5, name="c1"), placed(3), trade(1, BUY, 2, 95, maker=2, taker=3)],
        ),
        (cancel(client_order_id="x"), [canceled(3, 2)]),
    )


@both_engines
@pytest.mark.parametrize(
    ("new", "refusal"),
    [
        (limit(BUY, 0, 90), Refusal.QUANTITY_REQUIRED),
        (limit(BUY, 5, 20_000), Refusal.PRICE_TOO_LARGE),
        (limit(BUY, 5, 90, display_quantity=6), Refusal.DISPLAY_QUANTITY_TOO_LARGE),
        (limit(BUY, 5, 90, symbol="NONE-USD"), Refusal.UNKNOWN_SYMBOL),
        (limit(BUY, 5, 90, deadline=1), Refusal.TOO_LATE),
        (limit(BUY, 5, 50), Refusal.PRICE_OUTSIDE_BAND),
        (limit(BUY, 50, 90), Refusal.NOTIONAL_TOO_LARGE),
        (limit(BUY, 5, 91, client_order_id="used"), Refusal.CLIENT_ORDER_ID_CONFLICT),
    ],
)
def test_what_does_not_depend_on_the_cancel_is_checked_before_it(
    engine: MakeEngine, new: PlaceOrder, refusal: Refusal
) -> None:
    """Then nothing is canceled, also with allow_failure."""
    play(
        engine,
        protect(price_band_bps=2_000, reference_price=100, max_order_notional=1_000),
        (limit(BUY, 5, 90, client_order_id="used"), [placed(1)]),
        (cancel_replace(cancel(1), new, allow_failure=True), [refused(refusal)]),
        (cancel(1), [canceled(1, 5)]),
    )


@both_engines
@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (InstrumentStatus.CANCEL_ONLY, Refusal.INSTRUMENT_CANCEL_ONLY),
        (InstrumentStatus.HALTED, Refusal.INSTRUMENT_HALTED),
    ],
)
def test_nothing_is_canceled_where_nothing_can_be_placed(
    engine: MakeEngine, status: InstrumentStatus, refusal: Refusal
) -> None:
    play(
        engine,
        (limit(BUY, 5, 90), [placed(1)]),
        (change(COIN, status), [InstrumentSet(replace(COIN, status=status))]),
        (cancel_replace(cancel(1), limit(BUY, 5, 91)), [refused(refusal)]),
        (cancel(1), [canceled(1, 5)]),
    )


@both_engines
def test_a_suspended_account_replaces_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 90, account="ann"), [placed(1)]),
        (suspend(), [account_set(suspended=True)]),
        (cancel_replace(cancel(1), limit(BUY, 5, 91), allow_failure=True), [refused(Refusal.ACCOUNT_SUSPENDED)]),
        (cancel(1), [canceled(1, 5)]),
    )


@both_engines
def test_a_refused_cancel_stops_the_new_order_unless_failure_is_allowed(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 90, client_order_id="done"), [placed(1)]),
        (cancel(1), [canceled(1, 5)]),
        (cancel_replace(cancel(1), limit(BUY, 5, 91)), [cancel_failed(Refusal.ORDER_NOT_OPEN)]),
        (cancel_replace(cancel(9), limit(BUY, 5, 91)), [cancel_failed(Refusal.UNKNOWN_ORDER)]),
        (
            cancel_replace(cancel(1), limit(BUY, 5, 91), allow_failure=True),
            [cancel_failed(Refusal.ORDER_NOT_OPEN), placed(2)],
        ),
        (
            cancel_replace(cancel(2, only=OnlyStatus.PARTIALLY_FILLED), limit(BUY, 5, 92)),
            [cancel_failed(Refusal.CANCEL_RESTRICTED)],
        ),
        (cancel_all(), [canceled(2, 5)]),
    )


@both_engines
def test_what_depends_on_the_book_is_looked_at_after_the_cancel(engine: MakeEngine) -> None:
    """The order stays canceled when the new one fails."""
    play(
        engine,
        (limit(BUY, 5, 90, client_order_id="x", open_only=True), [placed(1)]),
        (limit(BUY, 5, 90, client_order_id="y", open_only=True), [placed(2)]),
        (
            cancel_replace(cancel(1), limit(BUY, 5, 91, client_order_id="y", open_only=True)),
            [canceled(1, 5), place_failed(Refusal.CLIENT_ORDER_ID_IN_USE)],
        ),
        (
            cancel_replace(cancel(1), limit(BUY, 5, 91, client_order_id="y", open_only=True), allow_failure=True),
            [cancel_failed(Refusal.ORDER_NOT_OPEN), place_failed(Refusal.CLIENT_ORDER_ID_IN_USE)],
        ),
        (
            cancel_replace(cancel(2), limit(SELL, 5, 90, post_only=True)),
            [canceled(2, 5), placed(3)],
        ),
        (limit(BUY, 5, 80), [placed(4)]),
        (
            cancel_replace(cancel(3), limit(SELL, 5, 80, post_only=True)),
            [canceled(3, 5), rejected(5, Reason.POST_ONLY_WOULD_CROSS)],
        ),
    )


@both_engines
def test_the_place_of_the_canceled_order_is_free_for_the_new_one(engine: MakeEngine) -> None:
    play(
        engine,
        protect(max_open_orders=1),
        (limit(BUY, 5, 90), [placed(1)]),
        (limit(BUY, 5, 91), [rejected(2, Reason.TOO_MANY_OPEN_ORDERS)]),
        (cancel_replace(cancel(1), limit(BUY, 5, 91)), [canceled(1, 5), placed(3)]),
    )


@both_engines
def test_a_leg_of_an_oco_is_canceled_with_the_other(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (oco(SELL, 5, 110, at=90), [placed(3), placed(4)]),
        (
            cancel_replace(cancel(4, name="c"), market(SELL, 5)),
            [
                canceled(4, 5, name="c"),
                canceled(3, 5, Reason.OCO, name="c"),
                placed(5),
                canceled(5, 5, Reason.NO_LIQUIDITY),
            ],
        ),
    )


@both_engines
def test_a_retry_under_an_id_that_is_unique_for_good_changes_nothing(engine: MakeEngine) -> None:
    both = cancel_replace(cancel(1), limit(BUY, 5, 91, client_order_id="new"))
    play(
        engine,
        (limit(BUY, 5, 90), [placed(1)]),
        (both, [canceled(1, 5), placed(2)]),
        (both, [duplicated(2)]),
        (
            cancel_replace(cancel(2), limit(BUY, 6, 91, client_order_id="new")),
            [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)],
        ),
        (cancel(2), [canceled(2, 5)]),
    )


def test_the_canceled_order_is_known_when_the_command_ends() -> None:
    """Although no done order is remembered."""
    play(
        lambda: Engine(remembered_orders=0),
        (limit(BUY, 5, 90), [placed(1)]),
        (cancel_replace(cancel(1), limit(BUY, 5, 91)), [canceled(1, 5), placed(2)]),
        (cancel(1), [refused(Refusal.ORDER_NOT_OPEN)]),
    )


# Cancels


@both_engines
def test_a_cancel_takes_only_the_status_that_it_names(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 90), [placed(1)]),
        (cancel(1, only=OnlyStatus.PARTIALLY_FILLED), [refused(Refusal.CANCEL_RESTRICTED)]),
        (market(SELL, 2), [placed(2), trade(1, SELL, 2, 90, maker=1, taker=2)]),
        (cancel(1, only=OnlyStatus.NEW), [refused(Refusal.CANCEL_RESTRICTED)]),
        (cancel(1, only=OnlyStatus.PARTIALLY_FILLED), [canceled(1, 3)]),
        (limit(BUY, 5, 90), [placed(3)]),
        (cancel(3, only=OnlyStatus.NEW), [canceled(3, 5)]),
    )


@both_engines
def test_with_a_symbol_all_that_names_the_order_must_agree(engine: MakeEngine) -> None:
    unknown = [refused(Refusal.UNKNOWN_ORDER)]
    play(
        engine,
        (limit(BUY, 5, 90, client_order_id="x", open_only=True), [placed(1)]),
        (limit(BUY, 5, 90, client_order_id="y"), [placed(2)]),
        (cancel(1, symbol=GOLD.symbol), unknown),
        (cancel(1, symbol="NONE-USD"), unknown),
        (cancel(client_order_id="x", symbol=GOLD.symbol), unknown),
        (cancel(1, client_order_id="y", symbol=COIN.symbol), unknown),
        (cancel(1, account="other", symbol=COIN.symbol), unknown),
        (amend(2, rename="z"), [amended(2, 5, 90, renamed=("z", "y"))]),
        (cancel(client_order_id="y", symbol=COIN.symbol), unknown),
        (cancel(client_order_id="z", symbol=COIN.symbol), [canceled(2, 5)]),
        (cancel(1, client_order_id="x", symbol=COIN.symbol), [canceled(1, 5)]),
        (cancel(1, symbol=COIN.symbol), [refused(Refusal.ORDER_NOT_OPEN)]),
    )


@both_engines
def test_a_cancel_has_a_name(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 90), [placed(1)]),
        (limit(BUY, 5, 90), [placed(2)]),
        (cancel(1, name="a b"), [refused(Refusal.INVALID_NAME, "cancel_client_order_id")]),
        (cancel(1, name="c"), [canceled(1, 5, name="c")]),
        (cancel_all(name="a b"), [refused(Refusal.INVALID_NAME, "cancel_client_order_id")]),
        (cancel_all(name="d"), [canceled(2, 5, name="d")]),
        (limit(BUY, 5, 90), [placed(3)]),
        (
            cancel_replace(cancel(3, name="a b"), limit(BUY, 5, 91)),
            [refused(Refusal.INVALID_NAME, "cancel_client_order_id")],
        ),
    )


@both_engines
def test_what_the_canceled_order_had_locked_pays_for_the_new_one(engine: MakeEngine) -> None:
    """5 at 1,000 lock 5,010. What the new one lacks leaves the old one canceled."""
    money_play(
        engine,
        funded("ann", USD="5511"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (cancel_replace(cancel(1), limit(BUY, 5, 1_100, account="ann")), [canceled(1, 5), placed(2)]),
        holds("ann", USD=("0", "5511")),
        (
            cancel_replace(cancel(2), limit(BUY, 6, 1_100, account="ann")),
            [canceled(2, 5), rejected(3, Reason.INSUFFICIENT_BALANCE)],
        ),
        holds("ann", USD=("5511", "0")),
    )
