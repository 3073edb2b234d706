"""What an order locks when it enters, and what is rejected for want of it.

5 at 1,000 are 5,000, and 5,010 with the taker's 20 basis points.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from protocol.commands import PlaceOco, PlaceOrder, SetLimits
from protocol.events import Event
from protocol.units import OrderType, Reason, SelfTradePrevention
from tests.money_tape import COIN, fees, funded, holds, outside, play, reserves, unlimited
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    account_set,
    advance_time,
    both_engines,
    cancel,
    canceled,
    decremented,
    fok,
    ioc,
    limit,
    market,
    oco,
    opening_trade,
    place,
    placed,
    rejected,
    stop_limit,
    stop_market,
    suspend,
    take_profit,
    take_profit_limit,
    time_of,
    trade,
    trailing_stop,
    trailing_stop_limit,
    triggered,
)

SHORT = Reason.INSUFFICIENT_BALANCE

SALES: dict[OrderType, Callable[[int], PlaceOrder]] = {
    OrderType.LIMIT: lambda quantity: limit(SELL, quantity, 1_000, account="ann"),
    OrderType.STOP_MARKET: lambda quantity: stop_market(SELL, quantity, at=900, account="ann"),
    OrderType.STOP_LIMIT: lambda quantity: stop_limit(SELL, quantity, 890, at=900, account="ann"),
    OrderType.TAKE_PROFIT: lambda quantity: take_profit(SELL, quantity, at=1_100, account="ann"),
    OrderType.TAKE_PROFIT_LIMIT: lambda quantity: take_profit_limit(SELL, quantity, 1_090, at=1_100, account="ann"),
    OrderType.TRAILING_STOP: lambda quantity: trailing_stop(SELL, quantity, trailing_amount=10, account="ann"),
    OrderType.TRAILING_STOP_LIMIT: lambda quantity: trailing_stop_limit(
        SELL, quantity, 900, trailing_amount=10, account="ann"
    ),
}

PURCHASES: dict[OrderType, PlaceOrder] = {
    OrderType.LIMIT: limit(BUY, 5, 1_000, account="ann"),
    OrderType.STOP_LIMIT: stop_limit(BUY, 5, 1_000, at=900, account="ann"),
    OrderType.TAKE_PROFIT_LIMIT: take_profit_limit(BUY, 5, 1_000, at=900, account="ann"),
    OrderType.TRAILING_STOP_LIMIT: trailing_stop_limit(BUY, 5, 1_000, trailing_amount=10, account="ann"),
    OrderType.STOP_MARKET: stop_market(BUY, 5, at=1_000, account="ann"),
    OrderType.TAKE_PROFIT: take_profit(BUY, 5, at=1_000, account="ann"),
}


@both_engines
def test_an_account_without_a_ledger_locks_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 10_000, 1_000), [placed(1)]),
        (limit(BUY, 10_000, 900), [placed(2)]),
        (market(BUY, 10_000, account="bob"), [placed(3), trade(1, BUY, 10_000, 1_000, maker=1, taker=3)]),
        reserves(),
        fees(),
        outside(),
        unlimited("default"),
    )


@both_engines
@pytest.mark.parametrize("order_type", SALES)
def test_a_sale_locks_its_quantity(engine: MakeEngine, order_type: OrderType) -> None:
    sale = SALES[order_type]
    play(
        engine,
        funded("ann", COIN="5"),
        (sale(6), [rejected(1, SHORT)]),
        holds("ann", COIN="5"),
        (sale(4), [placed(2)]),
        holds("ann", COIN=("1", "4")),
        reserves((2, "4")),
        (sale(2), [rejected(3, SHORT)]),
        (sale(1), [placed(4)]),
        holds("ann", COIN=("0", "5")),
        (cancel(2), [canceled(2, 4)]),
        holds("ann", COIN=("4", "1")),
        reserves((4, "1")),
    )


@both_engines
@pytest.mark.parametrize("order_type", [OrderType.MARKET, OrderType.IOC, OrderType.FOK])
def test_a_sale_at_once_needs_its_quantity(engine: MakeEngine, order_type: OrderType) -> None:
    """Also where less would trade."""
    price = None if order_type is OrderType.MARKET else 1_000
    play(
        engine,
        (limit(BUY, 5, 1_000), [placed(1)]),
        funded("ann", COIN="5"),
        (place(order_type, SELL, 6, price, account="ann"), [rejected(2, SHORT)]),
        (
            place(order_type, SELL, 5, price, account="ann"),
            [placed(3), trade(1, SELL, 5, 1_000, maker=1, taker=3)],
        ),
        holds("ann", USD="4990"),
    )


@both_engines
@pytest.mark.parametrize("order_type", PURCHASES)
def test_a_purchase_locks_its_price_with_the_fee(engine: MakeEngine, order_type: OrderType) -> None:
    """A stop_market and a take_profit lock their trigger price."""
    purchase = PURCHASES[order_type]
    play(
        engine,
        funded("ann", USD="5009.9999"),
        (purchase, [rejected(1, SHORT)]),
        holds("ann", USD="5009.9999"),
        reserves(),
        funded("bob", USD="5010.1"),
        (replace(purchase, account="bob"), [placed(2)]),
        holds("bob", USD=("0.1", "5010")),
        reserves((2, "5010")),
        (cancel(2), [canceled(2, 5)]),
        holds("bob", USD="5010.1"),
    )


@both_engines
@pytest.mark.parametrize(
    ("purchase", "ends"),
    [
        (ioc(BUY, 5, 1_000, account="ann"), [canceled(1, 5, Reason.IOC_REMAINDER)]),
        (fok(BUY, 5, 1_000, account="ann"), [canceled(1, 5, Reason.FOK_UNFILLABLE)]),
    ],
)
def test_a_purchase_at_once_needs_its_price_with_the_fee(
    engine: MakeEngine, purchase: PlaceOrder, ends: list[Event]
) -> None:
    """Also where nothing trades. What it does not use is free again."""
    play(
        engine,
        funded("ann", USD="5010"),
        (purchase, [placed(1), *ends]),
        holds("ann", USD="5010"),
        funded("bob", USD="5009.9999"),
        (replace(purchase, account="bob"), [rejected(2, SHORT)]),
    )


@both_engines
def test_a_trailing_stop_that_buys_locks_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD="0.0001"),
        (trailing_stop(BUY, 9_000, trailing_amount=10, account="ann"), [placed(3)]),
        holds("ann", USD="0.0001"),
        reserves(),
    )


@both_engines
@pytest.mark.parametrize(
    ("pair", "asset", "lock", "less"),
    [
        (oco(SELL, 5, 1_100, at=900, account="ann"), "COIN", "5", "4"),
        (oco(BUY, 5, 900, at=1_100, account="ann"), "USD", "5511", "5510.9999"),
        (oco(BUY, 5, 900, at=1_100, stop_price=1_200, account="ann"), "USD", "6012", "6011.9999"),
        (oco(BUY, 5, 990, at=1_100, stop_price=900, account="ann"), "USD", "4959.9", "4959.8999"),
        (oco(BUY, 5, None, at=1_100, take_profit=900, account="ann"), "USD", "5511", "5510.9999"),
        (oco(BUY, 5, 1_200, at=1_100, take_profit=900, account="ann"), "USD", "6012", "6011.9999"),
    ],
    ids=["sells", "stop-market", "stop-limit", "limit-leg-larger", "take-profit", "take-profit-limit"],
)
def test_an_oco_has_one_lock(engine: MakeEngine, pair: PlaceOco, asset: str, lock: str, less: str) -> None:
    """The larger one of what its legs would lock alone. The limit leg has it."""
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", **{asset: less}),
        (pair, [rejected(3, SHORT), rejected(4, SHORT)]),
        holds("ann", **{asset: less}),
        funded("bob", **{asset: lock}),
        (replace(pair, account="bob"), [placed(5), placed(6)]),
        holds("bob", **{asset: ("0", lock)}),
        reserves((5, lock)),
        (cancel(6), [canceled(6, 5), canceled(5, 5, Reason.OCO)]),
        holds("bob", **{asset: lock}),
    )


@both_engines
def test_a_pair_whose_first_trade_ends_it_locks_for_what_is_left_of_the_leg(engine: MakeEngine) -> None:
    """2 at 900 cost 1,801.80; the limit leg's 3 lock 2,705.40, and no more the stop leg's 1,100."""
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD="6000"),
        (oco(BUY, 5, 900, at=1_100, cancel_on_first_fill=True, account="ann"), [placed(3), placed(4)]),
        reserves((3, "5511")),
        (
            limit(SELL, 2, 900),
            [placed(5), trade(2, SELL, 2, 900, maker=3, taker=5), canceled(4, 5, Reason.OCO_TRIGGERED)],
        ),
        holds("ann", COIN="2", USD=("1492.8", "2705.4")),
        reserves((3, "2705.4")),
    )


@both_engines
def test_a_take_profit_leg_that_fires_keeps_the_lock(engine: MakeEngine) -> None:
    """It locked 5,511 for the pair; alone it locks 5 at its price of 910."""
    play(
        engine,
        *opening_trade(1_000),
        funded("ann", USD="6000"),
        (oco(BUY, 5, 910, at=1_100, take_profit=900, account="ann"), [placed(3), placed(4)]),
        reserves((3, "5511")),
        (limit(BUY, 1, 900), [placed(5)]),
        (
            market(SELL, 1),
            [placed(6), trade(2, SELL, 1, 900, maker=5, taker=6), triggered(3), canceled(4, 5, Reason.OCO)],
        ),
        holds("ann", USD=("1440.9", "4559.1")),
    )


@both_engines
def test_an_iceberg_locks_its_whole_quantity(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", COIN="10"),
        (limit(SELL, 10, 1_000, display_quantity=2, account="ann"), [placed(1)]),
        holds("ann", COIN=("0", "10")),
        (market(BUY, 1), [placed(2), trade(1, BUY, 1, 1_000, maker=1, taker=2)]),
        holds("ann", COIN=("0", "9"), USD="999"),
        reserves((1, "9")),
    )


@both_engines
def test_what_a_taker_does_not_pay_is_free(engine: MakeEngine) -> None:
    """5 at 1,000 lock 5,010. 2 of them cost 900 each, the fee 3.60; 3 rest and lock 3,006."""
    play(
        engine,
        (limit(SELL, 2, 900), [placed(1)]),
        funded("ann", USD="5010"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(2), trade(1, BUY, 2, 900, maker=1, taker=2)]),
        holds("ann", USD=("200.4", "3006"), COIN="2"),
        (market(SELL, 3), [placed(3), trade(2, SELL, 3, 1_000, maker=2, taker=3)]),
        holds("ann", USD="203.4", COIN="5"),
    )


@both_engines
def test_self_trade_prevention_frees_what_it_takes_off(engine: MakeEngine) -> None:
    play(
        engine,
        funded("ann", USD="5010", COIN="2"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (
            limit(SELL, 2, 1_000, account="ann", self_trade_prevention=SelfTradePrevention.DECREMENT),
            [placed(2), decremented(1, 2), canceled(2, 0, Reason.SELF_TRADE)],
        ),
        holds("ann", USD=("2004", "3006"), COIN="2"),
    )


@both_engines
def test_expiry_and_suspension_free(engine: MakeEngine) -> None:
    """The tape's sixth command comes after the order's last moment."""
    play(
        engine,
        funded("ann", COIN="5"),
        (limit(SELL, 2, 1_000, account="ann", expire_time=time_of(4) + 1), [placed(1)]),
        (limit(SELL, 3, 1_000, account="ann"), [placed(2)]),
        holds("ann", COIN=("0", "5")),
        (advance_time(), [canceled(1, 2, Reason.EXPIRED)]),
        holds("ann", COIN=("2", "3")),
        (suspend("ann"), [canceled(2, 3, Reason.ACCOUNT_SUSPENDED), account_set("ann", suspended=True)]),
        holds("ann", COIN="5"),
        (limit(SELL, 6, 1_000, account="ann"), [rejected(3, Reason.ACCOUNT_SUSPENDED)]),
    )


@both_engines
def test_want_of_money_is_told_last(engine: MakeEngine) -> None:
    play(
        engine,
        (SetLimits(trigger_orders=0, expiring_orders=0), []),
        (limit(SELL, 1, 1_000), [placed(1)]),
        funded("ann", USD="1"),
        (limit(BUY, 1, 1_000, account="ann", post_only=True), [rejected(2, Reason.POST_ONLY_WOULD_CROSS)]),
        (stop_market(BUY, 1, at=1_000, account="ann"), [rejected(3, Reason.TOO_MANY_TRIGGER_ORDERS)]),
        (
            limit(BUY, 1, 900, account="ann", expire_time=time_of(99)),
            [rejected(4, Reason.TOO_MANY_EXPIRING_ORDERS)],
        ),
        (limit(BUY, 1, 900, account="ann", deadline=1), [rejected(5, Reason.TOO_LATE)]),
        (limit(BUY, 1, 900, account="ann"), [rejected(6, SHORT)]),
    )


@both_engines
@pytest.mark.parametrize(("maker", "taker", "lock"), [(30, 20, "5015"), (0, 0, "5000"), (10_000, 0, "10000")])
def test_the_larger_rate_counts(engine: MakeEngine, maker: int, taker: int, lock: str) -> None:
    play(
        engine,
        funded("ann", USD="20000"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        reserves((1, lock)),
        instruments=(replace(COIN, maker_fee_bps=maker, taker_fee_bps=taker),),
    )
