"""What one command has started ends with it, however that ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matching_exchange.tools.processes import free_ports
from tests.children import alive, children_of
from tests.exchange import PATIENCE, clean_environment, wait_until
from tests.scripts import assert_gone, own_endpoints, running

TIED = "import sys; from matching_exchange.tools.tied import TiedProcess; "


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_run_leaves_no_process(tmp_path: Path, workers: str) -> None:
    [port] = free_ports(1)
    environment = clean_environment({**own_endpoints(), "GATEWAY_WORKERS": workers})
    command = [sys.executable, "-m", "matching_exchange.tools.run", "--demo", "-v", f"--port={port}"]
    with running(command, tmp_path, environment) as script:
        wait_until(lambda: "Ctrl-C" in script.text() or script.process.poll() is not None, "the banner")
        children = children_of(script.process.pid)
        script.process.kill()
        script.process.wait(PATIENCE)
        wait_until(lambda: not any(map(alive, children)), "the end of the processes")
    assert len(children) == 4
    assert_gone(f"http://127.0.0.1:{port}", tmp_path / "data-demo")
    # In order and cleanly: the gateway answers what was taken while the matcher is still there.
    stopped = [line for line in script.text().splitlines() if "stopped" in line and "history stopped" not in line]
    assert ["matcher stopped" in line for line in stopped] == [False] * (len(stopped) - 1) + [True]
    assert len(stopped) > 1
    assert "Traceback" not in script.text()


def test_killed_run_leaves_no_directory_of_sockets(tmp_path: Path) -> None:
    [port] = free_ports(1)
    temporary = tmp_path / "t"
    temporary.mkdir()
    environment = clean_environment({**own_endpoints(), "TMPDIR": str(temporary)})
    with running([sys.executable, "-m", "matching_exchange.tools.run", f"--port={port}"], tmp_path, environment) as run:
        wait_until(lambda: "Ctrl-C" in run.text() or run.process.poll() is not None, "the banner")
        children = children_of(run.process.pid)
        run.process.kill()
        run.process.wait(PATIENCE)
        wait_until(lambda: not any(map(alive, children)), "the end of the processes")
    assert list(temporary.iterdir()) == []


def test_tied_process_is_as_one_that_is_started_alone(tmp_path: Path) -> None:
    """Arguments, status, and no line that its own children could hold."""
    (tmp_path / "shown.py").write_text(
        "import os, subprocess, sys\n"
        "print(__name__, sys.argv[1:], os.get_inheritable(int(sys.orig_argv[3])), flush=True)\n"
        "sys.exit(7)\n"
    )
    code = f"{TIED}print(TiedProcess('shown', ['--a', 'b']).wait())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == ("__main__ ['--a', 'b'] False\n7\n", "")


def test_process_that_outlives_another_hears_the_end_after_it(tmp_path: Path) -> None:
    """The first one stops only when the second one, which takes its time, has gone."""
    (tmp_path / "first.py").write_text(
        "import signal, sys\n"
        "print('first', flush=True)\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('first ends', flush=True)))\n"
        "while True: signal.pause()\n"
    )
    (tmp_path / "second.py").write_text(
        "import os, signal, sys, time\n"
        "def stop(*_):\n"
        "    while not os.path.exists('go'): time.sleep(0.01)\n"
        "    sys.exit(print('second ends', flush=True))\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "print('second', flush=True)\n"
        "while True: signal.pause()\n"
    )
    code = f"{TIED}first = TiedProcess('first', []); second = TiedProcess('second', [], [first]); sys.stdin.read()"
    output = tmp_path / "output.txt"
    with output.open("wb") as file:
        starter = subprocess.Popen(
            [sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), stdin=subprocess.PIPE, stdout=file
        )
    wait_until(lambda: sorted(output.read_text().split()) == ["first", "second"], "both")
    children = children_of(starter.pid)
    starter.kill()
    starter.wait(PATIENCE)
    assert starter.stdin is not None
    starter.stdin.close()
    (tmp_path / "go").touch()
    wait_until(lambda: not any(map(alive, children)), "their end")
    assert output.read_text().splitlines()[2:] == ["second ends", "first ends"]


def test_tools_that_start_an_exchange_take_it_with_them(tmp_path: Path) -> None:
    """As the load tests, the torture and the benchmarks start theirs."""
    code = (
        "import sys; from pathlib import Path; from matching_exchange.tools.processes import Process, free_ports\n"
        "ports = [f'--{name}=tcp://127.0.0.1:{port}' for name, port in"
        " zip(('commands', 'market-data', 'reports'), free_ports(3))]\n"
        "process = Process('matcher', [*ports, '--data-dir=data'], {}, Path('log'))\n"
        "process.start()\n"
        "sys.stdin.read()\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), stdin=subprocess.PIPE
    )
    log = tmp_path / "log"
    wait_until(lambda: log.exists() and "matcher started" in log.read_text(), "a matcher")
    children = children_of(starter.pid)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait(PATIENCE)
    assert starter.stdin is not None
    starter.stdin.close()
    wait_until(lambda: not any(map(alive, children)), "its end")
    assert "matcher stopped" in log.read_text()
