"""The figures as plain text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from matching_exchange.sim.result import text
from matching_exchange.sim.result.figures import Figures
from matching_exchange.sim.result.lines import LINES, heading, title_of

if TYPE_CHECKING:
    from matching_exchange.sim.result.result import Result

ABREAST: Final = 4
"""Agents side by side."""

MOST: Final = 20
"""Agents that a summary tells; a line counts the others."""


def summary_of(result: "Result") -> str:
    record = result.record
    symbols = ", ".join(instrument.symbol for instrument in record.instruments)
    lines = [
        f"Seed {record.seed}, {text.duration(result.duration)}, {symbols}",
        *(f"{name}: {text.count(value)}" for name, value in sorted(record.counts.items())),
        f"Digest {result.digest}",
    ]
    figures = result.all_figures()
    if not figures:
        return "\n".join([*lines, "", "No agent is measured.", ""])
    shown = figures[:MOST]
    quotes = {found.quote for found in shown}
    quote = quotes.pop() if len(quotes) == 1 else None
    for first in range(0, len(shown), ABREAST):
        lines += ["", *_block(shown[first : first + ABREAST], quote)]
    if len(figures) > MOST:
        lines += ["", f"{len(figures) - MOST} more: all_figures() has them."]
    return "\n".join([*lines, ""])


def _block(figures: Sequence[Figures], quote: str | None) -> list[str]:
    """Figures side by side; those that tell nothing of any are left out."""
    rows = [["", *map(heading, figures)]]
    for line in LINES:
        cells = [line.text(line.value(found)) for found in figures]
        if any(cell != text.NONE for cell in cells):
            rows.append([title_of(line, quote), *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
        ).rstrip()
        for cells in rows
    ]
