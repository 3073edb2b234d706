"""Orders that fire: a market order that waited and buys is looked at again, right before it runs."""

import pytest

from protocol.commands import PlaceOrder
from protocol.events import Event
from protocol.units import Reason
from tests.money_tape import fees, funded, holds, play, reserves
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    both_engines,
    canceled,
    limit,
    market,
    moved,
    oco,
    opening_trade,
    placed,
    reduced,
    rejected,
    stop_limit,
    stop_market,
    take_profit,
    trade,
    trailing_stop,
    triggered,
)

SHORT = Reason.INSUFFICIENT_BALANCE


@both_engines
@pytest.mark.parametrize(
    ("money", "outcome"), [("5511", trade(2, BUY, 5, 1_100, maker=3, taker=1)), ("5510.9999", canceled(1, 5, SHORT))]
)
@pytest.mark.parametrize(
    "order",
    [stop_market(BUY, 5, at=1_000, account="ann"), take_profit(BUY, 5, at=1_000, account="ann")],
    ids=["stop_market", "take_profit"],
)
def test_it_must_be_covered_by_its_lock_and_what_is_free(
    engine: MakeEngine, order: PlaceOrder, money: str, outcome: Event
) -> None:
    """It has locked 5,010. 5 at 1,100 cost 5,511."""
    play(
        engine,
        funded("ann", USD=money),
        (order, [placed(1)]),
        reserves((1, "5010")),
        (limit(SELL, 1, 1_000), [placed(2)]),
        (limit(SELL, 5, 1_100), [placed(3)]),
        (market(BUY, 1), [placed(4), trade(1, BUY, 1, 1_000, maker=2, taker=4), triggered(1), outcome]),
        holds("ann", USD=money) if outcome == canceled(1, 5, SHORT) else holds("ann", COIN="5"),
        reserves(),
    )


@both_engines
def test_the_locks_of_its_account_s_other_orders_do_not_cover_it(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="6012"),
        (stop_market(BUY, 5, at=1_000, account="ann"), [placed(1)]),
        (limit(BUY, 1, 500, account="ann"), [placed(2)]),
        holds("ann", USD=("501", "5511")),
        (limit(BUY, 1, 1, account="ann"), [placed(3)]),
        (limit(SELL, 1, 1_000), [placed(4)]),
        (limit(SELL, 5, 1_100), [placed(5)]),
        (
            market(BUY, 1),
            [placed(6), trade(1, BUY, 1, 1_000, maker=4, taker=6), triggered(1), canceled(1, 5, SHORT)],
        ),
        holds("ann", USD=("5509.998", "502.002")),
    )


@both_engines
@pytest.mark.parametrize(
    ("money", "outcome"), [("6012", trade(3, BUY, 5, 1_200, maker=5, taker=3)), ("6011.9999", canceled(3, 5, SHORT))]
)
def test_a_trailing_stop_needs_all_as_it_fires(engine: MakeEngine, money: str, outcome: Event) -> None:
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD=money),
        (trailing_stop(BUY, 5, trailing_amount=100, account="ann"), [placed(3)]),
        (limit(SELL, 1, 1_000), [placed(4)]),
        (limit(SELL, 5, 1_200), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 1_000, maker=4, taker=6), moved(3, 1_100)]),
        holds("ann", USD=money),
        (limit(SELL, 1, 1_100), [placed(7)]),
        (
            market(BUY, 1),
            [
                placed(8),
                trade(3, BUY, 1, 1_100, maker=7, taker=8),
                triggered(3),
                _numbered(outcome, 4),
            ],
        ),
        holds("ann", USD=money) if outcome == canceled(3, 5, SHORT) else holds("ann", COIN="5"),
    )


def _numbered(event: Event, trade_id: int) -> Event:
    if event == canceled(3, 5, SHORT):
        return event
    return trade(trade_id, BUY, 5, 1_200, maker=5, taker=3)


@both_engines
def test_what_its_account_has_sold_in_the_same_command_counts(engine: MakeEngine) -> None:
    """Locked 1,002, free 3, and 999 for what was sold: 2,004, the price of 1 at 2,000."""
    play(
        engine,
        funded("ann", USD="1005", COIN="1"),
        (stop_market(BUY, 1, at=1_000, account="ann"), [placed(1)]),
        (limit(SELL, 1, 1_000, account="ann"), [placed(2)]),
        (limit(SELL, 1, 2_000), [placed(3)]),
        (
            market(BUY, 1),
            [
                placed(4),
                trade(1, BUY, 1, 1_000, maker=2, taker=4),
                triggered(1),
                trade(2, BUY, 1, 2_000, maker=3, taker=1),
            ],
        ),
        holds("ann", COIN="1"),
        fees(USD="9"),
    )


@both_engines
def test_what_the_order_before_it_has_paid_counts(engine: MakeEngine) -> None:
    """Both fire. The first pays 1,102.2 for 1 at 1,100, so the second has 1,202.3999 for 1 at 1,200: 1,202.4."""
    play(
        engine,
        funded("ann", USD="2304.5999"),
        (stop_market(BUY, 1, at=1_000, account="ann"), [placed(1)]),
        (stop_market(BUY, 1, at=1_000, account="ann"), [placed(2)]),
        (limit(SELL, 1, 1_000), [placed(3)]),
        (limit(SELL, 1, 1_100), [placed(4)]),
        (limit(SELL, 1, 1_200), [placed(5)]),
        (
            market(BUY, 1),
            [
                placed(6),
                trade(1, BUY, 1, 1_000, maker=3, taker=6),
                triggered(1),
                triggered(2),
                trade(2, BUY, 1, 1_100, maker=4, taker=1),
                canceled(2, 1, SHORT),
            ],
        ),
        holds("ann", USD="1202.3999", COIN="1"),
    )


@both_engines
def test_an_order_that_fires_as_it_enters_locks_first(engine: MakeEngine) -> None:
    """The last trade was at 1,000. What the order would lock is looked at first, then what it would pay."""
    play(
        engine,
        *opening_trade(1_000),
        (limit(SELL, 5, 1_100), [placed(3)]),
        funded("ann", USD="5010"),
        (stop_market(BUY, 6, at=1_000, account="ann"), [rejected(4, SHORT)]),
        (stop_market(BUY, 5, at=1_000, account="ann"), [placed(5), triggered(5), canceled(5, 5, SHORT)]),
        holds("ann", USD="5010"),
    )


@both_engines
def test_a_stop_limit_and_a_sale_are_not_looked_at_again(engine: MakeEngine) -> None:
    """They have locked all that they can give."""
    play(
        engine,
        funded("ann", USD="5010", COIN="2"),
        (stop_limit(BUY, 5, 1_000, at=900, account="ann"), [placed(1)]),
        (stop_market(SELL, 2, at=900, account="ann"), [placed(2)]),
        holds("ann", USD=("0", "5010"), COIN=("0", "2")),
        (limit(SELL, 1, 900), [placed(3)]),
        (limit(SELL, 3, 950), [placed(4)]),
        (limit(BUY, 1, 880), [placed(5)]),
        (
            market(BUY, 1),
            [
                placed(6),
                trade(1, BUY, 1, 900, maker=3, taker=6),
                triggered(1),
                triggered(2),
                trade(2, BUY, 3, 950, maker=4, taker=1),
                trade(3, SELL, 2, 1_000, maker=1, taker=2),
            ],
        ),
        holds("ann", USD="2148.3", COIN="5"),
    )


@both_engines
def test_the_leg_of_an_oco_that_fires(engine: MakeEngine) -> None:
    """The pair has locked 5,511; at 1,150 the stop leg costs 5,761.5."""
    play(
        engine,
        *opening_trade(1_000),
        (limit(SELL, 1, 1_100), [placed(3)]),
        (limit(SELL, 5, 1_150), [placed(4)]),
        funded("ann", USD="5761.4999"),
        (oco(BUY, 5, 900, at=1_100, account="ann"), [placed(5), placed(6)]),
        reserves((5, "5511")),
        (
            market(BUY, 1),
            [
                placed(7),
                trade(2, BUY, 1, 1_100, maker=3, taker=7),
                triggered(6),
                canceled(5, 5, Reason.OCO),
                canceled(6, 5, SHORT),
            ],
        ),
        holds("ann", USD="5761.4999"),
    )


@both_engines
def test_the_lock_of_a_pair_after_a_fill(engine: MakeEngine) -> None:
    """2 at 900 cost 1,801.8; the other 3 at 1,100 lock 3,306.6."""
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD="6000"),
        (oco(BUY, 5, 900, at=1_100, account="ann"), [placed(3), placed(4)]),
        holds("ann", USD=("489", "5511")),
        (market(SELL, 2), [placed(5), trade(2, SELL, 2, 900, maker=3, taker=5), reduced(4, 2)]),
        holds("ann", USD=("891.6", "3306.6"), COIN="2"),
        reserves((3, "3306.6")),
        (
            market(SELL, 3),
            [placed(6), trade(3, SELL, 3, 900, maker=3, taker=6), canceled(4, 3, Reason.OCO)],
        ),
        holds("ann", USD="1495.5", COIN="5"),
    )
