"""How both processes log: for people on a terminal, for machines elsewhere, as much as was asked for."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exchange import PATIENCE, ROOT, clean_environment

LOGGING = """
import sys
import structlog
from matching_exchange.process.logs import configure_logs

configure_logs(*sys.argv[1:])
log = structlog.get_logger()
for level in ("debug", "info", "warning", "error"):
    getattr(log, level)(f"a {level}", number=1)
"""


def logged(*arguments: str) -> list[str]:
    """The lines of a log that is written to a file."""
    command = [sys.executable, "-c", LOGGING, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def shown(*arguments: str) -> list[str]:
    """The lines of a log that is written to a terminal."""
    reading, terminal = pty.openpty()
    command = [sys.executable, "-c", LOGGING, *arguments]
    subprocess.run(command, cwd=ROOT, env=clean_environment(), stderr=terminal, timeout=PATIENCE, check=True)
    os.close(terminal)
    with os.fdopen(reading, "rb") as lines:
        return lines.read1().decode().splitlines()


def test_a_file_gets_json_and_a_terminal_lines_for_people() -> None:
    assert [json.loads(line)["event"] for line in logged()] == ["a info", "a warning", "a error"]
    lines = shown()
    assert len(lines) == 3
    assert not any(line.startswith("{") for line in lines)
    assert "a warning" in lines[1]


def test_either_form_can_be_asked_for() -> None:
    assert [json.loads(line)["number"] for line in shown("info", "json")] == [1, 1, 1]
    lines = logged("info", "human")
    assert not any(line.startswith("{") or "\x1b" in line for line in lines)
    assert "number=1" in lines[0]


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_is_less_than_was_asked_for_is_left_out(level: str, lines: int) -> None:
    assert [json.loads(line)["level"] for line in logged(level)] == ["debug", "info", "warning", "error"][-lines:]


@pytest.mark.parametrize("module", ["matcher", "gateway", "history"])
def test_all_processes_take_the_settings(tmp_path: Path, module: str) -> None:
    prefix = module.upper()
    names = ("COMMANDS", "MARKET_DATA", "REPORTS") if module != "history" else ()
    endpoints = {f"{prefix}_{name}": f"ipc://{name}" for name in names}
    environment = clean_environment(
        {f"{prefix}_LOG_LEVEL": "info", f"{prefix}_LOG_FORMAT": "human", "GATEWAY_PORT": "0", **endpoints}
    )
    command = [sys.executable, "-m", module]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.kill()
    assert {"matcher": "matcher started", "gateway": "listening", "history": "waiting for a journal"}[module] in first
    assert not first.startswith("{")
