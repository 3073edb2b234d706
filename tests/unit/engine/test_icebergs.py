"""Limit orders that show only a part of themselves."""

import pytest

from matcher.engine import Engine
from protocol.commands import Command, SetInstrument
from protocol.units import Reason, Refusal
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
    fok,
    limit,
    market,
    placed,
    play,
    refused,
    time_of,
    trade,
)


@both_engines
def test_it_refills_at_the_back_of_its_queue(engine: MakeEngine) -> None:
    """A taker of 3 gets the shown part and one of the next; what is shown then stands behind it."""
    play(
        engine,
        (limit(SELL, 9, 100, display_quantity=2), [placed(1)]),
        (limit(SELL, 3, 100), [placed(2)]),
        (market(BUY, 3), [placed(3), trade(1, BUY, 2, 100, maker=1, taker=3), trade(2, BUY, 1, 100, maker=2, taker=3)]),
        (
            market(BUY, 3),
            [placed(4), trade(3, BUY, 2, 100, maker=2, taker=4), trade(4, BUY, 1, 100, maker=1, taker=4)],
        ),
    )


@both_engines
def test_a_taker_goes_through_part_after_part_each_a_trade(engine: MakeEngine) -> None:
    """Two icebergs and a plain order in turns, to the last rest, before the next price."""
    play(
        engine,
        (limit(SELL, 5, 100, display_quantity=2), [placed(1)]),
        (limit(SELL, 3, 100), [placed(2)]),
        (limit(SELL, 4, 100, display_quantity=3), [placed(3)]),
        (limit(SELL, 9, 101), [placed(4)]),
        (
            market(BUY, 13),
            [
                placed(5),
                trade(1, BUY, 2, 100, maker=1, taker=5),
                trade(2, BUY, 3, 100, maker=2, taker=5),
                trade(3, BUY, 3, 100, maker=3, taker=5),
                trade(4, BUY, 2, 100, maker=1, taker=5),
                trade(5, BUY, 1, 100, maker=3, taker=5),
                trade(6, BUY, 1, 100, maker=1, taker=5),
                trade(7, BUY, 1, 101, maker=4, taker=5),
            ],
        ),
    )


@both_engines
def test_part_of_what_is_shown_leaves_it_in_its_place(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 9, 100, display_quantity=4), [placed(1)]),
        (limit(SELL, 9, 100), [placed(2)]),
        (market(BUY, 3), [placed(3), trade(1, BUY, 3, 100, maker=1, taker=3)]),
        (market(BUY, 2), [placed(4), trade(2, BUY, 1, 100, maker=1, taker=4), trade(3, BUY, 1, 100, maker=2, taker=4)]),
    )


@both_engines
def test_it_takes_with_all_of_its_quantity(engine: MakeEngine) -> None:
    """What rests after that shows a whole part, behind those that stand there."""
    play(
        engine,
        (limit(BUY, 5, 100), [placed(1)]),
        (limit(SELL, 9, 100, display_quantity=2), [placed(2), trade(1, SELL, 5, 100, maker=1, taker=2)]),
        (limit(SELL, 1, 100), [placed(3)]),
        (market(BUY, 3), [placed(4), trade(2, BUY, 2, 100, maker=2, taker=4), trade(3, BUY, 1, 100, maker=3, taker=4)]),
        (cancel(2), [canceled(2, 2)]),
    )


@both_engines
def test_fok_counts_the_hidden_part(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100, display_quantity=2), [placed(1)]),
        (fok(BUY, 6, 100), [placed(2), canceled(2, 6, Reason.FOK_UNFILLABLE)]),
        (
            fok(BUY, 5, 100),
            [
                placed(3),
                *(trade(number, BUY, quantity, 100, maker=1, taker=3) for number, quantity in ((1, 2), (2, 2), (3, 1))),
            ],
        ),
    )


@both_engines
@pytest.mark.parametrize(
    ("amended_quantity", "price", "parts"),
    [
        (10, 100, [(1, 3), (2, 1)]),
        (5, 100, [(1, 3), (2, 1)]),
        (4, 100, [(1, 3), (2, 1)]),
        (3, 100, [(1, 2), (2, 2)]),
        (11, 100, [(2, 4)]),
        (10, 99, [(1, 4)]),
        (3, 99, [(1, 2), (2, 2)]),
    ],
    ids=[
        "same",
        "less-quantity",
        "what-is-shown",
        "below-what-is-shown",
        "more-quantity",
        "price",
        "less-quantity-and-price",
    ],
)
def test_amended(engine: MakeEngine, amended_quantity: int, price: int, parts: list[tuple[int, int]]) -> None:
    """An iceberg of 10 that shows 4, of which 1 is taken: 3 are shown, 9 remain. Who then trades how much with a buyer
    of 4.

    Where its place is kept, what is shown changes only where less remains than that (the same in Binance's
    faqs/order_amend_keep_priority.md); where it is lost, a whole part is shown."""
    play(
        engine,
        (limit(SELL, 10, 100, display_quantity=4 if amended_quantity >= 4 else 3), [placed(1)]),
        (limit(SELL, 9, 100, account="other"), [placed(2)]),
        (market(BUY, 1), [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3)]),
        (amend(1, quantity=amended_quantity, price=price), [amended(1, amended_quantity, price)]),
        (
            market(BUY, 4),
            [
                placed(4),
                *(
                    trade(number, BUY, quantity, price if maker == 1 else 100, maker=maker, taker=4)
                    for number, (maker, quantity) in enumerate(parts, 2)
                ),
            ],
        ),
    )


@both_engines
def test_display_larger_than_the_amended_quantity(engine: MakeEngine) -> None:
    """Also where the quantity would be below what is filled."""
    play(
        engine,
        (limit(SELL, 10, 100, display_quantity=5), [placed(1)]),
        (market(BUY, 5), [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
        (amend(1, quantity=4), [refused(Refusal.DISPLAY_QUANTITY_TOO_LARGE)]),
        (amend(1, quantity=5), [refused(Refusal.QUANTITY_BELOW_FILLED)]),
        (amend(1, quantity=6), [amended(1, 6, 100)]),
        (cancel(1), [canceled(1, 1)]),
    )


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        (limit(SELL, 1, 100), [(100, 9), (101, 4)]),
        (market(BUY, 1), [(100, 7), (101, 4)]),
        (market(BUY, 3), [(100, 8), (101, 4)]),
        (market(BUY, 8), [(100, 3), (101, 4)]),
        (market(BUY, 14), [(100, 1), (101, 4)]),
        (market(BUY, 15), [(101, 4)]),
        (market(BUY, 17), [(101, 2)]),
        (cancel(1), [(100, 5), (101, 4)]),
        (amend(1, quantity=3), [(100, 8), (101, 4)]),
        (amend(1, price=101), [(100, 5), (101, 7)]),
        (amend(2, quantity=1), [(100, 4), (101, 4)]),
    ],
)
def test_depth_tells_only_what_is_shown(command: Command, asks: list[tuple[int, int]]) -> None:
    """Order 1 shows 3 of 10, order 2 all of its 5, order 3 shows 4 of 20."""
    engine = Engine()
    commands = (
        SetInstrument.of(COIN),
        limit(SELL, 10, 100, display_quantity=3),
        limit(SELL, 5, 100),
        limit(SELL, 20, 101, display_quantity=4),
        command,
    )
    for sequence, each in enumerate(commands, 1):
        engine.apply(sequence, time_of(sequence), each)
    assert engine.registry.books[COIN.symbol].asks.top(10) == asks
