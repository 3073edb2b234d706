"""What a replay found, for people and for machines."""

from collections.abc import Sequence

from msgspec import Struct
from rich.console import Console

from matching_exchange.recordings.recording import Recording
from matching_exchange.tools.replay.comparison import Comparison, Score
from matching_exchange.tools.replay.driver import Effort
from matching_exchange.tools.tables import plain_table


class Report(Struct, frozen=True):
    """`exchange` names the target of the replay. `refused` counts commands by step and refusal."""

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


def print_report(report: Report, console: Console) -> None:
    title = f"{report.symbol} ({report.format}) replayed to {report.exchange}"
    table = plain_table(title, ("comparison", "name"), ("reached", "possible", "share"))
    for score in report.scores:
        table.add_row(
            score.title, score.name, f"{score.reached:,}", f"{score.possible:,}", percent(score.reached, score.possible)
        )
    console.print(table)
    for kind, count in report.refused.items():
        console.print(f"refused: {kind}: {count:,}")
    console.print(
        f"{report.commands:,} commands and {report.queries:,} queries in {report.seconds:.2f} s: "
        f"{report.commands_per_second:,} commands/s"
    )


def percent(part: int, whole: int) -> str:
    """The share with two decimals, never rounded up to 100."""
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02} %"
