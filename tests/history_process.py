"""The process that follows a journal, in tests."""

from pathlib import Path

from history.schema.database import read_database, sqlite_database
from matching_exchange.tools.history_rows import Rows, place_of, rows_of
from tests.exchange import Process, wait_until

FOLLOWER = "history"


class HistoryProcess(Process):
    """`python -m history` beside a matcher's data directory."""

    def __init__(self, directory: Path, data: Path, *flags: str, database: str = "") -> None:
        environment = {"HISTORY_DATABASE": database} if database else {}
        super().__init__(FOLLOWER, directory, [f"--data-dir={data}", *flags], environment)
        self.database = read_database(database) if database else sqlite_database(data / "history" / "history.sqlite")

    def wait_until_at(self, sequence: int) -> None:
        """Wait until the tables reach that sequence."""

        def reached() -> bool:
            _ = self.running
            return self.place() >= sequence

        wait_until(reached, f"tables up to sequence {sequence}")

    def place(self) -> int:
        return place_of(self.database)

    def rows(self) -> dict[str, Rows]:
        return rows_of(self.database)
