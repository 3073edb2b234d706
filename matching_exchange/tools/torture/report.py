"""What a run found, for people and for machines."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from msgspec import Struct
from rich.console import Console

from matching_exchange.tools.tables import plain_table
from matching_exchange.tools.torture.killer import Kill, KillKind
from matching_exchange.tools.torture.promises import Promise

KIND_TITLES: Final[dict[KillKind, str]] = {
    "matcher": "matcher",
    "snapshot": "matcher, in a snapshot",
    "gateway": "gateway",
    "both": "both",
    "worker": "one gateway worker",
}


TITLES: Final[dict[str, str]] = {
    "place": "orders",
    "oco": "OCOs",
    "replace": "replacements",
    "amend": "amends",
    "cancel": "cancels",
    "cancel_all": "cancels of all orders",
    "cancel_after": "cancel-afters",
    "suspend": "suspensions",
    "resume": "resumptions",
    "deposit": "deposits",
    "withdraw": "withdrawals",
    "transfer": "transfers",
    "reset": "resets",
}


class Recoveries(Struct, frozen=True):
    """Kills of one kind, and the milliseconds until the exchange answered again; after the others, the next kill came
    sooner."""

    kind: str
    kills: int
    recovered: int
    fastest: int | None
    median: int | None
    slowest: int | None


class Transfers(Struct, frozen=True):
    """Deposits, withdrawals, transfers and resets.

    answered: those that have moved money, each transfer_id once.
    duplicates: answers to one that had moved it before.
    lost, doubled: by their promises.
    sums_exact: whether every balance and every asset's sum is exactly what answers and trades say.
    """

    answered: int
    duplicates: int
    lost: int
    doubled: int
    sums_exact: bool


class Report(Struct, frozen=True):
    """The result of a run.

    answered: commands by kind.
    batched: commands that were sent in one call with others.
    retried: commands that needed more than one attempt.
    unknown_outcomes: attempts without an answer; asking again resolved each.
    placed_before: those of them whose order had been placed.
    resumed: connections of the account's follower that continued an earlier one.
    happened: events of the journal."""

    seed: int
    sync: str
    clients: int
    workers: int
    seconds: float
    kills: list[Recoveries]
    commands_answered: int
    answered: dict[str, int]
    batched: int
    retried: int
    unknown_outcomes: int
    placed_before: int
    look_ups: int
    commands_journaled: int
    trades: int
    trades_published: int
    stream_connections: int
    stream_resumed: int
    stream_updates: int
    snapshots_written: int
    snapshots_cut_through: int
    happened: dict[str, int]
    promises: list[Promise]
    digests: dict[str, str]
    transfers: Transfers

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return not any(promise.broken for promise in self.promises)


def recoveries(kills: Sequence[Kill]) -> list[Recoveries]:
    """By kind, and all together."""
    rows = []
    for kind, title in [*KIND_TITLES.items(), (None, "all")]:
        those = [kill for kill in kills if kind in (None, kill.kind)]
        times = [round(kill.recovery * 1000) for kill in those if kill.recovery is not None]
        if those:
            known = (min(times), round(median(times)), max(times)) if times else (None, None, None)
            rows.append(Recoveries(title, len(those), len(times), *known))
    return rows


def print_kills(title: str, kills: Sequence[Recoveries], console: Console) -> None:
    """How many kills of each kind there were, and how long the recoveries took."""
    table = plain_table(title, ["killed (recovery in ms)"], ("kills", "recovered", "fastest", "median", "slowest"))
    for row in kills:
        times = ("" if time is None else f"{time:,}" for time in (row.fastest, row.median, row.slowest))
        table.add_row(row.kind, f"{row.kills:,}", f"{row.recovered:,}", *times)
    console.print(table)


def print_counts(title: str, counts: Iterable[tuple[str, int]], console: Console) -> None:
    table = plain_table(title, [""], ("count",))
    for name, count in counts:
        table.add_row(name, f"{count:,}")
    console.print(table)


def print_cases(promises: Iterable[Promise], console: Console) -> None:
    """The first cases of each broken promise."""
    for promise in promises:
        for case in promise.cases:
            console.print(f"{promise.name}: {case}", highlight=False, markup=False, soft_wrap=True)


def print_report(report: Report, console: Console) -> None:
    """Tables, and the first cases of each broken promise."""
    title = (
        f"{report.kills[-1].kills if report.kills else 0} kills, {report.clients} clients, sync "
        f"{report.sync}, seed {report.seed}"
    )
    print_kills(title, report.kills, console)
    counts = (
        ("commands answered", report.commands_answered),
        *((f"  {TITLES[kind]}", report.answered[kind]) for kind in TITLES if kind in report.answered),
        ("answered as a part of a batch", report.batched),
        ("sent more than once", report.retried),
        ("unknown outcomes, all resolved", report.unknown_outcomes),
        ("of them orders that had been placed", report.placed_before),
        ("look-ups of answered orders", report.look_ups),
        ("commands in the journal", report.commands_journaled),
        ("trades in the journal", report.trades),
        ("trades seen by a subscriber", report.trades_published),
        ("connections of an account's follower", report.stream_connections),
        ("of them resumed", report.stream_resumed),
        ("updates that it was told", report.stream_updates),
        ("snapshots written", report.snapshots_written),
        ("snapshots cut through by a kill", report.snapshots_cut_through),
    )
    print_counts("what was done", counts, console)
    print_counts("what happened", report.happened.items(), console)
    print_counts("what must not happen", [(promise.name, promise.broken) for promise in report.promises], console)
    for name, found in report.digests.items():
        console.print(f"digest {found[:16]}…  {name}", highlight=False, soft_wrap=True)
    transfers = report.transfers
    exact = "yes" if transfers.sums_exact else "no"
    console.print(
        f"transfers: {transfers.answered:,} answered, {transfers.duplicates:,} again, {transfers.lost:,} lost, "
        f"{transfers.doubled:,} doubled; sums exact: {exact}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"{report.seconds:.0f} s")
    print_cases(report.promises, console)
