"""The soak of the history: what it counts, and that a row that differs counts."""

import re
import subprocess
import sys

from matching_exchange.tools.history_rows import Rows, differences
from tests.exchange import PATIENCE, clean_environment


def test_a_short_soak_finds_no_difference() -> None:
    command = [sys.executable, "-m", "matching_exchange.tools.history_soak", "--kills=4", "--seed=3"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=3 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kills of the history, 1 of the matcher, 0 of the database" in done.stdout
    rows = {name: (rows, differing) for name, rows, differing in re.findall(r"(\w+) +([\d,]+) +(\d+)\s", done.stdout)}
    assert int(rows["all"][0].replace(",", "")) > 100
    assert {differing for _, differing in rows.values()} == {"0"}


def test_a_row_that_is_missing_is_counted() -> None:
    one: dict[str, Rows] = {"trades": [(1, "a"), (2, "b")], "orders": [(1,)]}
    assert differences(one, {"trades": [(1, "a"), (2, "c")], "orders": [(1,)]}) == {"trades": 2, "orders": 0}
    assert differences(one, {"trades": [(1, "a")], "orders": [(1,)]}) == {"trades": 1, "orders": 0}
