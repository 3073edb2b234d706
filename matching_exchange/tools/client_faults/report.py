"""What a run found, for people and for machines."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from matching_exchange.tools.tables import plain_table
from matching_exchange.tools.torture.promises import Promise
from matching_exchange.tools.torture.report import Recoveries, print_cases, print_counts, print_kills

KINDS: Final = {
    "order.place": "order",
    "orderList.place.oco": "OCO",
    "order.cancelReplace": "cancel-replace",
    "order.amend.keepPriority": "amend",
    "order.cancel": "cancel",
}
"""The calls that change something, by their names in the WebSocket API."""


class Outcomes(Struct, frozen=True):
    """Unknown outcomes of one kind of call, by what look-ups have found."""

    kind: str
    timeouts: int
    cut: int
    placed: int
    absent: int
    changed: int
    unchanged: int
    unresolved: int


class Report(Struct, frozen=True):
    """The result of a run.

    answered: calls that were taken or refused, without look-ups after a connection.
    orders: client ids that were used for a new order; entered: those that are orders in the journal.
    again: new orders that were sent once more under the same client id after an unknown outcome.
    reports: execution reports. from_look_ups: changes that no stream told, and look-ups show.
    syncs, depth_updates: of the local books."""

    seed: int
    clients: int
    workers: int
    seconds: float
    kills: list[Recoveries]
    answered: int
    orders: int
    entered: int
    trades: int
    commands_journaled: int
    again: int
    unknown: list[Outcomes]
    changes: int
    reports: int
    from_look_ups: int
    connections: int
    look_ups: int
    syncs: int
    depth_updates: int
    promises: list[Promise]

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return not any(promise.broken for promise in self.promises)


def print_report(report: Report, console: Console) -> None:
    """Tables, and the first cases of each broken promise."""
    kills = report.kills[-1].kills if report.kills else 0
    title = f"{kills} kills, {report.clients} clients, seed {report.seed}, {report.seconds:.0f} s"
    print_kills(title, report.kills, console)
    counts = (
        ("calls answered", report.answered),
        ("new orders sent", report.orders),
        ("  entered", report.entered),
        ("  sent again under the same client id", report.again),
        ("trades", report.trades),
        ("commands in the journal", report.commands_journaled),
        ("changes of orders", report.changes),
        ("  told by a stream", report.reports),
        ("  found by look-ups", report.from_look_ups),
        ("connections that heard an account", report.connections),
        ("look-ups after them", report.look_ups),
        ("books begun with a snapshot", report.syncs),
        ("depth updates", report.depth_updates),
    )
    print_counts("what was done", counts, console)
    console.print(_outcomes(report.unknown))
    print_counts("what must not happen", [(promise.name, promise.broken) for promise in report.promises], console)
    print_cases(report.promises, console)


def _outcomes(rows: Sequence[Outcomes]) -> Table:
    columns = ("-1007", "cut", "placed", "absent", "changed", "unchanged", "unresolved")
    table = plain_table("unknown outcomes, and what look-ups found", ["call"], columns)
    for row in rows:
        counts = (row.timeouts, row.cut, row.placed, row.absent, row.changed, row.unchanged, row.unresolved)
        table.add_row(KINDS.get(row.kind, row.kind), *(f"{count:,}" for count in counts))
    return table
