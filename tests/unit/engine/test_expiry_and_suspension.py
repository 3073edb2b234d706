"""Orders that end without a command of their own: by their expire_time, by the silence of their account, by its
suspension.

The n-th row is at time_of(n + 2). Time itself does nothing here: AdvanceTime does, which the matcher puts before a
later command.
"""

import pytest
from msgspec.structs import replace

from matcher.engine import Engine
from protocol.commands import CancelAfter, Command, PlaceOrder, SetAccountStatus, SetInstrument, WatchAccount
from protocol.events import AccountWatched, InstrumentSet
from protocol.units import InstrumentStatus, OrderStatus, Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    GOLD,
    SELL,
    MakeEngine,
    account_set,
    advance_time,
    amend,
    amended,
    both_engines,
    cancel,
    cancel_after,
    cancel_all,
    canceled,
    change,
    duplicated,
    limit,
    market,
    move_timers,
    oco,
    opening_trade,
    placed,
    play,
    refused,
    rejected,
    resume,
    stop_limit,
    stop_market,
    suspend,
    take_profit_limit,
    time_of,
    trade,
    trailing_stop,
    triggered,
)

EXPIRED = Reason.EXPIRED
SILENT = Reason.CANCEL_AFTER
SUSPENDED = Reason.ACCOUNT_SUSPENDED


# expire_time


@both_engines
@pytest.mark.parametrize(
    "order",
    [
        limit(BUY, 5, 90, expire_time=time_of(6)),
        limit(BUY, 5, 90, expire_time=time_of(6), display_quantity=2, post_only=True),
        stop_limit(BUY, 5, 90, at=200, expire_time=time_of(6)),
        take_profit_limit(SELL, 5, 90, at=200, expire_time=time_of(6)),
    ],
    ids=["limit", "iceberg", "stop_limit", "take_profit_limit"],
)
def test_it_expires_after_its_time_not_at_it(engine: MakeEngine, order: PlaceOrder) -> None:
    """Resting or waiting."""
    play(
        engine,
        *opening_trade(100),
        (order, [placed(3)]),
        (advance_time(), []),
        (advance_time(), [canceled(3, 5, EXPIRED)]),
        (advance_time(), []),
    )


@both_engines
def test_it_may_trade_at_its_very_time(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 100, expire_time=time_of(4)), [placed(1)]),
        (market(SELL, 2), [placed(2), trade(1, SELL, 2, 100, maker=1, taker=2)]),
        (advance_time(), [canceled(1, 3, EXPIRED)]),
        (market(SELL, 2), [placed(3), canceled(3, 2, Reason.NO_LIQUIDITY)]),
    )


@both_engines
def test_they_expire_by_their_times_then_by_age(engine: MakeEngine) -> None:
    """Of all symbols and accounts."""
    play(
        engine,
        (limit(BUY, 1, 90, expire_time=time_of(7) + 500), [placed(1)]),
        (limit(BUY, 1, 91, expire_time=time_of(7) + 1, account="ann"), [placed(2)]),
        (limit(BUY, 1, 92, expire_time=time_of(7) + 500, symbol=GOLD.symbol), [placed(3)]),
        (stop_limit(BUY, 1, 93, at=100, expire_time=time_of(7) + 499), [placed(4)]),
        (limit(BUY, 1, 94, expire_time=time_of(8)), [placed(5)]),
        (
            advance_time(),
            [canceled(2, 1, EXPIRED), canceled(4, 1, EXPIRED), canceled(1, 1, EXPIRED), canceled(3, 1, EXPIRED)],
        ),
    )


@both_engines
def test_time_to_expire_is_after_the_orders_own(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 1, 90, expire_time=time_of(2)), [refused(Refusal.EXPIRE_TIME_PAST)]),
        (limit(BUY, 1, 90, expire_time=time_of(4)), [refused(Refusal.EXPIRE_TIME_PAST)]),
        (limit(BUY, 1, 90, expire_time=time_of(5) + 1), [placed(1)]),
        (limit(BUY, 1, 90, expire_time=1), [refused(Refusal.EXPIRE_TIME_PAST)]),
    )


@both_engines
def test_same_order_again_after_it_has_expired(engine: MakeEngine) -> None:
    """It is known before its time is looked at."""
    order = limit(BUY, 1, 90, expire_time=time_of(4), client_order_id="one")
    play(
        engine,
        (order, [placed(1)]),
        (order, [duplicated(1)]),
        (advance_time(), [canceled(1, 1, EXPIRED)]),
        (order, [duplicated(1)]),
        (replace(order, terms=None), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
    )


@both_engines
def test_amended_or_fired_it_expires_all_the_same(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 5, 90, expire_time=time_of(7)), [placed(3)]),
        (stop_limit(BUY, 5, 80, at=100, expire_time=time_of(7)), [placed(4), triggered(4)]),
        (amend(3, price=91, quantity=6), [amended(3, 6, 91)]),
        (advance_time(), [canceled(3, 6, EXPIRED), canceled(4, 5, EXPIRED)]),
    )


@both_engines
@pytest.mark.parametrize("status", [InstrumentStatus.CANCEL_ONLY, InstrumentStatus.HALTED])
def test_instruments_status_does_not_matter(engine: MakeEngine, status: InstrumentStatus) -> None:
    play(
        engine,
        (limit(BUY, 1, 90, expire_time=time_of(5)), [placed(1)]),
        (limit(BUY, 1, 91, account="ann"), [placed(2)]),
        (limit(BUY, 1, 92, account="bob"), [placed(3)]),
        (change(COIN, status), [InstrumentSet(replace(COIN, status=status))]),
        (cancel_after(1, "ann"), [account_set("ann", cancel_at=time_of(7) + 1)]),
        (advance_time(), [canceled(1, 1, EXPIRED), canceled(2, 1, SILENT), account_set("ann")]),
        (suspend("bob"), [canceled(3, 1, SUSPENDED), account_set("bob", suspended=True)]),
    )


# Cancel on silence


@both_engines
def test_silence_cancels_all_orders_of_the_account_once(engine: MakeEngine) -> None:
    """Resting and waiting ones, of all symbols, by age; then the timer is off, and later orders stay."""
    play(
        engine,
        (limit(BUY, 1, 90), [placed(1)]),
        (trailing_stop(SELL, 2, trailing_amount=5), [placed(2)]),
        (limit(BUY, 3, 90, account="ann"), [placed(3)]),
        (limit(SELL, 4, 90, symbol=GOLD.symbol, display_quantity=1), [placed(4)]),
        (cancel_after(1_000), [account_set(cancel_at=time_of(8))]),
        (advance_time(), [canceled(1, 1, SILENT), canceled(2, 2, SILENT), canceled(4, 4, SILENT), account_set()]),
        (limit(BUY, 1, 90), [placed(5)]),
        (advance_time(), []),
    )


@both_engines
def test_it_is_put_off_and_switched_off(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 1, 90), [placed(1)]),
        (cancel_after(2_000), [account_set(cancel_at=time_of(6))]),
        (cancel_after(2_500), [account_set(cancel_at=time_of(7) + 500)]),
        (advance_time(), []),
        (advance_time(), []),
        (cancel_after(0), [account_set()]),
        (advance_time(), []),
        (cancel_after(0), [account_set()]),
        (cancel(1), [canceled(1, 1)]),
    )


@both_engines
def test_it_needs_no_order(engine: MakeEngine) -> None:
    play(
        engine,
        (cancel_after(1_000, "ann"), [account_set("ann", cancel_at=time_of(4))]),
        (advance_time(), [account_set("ann")]),
    )


@both_engines
def test_timers_move_with_a_clock_that_gains_or_loses(engine: MakeEngine) -> None:
    """All of them by as much, in the order in which they fall due; orders expire by the date all the same."""
    play(
        engine,
        (limit(BUY, 1, 90, account="ann", expire_time=time_of(6)), [placed(1)]),
        (limit(BUY, 2, 90, account="ann"), [placed(2)]),
        (cancel_after(7_000, "cat"), [account_set("cat", cancel_at=time_of(12))]),
        (cancel_after(1_000, "ann"), [account_set("ann", cancel_at=time_of(7))]),
        (move_timers(2_000), [account_set("ann", cancel_at=time_of(9)), account_set("cat", cancel_at=time_of(14))]),
        (advance_time(), [canceled(1, 1, EXPIRED)]),
        (move_timers(-3_000), [account_set("ann", cancel_at=time_of(6)), account_set("cat", cancel_at=time_of(11))]),
        (advance_time(), [canceled(2, 2, SILENT), account_set("ann")]),
        (advance_time(), [account_set("cat")]),
        (move_timers(1), []),
    )


@both_engines
def test_expiries_come_before_timers_and_timers_by_their_times_then_by_name(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 1, 90, account="bob", expire_time=time_of(9)), [placed(1)]),
        (limit(BUY, 2, 90, account="bob"), [placed(2)]),
        (limit(BUY, 3, 90, account="ann"), [placed(3)]),
        (limit(BUY, 4, 90, account="cat"), [placed(4)]),
        (cancel_after(3_000, "bob"), [account_set("bob", cancel_at=time_of(10))]),
        (cancel_after(2_000, "ann"), [account_set("ann", cancel_at=time_of(10))]),
        (cancel_after(500, "cat"), [account_set("cat", cancel_at=time_of(9) + 500)]),
        (
            advance_time(),
            [
                canceled(1, 1, EXPIRED),
                canceled(4, 4, SILENT),
                account_set("cat"),
                canceled(3, 3, SILENT),
                account_set("ann"),
                canceled(2, 2, SILENT),
                account_set("bob"),
            ],
        ),
    )


# Suspension


@both_engines
def test_suspension_cancels_everything_and_rejects_what_comes(engine: MakeEngine) -> None:
    """Until the account is resumed; other accounts go on."""
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 1, 90), [placed(3)]),
        (stop_market(BUY, 2, at=110), [placed(4)]),
        (trailing_stop(SELL, 3, trailing_bps=100), [placed(5)]),
        (limit(BUY, 4, 90, account="ann"), [placed(6)]),
        (
            suspend(),
            [
                canceled(3, 1, SUSPENDED),
                canceled(4, 2, SUSPENDED),
                canceled(5, 3, SUSPENDED),
                account_set(suspended=True),
            ],
        ),
        (limit(BUY, 1, 90, client_order_id="one"), [rejected(7, SUSPENDED)]),
        (stop_market(BUY, 1, at=90), [rejected(8, SUSPENDED)]),
        (oco(SELL, 1, 110, at=90), [rejected(9, SUSPENDED), rejected(10, SUSPENDED)]),
        (limit(BUY, 1, 90, account="ann"), [placed(11)]),
        (resume(), [account_set()]),
        (limit(BUY, 1, 90, client_order_id="one"), [duplicated(7)]),
        (limit(BUY, 1, 90), [placed(12)]),
    )


@both_engines
def test_suspension_repeated(engine: MakeEngine) -> None:
    play(
        engine,
        (resume("ann"), [account_set("ann")]),
        (suspend("ann"), [account_set("ann", suspended=True)]),
        (suspend("ann"), [account_set("ann", suspended=True)]),
        (cancel_after(9_000, "ann"), [account_set("ann", suspended=True, cancel_at=time_of(15))]),
        (resume("ann"), [account_set("ann", cancel_at=time_of(15))]),
        (suspend("ann"), [account_set("ann", suspended=True, cancel_at=time_of(15))]),
    )


@both_engines
def test_rejection_by_the_deadline_or_the_instrument_comes_first(engine: MakeEngine) -> None:
    """And by the suspension before post_only."""
    halted = replace(COIN, status=InstrumentStatus.HALTED)
    play(
        engine,
        (limit(SELL, 1, 100, account="ann"), [placed(1)]),
        (suspend(), [account_set(suspended=True)]),
        (limit(BUY, 1, 100, post_only=True), [rejected(2, SUSPENDED)]),
        (limit(BUY, 1, 100, deadline=time_of(1)), [rejected(3, Reason.TOO_LATE)]),
        (change(COIN, InstrumentStatus.HALTED), [InstrumentSet(halted)]),
        (limit(BUY, 1, 100, post_only=True), [rejected(4, Reason.INSTRUMENT_HALTED)]),
    )


@both_engines
@pytest.mark.parametrize(
    "command", [SetAccountStatus("a b", True), SetAccountStatus("", False), CancelAfter("a/b", 0), WatchAccount("ä")]
)
def test_names_of_accounts_are_checked(engine: MakeEngine, command: Command) -> None:
    play(engine, (command, [refused(Refusal.INVALID_NAME, "account")]))


@both_engines
def test_watching_an_account_changes_nothing_else(engine: MakeEngine) -> None:
    play(
        engine,
        (WatchAccount("ann"), [AccountWatched("ann")]),
        (WatchAccount("ann"), [AccountWatched("ann")]),
        (cancel_all("ann"), []),
    )


def test_what_a_canceled_order_is_in_the_end() -> None:
    engine = Engine()
    commands: tuple[Command, ...] = (
        SetInstrument.of(COIN),
        limit(BUY, 5, 100, expire_time=time_of(3), display_quantity=2),
        market(SELL, 3),
        advance_time(),
    )
    for sequence, command in enumerate(commands, 1):
        engine.apply(sequence, time_of(sequence), command)
    order = engine.registry.orders[1]
    assert (order.status, order.reason, order.quantity, order.remaining) == (OrderStatus.CANCELED, EXPIRED, 5, 2)
    assert not engine.registry.books[COIN.symbol].bids.top(1)
