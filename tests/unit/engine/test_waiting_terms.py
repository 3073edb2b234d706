"""Terms of orders that wait: rejected if the condition is met, what a fired limit order runs as, icebergs, trailing
stops with a limit price; and the tag of any order."""

import pytest

from protocol.commands import PlaceOrder
from protocol.events import Event
from protocol.units import OrderType, Reason, Refusal, TimeInForce
from tests.mirror import View, both_sides
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    canceled,
    duplicated,
    limit,
    market,
    moved,
    opening_trade,
    place,
    placed,
    play,
    protect,
    refused,
    rejected,
    stop_limit,
    stop_market,
    take_profit,
    take_profit_limit,
    trade,
    trailing_stop,
    trailing_stop_limit,
    triggered,
)
from tests.unit.engine.trade_rows import trades

pytestmark = both_engines

MET = [
    stop_market(BUY, 5, at=100, reject_if_triggered=True),
    stop_limit(BUY, 5, 100, at=99, reject_if_triggered=True),
    take_profit(BUY, 5, at=100, reject_if_triggered=True),
    take_profit_limit(BUY, 5, 100, at=101, reject_if_triggered=True),
    trailing_stop(BUY, 5, trailing_amount=5, activation_price=100, reject_if_triggered=True),
    trailing_stop_limit(BUY, 5, 100, trailing_amount=5, activation_price=100, reject_if_triggered=True),
]

NOT_MET = [
    stop_market(BUY, 5, at=101, reject_if_triggered=True),
    stop_limit(BUY, 5, 100, at=101, reject_if_triggered=True),
    take_profit(BUY, 5, at=99, reject_if_triggered=True),
    take_profit_limit(BUY, 5, 100, at=99, reject_if_triggered=True),
    trailing_stop(BUY, 5, trailing_amount=5, reject_if_triggered=True),
    trailing_stop(BUY, 5, trailing_amount=5, activation_price=99, reject_if_triggered=True),
    trailing_stop_limit(BUY, 5, 100, trailing_amount=5, activation_price=101, reject_if_triggered=True),
]


# reject_if_triggered


@both_sides
@pytest.mark.parametrize("order", MET, ids=lambda order: order.order_type.name)
def test_order_whose_condition_the_last_trade_meets_is_rejected(
    engine: MakeEngine, view: View, order: PlaceOrder
) -> None:
    rows = view([*opening_trade(100), (order, [rejected(3, Reason.WOULD_TRIGGER_IMMEDIATELY)])])
    play(engine, *rows)


@both_sides
@pytest.mark.parametrize("order", NOT_MET, ids=lambda order: order.order_type.name)
def test_order_whose_condition_is_not_met_waits(engine: MakeEngine, view: View, order: PlaceOrder) -> None:
    play(engine, *view([*opening_trade(100), (order, [placed(3)])]))


@pytest.mark.parametrize("order", [*MET, *NOT_MET], ids=lambda order: order.order_type.name)
def test_before_the_first_trade_it_waits(engine: MakeEngine, order: PlaceOrder) -> None:
    play(engine, (order, [placed(1)]))


def test_it_fires_later_as_without_the_term(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 5, 105, at=102, reject_if_triggered=True), [placed(3)]),
        *trades([(102, [triggered(3)])]),
    )


def test_amend_to_a_trigger_price_that_is_met_is_refused(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 5, 105, at=102, reject_if_triggered=True), [placed(3)]),
        (amend(3, at=100), [refused(Refusal.WOULD_TRIGGER_IMMEDIATELY)]),
        (amend(3, at=101, quantity=6), [amended(3, 6, 105, 101)]),
    )


def test_protection_of_price_is_told_first(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        protect(max_order_notional=400),
        (stop_limit(BUY, 5, 100, at=99, reject_if_triggered=True), [rejected(3, Reason.NOTIONAL_TOO_LARGE)]),
    )


# time_in_force

FIRED = [
    (TimeInForce.GTC, [trade(3, BUY, 2, 103, maker=4, taker=3)]),
    (TimeInForce.IOC, [trade(3, BUY, 2, 103, maker=4, taker=3), canceled(3, 3, Reason.IOC_REMAINDER)]),
    (TimeInForce.FOK, [canceled(3, 5, Reason.FOK_UNFILLABLE)]),
]


@both_sides
@pytest.mark.parametrize(("time_in_force", "events"), FIRED, ids=lambda value: getattr(value, "name", ""))
def test_a_fired_stop_limit_runs_as_its_time_in_force_says(
    engine: MakeEngine, view: View, time_in_force: TimeInForce, events: list[Event]
) -> None:
    rests = time_in_force is TimeInForce.GTC
    rows = [
        *opening_trade(100),
        (stop_limit(BUY, 5, 103, at=102, time_in_force=time_in_force), [placed(3)]),
        (limit(SELL, 2, 103), [placed(4)]),
        (limit(SELL, 1, 102), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 102, maker=5, taker=6), triggered(3), *events]),
        (limit(SELL, 3, 103), [placed(7), *([trade(4, SELL, 3, 103, maker=3, taker=7)] if rests else [])]),
    ]
    play(engine, *view(rows))


@pytest.mark.parametrize("order_type", [OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT])
@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
def test_what_never_rests_takes_no_post_only_and_no_display_quantity(
    engine: MakeEngine, order_type: OrderType, time_in_force: TimeInForce
) -> None:
    refusal = [refused(Refusal.TIME_IN_FORCE_NOT_ALLOWED)]
    play(
        engine,
        (place(order_type, BUY, 5, 100, 100, time_in_force=time_in_force, post_only=True), refusal),
        (place(order_type, BUY, 5, 100, 100, time_in_force=time_in_force, display_quantity=1), refusal),
    )


def test_it_may_expire_while_it_waits(engine: MakeEngine) -> None:
    order = stop_limit(BUY, 5, 103, at=102, time_in_force=TimeInForce.IOC, expire_time=2_000_000_000_000_000_000)
    play(engine, (order, [placed(1)]))


# Icebergs


@both_sides
def test_a_fired_iceberg_takes_whole_and_rests_part_by_part(engine: MakeEngine, view: View) -> None:
    rows = [
        *opening_trade(100),
        (take_profit_limit(SELL, 9, 101, at=102, display_quantity=2), [placed(3)]),
        (limit(BUY, 3, 101), [placed(4)]),
        (limit(SELL, 1, 102), [placed(5)]),
        (
            market(BUY, 1),
            [
                placed(6),
                trade(2, BUY, 1, 102, maker=5, taker=6),
                triggered(3),
                trade(3, SELL, 3, 101, maker=4, taker=3),
            ],
        ),
        (limit(SELL, 5, 101), [placed(7)]),
        (
            market(BUY, 4),
            [
                placed(8),
                trade(4, BUY, 2, 101, maker=3, taker=8),
                trade(5, BUY, 2, 101, maker=7, taker=8),
            ],
        ),
    ]
    play(engine, *view(rows))


# trailing_stop_limit


@both_sides
def test_a_trailing_stop_limit_follows_and_runs_as_a_limit_order(engine: MakeEngine, view: View) -> None:
    """Its price stays where its sender has put it."""
    rows = [
        *opening_trade(100),
        (trailing_stop_limit(SELL, 5, 96, trailing_amount=5), [placed(3)]),
        *trades([(104, [moved(3, 99)])]),
        (limit(BUY, 2, 97), [placed(6)]),
        (limit(BUY, 1, 99), [placed(7)]),
        (
            market(SELL, 1),
            [
                placed(8),
                trade(3, SELL, 1, 99, maker=7, taker=8),
                triggered(3),
                trade(4, SELL, 2, 97, maker=6, taker=3),
            ],
        ),
        (limit(BUY, 3, 96), [placed(9), trade(5, BUY, 3, 96, maker=3, taker=9)]),
    ]
    play(engine, *view(rows))


def test_its_price_can_be_amended_and_its_trigger_price_cannot(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (trailing_stop_limit(SELL, 5, 96, trailing_amount=5), [placed(3)]),
        *trades([(104, [moved(3, 99)])]),
        (amend(3, at=98), [refused(Refusal.TRIGGER_PRICE_NOT_ALLOWED)]),
        (amend(3, price=95), [amended(3, 5, 95, 99)]),
    )


def test_its_price_is_held_to_the_band_as_it_fires(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        protect(price_band_bps=500),
        (trailing_stop_limit(SELL, 5, 80, trailing_amount=2), [placed(3)]),
        *trades([(101, [moved(3, 99)])]),
        *trades([(99, [triggered(3), canceled(3, 5, Reason.PRICE_OUTSIDE_BAND)])], first=6, trade_id=3),
    )


def test_it_needs_a_price_and_a_trail(engine: MakeEngine) -> None:
    play(
        engine,
        (place(OrderType.TRAILING_STOP_LIMIT, SELL, 5, trailing_bps=1), [refused(Refusal.PRICE_REQUIRED)]),
        (trailing_stop_limit(SELL, 5, 96), [refused(Refusal.TRAILING_REQUIRED)]),
        (trailing_stop_limit(SELL, 5, 96, trailing_bps=1), [placed(1)]),
    )


def test_the_same_one_sent_again_after_it_has_moved_is_answered(engine: MakeEngine) -> None:
    order = trailing_stop_limit(SELL, 5, 96, trailing_amount=5, client_order_id="one")
    play(engine, *opening_trade(100), (order, [placed(3)]), *trades([(104, [moved(3, 99)])]), (order, [duplicated(3)]))


# tag


@pytest.mark.parametrize("tag", ["g", "!~", "x" * 64])
def test_any_order_takes_a_tag(engine: MakeEngine, tag: str) -> None:
    play(
        engine,
        (limit(SELL, 5, 100, tag=tag, client_order_id="one"), [placed(1)]),
        (market(BUY, 5, tag=tag), [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
        (limit(SELL, 5, 100, tag=tag, client_order_id="one"), [duplicated(1)]),
        (limit(SELL, 5, 100, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
    )


@pytest.mark.parametrize("tag", ["a b", "é", "line\n", "\x7f"])
def test_a_tag_is_of_visible_ascii(engine: MakeEngine, tag: str) -> None:
    play(engine, (limit(SELL, 5, 100, tag=tag), [refused(Refusal.INVALID_TAG)]), (limit(SELL, 5, 100), [placed(1)]))
