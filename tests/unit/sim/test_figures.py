"""The figures of an agent against sums by hand. Prices are in 0.01 USD, quantities in 0.1 AAA."""

from decimal import Decimal
from math import sqrt

import pytest

from matching_exchange.sim import OrderState
from matching_exchange.sim.result.curve import YEAR
from matching_exchange.sim.result.result import Result, ResultError
from protocol.units import Side
from tests.sim_records import SECOND, Made, add

BUY, SELL = Side.BUY, Side.SELL


def test_profit_is_realised_and_unrealised_less_fees() -> None:
    made = Made().quote(0, 9990, 10010)
    made.fill(1, 1, BUY, 10010, 20).fill(2, 2, SELL, 10100, 5, is_maker=True).quote(3, 10100, 10200)
    found = Result(made.record).figures("ann")
    # 2 AAA at 100.10 cost 200.20; a quarter of them sold for 50.50 had cost 50.05.
    assert found.realised == Decimal("0.45")
    # 1.5 AAA at 101.50 are 152.25, and cost 150.15.
    assert found.unrealised == Decimal("2.1")
    # 200.20 x 0.2 % + 50.50 x 0.1 %
    assert found.fees == Decimal("0.4004") + Decimal("0.0505")
    assert found.pnl == Decimal("2.55") - Decimal("0.4509")
    assert (found.position, found.max_position, found.volume) == (Decimal("1.5"), Decimal(2), Decimal("2.5"))
    assert found.turnover == Decimal("250.7")
    assert found.maker_share == pytest.approx(50.5 / 250.7, rel=1e-15)
    assert (found.agent, found.symbol, found.quote, found.fills) == ("ann", "AAA-USD", "USD", 2)


def test_a_position_that_turns_is_closed_and_opened_at_the_price_of_the_fill() -> None:
    made = Made().quote(0, 9990, 10010)
    made.fill(1, 1, BUY, 10000, 10).fill(2, 2, SELL, 10200, 30).quote(3, 10090, 10110)
    found = Result(made.record).figures("ann")
    assert found.position == Decimal(-2)
    assert found.max_position == Decimal(2)
    assert found.realised == Decimal(2)
    # Short 2 at 102.00, marked at 101.00.
    assert found.unrealised == Decimal(2)


def test_the_mark_stays_while_a_side_is_empty_and_begins_with_the_last_trade() -> None:
    made = Made().quote(0, 0, 0, last=9000).fill(1, 1, BUY, 8000, 10)
    assert Result(made.record).figures("ann").unrealised == Decimal(10)
    made.quote(2, 9990, 10010).quote(3, 5000, 0, last=5000)
    assert Result(made.record).figures("ann").unrealised == Decimal(20)


def test_without_any_quote_a_position_is_worth_what_its_first_fill_paid() -> None:
    made = Made().fill(1, 1, BUY, 8000, 10).fill(2, 2, BUY, 9000, 10)
    assert Result(made.record).figures("ann").unrealised == Decimal(-10)


def test_the_drawdown_is_the_largest_fall_and_the_longest_time_below_a_peak() -> None:
    made = Made(seconds=60).quote(0, 9990, 10010)
    add(made.record.fills, time=made.record.start + SECOND, agent=0, order=1, side=BUY, price=10000, quantity=10)
    for second, mid in ((10, 10500), (12, 10100), (15, 10600), (20, 10550), (40, 10599), (50, 10600)):
        made.quote(second, mid - 10, mid + 10)
    found = Result(made.record).figures("ann")
    assert found.max_drawdown == Decimal(4)
    # Below the peak of second 15 from second 20 until second 50.
    assert found.drawdown_time == 30 * SECOND


def test_a_drawdown_that_lasts_is_counted_until_the_end() -> None:
    made = Made(seconds=60).quote(0, 9990, 10010).fill(20, 1, BUY, 10000, 10)
    found = Result(made.record).figures("ann")
    assert found.max_drawdown == Decimal("0.2")
    # It stood at its peak until second 20.
    assert found.drawdown_time == 40 * SECOND


def test_what_changes_at_one_time_is_one_step() -> None:
    """The fill is not valued at the mark of before."""
    made = Made().quote(0, 9990, 10010)
    add(made.record.fills, time=made.record.start + SECOND, agent=0, order=1, side=BUY, price=12000, quantity=10)
    made.quote(1, 11990, 12010)
    found = Result(made.record).figures("ann")
    assert found.max_drawdown == 0
    assert found.unrealised == 0


def test_the_sharpe_ratio_is_that_of_the_changes_in_each_interval() -> None:
    made = Made(seconds=3.5).quote(0, 9990, 10010)
    add(made.record.fills, time=made.record.start, agent=0, order=1, side=BUY, price=10000, quantity=10)
    for second, mid in ((0.5, 10100), (1, 10200), (2.2, 10300), (3.2, 20000)):
        made.quote(second, mid - 10, mid + 10)
    # Equities after 0, 1, 2 and 3 seconds: 0, 2, 2, 3. The last half second counts in no interval.
    changes = (2, 0, 1)
    found = Result(made.record).figures("ann")
    assert found.sharpe == pytest.approx(1 / 1 * sqrt(YEAR / SECOND), rel=1e-14)
    assert found.sharpe_interval == SECOND
    assert sum(changes) / 3 == 1
    assert Result(made.record, interval=2 * SECOND).figures("ann").sharpe is None


def test_equal_changes_have_no_sharpe_ratio() -> None:
    assert Result(Made().quote(0, 1, 2).order(1, BUY, 1).record).figures("ann").sharpe is None


def test_markouts_are_weighted_by_value_and_leave_out_what_lies_beyond_the_end() -> None:
    made = Made(seconds=30).quote(0, 9990, 10010).quote(5, 10090, 10110).quote(6, 10190, 10210)
    made.fill(4.95, 1, BUY, 10000, 10, is_maker=True).fill(5.5, 2, SELL, 10090, 30).fill(25, 3, SELL, 10200, 10)
    tenth, one, ten, minute = Result(made.record).figures("ann").markouts
    assert (tenth.horizon, one.horizon, ten.horizon, minute.horizon) == tuple(
        seconds * SECOND // 10 for seconds in (1, 10, 100, 600)
    )
    # 4.95 + 0.1 s: 101.00 against 100.00.
    assert tenth.maker == 100.0
    # (101.00 - 100.90) x 3 against, and 102.00 against 102.00.
    assert tenth.taker == pytest.approx(-30 / (302.70 + 102.00) * 100, rel=1e-15)
    assert one.maker == 100.0
    assert one.taker == pytest.approx(-330 / (302.70 + 102.00) * 100, rel=1e-15)
    assert one.all == pytest.approx((100 - 330) / (100 + 302.70 + 102.00) * 100, rel=1e-15)
    assert (tenth.fills, one.fills, ten.fills, minute.fills) == (3, 3, 2, 0)
    assert (minute.maker, minute.taker, minute.all) == (None, None, None)


def test_slippage_is_against_the_mid_at_sending() -> None:
    made = Made().quote(0, 9990, 10010)
    made.order(1, BUY, 10, filled=10, value=10 * 10010, status=OrderState.FILLED, arrival=(9990, 10010))
    made.order(2, SELL, 20, filled=10, value=10 * 10010, status=OrderState.CANCELED, arrival=(9980, 10000))
    made.order(3, SELL, 20, filled=20, value=20 * 9000, status=OrderState.FILLED, arrival=(0, 10000))
    made.order(4, SELL, 20, arrival=(9990, 10010))
    found = Result(made.record).figures("ann")
    # 0.10 more was paid for 1 AAA; 0.20 more was received for 1 AAA. The third met no mid, the fourth has no fill.
    assert found.slippage == Decimal("-0.1")
    assert found.slippage_bps == pytest.approx(-0.1 / 199.9 * 10_000, rel=1e-15)


def test_fill_ratios_queue_times_and_times_in_the_book() -> None:
    made = Made().quote(0, 9990, 10010)
    made.order(
        1, BUY, 10, 9990, arrived=1, rested=1, first_fill=4, done=5, filled=10, value=99900, status=OrderState.FILLED
    )
    made.fill(4, 1, BUY, 9990, 5, is_maker=True).fill(5, 1, BUY, 9990, 5, is_maker=True)
    made.order(2, BUY, 30, 10010, arrived=6, rested=6, first_fill=6, done=10, filled=6, status=OrderState.CANCELED)
    made.fill(6, 2, BUY, 10010, 5).fill(7, 2, BUY, 10010, 1, is_maker=True)
    made.order(3, SELL, 10, arrived=8, first_fill=8, done=8, filled=10, status=OrderState.FILLED)
    made.fill(8, 3, SELL, 9990, 10)
    made.order(4, SELL, 20, 10500, arrived=80, rested=90)
    made.order(5, SELL, 10, 9990, arrived=91, done=91, status=OrderState.REJECTED)
    made.order(6, SELL, 10, 9990, arrived=None, status=OrderState.SENT)
    made.order(7, SELL, 10, 9990, arrived=20, rested=20, first_fill=28, filled=1)
    made.fill(28, 7, SELL, 9990, 1, is_maker=True)
    found = Result(made.record).figures("ann")
    assert (found.orders, found.rejected, found.canceled) == (6, 1, 1)
    assert found.fill_ratio == 4 / 6
    assert found.quantity_fill_ratio == 27 / 90
    assert found.cancel_ratio == 1 / 6
    # Orders 1 and 7 were maker at their first fill: 3 s and 8 s.
    assert found.queue_time == found.queue_time_median == 5_500_000_000
    # Orders 1 (4 s), 2 (4 s), 4 (10 s until the end), 7 (80 s).
    assert found.book_time == 24_500_000_000


def test_an_agent_that_did_nothing_has_zeros_and_nothing_to_tell() -> None:
    found = Result(Made().quote(0, 9990, 10010).order(1, BUY, 1).record).figures("ben")
    assert [found.pnl, found.position, found.turnover, found.max_drawdown] == [Decimal(0)] * 4
    assert found.orders == 0
    assert (found.fill_ratio, found.sharpe, found.slippage, found.queue_time, found.maker_share) == (None,) * 5


def test_an_empty_run_has_figures_too() -> None:
    result = Result(Made().record)
    assert [(found.pnl, found.fills) for found in result.all_figures()] == [(Decimal(0), 0)] * 2


def test_agents_that_are_not_measured_have_no_figures() -> None:
    made = Made()
    made.record.measured = [False, False]
    result = Result(made.record)
    assert result.all_figures() == []
    assert "No agent is measured." in result.summary()
    with pytest.raises(ResultError, match="agent: takes one of none: no agent is measured"):
        result.figures()


def test_symbols_of_one_quote_are_summed_and_others_are_not() -> None:
    made = Made("AAA-USD", "BBB-USD", "CCC-EUR").quote(0, 9990, 10010).quote(0, 100, 102, symbol=1)
    made.record.instruments[1] = made.record.instruments[1].__class__(
        "BBB-USD", "BBB", "USD", 3, 0, 1, 1, 1, 10**9, 10**9, 0, 10, 20
    )
    made.fill(1, 1, BUY, 9000, 10).fill(2, 2, BUY, 100, 10, symbol=1)
    result = Result(made.record)
    assert [found.symbol for found in result.all_figures() if found.agent == "ann"] == ["AAA-USD", "BBB-USD", None]
    total = result.figures("ann")
    # 10 - 0.18 of the first, 0.01 - 0.002 of the second.
    assert total.pnl == Decimal("9.828")
    assert total.turnover == Decimal(91)
    assert (total.position, total.volume, total.quantity_fill_ratio) == (None, None, None)
    made.fill(3, 3, BUY, 100, 10, symbol=2)
    result = Result(made.record)
    with pytest.raises(
        ResultError, match="symbol: takes one of AAA-USD, BBB-USD, CCC-EUR: their profits are in several"
    ):
        result.figures("ann")
    assert result.figures("ann", "CCC-EUR").quote == "EUR"


def test_an_agent_must_be_named_where_there_are_several() -> None:
    made = Made().quote(0, 9990, 10010).order(1, BUY, 1)
    made.record.measured = [True, False]
    assert Result(made.record).figures().agent == "ann"
    made.record.measured = [True, True]
    result = Result(made.record)
    with pytest.raises(ResultError, match=r"agent: takes one of ann, ben$"):
        result.figures()
    with pytest.raises(ResultError, match="agent: takes one of ann, ben, not carl"):
        result.figures("carl")
    with pytest.raises(ResultError, match="symbol: takes one of AAA-USD, not XXX"):
        result.figures("ann", "XXX")
    with pytest.raises(ResultError, match="interval: takes nanoseconds, at least 1, not 0"):
        Result(made.record, interval=0)


def test_money_stays_exact_where_a_float_would_round() -> None:
    made = Made().quote(0, 10**9 - 1, 10**9)
    made.fill(1, 1, BUY, 10**9 - 1, 10**9)
    found = Result(made.record).figures("ann")
    # The mid is half a unit higher; 20 bps of the value.
    assert found.unrealised == Decimal("500000")
    assert found.fees == Decimal("1999999998000")


def test_the_summary_tells_each_agent() -> None:
    made = Made().quote(0, 9990, 10010).fill(1, 1, BUY, 10010, 20).order(1, BUY, 20).order(1, SELL, 10, agent=1)
    lines = Result(made.record).summary().splitlines()
    assert lines[0] == "Seed 7, 100 s, AAA-USD"
    assert "commands: 12" in lines
    [pnl] = [line for line in lines if line.startswith("Profit after fees, USD")]
    assert pnl.split()[-2:] == ["-0.6004", "0.00"]
    assert not any("Slippage" in line for line in lines)


EXPECTED = """\
                                ann, AAA-USD
Profit after fees, USD              -1.71382
Realised, USD                         -0.028
Unrealised, USD                      -1.3455
Fees, USD                           0.340318
Turnover, USD                        270.269
Largest drawdown, USD                 2.0436
Longest drawdown                        84 s
Sharpe ratio, a year                 -364.81
Position at the end                      1.3
Largest position                           2
Volume                                   2.7
Fills                                      2
Share as maker                       74.08 %
Slippage to arrival, bps               10.50
Slippage to arrival, USD                0.21
Orders                                     1
Rejected                                   0
Canceled                                   0
Canceled by orders                    0.00 %
Orders with a fill                  100.00 %
Filled quantity                     100.00 %
Time to the first fill, mean             2 s
Time to the first fill, median           2 s
Time in the book, mean                   3 s
Markout 100 ms, maker, bps            -10.49
Markout 1 s, maker, bps               -10.49
Markout 10 s, maker, bps               50.44
Markout 60 s, maker, bps             -103.39
Markout 100 ms, taker, bps             33.48
Markout 1 s, taker, bps                33.48
Markout 10 s, taker, bps              -54.46
Markout 60 s, taker, bps               99.43
"""


def test_the_same_record_gives_the_same_text_on_every_machine() -> None:
    """Most figures, with digits that a float could turn."""
    made = Made(seconds=90).quote(0, 9990, 10011)
    made.order(1, BUY, 20, 10011, rested=1, first_fill=3.0007, done=4, filled=20, value=200220, arrival=(9990, 10011))
    made.fill(3.0007, 1, BUY, 10011, 20, is_maker=True).fill(7, 2, SELL, 10007, 7)
    for second, mid in ((5, 10037), (6, 9973), (11, 10061), (33, 9907)):
        made.quote(second, mid - 3, mid + 4)
    made.record.measured = [True, False]
    assert Result(made.record).summary().splitlines()[5:] == EXPECTED.splitlines()
