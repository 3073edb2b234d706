"""The exchange on systems that lack what only Linux has: seen here by taking it away, from every process of a real
run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from matching_exchange.tools.processes import free_ports
from tests.children import alive, children_of
from tests.exchange import PATIENCE, Matcher, clean_environment, wait_until
from tests.other_systems import TAKEN, python_path
from tests.scripts import assert_gone, call, is_lively, own_endpoints, running
from tests.torture.failing import DOUBLES, replace_matcher

ORDER = {
    "symbol": "BTC-USDT",
    "order_type": "limit",
    "side": "buy",
    "quantity": "1",
    "price": "40000",
    "client_order_id": "mine",
}

LOOK = """
import ctypes, importlib, os, socket, sys
from pathlib import Path

left = [name for module, names in {taken!r}.items() for name in names if hasattr(importlib.import_module(module), name)]
left += ["prctl"] if hasattr(ctypes.CDLL(None), "prctl") else []
left += ["procfs"] if Path("/proc/self").exists() else []
try:
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind("")
    left.append("abstract sockets")
except OSError:
    pass
print(left, sys.platform)
"""


@pytest.mark.parametrize("platform", ["", "darwin"])
def test_what_is_taken_away_is_not_there(tmp_path: Path, platform: str) -> None:
    environment = clean_environment({"PYTHONPATH": python_path(tmp_path, platform)})
    command = [sys.executable, "-c", LOOK.format(taken=dict(TAKEN))]
    found = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
    ).stdout
    assert found == f"[] {platform or sys.platform}\n"


@pytest.mark.parametrize("platform", ["", "darwin"])
def test_a_demo(tmp_path: Path, platform: str) -> None:
    """From its start over orders, snapshots and a digest to its end, and again from what it has left."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    settings = {"PYTHONPATH": python_path(tmp_path, platform), "MATCHER_SNAPSHOT_EVERY": "50", **own_endpoints()}
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-m", "matching_exchange.tools.run", "--demo", f"--port={port}"]
    for duplicate in (False, True):
        with running(command, work, clean_environment(settings)) as script:
            wait_until(lambda: is_lively(url, "BTC-USDT") or script.process.poll() is not None, "a lively market")
            placed = httpx.post(f"{url}/orders", json=ORDER, trust_env=False).json()
            assert (placed["status"], placed.get("duplicate", False)) == ("open", duplicate)
            wait_until(lambda: list((work / "data-demo" / "snapshots").glob("*.snapshot")), "a snapshot")
            digest = httpx.get(f"{url}/admin/digest", trust_env=False, timeout=PATIENCE).json()["digest"]
            assert len(digest) == 64
            assert (call(f"{url}/health") or {})["status"] == "ok"
            assert script.interrupt() == 0
        assert "Traceback" not in script.text()
        assert_gone(url, work / "data-demo")


def test_a_killed_matcher_leaves_no_child(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path, "--snapshot-every=1")
    replace_matcher(matcher, f"{DOUBLES}.slow_snapshots")
    matcher.environment["PYTHONPATH"] = python_path(tmp_path)
    matcher.restart()
    try:
        [child] = wait_until(lambda: children_of(matcher.running.pid), "a snapshot that is being written")
        matcher.kill()
        wait_until(lambda: not alive(child), "the end of the child, with the matcher's")
        replace_matcher(matcher)
        matcher.restart()
    finally:
        matcher.close()


@pytest.mark.parametrize(
    "module", ["matcher", "gateway", "history", "matching_exchange.tools.run", "matching_exchange.tools.demo"]
)
def test_windows_is_told_what_to_use(tmp_path: Path, module: str) -> None:
    code = f"""
import runpy, sys
import sqlalchemy, structlog, uvicorn, zmq  # as they are there

sys.platform = "win32"
runpy.run_module({module!r}, run_name="__main__")
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == "The exchange runs on Linux and macOS. On Windows, use WSL or containers (docker compose up).\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_long_directory_for_temporary_files_is_no_hindrance(tmp_path: Path) -> None:
    """A socket in it would have too long a path."""
    temporary = tmp_path / ("t" * 90)
    temporary.mkdir()
    environment = clean_environment({"TMPDIR": str(temporary), **own_endpoints()})
    command = [sys.executable, "-m", "matching_exchange.tools.run", f"--port={free_ports(1)[0]}"]
    with running(command, tmp_path, environment) as script:
        wait_until(lambda: "Ctrl-C" in script.text() or script.process.poll() is not None, "the banner")
        os.kill(script.process.pid, signal.SIGTERM)
        assert script.process.wait(PATIENCE) == 0
    assert list(temporary.iterdir()) == []
