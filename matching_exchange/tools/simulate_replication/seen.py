"""What has happened in runs: a simulation in which nothing happens shows nothing."""

from collections import Counter

from msgspec import Struct, field, structs


class Seen(Struct):
    """Counts of one run, or of many. `nanoseconds` is virtual time, `faults` counts by kind.

    recovery: the longest time from when all was healed until every client had an answer to a new command.
    """

    runs: int = 0
    nanoseconds: int = 0
    events: int = 0
    records: int = 0
    commands: int = 0
    answers: int = 0
    reads: int = 0
    reads_held: int = 0
    reads_dropped: int = 0
    elections: int = 0
    elections_refused: int = 0
    leaders_fenced: int = 0
    fenced_with_commands: int = 0
    handed_over: int = 0
    tries_again: int = 0
    found_by_looking: int = 0
    late_requests: int = 0
    doubled_messages: int = 0
    stalls: int = 0
    restarts: int = 0
    snapshots_fetched: int = 0
    starts_without_snapshot: int = 0
    trims: int = 0
    holes: int = 0
    watches_opened: int = 0
    heads_asked: int = 0
    heads_failed: int = 0
    recovery: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Seen") -> None:
        for name in self.__struct_fields__:
            if name == "faults":
                self.faults.update(other.faults)
            elif name == "recovery":
                self.recovery = max(self.recovery, other.recovery)
            else:
                setattr(self, name, getattr(self, name) + getattr(other, name))

    def rows(self) -> list[tuple[str, str]]:
        """A row for each count, as (what, how many)."""
        counts = structs.asdict(self)
        counts.pop("faults")
        hours = counts.pop("nanoseconds") / 3_600_000_000_000
        recovery = counts.pop("recovery") / 1_000_000
        rows = [("simulated hours", f"{hours:,.1f}"), ("longest recovery", f"{recovery:,.0f} ms")]
        rows += [(name.replace("_", " "), f"{count:,}") for name, count in counts.items()]
        return rows + [(f"fault: {name}", f"{count:,}") for name, count in sorted(self.faults.items())]
