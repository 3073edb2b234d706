"""What tools do with the processes that they start."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matching_exchange.tools import processes
from matching_exchange.tools.processes import free_bases, free_ports, pause

THREADS = """
import threading
for _ in range(8):
    threading.Thread(target=lambda: [pow(3, n, 10**9) for n in iter(int, 1)], daemon=True).start()
print("started", flush=True)
threading.Event().wait()
"""


def states(process: subprocess.Popen[bytes]) -> set[str]:
    """Those of all its threads, as proc(5) tells them."""
    tasks = Path(f"/proc/{process.pid}/task")
    return {path.read_text().rpartition(")")[2].split()[0] for path in tasks.glob("*/stat")}


@pytest.mark.skipif(sys.platform != "linux", reason="proc(5) is of Linux")
def test_a_paused_process_has_stopped_as_a_whole() -> None:
    with subprocess.Popen([sys.executable, "-c", THREADS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        try:
            for _ in range(20):
                pause(process)
                assert states(process) == {"T"}
                process.send_signal(signal.SIGCONT)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL


def test_a_process_that_ends_is_not_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"], stdin=subprocess.DEVNULL) as process:
        while process.returncode is None:
            pause(process)
            process.send_signal(signal.SIGCONT)
    assert process.returncode == 0


def test_a_port_that_was_given_is_not_given_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process may not listen yet. A matcher was once given one port for two of its sockets."""
    monkeypatch.setattr(processes, "PORTS", range(31_000, 31_500))
    given = [port for _ in range(100) for port in free_ports(1)]
    bases = free_bases(10, 4)
    given += [base + more for base in bases for more in range(4)]
    assert len(set(given)) == len(given) == 140
