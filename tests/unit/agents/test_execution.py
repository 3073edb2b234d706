"""Execution: what has traded when, and how it ends."""

from decimal import Decimal
from typing import Any

import pytest

from matching_exchange.sim.agents import POV, TWAP, VWAP, Execution, volume_profile
from matching_exchange.sim.durations import MILLISECOND, MINUTE, SECOND
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.simulation import START
from protocol.units import Side
from tests.sim_market import Deep, Rows, Taker, run


def fills(record: Record, agent: str = "mine") -> list[tuple[int, int]]:
    """Second and quantity of each fill."""
    return [((row["time"] - START) // SECOND, row["quantity"]) for row in Rows(record, agent, "fills").rows]


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
@pytest.mark.parametrize("delay", [0, 30 * MILLISECOND])
def test_a_twap_trades_evenly_and_ends_complete(side: Side, delay: int) -> None:
    mine = TWAP(side, "6", MINUTE, start=5 * SECOND)
    record = run(90, ("deep", Deep()), ("mine", mine), delay=delay)
    assert fills(record) == [(second, 100) for second in range(5, 65, 10)]
    assert mine.done
    assert mine.filled == 6
    assert mine.average_price == (Decimal("100.01") if side is Side.BUY else Decimal("99.99"))


def test_odd_quantities_and_looks_add_up_in_lots() -> None:
    mine = TWAP(Side.BUY, "1", MINUTE, every=7 * SECOND)
    record = run(90, ("deep", Deep()), ("mine", mine))
    assert mine.filled == 1
    assert [quantity for _, quantity in fills(record)] == [11, 11, 11, 11, 11, 11, 11, 11, 12]


def test_nothing_trades_beyond_the_limit_and_the_end_leaves_nothing() -> None:
    mine = TWAP(Side.BUY, "6", MINUTE, limit="100")
    record = run(90, ("deep", Deep()), ("mine", mine))
    assert fills(record) == []
    assert mine.done
    assert all(row["price"] == 100_00 for row in Rows(record, "mine").rows)
    assert all(row["done_at"] <= START + MINUTE for row in Rows(record, "mine").rows)


def test_what_was_missed_is_caught_up_in_bounded_orders_and_finished_at_the_end() -> None:
    late = Deep(after=31 * SECOND)
    mine = TWAP(Side.SELL, "6", MINUTE, catch_up=2)
    record = run(90, ("deep", late), ("mine", mine))
    assert fills(record) == [(40, 200), (50, 200), (60, 200)]
    assert mine.done


def test_without_finish_the_rest_is_left() -> None:
    late = Deep(after=31 * SECOND)
    mine = TWAP(Side.SELL, "6", MINUTE, catch_up=2, finish=False)
    run(90, ("deep", late), ("mine", mine))
    assert mine.done
    assert mine.filled == 4


@pytest.mark.parametrize("delay", [0, 40 * MILLISECOND])
def test_a_passive_twap_waits_at_the_best_price_and_never_trades_too_much(delay: int) -> None:
    mine = TWAP(Side.BUY, "6", MINUTE, start=SECOND, passive=True)
    # The others at the price stand first: what it rests for is traded at the end alone.
    record = run(90, ("deep", Deep(quantity="2")), ("more", Deep("99", "101")), ("mine", mine), delay=delay)
    orders = Rows(record, "mine").rows
    assert [row["price"] for row in orders[:-1]] == [99_99] * 6
    assert orders[-1]["price"] == 0
    assert mine.done
    assert mine.filled == 6


def test_a_passive_twap_is_filled_by_those_who_come() -> None:
    mine = TWAP(Side.BUY, "1", 10 * SECOND, start=SECOND, passive=True)
    takers = Taker("1", 3 * SECOND, (Side.SELL,))
    record = run(90, ("wide", Deep("99", "101", "0.5")), ("mine", mine), ("takers", takers))
    assert fills(record) == [(3, 50), (6, 50)]
    assert all(row["is_maker"] and row["price"] == 99_00 for row in Rows(record, "mine", "fills").rows)
    assert mine.done


def test_a_vwap_trades_by_its_profile() -> None:
    mine = VWAP(Side.BUY, "8", MINUTE, [3, 1], every=5 * SECOND)
    record = run(90, ("deep", Deep()), ("mine", mine))
    first = sum(quantity for second, quantity in fills(record) if second < 30)
    assert first == 600
    assert mine.filled == 8


def test_a_profile_is_learnt_of_trades() -> None:
    trades = [(0, 5), (9, 1), (10, 2), (25, 4), (40, 7), (-1, 9)]
    assert volume_profile(trades, 0, 40, 4) == [6, 2, 4, 0]
    with pytest.raises(ValueError, match="end takes a time after begin"):
        volume_profile(trades, 5, 5, 4)


@pytest.mark.parametrize("share", [5, 20, 50])
def test_a_pov_keeps_its_share(share: int) -> None:
    mine = POV(Side.BUY, "100000", 20 * MINUTE, share, every=2 * SECOND)
    record = run(1_300, ("deep", Deep(quantity="100000")), ("takers", Taker("7", SECOND)), ("mine", mine))
    end = START + 20 * MINUTE
    pairs = zip(record.trades["time"], record.trades["quantity"], strict=True)
    total = sum(quantity for time, quantity in pairs if time < end)
    assert abs(mine.filled_units / total - share / 100) < 0.01
    assert mine.done


def test_a_pov_ends_with_its_quantity() -> None:
    mine = POV(Side.BUY, "10", 20 * MINUTE, 50)
    record = run(600, ("deep", Deep()), ("takers", Taker("7", SECOND)), ("mine", mine))
    assert mine.filled == 10
    assert mine.done
    assert max(second for second, _ in fills(record)) < 30


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"quantity": 1.5}, "quantity takes a Decimal, a text or a whole number, not the float 1.5"),
        ({"quantity": "0"}, "quantity takes at least the instrument's smallest quantity, not 0"),
        ({"limit": "100.001"}, "limit takes at most 2 decimals"),
        ({"duration": 0}, "duration takes an int of at least 1, not 0"),
        ({"every": 0}, "every takes an int of at least 1, not 0"),
        ({"symbol": "DOGE-USD"}, "symbol"),
    ],
)
def test_bad_parameters_are_named(given: dict[str, Any], message: str) -> None:
    parameters: dict[str, Any] = {"side": Side.BUY, "quantity": 1, "duration": MINUTE, **given}

    def trade() -> None:
        run(1, ("mine", TWAP(**parameters)))

    with pytest.raises(ValueError, match=message):
        trade()


def test_other_bad_parameters_are_named() -> None:
    with pytest.raises(ValueError, match="share takes percent from 1 to 99, not 100"):
        POV(Side.BUY, 1, MINUTE, 100)
    with pytest.raises(ValueError, match="profile takes whole numbers of at least 0, not all of them 0"):
        VWAP(Side.BUY, 1, MINUTE, [0, 0])
    assert issubclass(POV, Execution)
