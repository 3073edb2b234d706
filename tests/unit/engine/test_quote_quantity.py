"""Market orders that spend or receive at most so much quote currency, in whole lots."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from matcher.engine import Engine
from protocol.commands import Command, PlaceOrder, SetInstrument
from protocol.events import Event
from protocol.units import OrderStatus, Reason, Refusal, SelfTradePrevention
from tests.tape import (
    BUY,
    COIN,
    GOLD,
    SELL,
    MakeEngine,
    Row,
    both_engines,
    cancel,
    canceled,
    decremented,
    duplicated,
    limit,
    market,
    placed,
    play,
    refused,
    suspend,
    time_of,
    trade,
)

NEWEST = SelfTradePrevention.CANCEL_NEWEST
OLDEST = SelfTradePrevention.CANCEL_OLDEST
BOTH = SelfTradePrevention.CANCEL_BOTH
DECREMENT = SelfTradePrevention.DECREMENT

LOTS = replace(COIN, lot_size=10, min_quantity=10)


def spend(
    quote_quantity: int,
    mode: SelfTradePrevention = SelfTradePrevention.NONE,
    name: str | None = None,
) -> PlaceOrder:
    """With a name, an open-only one."""
    return market(
        BUY,
        0,
        quote_quantity=quote_quantity,
        self_trade_prevention=mode,
        client_order_id=name,
        open_only=name is not None,
    )


@both_engines
@pytest.mark.parametrize(
    ("quote_quantity", "quantities"),
    [
        (1_000, [(1, 10)]),
        (1_999, [(1, 10)]),
        (2_000, [(1, 20)]),
        (3_099, [(1, 20)]),
        (3_100, [(1, 20), (2, 10)]),
        (6_599, [(1, 20), (2, 30)]),
        (6_600, [(1, 20), (2, 30), (3, 10)]),
        (1_000_000, [(1, 20), (2, 30), (3, 50)]),
        (999, []),
    ],
)
def test_what_it_buys(engine: MakeEngine, quote_quantity: int, quantities: list[tuple[int, int]]) -> None:
    """20 at 100, 30 at 110 and 50 at 130, in lots of 10: at each maker as many lots as the rest pays for, and then no
    more."""
    prices = {1: 100, 2: 110, 3: 130}
    events: list[Event] = [
        trade(number, BUY, quantity, prices[maker], maker=maker, taker=4)
        for number, (maker, quantity) in enumerate(quantities, 1)
    ]
    play(
        engine,
        (limit(SELL, 20, 100), [placed(1)]),
        (limit(SELL, 30, 110), [placed(2)]),
        (limit(SELL, 50, 130), [placed(3)]),
        (spend(quote_quantity), [placed(4), *(events or [canceled(4, 0, Reason.QUOTE_QUANTITY_TOO_SMALL)])]),
        instruments=(LOTS, GOLD),
    )


@both_engines
def test_a_seller_receives_no_more(engine: MakeEngine) -> None:
    """1000 of 1100 at 100, 1 more at 90; the 10 that are left do not pay for one at 80."""
    play(
        engine,
        (limit(BUY, 10, 100), [placed(1)]),
        (limit(BUY, 1, 90), [placed(2)]),
        (limit(BUY, 9, 80), [placed(3)]),
        (
            market(SELL, 0, quote_quantity=1_100),
            [placed(4), trade(1, SELL, 10, 100, maker=1, taker=4), trade(2, SELL, 1, 90, maker=2, taker=4)],
        ),
    )


@both_engines
def test_it_never_takes_more_than_max_quantity(engine: MakeEngine) -> None:
    small = replace(COIN, max_quantity=5)
    play(
        engine,
        (limit(SELL, 4, 100), [placed(1)]),
        (limit(SELL, 4, 100), [placed(2)]),
        (spend(10_000), [placed(3), trade(1, BUY, 4, 100, maker=1, taker=3), trade(2, BUY, 1, 100, maker=2, taker=3)]),
        instruments=(small, GOLD),
    )


@both_engines
def test_it_takes_less_than_min_quantity_and_min_notional(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 40, 100), [placed(1)]),
        (spend(100), [placed(2), trade(1, BUY, 1, 100, maker=1, taker=2)]),
        instruments=(replace(COIN, min_quantity=20, min_notional=2_000), GOLD),
    )


@both_engines
def test_it_goes_through_an_iceberg_part_by_part(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 9, 100, display_quantity=2), [placed(1)]),
        (limit(SELL, 1, 100), [placed(2)]),
        (
            spend(450),
            [
                placed(3),
                trade(1, BUY, 2, 100, maker=1, taker=3),
                trade(2, BUY, 1, 100, maker=2, taker=3),
                trade(3, BUY, 1, 100, maker=1, taker=3),
            ],
        ),
    )


@both_engines
def test_without_liquidity(engine: MakeEngine) -> None:
    play(engine, (spend(1_000), [placed(1), canceled(1, 0, Reason.NO_LIQUIDITY)]))


@both_engines
def test_the_same_order_again(engine: MakeEngine) -> None:
    order = market(BUY, 0, quote_quantity=500, client_order_id="one")
    play(
        engine,
        (limit(SELL, 9, 100), [placed(1)]),
        (order, [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
        (order, [duplicated(2)]),
        (market(BUY, 0, quote_quantity=501, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
        (market(BUY, 5, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
    )


def other_then_own(own: int) -> tuple[Row, Row]:
    """1 at 100 of another, behind it `own` at 110 of the same account."""
    return ((limit(SELL, 1, 100, account="other"), [placed(1)]), (limit(SELL, own, 110), [placed(2)]))


@both_engines
@pytest.mark.parametrize(
    ("mode", "events"),
    [
        (NEWEST, []),
        (OLDEST, [canceled(2, 9, Reason.SELF_TRADE)]),
        (BOTH, [canceled(2, 9, Reason.SELF_TRADE)]),
        (DECREMENT, [decremented(2, 3), decremented(3, 3)]),
    ],
)
def test_own_order_after_a_fill(engine: MakeEngine, mode: SelfTradePrevention, events: Sequence[Event]) -> None:
    """Canceled or not: what it has filled is then all of it, so no event says its end."""
    play(
        engine,
        *other_then_own(9),
        (spend(450, mode), [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3), *events]),
        (cancel(3), [refused(Refusal.ORDER_NOT_OPEN)]),
    )


@both_engines
@pytest.mark.parametrize(
    ("mode", "events"),
    [
        (NEWEST, [canceled(2, 0, Reason.SELF_TRADE)]),
        (OLDEST, [canceled(1, 3, Reason.SELF_TRADE), canceled(2, 0, Reason.NO_LIQUIDITY)]),
        (BOTH, [canceled(1, 3, Reason.SELF_TRADE), canceled(2, 0, Reason.SELF_TRADE)]),
        (DECREMENT, [canceled(1, 0, Reason.SELF_TRADE), decremented(2, 3), canceled(2, 0, Reason.NO_LIQUIDITY)]),
    ],
)
def test_own_order_alone(engine: MakeEngine, mode: SelfTradePrevention, events: list[Event]) -> None:
    play(engine, (limit(SELL, 3, 100), [placed(1)]), (spend(450, mode), [placed(2), *events]))


@both_engines
def test_decrement_lowers_the_rest_by_what_it_would_have_cost(engine: MakeEngine) -> None:
    """Of 450, 300 are prevented; 150 pay for one more (Coinbase decrements the funds of such orders likewise)."""
    play(
        engine,
        (limit(SELL, 3, 100), [placed(1)]),
        (limit(SELL, 3, 100, account="other"), [placed(2)]),
        (
            spend(450, DECREMENT),
            [placed(3), canceled(1, 0, Reason.SELF_TRADE), decremented(3, 3), trade(1, BUY, 1, 100, maker=2, taker=3)],
        ),
    )


@both_engines
@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_own_order_that_it_cannot_afford_is_left_alone(engine: MakeEngine, mode: SelfTradePrevention) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (spend(99, mode), [placed(2), canceled(2, 0, Reason.QUOTE_QUANTITY_TOO_SMALL)]),
        (cancel(1), [canceled(1, 5)]),
    )


@both_engines
@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_own_order_that_the_rest_does_not_pay_for_is_left_alone(engine: MakeEngine, mode: SelfTradePrevention) -> None:
    play(
        engine,
        *other_then_own(5),
        (spend(209, mode), [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3)]),
        (cancel(2), [canceled(2, 5)]),
    )


@both_engines
@pytest.mark.parametrize(
    ("quote_quantity", "filled"),
    [(100, [1]), (299, [1]), (300, [1, 2]), (499, [1, 2]), (500, [1, 2]), (900, [1, 2])],
)
def test_with_an_open_only_id_it_is_filled_where_its_money_ends_first(
    engine: MakeEngine, quote_quantity: int, filled: list[int]
) -> None:
    """10 at 10 and 10 at 20 are all that there is, in lots of 10: a rest of 200 would pay for one more."""
    lacks: list[Event] = [canceled(3, 0, Reason.NO_LIQUIDITY)] if quote_quantity >= 500 else []
    events: list[Event] = [trade(number, BUY, 10, 10 * number, maker=number, taker=3) for number in filled]
    play(
        engine,
        (limit(SELL, 10, 10), [placed(1)]),
        (limit(SELL, 10, 20), [placed(2)]),
        (spend(quote_quantity, name="x"), [placed(3), *events, *lacks]),
        instruments=(LOTS, GOLD),
    )


@both_engines
@pytest.mark.parametrize(("mode", "met"), [(NEWEST, False), (BOTH, True)])
def test_with_an_open_only_id_it_is_canceled_by_a_self_trade(
    engine: MakeEngine, mode: SelfTradePrevention, *, met: bool
) -> None:
    own: list[Event] = [canceled(2, 5, Reason.SELF_TRADE)] if met else []
    events = [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3), *own, canceled(3, 0, Reason.SELF_TRADE)]
    play(engine, *other_then_own(5), (spend(900, mode, "x"), events))


@both_engines
def test_with_an_open_only_id_it_is_canceled_where_it_slips(engine: MakeEngine) -> None:
    order = market(BUY, 0, quote_quantity=2_000, max_slippage_bps=500, client_order_id="x", open_only=True)
    slips: list[Event] = [placed(3), trade(1, BUY, 5, 100, maker=1, taker=3), canceled(3, 0, Reason.SLIPPAGE)]
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 110), [placed(2)]),
        (order, slips),
    )


@pytest.mark.parametrize(
    ("makers", "order", "status", "quantity", "filled_value", "unspent", "prevented"),
    [
        ([limit(SELL, 9, 100)], spend(450), OrderStatus.FILLED, 4, 400, 50, 0),
        ([limit(SELL, 9, 100)], spend(400), OrderStatus.FILLED, 4, 400, 0, 0),
        ([limit(SELL, 2, 100)], spend(450), OrderStatus.FILLED, 2, 200, 250, 0),
        ([limit(SELL, 9, 100)], spend(99), OrderStatus.CANCELED, 0, 0, 99, 0),
        ([], spend(99), OrderStatus.CANCELED, 0, 0, 99, 0),
        ([suspend()], spend(450), OrderStatus.REJECTED, 0, 0, 450, 0),
        ([limit(SELL, 9, 100)], spend(450, NEWEST), OrderStatus.CANCELED, 0, 0, 450, 0),
        (
            [limit(SELL, 1, 90, account="other"), limit(SELL, 9, 100)],
            spend(450, BOTH),
            OrderStatus.FILLED,
            1,
            90,
            360,
            0,
        ),
        (
            [limit(SELL, 1, 90, account="other"), limit(SELL, 2, 100)],
            spend(450, DECREMENT),
            OrderStatus.FILLED,
            3,
            90,
            160,
            2,
        ),
    ],
)
def test_what_the_order_is_in_the_end(
    makers: list[Command],
    order: PlaceOrder,
    status: OrderStatus,
    quantity: int,
    filled_value: int,
    unspent: int,
    prevented: int,
) -> None:
    """Its quantity is what was filled and prevented, nothing remains, and what it has not used is told."""
    engine = Engine()
    for sequence, command in enumerate((SetInstrument.of(COIN), *makers, order), 1):
        engine.apply(sequence, time_of(sequence), command)
    done = engine.registry.orders[engine.registry.last_order_id]
    assert done.extra is not None
    assert (done.status, done.quantity, done.remaining, done.filled_value) == (status, quantity, 0, filled_value)
    assert (done.extra.unspent, done.extra.prevented) == (unspent, prevented)
