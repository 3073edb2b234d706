"""The progress of an export: on a terminal only."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.exchange import PATIENCE, ROOT
from tests.exports import data_directory, rows


def test_a_terminal_gets_a_bar_and_the_rows(tmp_path: Path) -> None:
    data = data_directory("golden_money", tmp_path)
    ours, theirs = pty.openpty()
    arguments = ["fills", str(tmp_path / "x.csv"), "--journal", "--data-dir", str(data)]
    done = subprocess.run(
        [sys.executable, "-m", "matching_exchange.tools.export", *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=PATIENCE,
    )
    os.close(theirs)
    told = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "exporting" in told
    assert f"{len(rows(tmp_path / 'x.csv'))} rows" in told
