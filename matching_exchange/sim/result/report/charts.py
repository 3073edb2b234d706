"""The charts of a report, each with its caption."""

from collections.abc import Sequence
from typing import Final

from matching_exchange.sim.durations import HOUR, MINUTE, SECOND
from matching_exchange.sim.plots.bars import Bar, count_chart, value_chart
from matching_exchange.sim.plots.bins import Bins
from matching_exchange.sim.plots.lines import Marks, Series, time_chart
from matching_exchange.sim.plots.markup import Markup
from matching_exchange.sim.plots.page import figure
from matching_exchange.sim.result import text
from matching_exchange.sim.result.book_keeping import Account, Rows
from matching_exchange.sim.result.curve import Drawdown
from matching_exchange.sim.result.exact import BPS, divided
from matching_exchange.sim.result.figures import LEFT_OUT, Figures
from matching_exchange.sim.result.marks import TENTHS
from protocol.units import Side

STYLES: Final = ("s1", "s2", "s3", "s4", "s5", "s6")
"""One for each line of a chart."""

HUNDREDTHS: Final = 100
HUNDREDTHS_DECIMALS: Final = 2
"""Basis points are drawn in hundredths."""

HALF: Final = 280
"""The height of charts that stand side by side."""

STEPS_NOTE: Final = (
    "Where several changes fall into one column of the picture, it shows the lowest and the highest value."
)

LIFETIMES: Final = (
    (0, "at once"),
    (SECOND // 1_000, "up to 1 ms"),
    (SECOND // 100, "up to 10 ms"),
    (SECOND // 10, "up to 100 ms"),
    (SECOND, "up to 1 s"),
    (10 * SECOND, "up to 10 s"),
    (MINUTE, "up to 1 min"),
    (10 * MINUTE, "up to 10 min"),
    (HOUR, "up to 1 h"),
)
"""Classes of lifetimes: the longest of each."""


class Scope:
    """An agent in symbols of one quote, with the style of its line."""

    def __init__(self, agent: int, name: str, symbols: tuple[int, ...], style: str) -> None:
        self.agent = agent
        self.name = name
        self.symbols = symbols
        self.style = style


def profit_charts(rows: Rows, scopes: Sequence[Scope], quote: str) -> list[Markup]:
    """The equity and the drawdown of agents in one quote. Amounts have the finest unit of them all."""
    record = rows.record
    accounts = [Account(rows, scope.agent, scope.symbols) for scope in scopes]
    decimals = max(account.decimals for account in accounts)
    equities, drawdowns = [], []
    for scope, account in zip(scopes, accounts, strict=True):
        equity, fall = Bins(record.start, record.end), Bins(record.start, record.end)
        drawdown = Drawdown()
        factor = 10 ** (decimals - account.decimals)
        for time, value in account.points():
            drawdown.take(time, value)
            equity.take(time, value * factor)
            fall.take(time, -drawdown.now * factor)
        equities.append(Series(scope.name, scope.style, equity, filled=len(scopes) == 1))
        drawdowns.append(Series(scope.name, scope.style, fall, filled=len(scopes) == 1))
    legend = [(scope.name, scope.style, "line") for scope in scopes] if len(scopes) > 1 else []

    def drawn(title: str, series: Sequence[Series], height: int) -> Markup:
        return time_chart(
            title, series, start=record.start, end=record.end, decimals=decimals, height=height, with_zero=True
        )

    profit, below = f"Profit after fees, {quote}", f"Drawdown, {quote}"
    return [
        figure(profit, drawn(profit, equities, 300), f"Open positions at the mark. {STEPS_NOTE}", legend, full=True),
        figure(below, drawn(below, drawdowns, 180), "How far the profit lies below its last peak.", full=True),
    ]


def market_chart(rows: Rows, symbol: int) -> Markup:
    """The mark of a symbol alone."""
    instrument = rows.record.instruments[symbol]
    title = f"{instrument.symbol}: mid price, {instrument.quote}"
    return figure(title, _price(rows, symbol, title, ()), STEPS_NOTE, full=True)


def price_chart(rows: Rows, scope: Scope, symbol: int) -> Markup:
    """The mark of a symbol with the agent's fills."""
    record = rows.record
    instrument = record.instruments[symbol]
    fills = record.fills
    own = rows.fills_of(scope.agent, (symbol,))
    points = {
        side: [(fills.time[row], fills.price[row] * TENTHS) for row in own if fills.side[row] == side] for side in Side
    }
    title = f"{instrument.symbol}: mid price and fills, {instrument.quote}"
    marks = [Marks("buys", "buy", points[Side.BUY], up=True), Marks("sells", "sell", points[Side.SELL], up=False)]
    legend = [
        ("mid", "s6", "line"),
        (f"bought, {text.count(len(points[Side.BUY]))} fills", "buy", "up"),
        (f"sold, {text.count(len(points[Side.SELL]))} fills", "sell", "down"),
    ]
    chart = _price(rows, symbol, title, marks)
    return figure(title, chart, "Fills at nearly the same place are drawn once.", legend, full=True)


def _price(rows: Rows, symbol: int, title: str, marks: Sequence[Marks]) -> Markup:
    record = rows.record
    bins = Bins(record.start, record.end)
    found = rows.marks[symbol]
    for time, mark in zip(found.times, found.marks, strict=True):
        bins.take(time, mark or None)
    return time_chart(
        title,
        [Series("mid", "s6", bins)],
        start=record.start,
        end=record.end,
        decimals=record.instruments[symbol].price_decimals + 1,
        marks=marks,
        height=HALF,
    )


def position_chart(rows: Rows, scope: Scope, symbol: int) -> Markup:
    record = rows.record
    instrument = record.instruments[symbol]
    bins = Bins(record.start, record.end)
    bins.take(record.start, 0)
    fills, position = record.fills, 0
    for row in rows.fills_of(scope.agent, (symbol,)):
        position += fills.quantity[row] if fills.side[row] == Side.BUY else -fills.quantity[row]
        bins.take(fills.time[row], position)
    title = f"{instrument.symbol}: position, {instrument.base}"
    chart = time_chart(
        title,
        [Series("position", scope.style, bins, filled=True)],
        start=record.start,
        end=record.end,
        decimals=instrument.quantity_decimals,
        with_zero=True,
        height=HALF,
    )
    return figure(title, chart, "Bought less sold.")


def spread_chart(rows: Rows, symbol: int) -> Markup:
    record = rows.record
    bins = Bins(record.start, record.end)
    quotes = record.quotes
    for row in rows.marks[symbol].rows:
        bid, ask = quotes.bid[row], quotes.ask[row]
        spread = divided((ask - bid) * 2 * BPS * HUNDREDTHS, ask + bid) if bid and ask else None
        bins.take(quotes.time[row], spread)
    title = f"{record.instruments[symbol].symbol}: spread, basis points of the mid"
    chart = time_chart(
        title,
        [Series("spread", "s4", bins)],
        start=record.start,
        end=record.end,
        decimals=HUNDREDTHS_DECIMALS,
        with_zero=True,
        height=180,
    )
    return figure(title, chart, f"A gap stands where a side was empty. {STEPS_NOTE}", full=True)


def markout_chart(figures: Figures) -> Markup:
    groups = []
    for markout in figures.markouts:
        bars = [
            Bar(_hundredths(value), text.number(value), style)
            for value, style in ((markout.maker, "s1"), (markout.taker, "s2"))
        ]
        groups.append((text.duration(markout.horizon), bars))
    title = "Markouts, basis points"
    note = "How the mark moved in favour of the fills, so long after them. A dash stands where no fill tells it."
    legend = [("as maker", "s1", "bar"), ("as taker", "s2", "bar")]
    return figure(title, value_chart(title, groups, HUNDREDTHS_DECIMALS), note, legend)


def _hundredths(value: float | None) -> int | None:
    return None if value is None else round(value * HUNDREDTHS)


def lifetime_chart(rows: Rows, scope: Scope) -> Markup:
    """How long orders lived, from arrival to their end."""
    orders = rows.record.orders
    lived, alive = [], 0
    for row in rows.orders_of(scope.agent, scope.symbols):
        if orders.status[row] in LEFT_OUT:
            continue
        if orders.done_at[row]:
            lived.append(orders.done_at[row] - orders.arrived_at[row])
        else:
            alive += 1
    title = "Orders by lifetime"
    note = "From arrival to the last fill or the cancel, without rejected orders."
    return figure(title, count_chart(title, [*_classes(lived, "on arrival"), ("open at the end", alive)], "s3"), note)


def queue_chart(rows: Rows, scope: Scope) -> Markup:
    """How long orders waited for their first fill, or that they had none."""
    orders = rows.record.orders
    waited, never = [], 0
    for row in rows.orders_of(scope.agent, scope.symbols):
        if not orders.rested_at[row]:
            continue
        if not orders.first_fill_at[row]:
            never += 1
        elif orders.first_fill_at[row] >= orders.rested_at[row]:
            waited.append(orders.first_fill_at[row] - orders.rested_at[row])
    title = "Orders by time to their first fill"
    note = "From the begin of resting, of orders that had not traded before."
    return figure(title, count_chart(title, [*_classes(waited, "at once"), ("no fill", never)], "s4"), note)


def _classes(durations: Sequence[int], none: str) -> list[tuple[str, int]]:
    """How many there are of each class of LIFETIMES. none: the name of no time at all."""
    counts = [0] * (len(LIFETIMES) + 1)
    for duration in durations:
        counts[sum(duration > longest for longest, _ in LIFETIMES)] += 1
    return list(zip([none, *(name for _, name in LIFETIMES[1:]), "longer"], counts, strict=True))
