"""In which order terms are checked, and what an order with terms is to one that is sent again.

The amends are those of two venues: the book of Binance's faqs/order_amend_keep_priority.md (hundredths of its
quantities), and Kraken's rules for its amends (the spot amends guide of its documentation), where the two differ from
here named with the case.
"""

import pytest
from msgspec.structs import replace

from protocol.commands import AmendOrder, OrderTerms, PlaceOrder
from protocol.events import Event
from protocol.units import OrderType, Reason, Refusal, SelfTradePrevention
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    duplicated,
    fok,
    ioc,
    limit,
    market,
    opening_trade,
    placed,
    play,
    refused,
    stop_limit,
    stop_market,
    take_profit,
    take_profit_limit,
    time_of,
    trade,
    trailing_stop,
    trailing_stop_limit,
    triggered,
)

pytestmark = both_engines

PLAIN = {
    OrderType.MARKET: market(BUY, 20),
    OrderType.LIMIT: limit(BUY, 20, 100),
    OrderType.IOC: ioc(BUY, 20, 100),
    OrderType.FOK: fok(BUY, 20, 100),
    OrderType.STOP_MARKET: stop_market(BUY, 20, at=100),
    OrderType.STOP_LIMIT: stop_limit(BUY, 20, 100, at=100),
    OrderType.TAKE_PROFIT: take_profit(BUY, 20, at=100),
    OrderType.TAKE_PROFIT_LIMIT: take_profit_limit(BUY, 20, 100, at=100),
    OrderType.TRAILING_STOP: trailing_stop(BUY, 20, trailing_bps=100),
    OrderType.TRAILING_STOP_LIMIT: trailing_stop_limit(BUY, 20, 100, trailing_bps=100),
}


def with_terms(order: PlaceOrder, **terms: object) -> PlaceOrder:
    return replace(order, terms=replace(order.terms or OrderTerms(), **terms))


@pytest.mark.parametrize("mode", SelfTradePrevention)
@pytest.mark.parametrize("order_type", OrderType)
def test_each_type_takes_self_trade_prevention(
    engine: MakeEngine, order_type: OrderType, mode: SelfTradePrevention
) -> None:
    order = with_terms(PLAIN[order_type], self_trade_prevention=mode)
    left = {
        OrderType.MARKET: [canceled(1, 20, Reason.NO_LIQUIDITY)],
        OrderType.IOC: [canceled(1, 20, Reason.IOC_REMAINDER)],
        OrderType.FOK: [canceled(1, 20, Reason.FOK_UNFILLABLE)],
    }
    play(engine, (order, [placed(1), *left.get(order_type, [])]))


def test_activation_price_is_no_trail(engine: MakeEngine) -> None:
    play(
        engine,
        (trailing_stop(BUY, 20, activation_price=100), [refused(Refusal.TRAILING_REQUIRED)]),
        (limit(BUY, 1, 1), [placed(1)]),
    )


STRICT = replace(COIN, tick_size=5, lot_size=10, min_quantity=20, max_quantity=1_000, max_price=500, min_notional=2_000)


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        (limit(BUY, 40, 100, display_quantity=15), Refusal.DISPLAY_QUANTITY_OFF_LOT),
        (limit(BUY, 40, 100, display_quantity=50), Refusal.DISPLAY_QUANTITY_TOO_LARGE),
        (trailing_stop(BUY, 40, trailing_amount=7), Refusal.TRAILING_AMOUNT_OFF_TICK),
        (trailing_stop(BUY, 40, trailing_amount=505), Refusal.TRAILING_AMOUNT_TOO_LARGE),
        (trailing_stop(BUY, 40, trailing_amount=5, activation_price=102), Refusal.ACTIVATION_PRICE_OFF_TICK),
        (trailing_stop(BUY, 40, trailing_bps=5, activation_price=505), Refusal.ACTIVATION_PRICE_TOO_LARGE),
        (limit(BUY, 40, 100, expire_time=time_of(2)), Refusal.EXPIRE_TIME_PAST),
        # The first that fails: fields that are not taken, then quantity, prices, value, then the terms' own values.
        (ioc(BUY, 45, 102, post_only=True, expire_time=1), Refusal.POST_ONLY_NOT_ALLOWED),
        (ioc(BUY, 45, 102, expire_time=1, display_quantity=15), Refusal.EXPIRE_TIME_NOT_ALLOWED),
        (market(BUY, 45, display_quantity=15, quote_quantity=1), Refusal.DISPLAY_QUANTITY_NOT_ALLOWED),
        (limit(BUY, 45, 102, quote_quantity=1, trailing_bps=1), Refusal.QUOTE_QUANTITY_NOT_ALLOWED),
        (limit(BUY, 45, 102, trailing_bps=1, activation_price=1), Refusal.TRAILING_BPS_NOT_ALLOWED),
        (trailing_stop(BUY, 45, activation_price=102), Refusal.TRAILING_REQUIRED),
        (limit(BUY, 45, 102, display_quantity=55), Refusal.QUANTITY_OFF_LOT),
        (limit(BUY, 40, 102, display_quantity=55), Refusal.PRICE_OFF_TICK),
        (take_profit_limit(BUY, 40, 100, at=102, expire_time=1), Refusal.TRIGGER_PRICE_OFF_TICK),
        (limit(BUY, 40, 45, display_quantity=55), Refusal.BELOW_MIN_NOTIONAL),
        (limit(BUY, 40, 100, display_quantity=55, expire_time=1), Refusal.DISPLAY_QUANTITY_OFF_LOT),
        (limit(BUY, 40, 100, display_quantity=50, expire_time=1), Refusal.DISPLAY_QUANTITY_TOO_LARGE),
        (trailing_stop(BUY, 40, trailing_amount=507, activation_price=507), Refusal.TRAILING_AMOUNT_OFF_TICK),
        (trailing_stop(BUY, 40, trailing_amount=505, activation_price=507), Refusal.TRAILING_AMOUNT_TOO_LARGE),
    ],
)
def test_values_are_checked_against_the_limits(engine: MakeEngine, order: PlaceOrder, refusal: Refusal) -> None:
    play(engine, (order, [refused(refusal)]), (limit(BUY, 40, 100), [placed(1)]), instruments=(STRICT,))


@pytest.mark.parametrize(
    "order",
    [
        limit(BUY, 40, 100, display_quantity=40),
        limit(BUY, 40, 100, display_quantity=10),
        trailing_stop(BUY, 40, trailing_amount=500, activation_price=500),
        trailing_stop(SELL, 40, trailing_bps=9_999),
        limit(BUY, 40, 100, expire_time=time_of(2) + 1),
    ],
)
def test_values_that_are_allowed(engine: MakeEngine, order: PlaceOrder) -> None:
    play(engine, (order, [placed(1)]), instruments=(STRICT,))


NAMED = limit(BUY, 20, 100, client_order_id="one")


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [
        (with_terms(NAMED, display_quantity=5), with_terms(NAMED, display_quantity=5), True),
        (with_terms(NAMED, display_quantity=5), with_terms(NAMED, display_quantity=6), False),
        (with_terms(NAMED, display_quantity=5), NAMED, False),
        (NAMED, with_terms(NAMED, display_quantity=5), False),
        (NAMED, with_terms(NAMED), True),
        (with_terms(NAMED), NAMED, True),
        (with_terms(NAMED, post_only=True), with_terms(NAMED, post_only=False), False),
        (with_terms(NAMED, expire_time=time_of(8)), with_terms(NAMED, expire_time=time_of(9)), False),
        (NAMED, with_terms(NAMED, self_trade_prevention=SelfTradePrevention.NONE), True),
        (NAMED, with_terms(NAMED, self_trade_prevention=SelfTradePrevention.CANCEL_BOTH), False),
    ],
)
def test_order_sent_again_has_the_same_terms(
    engine: MakeEngine, first: PlaceOrder, again: PlaceOrder, *, same: bool
) -> None:
    """Terms at their defaults are none."""
    play(engine, (first, [placed(1)]), (again, [duplicated(1) if same else refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]))


# take_profit_limit


def test_take_profit_limit_fires_like_take_profit_and_runs_like_a_limit_order(engine: MakeEngine) -> None:
    """A seller's on a rise; what it cannot sell at its price rests, and is an order without a trigger then."""
    play(
        engine,
        *opening_trade(100),
        (take_profit_limit(SELL, 5, 103, at=105), [placed(3)]),
        (limit(BUY, 2, 104), [placed(4)]),
        (limit(SELL, 1, 106), [placed(5)]),
        (
            market(BUY, 1),
            [
                placed(6),
                trade(2, BUY, 1, 106, maker=5, taker=6),
                triggered(3),
                trade(3, SELL, 2, 104, maker=4, taker=3),
            ],
        ),
        (amend(3, at=110), [refused(Refusal.TRIGGER_PRICE_NOT_ALLOWED)]),
        (market(BUY, 3), [placed(7), trade(4, BUY, 3, 103, maker=3, taker=7)]),
    )


def test_take_profit_limit_that_the_last_trade_meets_fires_at_once(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (take_profit_limit(BUY, 5, 95, at=100), [placed(3), triggered(3)]),
        (take_profit_limit(BUY, 5, 95, at=99), [placed(4)]),
        (amend(4, at=101), [amended(4, 5, 95, 101), triggered(4)]),
        (
            market(SELL, 6),
            [placed(5), trade(2, SELL, 5, 95, maker=3, taker=5), trade(3, SELL, 1, 95, maker=4, taker=5)],
        ),
    )


# Amends of the two venues


@pytest.mark.parametrize(
    ("change", "events", "fills"),
    [
        (amend(2, quantity=500), [amended(2, 500, 8_700)], [(1, 100), (2, 500), (3, 50)]),
        (amend(2, quantity=600), [amended(2, 600, 8_700)], [(1, 100), (3, 400), (2, 150)]),
        (amend(2, quantity=550), [amended(2, 550, 8_700)], [(1, 100), (2, 550)]),
        (amend(2, quantity=1_001), [refused(Refusal.QUANTITY_TOO_LARGE)], [(1, 100), (2, 550)]),
    ],
    ids=["less-keeps-the-place", "more-loses-it", "unchanged-keeps-it", "refused-keeps-it"],
)
def test_book_of_binance(
    engine: MakeEngine, change: AmendOrder, events: list[Event], fills: list[tuple[int, int]]
) -> None:
    """User A 1.00, you 5.50, user B 4.00 at one price, user C 2.00 below; a seller of 6.50 shows who stands where."""
    play(
        engine,
        (limit(BUY, 100, 8_700, account="user-a"), [placed(1)]),
        (limit(BUY, 550, 8_700, account="you"), [placed(2)]),
        (limit(BUY, 400, 8_700, account="user-b"), [placed(3)]),
        (limit(BUY, 200, 8_699, account="user-c"), [placed(4)]),
        (change, events),
        (
            market(SELL, 650, account="seller"),
            [
                placed(5),
                *(
                    trade(number, SELL, quantity, 8_700, maker=maker, taker=5)
                    for number, (maker, quantity) in enumerate(fills, 1)
                ),
            ],
        ),
    )


def test_amends_of_kraken(engine: MakeEngine) -> None:
    """One order over all amends: its ids and fills stay, a new price stands behind those that are there, the trigger
    price can be amended. A quantity below what is filled, which ends the order there, is refused here."""
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 10, 110, account="ann", client_order_id="one"), [placed(3)]),
        (limit(SELL, 10, 111), [placed(4)]),
        (market(BUY, 4), [placed(5), trade(2, BUY, 4, 110, maker=3, taker=5)]),
        (amend(account="ann", client_order_id="one", quantity=12, price=111), [amended(3, 12, 111)]),
        (
            market(BUY, 11),
            [placed(6), trade(3, BUY, 10, 111, maker=4, taker=6), trade(4, BUY, 1, 111, maker=3, taker=6)],
        ),
        (amend(3, quantity=4), [refused(Refusal.QUANTITY_BELOW_FILLED)]),
        (amend(3, quantity=5), [refused(Refusal.QUANTITY_BELOW_FILLED)]),
        (amend(3, quantity=6), [amended(3, 6, 111)]),
        (stop_limit(BUY, 1, 120, at=130), [placed(7)]),
        (amend(7, at=125, price=119), [amended(7, 1, 119, 125)]),
        (cancel(account="ann", client_order_id="one"), [canceled(3, 1)]),
    )
