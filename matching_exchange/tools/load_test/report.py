"""What a load test found, for people and for machines."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from rich.console import Console

from matching_exchange.tools.load_test.pace import Step
from matching_exchange.tools.tables import plain_table


class Report(Struct, frozen=True):
    """What was found. It is not complete if the test was interrupted, or if the exchange went away.

    highest: the highest rate that holds; None if none was found, or none was looked for.
    p99_limit: milliseconds.
    details: how many orders were not answered, by the reason.
    faults: the first answers and look-ups that cannot be true.
    missed: the limits that were not kept.
    failure: why the exchange went away, else None.
    """

    where: str
    symbol: str
    connections: int | None
    seed: int
    steps: Sequence[Step]
    highest: float | None
    p99_limit: float | None
    looked_up: int
    details: Mapping[str, int]
    fault_count: int
    faults: Sequence[str]
    missed: Sequence[str]
    interrupted: bool
    failure: str | None = None


def print_report(report: Report, console: Console) -> None:
    over = "one session" if report.connections is None else f"connections: {report.connections}"
    title = f"{report.symbol} at {report.where}, {over}; latency in ms from the intended send time"
    table = plain_table(title, (), ("rate/s", "planned", "answered", "refused", "unknown", "unsent", "answered/s"))
    for name in ("p50", "p90", "p99", "p99.9", "max", "client busy"):
        table.add_column(name, justify="right")
    for step in report.steps:
        counts = (
            step.rate,
            step.planned,
            step.answered,
            step.refused,
            step.unknown,
            step.unsent,
            step.answered_per_second,
        )
        latencies = (step.p50, step.p90, step.p99, step.p99_9, step.longest)
        table.add_row(
            *(f"{count:,.0f}" for count in counts), *(f"{value:,.2f}" for value in latencies), f"{step.busy:.0%}"
        )
    console.print(table, highlight=False)
    lines = [f"not answered, {count:,} times: {detail}" for detail, count in report.details.items()]
    if report.p99_limit is not None and report.highest is not None:
        lines.append(f"highest rate within a p99 of {report.p99_limit:g} ms: {report.highest:,.0f}/s")
    lines.append(f"looked up: {report.looked_up:,} orders; faults: {report.fault_count:,}")
    lines += report.faults
    lines += [f"MISSED: {missed}" for missed in report.missed]
    if report.failure is not None:
        lines.append("the exchange went away: this is what there was so far")
    elif report.interrupted:
        lines.append("interrupted: this is what there was so far")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
