"""The table that shows facts of several markets side by side."""

from collections.abc import Callable, Sequence
from typing import Final

from matching_exchange.sim.facts.facts import Facts

Cell = float | tuple[float | None, ...] | None

ROWS: Final[tuple[tuple[str, Callable[[Facts], Cell], int], ...]] = (
    ("minutes", lambda facts: facts.minutes, 0),
    ("trades a minute", lambda facts: facts.trades_per_minute, 1),
    ("spread, mean, ticks", lambda facts: facts.spread_ticks, 1),
    ("spread, median, ticks", lambda facts: facts.spread_median_ticks, 1),
    ("spread, mean, bps", lambda facts: facts.spread_bps, 2),
    ("depth at best, mean trades", lambda facts: facts.best_depth, 1),
    ("depth to 10 bps, mean trades", lambda facts: facts.near_depth, 1),
    ("kurtosis, 10 s", lambda facts: facts.kurtosis, 1),
    ("kurtosis, 60 s", lambda facts: facts.longer_kurtosis, 1),
    ("tail index (Hill), 10 s", lambda facts: facts.tail_index, 1),
    ("autocorrelation of returns, 10 s", lambda facts: facts.return_autocorrelation, 2),
    ("autocorrelation of returns, 60 s", lambda facts: facts.longer_return_autocorrelation, 2),
    ("autocorrelation from trade to trade", lambda facts: facts.bounce, 2),
    ("of magnitudes, 10 s, lags 1, 5, 20", lambda facts: facts.clustering, 2),
    ("of trade signs, lags 1, 10, 50", lambda facts: facts.sign_memory, 2),
    ("volatility, bps a root second, 1, 10, 60, 300 s", lambda facts: facts.signature, 2),
    ("trade size, mean over median", lambda facts: facts.size_mean, 1),
    ("trade size, one in 100 over median", lambda facts: facts.size_large, 1),
    ("trade size, tail index (Hill)", lambda facts: facts.size_tail_index, 1),
    ("canceled of limit orders", lambda facts: facts.cancel_share, 2),
    ("lifetime of canceled, median, s", lambda facts: facts.lifetime_median, 2),
    ("lifetime of canceled, nine in ten, s", lambda facts: facts.lifetime_long, 1),
)


def table(markets: Sequence[Facts]) -> str:
    """A Markdown table, a column for each market. A dash stands where the series has too little."""
    rows = [["fact", *(facts.name for facts in markets)]]
    rows += [[name, *(_shown(cell(facts), decimals) for facts in markets)] for name, cell, decimals in ROWS]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _shown(cell: Cell, decimals: int) -> str:
    if isinstance(cell, tuple):
        return ", ".join(_shown(each, decimals) for each in cell)
    return "-" if cell is None else f"{cell:.{decimals}f}"
