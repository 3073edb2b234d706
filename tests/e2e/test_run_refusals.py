"""What scripts/run says before it starts anything, and when a part of it ends."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from matching_exchange.tools.processes import free_ports
from tests.children import children_of
from tests.exchange import PATIENCE, ROOT, clean_environment, wait_until
from tests.scripts import free_base, own_endpoints, running

RUN = [sys.executable, "-m", "matching_exchange.tools.run"]


def refused(directory: Path, *arguments: str, **environment: str) -> list[str]:
    """The lines of a run that does not start."""
    return ended(1, directory, *arguments, **environment)


def ended(status: int, directory: Path, *arguments: str, **environment: str) -> list[str]:
    """The lines of a run that ends at once with this status."""
    done = subprocess.run(
        [*RUN, *arguments],
        cwd=directory,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (status, "")
    return done.stderr.splitlines()


@pytest.mark.parametrize("offset", range(4))
def test_taken_port_of_a_base_is_told_and_leaves_no_directory(tmp_path: Path, offset: int) -> None:
    base = free_base()
    with socket.create_server(("127.0.0.1", base + offset)):
        [line] = refused(tmp_path, f"--ports={base}")
    assert line.startswith(f"run: --ports={base}: ")
    assert line.endswith(f"127.0.0.1:{base + offset} cannot be bound: another process has it") or offset == 0
    assert f"127.0.0.1:{base + offset}" in line
    assert list(tmp_path.iterdir()) == []


def test_taken_port_leaves_a_demo_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "data-demo" / "journal").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused(tmp_path, "--demo", "--reset", f"--port={taken.getsockname()[1]}", **own_endpoints())
    assert (tmp_path / "data-demo" / "journal").is_dir()


def test_host_that_is_no_address_here_is_told_first(tmp_path: Path) -> None:
    [port] = free_ports(1)
    [line] = refused(tmp_path, f"--port={port}", GATEWAY_HOST="nonsense.invalid", **own_endpoints())
    assert line.startswith(f"run: GATEWAY_HOST: cannot listen on nonsense.invalid:{port}: ")
    assert list(tmp_path.iterdir()) == []


def test_nodes_of_others_are_refused(tmp_path: Path) -> None:
    [line] = ended(2, tmp_path, GATEWAY_MATCHERS="a:5555,b:5555", **own_endpoints())
    assert line == "run: GATEWAY_MATCHERS: takes none here: this program starts the matcher of its gateway"
    assert list(tmp_path.iterdir()) == []


def test_second_start_names_the_first_one(tmp_path: Path) -> None:
    endpoints = own_endpoints()
    command = [*RUN, f"--port={free_ports(1)[0]}"]
    with running(command, tmp_path, clean_environment(endpoints)) as script:
        wait_until(lambda: "Ctrl-C" in script.text() or script.process.poll() is not None, "the banner")
        owner = (tmp_path / "data" / "lock").read_text().strip()
        assert int(owner) in children_of(script.process.pid)
        # Both the directory and the ports are taken.
        [line] = refused(tmp_path, *command[3:], **endpoints)
        assert script.interrupt() == 0
    assert line == (
        f"run: the data directory data is in use by the matcher with process id {owner}: stop it, or choose another "
        "with MATCHER_DATA_DIR (--data-dir); scripts/run --ports starts a second exchange"
    )


def test_unknown_variable_is_told_once(tmp_path: Path) -> None:
    misspelt = {"GATEWAY_PROT": "1", "MATCHER_SINC": "off", "MATCHER_QWXZ": "1"}
    command = [*RUN, "--demo", f"--port={free_ports(1)[0]}"]
    with running(command, tmp_path, clean_environment({**own_endpoints(), **misspelt})) as script:
        wait_until(lambda: "demo: trades" in script.text() or script.process.poll() is not None, "all processes")
        assert script.interrupt() == 0
    assert sorted(line for line in script.text().splitlines() if "no setting" in line) == [
        "gateway: GATEWAY_PROT is no setting: GATEWAY_PORT?",
        "matcher: MATCHER_QWXZ is no setting",
        "matcher: MATCHER_SINC is no setting: MATCHER_SYNC?",
    ]


def test_part_that_is_killed_while_it_starts_says_how(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\nif 'matcher' in sys.orig_argv:\n    os.kill(os.getpid(), signal.SIGBUS)\n"
    )
    environment = {**own_endpoints(), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    lines = refused(tmp_path, f"--port={free_ports(1)[0]}", **environment)
    assert lines == ["run: the matcher did not start: it ended by SIGBUS"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_end_of_a_part_says_how(tmp_path: Path, number: signal.Signals) -> None:
    with running([*RUN, f"--port={free_ports(1)[0]}"], tmp_path, clean_environment(own_endpoints())) as script:
        wait_until(lambda: "Ctrl-C" in script.text() or script.process.poll() is not None, "the banner")
        os.kill(int((tmp_path / "data" / "lock").read_text()), number)
        assert script.process.wait(PATIENCE) == 1
    how = "by SIGKILL" if number == signal.SIGKILL else "with status 0"
    assert (
        f"run: the matcher has ended by itself {how} (data directory data: MATCHER_DATA_DIR, --data-dir): "
        "closing the exchange"
    ) in script.text().splitlines()
