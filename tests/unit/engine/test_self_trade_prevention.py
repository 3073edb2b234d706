"""What becomes of an order that meets one of its own account. Orders without an account here are of one account.

The scenarios A to G are those of Binance's self-trade prevention FAQ (faqs/stp_faq.md of binance-spot-api-docs), in
tenths of its quantities and prices, with its modes by their names here: expire_taker is cancel_newest, expire_maker
cancel_oldest, expire_both cancel_both. The table of decrement is that of Coinbase Exchange (decrement and cancel, in
the page on its matching engine).
"""

from collections.abc import Sequence

import pytest

from protocol.commands import PlaceOrder
from protocol.events import Event
from protocol.units import Reason, SelfTradePrevention
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    Row,
    both_engines,
    cancel,
    canceled,
    decremented,
    fok,
    ioc,
    limit,
    market,
    placed,
    play,
    trade,
)
from tests.unit.engine.prevention_modes import BOTH, DECREMENT, NEWEST, NONE, OLDEST, PREVENTING, SELF_TRADE

pytestmark = both_engines


def three_bids() -> tuple[Row, Row, Row]:
    """1.2 at 1.2, 1.3 at 1.1 and 8.1 at 1, as in the scenarios B and C."""
    return ((limit(BUY, 12, 12), [placed(1)]), (limit(BUY, 13, 11), [placed(2)]), (limit(BUY, 81, 10), [placed(3)]))


def test_scenario_a_none_lets_them_trade(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 10, 10), [placed(1)]),
        (limit(SELL, 10, 10), [placed(2), trade(1, SELL, 10, 10, maker=1, taker=2)]),
    )


def test_scenario_b_all_own_makers_end_and_the_taker_rests(engine: MakeEngine) -> None:
    play(
        engine,
        *three_bids(),
        (
            limit(SELL, 30, 10, self_trade_prevention=OLDEST),
            [placed(4), canceled(1, 12, SELF_TRADE), canceled(2, 13, SELF_TRADE), canceled(3, 81, SELF_TRADE)],
        ),
        (market(BUY, 30, account="other"), [placed(5), trade(1, BUY, 30, 10, maker=4, taker=5)]),
    )


def test_scenario_c_the_taker_ends_and_the_makers_stay(engine: MakeEngine) -> None:
    play(
        engine,
        *three_bids(),
        (limit(SELL, 30, 10, self_trade_prevention=NEWEST), [placed(4), canceled(4, 30, SELF_TRADE)]),
        (
            market(SELL, 106, account="other"),
            [
                placed(5),
                trade(1, SELL, 12, 12, maker=1, taker=5),
                trade(2, SELL, 13, 11, maker=2, taker=5),
                trade(3, SELL, 81, 10, maker=3, taker=5),
            ],
        ),
    )


def test_scenario_d_both_end(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 10, 10), [placed(1)]),
        (
            limit(SELL, 30, 10, self_trade_prevention=BOTH),
            [placed(2), canceled(1, 10, SELF_TRADE), canceled(2, 30, SELF_TRADE)],
        ),
    )


def test_scenario_e_the_takers_mode_decides(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 10, 10, self_trade_prevention=OLDEST), [placed(1)]),
        (limit(SELL, 10, 10, self_trade_prevention=NEWEST), [placed(2), canceled(2, 10, SELF_TRADE)]),
        (limit(SELL, 10, 10), [placed(3), trade(1, SELL, 10, 10, maker=1, taker=3)]),
    )


def test_scenario_f_a_market_order_finds_nothing_else(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 10, 10), [placed(1)]),
        (
            market(SELL, 10, self_trade_prevention=OLDEST),
            [placed(2), canceled(1, 10, SELF_TRADE), canceled(2, 10, Reason.NO_LIQUIDITY)],
        ),
    )


def test_scenario_g_decrement_takes_the_smaller_off_both(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 60, 20), [placed(1)]),
        (
            limit(SELL, 20, 20, self_trade_prevention=DECREMENT),
            [placed(2), decremented(1, 20), canceled(2, 0, SELF_TRADE)],
        ),
        (cancel(1), [canceled(1, 40)]),
    )


@pytest.mark.parametrize(
    ("maker", "taker", "events"),
    [
        (5, 3, [decremented(1, 3), canceled(2, 0, SELF_TRADE)]),
        (3, 5, [canceled(1, 0, SELF_TRADE), decremented(2, 3)]),
        (5, 5, [canceled(1, 0, SELF_TRADE), canceled(2, 0, SELF_TRADE)]),
    ],
    ids=["taker-smaller", "maker-smaller", "equal"],
)
def test_decrement_ends_the_smaller_and_lowers_the_larger(
    engine: MakeEngine, maker: int, taker: int, events: list[Event]
) -> None:
    play(
        engine,
        (limit(BUY, maker, 100), [placed(1)]),
        (limit(SELL, taker, 100, self_trade_prevention=DECREMENT), [placed(2), *events]),
    )


def test_decremented_taker_goes_on_and_rests(engine: MakeEngine) -> None:
    """Through two own makers and one of another, in queue order."""
    play(
        engine,
        (limit(SELL, 2, 100), [placed(1)]),
        (limit(SELL, 3, 100, account="other"), [placed(2)]),
        (limit(SELL, 1, 101), [placed(3)]),
        (
            limit(BUY, 9, 101, self_trade_prevention=DECREMENT),
            [
                placed(4),
                canceled(1, 0, SELF_TRADE),
                decremented(4, 2),
                trade(1, BUY, 3, 100, maker=2, taker=4),
                canceled(3, 0, SELF_TRADE),
                decremented(4, 1),
            ],
        ),
        (cancel(4), [canceled(4, 3)]),
    )


def test_decremented_maker_keeps_its_place(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(SELL, 5, 100, account="other"), [placed(2)]),
        (ioc(BUY, 2, 100, self_trade_prevention=DECREMENT), [placed(3), decremented(1, 2), canceled(3, 0, SELF_TRADE)]),
        (
            market(BUY, 4, account="third"),
            [placed(4), trade(1, BUY, 3, 100, maker=1, taker=4), trade(2, BUY, 1, 100, maker=2, taker=4)],
        ),
    )


@pytest.mark.parametrize(
    ("taker", "events"),
    [
        (limit(BUY, 9, 101, self_trade_prevention=NEWEST), [canceled(4, 6, SELF_TRADE)]),
        (ioc(BUY, 9, 101, self_trade_prevention=NEWEST), [canceled(4, 6, SELF_TRADE)]),
        (market(BUY, 9, self_trade_prevention=NEWEST), [canceled(4, 6, SELF_TRADE)]),
        (limit(BUY, 9, 101, self_trade_prevention=BOTH), [canceled(2, 2, SELF_TRADE), canceled(4, 6, SELF_TRADE)]),
        (
            ioc(BUY, 9, 101, self_trade_prevention=OLDEST),
            [canceled(2, 2, SELF_TRADE), trade(2, BUY, 1, 101, maker=3, taker=4), canceled(4, 5, Reason.IOC_REMAINDER)],
        ),
        (
            market(BUY, 9, self_trade_prevention=DECREMENT),
            [
                canceled(2, 0, SELF_TRADE),
                decremented(4, 2),
                trade(2, BUY, 1, 101, maker=3, taker=4),
                canceled(4, 3, Reason.NO_LIQUIDITY),
            ],
        ),
    ],
    ids=["newest-limit", "newest-ioc", "newest-market", "both", "oldest", "decrement"],
)
def test_after_some_trades_with_others(engine: MakeEngine, taker: PlaceOrder, events: Sequence[Event]) -> None:
    """The trades before it stay; a taker that was canceled by it does not come to the order behind, and never rests."""
    play(
        engine,
        (limit(SELL, 3, 100, account="other"), [placed(1)]),
        (limit(SELL, 2, 100), [placed(2)]),
        (limit(SELL, 1, 101, account="other"), [placed(3)]),
        (taker, [placed(4), trade(1, BUY, 3, 100, maker=1, taker=4), *events]),
        (limit(SELL, 1, 101, account="third"), [placed(5)]),
    )


@pytest.mark.parametrize("mode", PREVENTING)
def test_own_order_behind_what_it_takes_is_not_met(engine: MakeEngine, mode: SelfTradePrevention) -> None:
    play(
        engine,
        (limit(SELL, 3, 100, account="other"), [placed(1)]),
        (limit(SELL, 2, 100), [placed(2)]),
        (market(BUY, 3, self_trade_prevention=mode), [placed(3), trade(1, BUY, 3, 100, maker=1, taker=3)]),
        (cancel(2), [canceled(2, 2)]),
    )


@pytest.mark.parametrize(
    ("mode", "quantity", "events"),
    [
        (NEWEST, 3, [trade(1, BUY, 3, 100, maker=1, taker=4)]),
        (NEWEST, 4, [canceled(4, 4, Reason.FOK_UNFILLABLE)]),
        (BOTH, 3, [trade(1, BUY, 3, 100, maker=1, taker=4)]),
        (BOTH, 4, [canceled(4, 4, Reason.FOK_UNFILLABLE)]),
        (DECREMENT, 3, [trade(1, BUY, 3, 100, maker=1, taker=4)]),
        (DECREMENT, 4, [canceled(4, 4, Reason.FOK_UNFILLABLE)]),
        (
            OLDEST,
            5,
            [
                trade(1, BUY, 3, 100, maker=1, taker=4),
                canceled(2, 9, SELF_TRADE),
                trade(2, BUY, 2, 101, maker=3, taker=4),
            ],
        ),
        (OLDEST, 6, [canceled(4, 6, Reason.FOK_UNFILLABLE)]),
        (
            NONE,
            14,
            [
                trade(number, BUY, q, p, maker=number, taker=4)
                for number, q, p in ((1, 3, 100), (2, 9, 100), (3, 2, 101))
            ],
        ),
    ],
)
def test_fok_counts_what_it_could_take_under_its_mode(
    engine: MakeEngine, mode: SelfTradePrevention, quantity: int, events: list[Event]
) -> None:
    play(
        engine,
        (limit(SELL, 3, 100, account="other"), [placed(1)]),
        (limit(SELL, 9, 100), [placed(2)]),
        (limit(SELL, 2, 101, account="other"), [placed(3)]),
        (fok(BUY, quantity, 101, self_trade_prevention=mode), [placed(4), *events]),
    )


@pytest.mark.parametrize("mode", [NEWEST, BOTH, DECREMENT])
def test_fok_does_not_count_what_an_iceberg_shows_only_behind_an_own_order(
    engine: MakeEngine, mode: SelfTradePrevention
) -> None:
    """After its first part the iceberg stands behind the own order: a fok of more could not be filled."""
    play(
        engine,
        (limit(SELL, 6, 100, display_quantity=2, account="other"), [placed(1)]),
        (limit(SELL, 2, 100), [placed(2)]),
        (fok(BUY, 3, 100, self_trade_prevention=mode), [placed(3), canceled(3, 3, Reason.FOK_UNFILLABLE)]),
        (fok(BUY, 2, 100, self_trade_prevention=mode), [placed(4), trade(1, BUY, 2, 100, maker=1, taker=4)]),
    )


def test_fok_that_cancels_own_orders_takes_the_hidden_parts_behind_them(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 6, 100, display_quantity=2, account="other"), [placed(1)]),
        (limit(SELL, 2, 100), [placed(2)]),
        (
            fok(BUY, 5, 100, self_trade_prevention=OLDEST),
            [
                placed(3),
                trade(1, BUY, 2, 100, maker=1, taker=3),
                canceled(2, 2, SELF_TRADE),
                trade(2, BUY, 2, 100, maker=1, taker=3),
                trade(3, BUY, 1, 100, maker=1, taker=3),
            ],
        ),
    )
