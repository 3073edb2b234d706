"""OCOs whose first trade ends the pair, and OCOs with a take-profit leg.

In all tables 1 and 2 are the orders of the opening trade, at 100; 3 is the limit or take-profit leg and 4 the stop leg.
"""

import pytest

from protocol.commands import Command, PlaceOco, SetLimits
from protocol.events import CommandRefused, Event
from protocol.units import Reason, Refusal, SelfTradePrevention, TimeInForce
from tests.mirror import View, both_sides
from tests.tape import (
    BUY,
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
    decremented,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    reduced,
    refused,
    rejected,
    suspend,
    time_of,
    trade,
    triggered,
)
from tests.unit.engine.oco_legs import legs

pytestmark = both_engines

FIRST_FILL = oco(SELL, 5, 105, at=95, account="ann", cancel_on_first_fill=True)
FOK, IOC = TimeInForce.FOK, TimeInForce.IOC
OCO = Reason.OCO


# cancel_on_first_fill


@both_sides
def test_the_first_trade_of_the_limit_leg_cancels_the_stop_leg(engine: MakeEngine, view: View) -> None:
    """The limit leg goes on alone."""
    rows = [
        *legs(FIRST_FILL),
        (market(BUY, 2), [placed(5), trade(2, BUY, 2, 105, maker=3, taker=5), canceled(4, 5, Reason.OCO_TRIGGERED)]),
        (market(BUY, 2), [placed(6), trade(3, BUY, 2, 105, maker=3, taker=6)]),
        (cancel(3), [canceled(3, 1)]),
    ]
    play(engine, *view(rows))


def test_a_limit_leg_that_is_filled_at_once_gives_the_same_reason(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(FIRST_FILL),
        (market(BUY, 5), [placed(5), trade(2, BUY, 5, 105, maker=3, taker=5), canceled(4, 5, Reason.OCO_TRIGGERED)]),
    )


def test_a_limit_leg_that_takes_at_its_entry_cancels_the_stop_leg(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 2, 106), [placed(3)]),
        (
            oco(SELL, 5, 105, at=95, account="ann", cancel_on_first_fill=True),
            [
                placed(4),
                placed(5),
                trade(2, SELL, 2, 106, maker=3, taker=4),
                canceled(5, 5, Reason.OCO_TRIGGERED),
            ],
        ),
        (limit(BUY, 3, 105), [placed(6), trade(3, BUY, 3, 105, maker=4, taker=6)]),
    )


@both_sides
def test_a_stop_leg_that_fires_cancels_the_limit_leg(engine: MakeEngine, view: View) -> None:
    rows = [
        *legs(FIRST_FILL),
        (limit(BUY, 1, 95), [placed(5)]),
        (
            market(SELL, 1),
            [
                placed(6),
                trade(2, SELL, 1, 95, maker=5, taker=6),
                triggered(4),
                canceled(3, 5, Reason.OCO_TRIGGERED),
                canceled(4, 5, Reason.NO_LIQUIDITY),
            ],
        ),
    ]
    play(engine, *view(rows))


ENDS: list[tuple[Command, list[Event]]] = [
    (cancel(3), [canceled(3, 5), canceled(4, 5, Reason.OCO_CANCELED)]),
    (cancel(4), [canceled(4, 5), canceled(3, 5, Reason.OCO_CANCELED)]),
    (cancel_all("ann"), [canceled(3, 5), canceled(4, 5, Reason.OCO_CANCELED)]),
    (
        suspend("ann"),
        [
            canceled(3, 5, Reason.ACCOUNT_SUSPENDED),
            canceled(4, 5, Reason.OCO),
            account_set("ann", suspended=True),
        ],
    ),
]


@pytest.mark.parametrize(("command", "events"), ENDS, ids=["limit-leg", "stop-leg", "all", "suspended"])
def test_the_reason_tells_the_users_cancel_from_others(
    engine: MakeEngine, command: Command, events: list[Event]
) -> None:
    play(engine, *legs(FIRST_FILL), (command, events))


def test_a_cancel_after_is_the_users(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(FIRST_FILL),
        (cancel_after(1_000, "ann"), [account_set("ann", cancel_at=time_of(6) + 1_000)]),
        (
            advance_time(),
            [
                canceled(3, 5, Reason.CANCEL_AFTER),
                canceled(4, 5, Reason.OCO_CANCELED),
                account_set("ann"),
            ],
        ),
    )


def test_a_leg_that_expires_ends_the_other_as_without_it(engine: MakeEngine) -> None:
    order = oco(SELL, 5, 105, at=95, account="ann", cancel_on_first_fill=True, expire_time=time_of(5) + 1)
    play(
        engine,
        *legs(order),
        (advance_time(), [canceled(3, 5, Reason.EXPIRED), canceled(4, 5, Reason.OCO)]),
    )


def test_an_amend_changes_both_legs_before_the_first_trade(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(FIRST_FILL),
        (amend(3, quantity=7), [amended(3, 7, 105), amended(4, 7, None, 95)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 105, maker=3, taker=5), canceled(4, 7, Reason.OCO_TRIGGERED)]),
        (amend(3, quantity=6), [amended(3, 6, 105)]),
    )


# A take-profit leg

PROFIT = oco(SELL, 5, None, at=95, take_profit=105, account="ann")
PROFIT_LIMIT = oco(SELL, 5, 104, at=95, take_profit=105, account="ann")


@both_sides
def test_a_take_profit_leg_waits_and_runs_as_a_market_order(engine: MakeEngine, view: View) -> None:
    rows = [
        *legs(PROFIT),
        (limit(BUY, 9, 103), [placed(5)]),
        (limit(SELL, 1, 105), [placed(6)]),
        (
            market(BUY, 1),
            [
                placed(7),
                trade(2, BUY, 1, 105, maker=6, taker=7),
                triggered(3),
                canceled(4, 5, Reason.OCO),
                trade(3, SELL, 5, 103, maker=5, taker=3),
            ],
        ),
    ]
    play(engine, *view(rows))


@both_sides
def test_a_take_profit_limit_leg_rests_at_its_price(engine: MakeEngine, view: View) -> None:
    rows = [
        *legs(PROFIT_LIMIT),
        (limit(SELL, 1, 105), [placed(5)]),
        (
            market(BUY, 1),
            [placed(6), trade(2, BUY, 1, 105, maker=5, taker=6), triggered(3), canceled(4, 5, Reason.OCO)],
        ),
        (market(BUY, 5), [placed(7), trade(3, BUY, 5, 104, maker=3, taker=7)]),
    ]
    play(engine, *view(rows))


@both_sides
def test_the_stop_leg_cancels_the_take_profit_leg(engine: MakeEngine, view: View) -> None:
    rows = [
        *legs(oco(SELL, 5, 104, at=95, take_profit=105, account="ann", cancel_on_first_fill=True)),
        (limit(BUY, 1, 95), [placed(5)]),
        (
            market(SELL, 1),
            [
                placed(6),
                trade(2, SELL, 1, 95, maker=5, taker=6),
                triggered(4),
                canceled(3, 5, Reason.OCO_TRIGGERED),
                canceled(4, 5, Reason.NO_LIQUIDITY),
            ],
        ),
    ]
    play(engine, *view(rows))


@pytest.mark.parametrize(
    ("change", "events"),
    [
        (amend(3, at=95), [refused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE)]),
        (amend(4, at=105), [refused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE)]),
        (amend(3, price=90), [amended(3, 5, 90, 105)]),
        (amend(3, at=102, quantity=6), [amended(3, 6, 104, 102), amended(4, 6, None, 95)]),
        (amend(3, at=100), [amended(3, 5, 104, 100), triggered(3), canceled(4, 5, Reason.OCO)]),
    ],
)
def test_amends_keep_the_trigger_prices_on_their_sides(
    engine: MakeEngine, change: Command, events: list[Event]
) -> None:
    """The price of a take-profit is where its sender wants it."""
    play(engine, *legs(PROFIT_LIMIT), (change, events))


# What is refused and rejected


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        (oco(SELL, 5, None, at=95), refused(Refusal.PRICE_REQUIRED)),
        (oco(SELL, 5, None, at=95, take_profit=100), refused(Refusal.PRICE_ON_WRONG_SIDE, "take_profit_trigger_price")),
        (
            oco(SELL, 5, 200, at=95, take_profit=99),
            refused(Refusal.PRICE_ON_WRONG_SIDE, "take_profit_trigger_price"),
        ),
        (oco(BUY, 5, 9, at=105, take_profit=101), refused(Refusal.PRICE_ON_WRONG_SIDE, "take_profit_trigger_price")),
        (
            oco(SELL, 5, 105, at=101, take_profit=105),
            refused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price"),
        ),
        (
            oco(SELL, 5, 105, at=95, take_profit=20_000),
            refused(Refusal.TRIGGER_PRICE_TOO_LARGE, "take_profit_trigger_price"),
        ),
        (oco(SELL, 5, None, at=95, take_profit=105, post_only=True), refused(Refusal.POST_ONLY_NOT_ALLOWED)),
        (oco(SELL, 5, None, at=95, take_profit=105, display_quantity=1), refused(Refusal.DISPLAY_QUANTITY_NOT_ALLOWED)),
        (oco(SELL, 5, 105, at=95, time_in_force=FOK), refused(Refusal.TIME_IN_FORCE_NOT_ALLOWED)),
        (
            oco(SELL, 5, 105, at=95, stop_time_in_force=FOK),
            refused(Refusal.TIME_IN_FORCE_NOT_ALLOWED, "stop_time_in_force"),
        ),
        (
            oco(SELL, 5, 105, at=95, stop_price=94, stop_time_in_force=IOC, stop_display_quantity=1),
            refused(Refusal.TIME_IN_FORCE_NOT_ALLOWED, "stop_time_in_force"),
        ),
        (
            oco(SELL, 5, 105, at=95, stop_display_quantity=1),
            refused(Refusal.DISPLAY_QUANTITY_NOT_ALLOWED, "stop_display_quantity"),
        ),
        (oco(SELL, 5, 105, at=95, display_quantity=6), refused(Refusal.DISPLAY_QUANTITY_TOO_LARGE)),
        (
            oco(SELL, 5, 105, at=95, stop_price=94, stop_display_quantity=6),
            refused(Refusal.DISPLAY_QUANTITY_TOO_LARGE, "stop_display_quantity"),
        ),
        (oco(SELL, 5, 105, at=95, tag="a b"), refused(Refusal.INVALID_TAG)),
        (oco(SELL, 5, 105, at=95, stop_tag="a b"), refused(Refusal.INVALID_TAG, "stop_tag")),
        (
            oco(SELL, 5, 105, at=95, stop_client_order_id="stop"),
            refused(Refusal.CLIENT_ORDER_ID_REQUIRED),
        ),
        (
            oco(SELL, 5, 105, at=95, client_order_id="one", stop_client_order_id="one"),
            refused(Refusal.CLIENT_ORDER_ID_CONFLICT, "stop_client_order_id"),
        ),
        (
            oco(SELL, 5, 105, at=95, client_order_id="one", stop_client_order_id="a b"),
            refused(Refusal.INVALID_NAME, "stop_client_order_id"),
        ),
        (oco(SELL, 5, 105, at=95, list_client_order_id="a b"), refused(Refusal.INVALID_NAME, "list_client_order_id")),
    ],
)
def test_what_is_refused_uses_up_no_id(engine: MakeEngine, order: PlaceOco, refusal: CommandRefused) -> None:
    play(engine, *opening_trade(100), (order, [refusal]), (limit(BUY, 1, 1), [placed(3)]))


def test_a_post_only_leg_that_would_take_rejects_both(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 2, 106), [placed(3)]),
        (
            oco(SELL, 5, 105, at=95, post_only=True),
            [rejected(4, Reason.POST_ONLY_WOULD_CROSS), rejected(5, Reason.POST_ONLY_WOULD_CROSS)],
        ),
        (oco(SELL, 5, 107, at=95, post_only=True), [placed(6), placed(7)]),
    )


def test_a_take_profit_pair_counts_two_that_wait(engine: MakeEngine) -> None:
    many = Reason.TOO_MANY_TRIGGER_ORDERS
    play(
        engine,
        *opening_trade(100),
        (SetLimits(trigger_orders=2), []),
        (oco(SELL, 5, 105, at=95), [placed(3), placed(4)]),
        (oco(SELL, 5, None, at=95, take_profit=105), [rejected(5, many), rejected(6, many)]),
        (oco(SELL, 5, 105, at=95), [placed(7), placed(8)]),
        (cancel_all(), [canceled(3, 5), canceled(4, 5, OCO), canceled(7, 5), canceled(8, 5, OCO)]),
        (oco(SELL, 5, None, at=95, take_profit=105), [placed(9), placed(10)]),
    )


@both_sides
def test_what_prevention_takes_off_a_leg_is_no_trade(engine: MakeEngine, view: View) -> None:
    rows = [
        *legs(FIRST_FILL),
        (
            limit(BUY, 2, 105, account="ann", self_trade_prevention=SelfTradePrevention.DECREMENT),
            [placed(5), decremented(3, 2), reduced(4, 2), canceled(5, 0, Reason.SELF_TRADE)],
        ),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 105, maker=3, taker=6), canceled(4, 3, Reason.OCO_TRIGGERED)]),
    ]
    play(engine, *view(rows))
