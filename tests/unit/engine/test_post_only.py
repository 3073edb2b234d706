"""Orders that never take: a new one that would is rejected, a change that would let it is refused, one that fires and
would is canceled."""

import pytest

from protocol.commands import PlaceOrder
from protocol.units import Reason, Refusal, SelfTradePrevention, Side
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    limit,
    market,
    opening_trade,
    placed,
    play,
    refused,
    rejected,
    stop_limit,
    stop_market,
    take_profit_limit,
    trade,
    triggered,
)

pytestmark = both_engines

WOULD_CROSS = Reason.POST_ONLY_WOULD_CROSS


@pytest.mark.parametrize(
    ("side", "price", "rests"),
    [(BUY, 99, True), (BUY, 100, False), (BUY, 101, False), (SELL, 90, False), (SELL, 91, True)],
)
def test_new_order(engine: MakeEngine, side: Side, price: int, *, rests: bool) -> None:
    play(
        engine,
        (limit(BUY, 5, 90), [placed(1)]),
        (limit(SELL, 5, 100), [placed(2)]),
        (limit(side, 1, price, post_only=True), [placed(3) if rests else rejected(3, WOULD_CROSS)]),
        (cancel(2), [canceled(2, 5)]),
    )


def test_rejected_order_keeps_its_id(engine: MakeEngine) -> None:
    """And its client_order_id: sent again, it is that order, although it would rest now."""
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(BUY, 5, 100, post_only=True, client_order_id="one"), [rejected(2, WOULD_CROSS)]),
        (cancel(1), [canceled(1, 5)]),
        (cancel(2), [refused(Refusal.ORDER_NOT_OPEN)]),
        (limit(BUY, 5, 100, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
    )


@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_own_orders_count_before_any_self_trade_prevention(engine: MakeEngine, mode: SelfTradePrevention) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(BUY, 5, 100, post_only=True, self_trade_prevention=mode), [rejected(2, WOULD_CROSS)]),
        (cancel(1), [canceled(1, 5)]),
    )


def test_amend_that_would_take_is_refused_and_changes_nothing(engine: MakeEngine) -> None:
    """Kraken's amends with post_only likewise; here every amend of a post_only order is one."""
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(BUY, 5, 98, post_only=True), [placed(2)]),
        (limit(BUY, 5, 98), [placed(3)]),
        (amend(2, price=100), [refused(Refusal.POST_ONLY_WOULD_CROSS)]),
        (amend(2, quantity=9, price=101), [refused(Refusal.POST_ONLY_WOULD_CROSS)]),
        (
            market(SELL, 6),
            [placed(4), trade(1, SELL, 5, 98, maker=2, taker=4), trade(2, SELL, 1, 98, maker=3, taker=4)],
        ),
    )


def test_amend_that_would_rest(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(BUY, 5, 98, post_only=True), [placed(2)]),
        (limit(BUY, 5, 99), [placed(3)]),
        (amend(2, price=99, quantity=7), [amended(2, 7, 99)]),
        (amend(2, quantity=6), [amended(2, 6, 99)]),
        (
            market(SELL, 6),
            [placed(4), trade(1, SELL, 5, 99, maker=3, taker=4), trade(2, SELL, 1, 99, maker=2, taker=4)],
        ),
    )


@pytest.mark.parametrize(
    "order",
    [stop_limit(BUY, 2, 103, at=102, post_only=True), take_profit_limit(BUY, 2, 103, at=99, post_only=True)],
    ids=["stop", "take"],
)
@pytest.mark.parametrize(("ask", "rests"), [(103, False), (104, True)])
def test_fired_order(engine: MakeEngine, order: PlaceOrder, ask: int, *, rests: bool) -> None:
    """It is in the exchange until it fires, whatever its price; then it rests, or is canceled."""
    price = order.trigger_price
    assert price is not None
    play(
        engine,
        *opening_trade(100),
        (order, [placed(3)]),
        (limit(SELL, 1, price), [placed(4)]),
        (limit(SELL, 1, ask), [placed(5)]),
        (
            market(BUY, 1),
            [
                placed(6),
                trade(2, BUY, 1, price, maker=4, taker=6),
                triggered(3),
                *([] if rests else [canceled(3, 2, WOULD_CROSS)]),
            ],
        ),
        (cancel(3), [canceled(3, 2) if rests else refused(Refusal.ORDER_NOT_OPEN)]),
    )


def test_order_that_fires_on_entry_and_would_take_is_canceled_not_rejected(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 103), [placed(3)]),
        (stop_limit(BUY, 2, 103, at=100, post_only=True), [placed(4), triggered(4), canceled(4, 2, WOULD_CROSS)]),
    )


def test_it_counts_what_stands_there_when_its_turn_comes(engine: MakeEngine) -> None:
    """Order 3, fired before it by the same trade, takes what it would have taken."""
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 1, at=101), [placed(3)]),
        (stop_limit(BUY, 2, 103, at=102, post_only=True), [placed(4)]),
        (limit(SELL, 1, 102), [placed(5)]),
        (limit(SELL, 1, 103), [placed(6)]),
        (
            market(BUY, 1),
            [
                placed(7),
                trade(2, BUY, 1, 102, maker=5, taker=7),
                triggered(3),
                triggered(4),
                trade(3, BUY, 1, 103, maker=6, taker=3),
            ],
        ),
        (market(SELL, 2), [placed(8), trade(4, SELL, 2, 103, maker=4, taker=8)]),
    )


def test_fired_order_that_rests_is_amended_like_any_post_only_order(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 103), [placed(3)]),
        (stop_limit(BUY, 2, 90, at=100, post_only=True), [placed(4), triggered(4)]),
        (amend(4, price=103), [refused(Refusal.POST_ONLY_WOULD_CROSS)]),
        (amend(4, price=102), [amended(4, 2, 102, 100)]),
    )


def test_pending_order_is_amended_to_any_price(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 103), [placed(3)]),
        (stop_limit(BUY, 2, 90, at=110, post_only=True), [placed(4)]),
        (amend(4, price=105), [amended(4, 2, 105, 110)]),
        (amend(4, at=100), [amended(4, 2, 105, 100), triggered(4), canceled(4, 2, WOULD_CROSS)]),
    )
