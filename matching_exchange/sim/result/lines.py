"""The figures as readers see them: title, unit, text and formula. Summaries, reports and sweeps read this list."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from matching_exchange.sim.result import text
from matching_exchange.sim.result.figures import HORIZONS, Figures, Markout


class Line(NamedTuple):
    """A figure.

    key: the name of its column in tables of sweeps.
    quote: whether it is an amount in the quote.
    """

    key: str
    title: str
    value: Callable[[Figures], Any]
    text: Callable[[Any], str]
    formula: str
    quote: bool = False


class Group(NamedTuple):
    title: str
    lines: tuple[Line, ...]


def _of(key: str, title: str, to_text: Callable[[Any], str], formula: str, *, quote: bool = False) -> Line:
    def value(figures: Figures) -> Any:
        return getattr(figures, key)

    return Line(key, title, value, to_text, formula, quote)


def _markout(horizon: int, kind: str) -> Line:
    def value(figures: Figures) -> float | None:
        [found] = [markout for markout in figures.markouts if markout.horizon == horizon]
        return _kind(found, kind)

    name = text.duration(horizon)
    formula = f"(mark {name} after the fill - price) / price, in favour, by value; not in the last {name} of the run"
    return Line(
        f"markout_{name.replace(' ', '')}_{kind}",
        f"Markout {name}, {kind}, bps",
        value,
        text.number,
        formula,
    )


def _kind(markout: Markout, kind: str) -> float | None:
    found: float | None = getattr(markout, kind)
    return found


MONEY: Final = Group(
    "Profit",
    (
        _of("pnl", "Profit after fees", text.amount, "realised + unrealised - fees", quote=True),
        _of("realised", "Realised", text.amount, "received - paid + average cost of what is held", quote=True),
        _of("unrealised", "Unrealised", text.amount, "held at the last mark - its average cost", quote=True),
        _of("fees", "Fees", text.amount, "sum of value x rate", quote=True),
        _of("turnover", "Turnover", text.amount, "sum of price x quantity of the fills", quote=True),
        _of("max_drawdown", "Largest drawdown", text.amount, "largest fall of equity below a former peak", quote=True),
        _of("drawdown_time", "Longest drawdown", text.duration, "longest time below a former peak, or until the end"),
        _of(
            "sharpe",
            "Sharpe ratio, a year",
            text.number,
            "mean / standard deviation of the changes of equity in each interval x root of the intervals of 365 days",
        ),
    ),
)

TRADING: Final = Group(
    "Trading",
    (
        _of(
            "position", "Position at the end", text.quantity, "bought - sold; what was held at the start does not count"
        ),
        _of("max_position", "Largest position", text.quantity, "largest size, long or short"),
        _of("volume", "Volume", text.quantity, "sum of the quantities of the fills"),
        _of("fills", "Fills", text.count, "fills"),
        _of("maker_share", "Share as maker", text.percent, "value of fills as maker / turnover"),
        _of(
            "slippage_bps",
            "Slippage to arrival, bps",
            text.number,
            "paid more, or received less, than at the mid when sent / value at that mid; orders that met none left out",
        ),
        _of("slippage", "Slippage to arrival", text.amount, "the same as an amount", quote=True),
    ),
)

ORDERS: Final = Group(
    "Orders",
    (
        _of("orders", "Orders", text.count, "orders that the exchange took; what it refused counts for the run alone"),
        _of("rejected", "Rejected", text.count, "orders of these that could not enter the market"),
        _of("canceled", "Canceled", text.count, "orders that ended canceled or expired, with or without fills"),
        _of("cancel_ratio", "Canceled by orders", text.percent, "canceled / orders"),
        _of("fill_ratio", "Orders with a fill", text.percent, "orders with a fill / orders"),
        _of("quantity_fill_ratio", "Filled quantity", text.percent, "filled quantity / quantity of all orders"),
        _of(
            "queue_time",
            "Time to the first fill, mean",
            text.duration,
            "from the begin of resting, of orders whose first fill was as maker",
        ),
        _of("queue_time_median", "Time to the first fill, median", text.duration, "the same"),
        _of(
            "book_time",
            "Time in the book, mean",
            text.duration,
            "from the begin of resting to the end, of orders that rested",
        ),
    ),
)

MARKOUTS: Final = Group(
    "Markouts", tuple(_markout(horizon, kind) for kind in ("maker", "taker") for horizon in HORIZONS)
)

GROUPS: Final = (MONEY, TRADING, ORDERS, MARKOUTS)
LINES: Final = tuple(line for group in GROUPS for line in group.lines)
BY_KEY: Final = {line.key: line for line in LINES}


def heading(figures: Figures) -> str:
    """The agent, and what of it."""
    return f"{figures.agent}, {figures.symbol or f'all in {figures.quote}'}"


def title_of(line: Line, quote: str | None) -> str:
    """With the currency, if all that stand beside share it."""
    return f"{line.title}, {quote}" if line.quote and quote else line.title
