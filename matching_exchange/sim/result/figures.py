"""The figures of one agent: the formulas, units and what each leaves out. docs/results.md tells them for readers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from matching_exchange.sim.durations import MINUTE, SECOND
from matching_exchange.sim.kernel.values import OrderState
from matching_exchange.sim.result.book_keeping import FEE_UNIT, Account, Rows
from matching_exchange.sim.result.curve import Drawdown, Sampler, sharpe
from matching_exchange.sim.result.exact import BPS, decimal_of, mean, median, ratio
from matching_exchange.sim.result.marks import TENTHS
from protocol.units import Side

HORIZONS: Final = (SECOND // 10, SECOND, 10 * SECOND, MINUTE)
"""How long after a fill its markout looks, in nanoseconds."""

LEFT_OUT: Final = (OrderState.SENT, OrderState.REJECTED)


class Markout(Struct, frozen=True):
    """How the mark has moved in favour of the agent's fills after `horizon` nanoseconds, in basis points.

    maker, taker, all: weighted by value (price x quantity). None without a fill of that kind.
    fills: how many count. Those whose horizon lies beyond the end do not.
    """

    horizon: int
    maker: float | None
    taker: float | None
    all: float | None
    fills: int


class Figures(Struct, frozen=True, kw_only=True):
    """One agent in one symbol, or in several of one quote: then `symbol` is None, and so is what would add quantities.

    Amounts are in the quote, exact. Durations are nanoseconds. None stands for what nothing tells.

    pnl: realised + unrealised - fees.
    realised: received less paid, plus the average cost of what is held. unrealised: what is held at the last mark, less
        that cost.
    position, max_position, volume: in the base. max_position is the largest size, long or short.
    turnover: the value of all fills.
    sharpe: mean by standard deviation of the changes of equity in each `sharpe_interval`, times the root of the
        intervals of a year.
    max_drawdown: the largest fall of the equity below a former peak. drawdown_time: the longest time below one.
    orders: all that the exchange took. rejected: those that could not enter the market.
    canceled: with or without fills.
    fill_ratio: orders with a fill by orders. quantity_fill_ratio: filled quantity by quantity of orders.
    queue_time: from the begin of resting to the first fill, of orders that were maker then; the mean, and the median.
    book_time: from the begin of resting to the end, of orders that rested; the mean.
    slippage: what was paid more, or received less, than at the mid when the order was sent; negative is a gain.
        slippage_bps: the same by the value at that mid. Orders sent while a side was empty do not count.
    maker_share: the value of fills as maker by turnover.
    cancel_ratio: canceled by orders.
    """

    agent: str
    symbol: str | None
    quote: str
    pnl: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    position: Decimal | None
    max_position: Decimal | None
    volume: Decimal | None
    turnover: Decimal
    fills: int
    sharpe: float | None
    sharpe_interval: int
    max_drawdown: Decimal
    drawdown_time: int
    orders: int
    rejected: int
    canceled: int
    fill_ratio: float | None
    quantity_fill_ratio: float | None
    queue_time: int | None
    queue_time_median: int | None
    book_time: int | None
    slippage: Decimal | None
    slippage_bps: float | None
    maker_share: float | None
    cancel_ratio: float | None
    markouts: tuple[Markout, ...]


def figures_of(rows: Rows, agent: int, symbols: Sequence[int], interval: int) -> Figures:
    """The figures of an agent in these symbols, one or more of one quote. interval: that of `sharpe`."""
    record = rows.record
    several = len(symbols) > 1
    account = Account(rows, agent, symbols)
    drawdown = Drawdown()
    sampler = Sampler(record.start, interval)
    for time, equity in account.points():
        drawdown.take(time, equity)
        sampler.take(time, equity)
    sampler.finish(record.end)
    instrument = record.instruments[symbols[0]]

    def money(units: int) -> Decimal:
        return decimal_of(units, account.decimals)

    def base(units: int) -> Decimal | None:
        return None if several else decimal_of(units, instrument.quantity_decimals)

    fills = rows.fills_of(agent, symbols)
    values = [_value(rows, account, row) for row in fills]
    turnover = sum(values)
    made = sum(value for value, row in zip(values, fills, strict=True) if record.fills.is_maker[row])
    orders = _Orders(rows, account, agent, symbols)
    shortfall = None if not orders.arrival_value else money(orders.shortfall)
    return Figures(
        agent=record.agents[agent],
        symbol=None if several else instrument.symbol,
        quote=instrument.quote,
        pnl=money(account.realised + account.unrealised - account.fees),
        realised=money(account.realised),
        unrealised=money(account.unrealised),
        fees=money(account.fees),
        position=base(account.positions[symbols[0]].quantity),
        max_position=base(account.largest[symbols[0]]),
        volume=base(sum(record.fills.quantity[row] for row in fills)),
        turnover=money(turnover),
        fills=len(fills),
        sharpe=sharpe(sampler.values, interval),
        sharpe_interval=interval,
        max_drawdown=money(drawdown.largest),
        drawdown_time=drawdown.longest,
        orders=orders.count,
        rejected=orders.rejected,
        canceled=orders.canceled,
        fill_ratio=ratio(orders.filled, orders.count),
        quantity_fill_ratio=None if several else ratio(orders.filled_quantity, orders.quantity),
        queue_time=mean(orders.queue_times),
        queue_time_median=median(orders.queue_times),
        book_time=mean(orders.book_times),
        slippage=shortfall,
        slippage_bps=ratio(orders.shortfall * BPS, orders.arrival_value),
        maker_share=ratio(made, turnover),
        cancel_ratio=ratio(orders.canceled, orders.count),
        markouts=tuple(_markout(rows, account, fills, values, horizon) for horizon in HORIZONS),
    )


def _value(rows: Rows, account: Account, row: int) -> int:
    fills = rows.record.fills
    return fills.price[row] * fills.quantity[row] * account.factors[fills.symbol[row]] * FEE_UNIT


class _Orders:
    """What the orders of an agent have come to.

    shortfall, arrival_value: in the units of the account.
    """

    def __init__(self, rows: Rows, account: Account, agent: int, symbols: Sequence[int]) -> None:
        orders = rows.record.orders
        made = _first_made(rows, rows.fills_of(agent, symbols))
        self.count = self.rejected = self.canceled = self.filled = 0
        self.quantity = self.filled_quantity = 0
        self.shortfall = self.arrival_value = 0
        self.queue_times: list[int] = []
        self.book_times: list[int] = []
        for row in rows.orders_of(agent, symbols):
            if not orders.status[row]:
                # The exchange has refused it, or it has not arrived.
                continue
            symbol, filled = orders.symbol[row], orders.filled[row]
            self.count += 1
            self.quantity += orders.quantity[row]
            self.filled_quantity += filled
            self.filled += filled > 0
            self.rejected += orders.status[row] == OrderState.REJECTED
            self.canceled += orders.status[row] == OrderState.CANCELED
            self._time(rows, row, is_maker=made.get(orders.number[row], False))
            mids = orders.arrival_bid[row] + orders.arrival_ask[row]
            if filled and orders.arrival_bid[row] and orders.arrival_ask[row]:
                factor = FEE_UNIT // 2 * account.factors[symbol]
                more = 2 * orders.filled_value[row] - filled * mids
                self.shortfall += (more if orders.side[row] == Side.BUY else -more) * factor
                self.arrival_value += filled * mids * factor

    def _time(self, rows: Rows, row: int, *, is_maker: bool) -> None:
        orders = rows.record.orders
        rested = orders.rested_at[row]
        if not rested:
            return
        if is_maker:
            self.queue_times.append(orders.first_fill_at[row] - rested)
        self.book_times.append((orders.done_at[row] or rows.record.end) - rested)


def _first_made(rows: Rows, fills: Sequence[int]) -> dict[int, bool]:
    """Whether the first fill of each order was as maker, by the order's number."""
    found: dict[int, bool] = {}
    for row in fills:
        found.setdefault(rows.record.fills.order[row], bool(rows.record.fills.is_maker[row]))
    return found


def _markout(rows: Rows, account: Account, fills: Sequence[int], values: Sequence[int], horizon: int) -> Markout:
    record = rows.record
    table = record.fills
    gains = [0, 0]
    counted = [0, 0]
    number = 0
    for row, value in zip(fills, values, strict=True):
        symbol, then = table.symbol[row], table.time[row] + horizon
        mark = rows.marks[symbol].at(then) if then <= record.end else 0
        if not mark:
            continue
        gain = (mark - TENTHS * table.price[row]) * table.quantity[row] * (FEE_UNIT // TENTHS) * account.factors[symbol]
        kind = 1 if table.is_maker[row] else 0
        gains[kind] += gain if table.side[row] == Side.BUY else -gain
        counted[kind] += value
        number += 1
    return Markout(
        horizon,
        maker=ratio(gains[1] * BPS, counted[1]),
        taker=ratio(gains[0] * BPS, counted[0]),
        all=ratio(sum(gains) * BPS, sum(counted)),
        fills=number,
    )
