"""How many orders may wait, expire or come in parts, and how many accounts there may be."""

from matcher.core.limits import standing_limits
from protocol.commands import CancelAfter, SetAccountStatus
from protocol.units import Reason, Refusal
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    account_set,
    advance_time,
    amend,
    amended,
    both_engines,
    cancel_after,
    cancel_all,
    canceled,
    fok,
    limit,
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
    time_of,
    trade,
    trailing_stop,
)
from tests.unit.engine.limit_rows import asks, limits

pytestmark = both_engines


# Orders that wait, expire, or come in parts


def test_so_many_orders_wait_in_a_book(engine: MakeEngine) -> None:
    play(
        engine,
        limits(trigger_orders=2),
        *opening_trade(100),
        (stop_market(BUY, 1, at=110), [placed(3)]),
        (trailing_stop(BUY, 1, trailing_amount=5), [placed(4)]),
        (stop_limit(BUY, 1, 110, at=110), [rejected(5, Reason.TOO_MANY_TRIGGER_ORDERS)]),
        (trailing_stop(BUY, 1, trailing_amount=5), [rejected(6, Reason.TOO_MANY_TRIGGER_ORDERS)]),
        (oco(SELL, 1, 110, at=90), [rejected(number, Reason.TOO_MANY_TRIGGER_ORDERS) for number in (7, 8)]),
        (stop_market(BUY, 1, at=110, symbol="GOLD-USD"), [placed(9)]),
        (cancel_all(symbol="COIN-USD"), [canceled(3, 1), canceled(4, 1)]),
        (stop_market(BUY, 1, at=110), [placed(10)]),
    )


def test_so_many_orders_have_an_expire_time(engine: MakeEngine) -> None:
    """Of all symbols and accounts."""
    later = time_of(100)
    play(
        engine,
        limits(expiring_orders=1),
        *opening_trade(100),
        (limit(BUY, 1, 90, expire_time=later, symbol="GOLD-USD"), [placed(3)]),
        (limit(BUY, 1, 90, expire_time=later, account="ann"), [rejected(4, Reason.TOO_MANY_EXPIRING_ORDERS)]),
        (
            oco(SELL, 1, 110, at=90, expire_time=later),
            [rejected(number, Reason.TOO_MANY_EXPIRING_ORDERS) for number in (5, 6)],
        ),
        (limit(BUY, 1, 90), [placed(7)]),
    )


def test_an_iceberg_has_so_many_parts(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 9, 100, display_quantity=1), [placed(1)]),
        limits(iceberg_parts=3),
        (limit(SELL, 7, 100, display_quantity=2), [refused(Refusal.DISPLAY_QUANTITY_TOO_SMALL)]),
        (limit(SELL, 6, 100, display_quantity=2), [placed(2)]),
        (amend(2, quantity=7), [refused(Refusal.DISPLAY_QUANTITY_TOO_SMALL)]),
        (amend(1, quantity=10), [refused(Refusal.DISPLAY_QUANTITY_TOO_SMALL)]),
        (amend(1, quantity=8), [amended(1, 8, 100)]),
    )


# Accounts


def test_so_many_accounts_there_are(engine: MakeEngine) -> None:
    """An account that is known goes on, whatever it does."""
    no_more = [refused(Refusal.TOO_MANY_ACCOUNTS, "account")]
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 1, 90, account="ann"), [placed(3)]),
        limits(accounts=2),
        (limit(BUY, 1, 90, account="bob"), no_more),
        (oco(SELL, 1, 110, at=90, account="bob"), no_more),
        (CancelAfter("bob", 1_000), no_more),
        (SetAccountStatus("bob", suspended=True), no_more),
        (limit(BUY, 1, 90, account="ann"), [placed(4)]),
        (
            suspend("ann"),
            [
                canceled(3, 1, Reason.ACCOUNT_SUSPENDED),
                canceled(4, 1, Reason.ACCOUNT_SUSPENDED),
                account_set("ann", suspended=True),
            ],
        ),
    )


def test_a_cancel_of_all_orders_goes_on_when_it_is_sent_again(engine: MakeEngine) -> None:
    play(
        engine,
        limits(cancels=2),
        *(
            (limit(BUY, 1, 90, symbol=symbol), [placed(number)])
            for number, symbol in enumerate(("COIN-USD", "GOLD-USD") * 2, 1)
        ),
        (limit(BUY, 1, 90), [placed(5)]),
        (cancel_all(symbol="COIN-USD"), [canceled(1, 1), canceled(3, 1)]),
        (cancel_all(), [canceled(2, 1), canceled(4, 1)]),
        (cancel_all(), [canceled(5, 1)]),
        (cancel_all(), []),
    )


def test_a_suspended_account_sends_no_more_while_its_orders_are_canceled_part_by_part(engine: MakeEngine) -> None:
    suspended = Reason.ACCOUNT_SUSPENDED
    play(
        engine,
        limits(cancels=1),
        (limit(BUY, 1, 90), [placed(1)]),
        (limit(BUY, 1, 90), [placed(2)]),
        (suspend(), [canceled(1, 1, suspended), account_set(suspended=True)]),
        (limit(BUY, 1, 90), [rejected(3, suspended)]),
        (suspend(), [canceled(2, 1, suspended), account_set(suspended=True)]),
        (resume(), [account_set()]),
    )


def test_a_timer_stays_due_until_the_orders_of_its_account_are_canceled(engine: MakeEngine) -> None:
    silent = Reason.CANCEL_AFTER
    play(
        engine,
        limits(cancels=2),
        *((limit(BUY, 1, 90, account="ann"), [placed(number)]) for number in (1, 2, 3)),
        (limit(BUY, 1, 90, account="bob"), [placed(4)]),
        (cancel_after(1, "bob"), [account_set("bob", cancel_at=time_of(8) + 1)]),
        (cancel_after(2, "ann"), [account_set("ann", cancel_at=time_of(9) + 2)]),
        (advance_time(), [canceled(4, 1, silent), account_set("bob"), canceled(1, 1, silent)]),
        (advance_time(), [canceled(2, 1, silent), canceled(3, 1, silent), account_set("ann")]),
        (advance_time(), []),
    )


def test_the_standing_limits_let_usual_orders_pass(engine: MakeEngine) -> None:
    play(
        engine,
        (standing_limits(10), []),
        *asks(100, 101),
        (limit(SELL, 1_000, 102, display_quantity=1), [placed(3)]),
        (
            fok(BUY, 2, 101),
            [placed(4), trade(1, BUY, 1, 100, maker=1, taker=4), trade(2, BUY, 1, 101, maker=2, taker=4)],
        ),
    )
