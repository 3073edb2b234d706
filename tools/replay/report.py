"""What a replay found, for people and for machines."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tools.replay.comparison import Comparison, Score
from tools.replay.driver import Effort
from tools.replay.recording import Recording


class Report(Struct, frozen=True):
    """`exchange` says where the recording was replayed to; `refused` counts commands by step and refusal."""

    format: str
    symbol: str
    exchange: str
    scores: Sequence[Score]
    refused: dict[str, int]
    commands: int
    queries: int
    seconds: float
    commands_per_second: int


def make_report(recording: Recording, symbol: str, exchange: str, comparison: Comparison, effort: Effort) -> Report:
    return Report(
        recording.format,
        symbol,
        exchange,
        comparison.scores(),
        dict(sorted(comparison.refused.items())),
        effort.commands,
        effort.queries,
        round(effort.seconds, 3),
        effort.commands_per_second,
    )


def to_json(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def print_report(report: Report, console: Console) -> None:
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, title=f"{report.symbol} ({report.format}) replayed to {report.exchange}", title_justify="left"
    )
    table.add_column("comparison")
    table.add_column("name")
    for title in ("reached", "possible", "share"):
        table.add_column(title, justify="right")
    for score in report.scores:
        table.add_row(score.title, score.name, f"{score.reached:,}", f"{score.possible:,}", share(score))
    console.print(table)
    for kind, count in report.refused.items():
        console.print(f"refused: {kind}: {count:,}")
    console.print(
        f"{report.commands:,} commands and {report.queries:,} queries in {report.seconds:.2f} s: {report.commands_per_second:,} commands/s"
    )


def share(score: Score) -> str:
    """In percent, never rounded up to 100."""
    hundredths = score.reached * 10_000 // score.possible
    return f"{hundredths // 100}.{hundredths % 100:02} %"
