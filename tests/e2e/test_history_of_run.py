"""The history beside an exchange in one command: its end is no end of the exchange."""

import os
import signal
from pathlib import Path

from history.schema.database import sqlite_database
from matching_exchange.tools.history_rows import place_of
from matching_exchange.tools.processes import free_ports
from tests.e2e.test_run import RUN, run_in_vain, wait_until_open
from tests.exchange import clean_environment, wait_until
from tests.scripts import call, own_endpoints, running


def place(data: Path) -> int:
    return place_of(sqlite_database(data / "history" / "history.sqlite"))


def follower(data: Path) -> int:
    """Its process id; 0 before it has one."""
    noted = data / "history" / "lock"
    return int(noted.read_text() or 0) if noted.exists() else 0


def test_a_history_that_dies_is_started_again(tmp_path: Path) -> None:
    [port] = free_ports(1)
    data = tmp_path / "data"
    with running([*RUN, f"--port={port}"], tmp_path, clean_environment(own_endpoints())) as script:
        wait_until_open(script)
        wait_until(lambda: place(data) > 0, "tables that are filled")
        killed = follower(data)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: "the history has ended by itself" in script.text(), "a line about it")
        wait_until(lambda: follower(data) != killed, "a new follower")
        assert call(f"http://127.0.0.1:{port}/health")
        assert script.interrupt() == 0
    assert script.text().count("the history has ended by itself with status -9") == 1
    assert script.text().endswith("The exchange is closed.\n")


def test_a_bad_setting_of_the_history_is_told_before_anything_starts(tmp_path: Path) -> None:
    for name, value in (("HISTORY_KEEP", "never"), ("HISTORY_DATABASE", "oracle://x:hunter2@y/z")):
        status, lines = run_in_vain(tmp_path, **{name: value})
        assert status == 2
        [line] = lines
        assert line.startswith(f"history: {name}: ")
        assert "hunter2" not in line
    assert not (tmp_path / "data").exists()
