"""The matcher that is measured: a process of its own, on free ports."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from tools.bench.measure import BenchError
from tools.bench.wire import Wire
from tools.processes import Process, free_ports


class MatcherProcess:
    """A context manager: inside, it was started with the data directory and the flags; after it, it is gone."""

    def __init__(self, data: Path, *flags: str) -> None:
        commands, market_data, reports = (f"tcp://127.0.0.1:{port}" for port in free_ports(3))
        self.commands, self.market_data, self.reports = commands, market_data, reports
        endpoints = [f"--commands={commands}", f"--market-data={market_data}", f"--reports={reports}"]
        self.log = data.with_name(data.name + ".log")
        self.process = Process("matcher", [*endpoints, f"--data-dir={data}", *flags], {}, self.log)

    def __enter__(self) -> "MatcherProcess":
        self.process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()

    def connect(self) -> Wire:
        """A connection, which need not wait for the matcher."""
        return Wire(self.commands, self.reports)

    def records(self, event: str) -> list[tuple[float, dict[str, Any]]]:
        """Its log records of one event, each with its time in seconds since 1970."""
        try:
            records = [msgspec.json.decode(line, type=dict[str, Any]) for line in self.log.read_bytes().splitlines()]
        except msgspec.DecodeError as error:
            raise BenchError(f"the log of the matcher is not sound:\n{self.process.log_end()}") from error
        return [(datetime.fromisoformat(record["timestamp"]).timestamp(), record) for record in records if record["event"] == event]
