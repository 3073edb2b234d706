"""OCOs whose legs have terms and names of their own.

In all tables 1 and 2 are the orders of the opening trade, at 100; 3 is the limit or take-profit leg and 4 the stop leg.
"""

import pytest

from protocol.commands import PlaceOco
from protocol.units import Reason, Refusal, TimeInForce
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    duplicated,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    reduced,
    refused,
    rejected,
    trade,
    triggered,
)
from tests.unit.engine.oco_legs import legs

pytestmark = both_engines

FIRST_FILL = oco(SELL, 5, 105, at=95, account="ann", cancel_on_first_fill=True)
FOK, IOC = TimeInForce.FOK, TimeInForce.IOC
OCO = Reason.OCO


# Terms of the legs


def test_each_leg_has_its_own_terms(engine: MakeEngine) -> None:
    order = oco(
        SELL, 6, 105, at=95, stop_price=94, display_quantity=2, tag="up", stop_time_in_force=FOK, stop_tag="down"
    )
    play(
        engine,
        *legs(order),
        (market(BUY, 2), [placed(5), trade(2, BUY, 2, 105, maker=3, taker=5), reduced(4, 2)]),
        (limit(SELL, 2, 105), [placed(6)]),
        (market(BUY, 2), [placed(7), trade(3, BUY, 2, 105, maker=3, taker=7), reduced(4, 2)]),
        (market(BUY, 1), [placed(8), trade(4, BUY, 1, 105, maker=6, taker=8)]),
        (limit(BUY, 2, 95), [placed(9)]),
        (
            market(SELL, 1),
            [
                placed(10),
                trade(5, SELL, 1, 95, maker=9, taker=10),
                triggered(4),
                canceled(3, 2, Reason.OCO),
                canceled(4, 2, Reason.FOK_UNFILLABLE),
            ],
        ),
    )


def test_a_pair_of_icebergs_grows_within_the_limit_of_both(engine: MakeEngine) -> None:
    order = oco(SELL, 6, 105, at=95, stop_price=94, display_quantity=3, stop_display_quantity=6)
    play(
        engine,
        *legs(order),
        (amend(4, quantity=8), [amended(4, 8, 94, 95), amended(3, 8, 105)]),
        (amend(4, quantity=5), [refused(Refusal.DISPLAY_QUANTITY_TOO_LARGE)]),
        (amend(3, quantity=5), [amended(3, 5, 105), amended(4, 5, 94, 95)]),
    )


def test_an_iceberg_that_grows_with_the_other_leg_shows_a_new_part_at_the_back(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(oco(SELL, 6, 105, at=95, stop_price=94, display_quantity=3)),
        (limit(SELL, 1, 105), [placed(5)]),
        (amend(4, quantity=7), [amended(4, 7, 94, 95), amended(3, 7, 105)]),
        (
            market(BUY, 4),
            [
                placed(6),
                trade(2, BUY, 1, 105, maker=5, taker=6),
                trade(3, BUY, 3, 105, maker=3, taker=6),
                reduced(4, 3),
            ],
        ),
    )


# Names


def test_the_stop_leg_has_the_name_that_it_is_given(engine: MakeEngine) -> None:
    long = "x" * 64
    order = oco(SELL, 5, 105, at=95, client_order_id=long, stop_client_order_id="down")
    play(
        engine,
        *legs(order),
        (order, [duplicated(3), duplicated(4)]),
        (oco(SELL, 5, 105, at=95, client_order_id=long, stop_client_order_id="other"), CONFLICT),
        (oco(SELL, 5, 105, at=95, client_order_id="other", stop_client_order_id="down"), CONFLICT),
        (limit(SELL, 1, 110, client_order_id="down"), CONFLICT),
        (cancel(client_order_id="down"), [canceled(4, 5), canceled(3, 5, Reason.OCO)]),
    )


CONFLICT = [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]


@pytest.mark.parametrize(
    "other",
    [
        oco(SELL, 5, 105, at=95, client_order_id="one", cancel_on_first_fill=True),
        oco(SELL, 5, 105, at=95, client_order_id="one", post_only=True),
        oco(SELL, 5, 105, at=95, client_order_id="one", take_profit=106),
        oco(SELL, 5, 105, at=95, client_order_id="one", list_client_order_id="pair"),
        oco(SELL, 5, 105, at=95, client_order_id="one", display_quantity=1),
        oco(SELL, 5, 105, at=95, client_order_id="one", tag="a"),
        oco(SELL, 5, 105, at=95, client_order_id="one", stop_tag="a"),
    ],
)
def test_another_oco_under_the_same_name_is_a_conflict(engine: MakeEngine, other: PlaceOco) -> None:
    one = oco(SELL, 5, 105, at=95, client_order_id="one")
    play(engine, *legs(one), (other, CONFLICT), (one, [duplicated(3), duplicated(4)]))


def test_the_same_take_profit_oco_is_answered_after_an_amend(engine: MakeEngine) -> None:
    order = oco(SELL, 5, 104, at=95, take_profit=105, client_order_id="one")
    play(
        engine,
        *legs(order),
        (amend(3, at=103, quantity=4), [amended(3, 4, 104, 103), amended(4, 4, None, 95)]),
        (order, [duplicated(3), duplicated(4)]),
    )


IN_USE = [refused(Refusal.LIST_CLIENT_ORDER_ID_IN_USE)]


def test_a_list_client_order_id_is_free_once_both_legs_are_done(engine: MakeEngine) -> None:
    """A stop leg that has fired and rests keeps it. It is no client_order_id, and another account's is its own."""
    order = oco(SELL, 5, 105, at=95, stop_price=96, list_client_order_id="pair")
    play(
        engine,
        *legs(order),
        (order, IN_USE),
        (oco(SELL, 5, 105, at=95, account="bob", list_client_order_id="pair"), [placed(5), placed(6)]),
        (limit(SELL, 1, 110, client_order_id="pair"), [placed(7)]),
        (limit(BUY, 1, 95), [placed(8)]),
        (
            market(SELL, 1),
            [
                placed(9),
                trade(2, SELL, 1, 95, maker=8, taker=9),
                triggered(4),
                canceled(3, 5, Reason.OCO),
                triggered(6),
                canceled(5, 5, Reason.OCO),
                canceled(6, 5, Reason.NO_LIQUIDITY),
            ],
        ),
        (oco(SELL, 5, 105, at=90, list_client_order_id="pair"), IN_USE),
        (cancel(4), [canceled(4, 5)]),
        (oco(SELL, 5, 105, at=90, list_client_order_id="pair"), [placed(10), placed(11)]),
    )


def test_a_rejected_oco_uses_up_no_list_client_order_id(engine: MakeEngine) -> None:
    late = oco(SELL, 5, 105, at=95, list_client_order_id="pair", deadline=1)
    play(
        engine,
        *opening_trade(100),
        (late, [rejected(3, Reason.TOO_LATE), rejected(4, Reason.TOO_LATE)]),
        (oco(SELL, 5, 105, at=95, list_client_order_id="pair"), [placed(5), placed(6)]),
    )


def test_a_retry_by_client_order_id_comes_before_the_name_of_the_pair(engine: MakeEngine) -> None:
    order = oco(SELL, 5, 105, at=95, client_order_id="one", list_client_order_id="pair")
    play(engine, *legs(order), (order, [duplicated(3), duplicated(4)]))
