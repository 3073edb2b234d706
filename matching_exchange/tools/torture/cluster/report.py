"""What the runs against a cluster found, one row for each kind of strike."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from rich.console import Console

from matching_exchange.tools.tables import plain_table
from matching_exchange.tools.torture.cluster.striker import Kind
from matching_exchange.tools.torture.promises import Promise
from matching_exchange.tools.torture.report import print_cases, print_counts

TITLES: Final[dict[Kind, str]] = {
    "kill": "leader killed",
    "pause": "leader paused",
    "both": "leader and log's leader killed",
    "partition": "partition",
}

LOST, DOUBLED, UNTRUE, DISORDER, STALE = (
    "lost",
    "doubled",
    "answered otherwise than it happened",
    "out of order",
    "answered from the past",
)
"""The promises that have a column of their own."""


class Times(Struct, frozen=True):
    """Milliseconds of several takeovers or pauses."""

    count: int
    median: int
    p99: int
    most: int


class KindReport(Struct, frozen=True):
    """The strikes of one run, mostly of one kind, and what was found.

    takeovers: from the strike to the first answer to a new order by the next leader; where the log had no majority,
        from when it has one again.
    silences: the longest time without any answer around each strike.
    refused, held: woken or cut-off leaders that the log has refused; of them, those that held commands that they had
        applied. held_commands: how many.
    ended: nodes that ended by themselves for another reason, and were started again, in words.
    queries: those that the nodes answered when they were asked directly.
    cuts: takeovers by what was cut; only of partitions."""

    title: str
    seed: int
    strikes: int
    seconds: float
    answered: int
    retried: int
    trades: int
    records: int
    takeovers: Times | None
    silences: Times | None
    refused: int
    held: int
    held_commands: int
    ended: list[str]
    queries: int
    promises: list[Promise]
    digests: dict[str, str]
    cuts: dict[str, Times]

    def broken(self, name: str) -> int:
        return sum(promise.broken for promise in self.promises if promise.name == name)


class ClusterReport(Struct, frozen=True):
    """All runs. left_out: what was not done, and why."""

    clients: int
    kinds: list[KindReport]
    left_out: list[str]

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return not any(promise.broken for kind in self.kinds for promise in kind.promises)


def times(milliseconds: Sequence[float]) -> Times | None:
    """None without any."""
    if not milliseconds:
        return None
    ordered = sorted(round(each) for each in milliseconds)
    return Times(len(ordered), ordered[len(ordered) // 2], ordered[(99 * len(ordered)) // 100], ordered[-1])


def print_cluster_report(report: ClusterReport, console: Console) -> None:
    """Tables, and the first cases of each broken promise."""
    columns = ("strikes", LOST, DOUBLED, "otherwise", DISORDER, "stale")
    table = plain_table("what must not happen", ["struck"], columns)
    for kind in report.kinds:
        counts = (kind.strikes, *(kind.broken(name) for name in (LOST, DOUBLED, UNTRUE, DISORDER, STALE)))
        table.add_row(kind.title, *(f"{count:,}" for count in counts))
    console.print(table)
    console.print(_times_table(report))
    for kind in report.kinds:
        print_counts(
            kind.title,
            [
                ("commands answered", kind.answered),
                ("sent more than once", kind.retried),
                ("trades in the log", kind.trades),
                ("records in the log", kind.records),
                ("queries answered by nodes asked directly", kind.queries),
                ("leaders that the log has refused", kind.refused),
                ("of them with commands that they had applied", kind.held),
                ("commands that these had applied", kind.held_commands),
                ("nodes that ended otherwise, and were started again", len(kind.ended)),
                *((promise.name, promise.broken) for promise in kind.promises),
            ],
            console,
        )
        for name, found in kind.digests.items():
            console.print(f"digest {found[:16]}…  {name}", highlight=False, soft_wrap=True)
        console.print(f"seed {kind.seed}, {report.clients} clients, {kind.seconds:.0f} s", highlight=False)
        print_cases(kind.promises, console)
        for end in kind.ended:
            console.print(f"ended: {end}", highlight=False, markup=False, soft_wrap=True)
    for reason in report.left_out:
        console.print(f"left out: {reason}", highlight=False, soft_wrap=True)


def _times_table(report: ClusterReport) -> object:
    columns = ("takeovers", "median", "p99", "most", "longest silence")
    table = plain_table("from the strike to the first new answer, in ms", ["struck"], columns)
    for kind in report.kinds:
        longest = "" if kind.silences is None else f"{kind.silences.most:,}"
        table.add_row(kind.title, *_cells(kind.takeovers), longest)
        for cut, found in kind.cuts.items():
            table.add_row(f"  {cut}", *_cells(found), "")
    return table


def _cells(found: Times | None) -> list[str]:
    if found is None:
        return ["0", "", "", ""]
    return [f"{each:,}" for each in (found.count, found.median, found.p99, found.most)]
