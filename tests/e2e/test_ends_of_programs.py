"""How a program ends that is interrupted before it has begun, or whose output nobody takes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matching_exchange.tools.help import MODULES
from tests.exchange import PATIENCE, ROOT, Exchange, clean_environment, wait_until
from tests.scripts import running

BECOME = f'source {ROOT}/scripts/_environment; python={sys.executable}; become "$@"'
"""What every script does when all is installed."""

needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")


def door(*command: str) -> list[str]:
    return ["bash", "-euc", BECOME, "script", *command]


@pytest.mark.parametrize("script", MODULES)
@pytest.mark.parametrize(
    "moment", ["if '-S' not in sys.orig_argv: interrupt()", "if event == 'import' and name == 'argparse': interrupt()"]
)
def test_interrupt_of_a_program_that_is_starting_says_nothing(tmp_path: Path, script: str, moment: str) -> None:
    """Python reads its packages, or the program imports its own."""
    code = "import os, signal, sys\n\ndef interrupt():\n    os.kill(os.getpid(), signal.SIGINT)\n\n"
    code += (
        f"def hook(event, args):\n    name = args and args[0]\n    {moment}\n\nsys.addaudithook(hook)\n"
        if "event" in moment
        else f"{moment}\n"
    )
    (tmp_path / "sitecustomize.py").write_text(code)
    environment = clean_environment({"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    done = subprocess.run(
        door(MODULES[script], "--help"),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_interrupt_of_a_script_while_it_waits_for_a_command_ends_it(tmp_path: Path) -> None:
    """The command, here `uname`, ends well all the same."""
    uname = tmp_path / "uname"
    uname.write_text("#!/bin/sh\nkill -INT $PPID\necho Linux\n")
    uname.chmod(0o755)
    environment = clean_environment({"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    done = subprocess.run(
        [ROOT / "scripts" / "subscribe", "--help"], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_scripts_become_their_programs() -> None:
    """None starts Python in a way of its own."""
    for script, module in MODULES.items():
        last = (ROOT / "scripts" / script).read_text().splitlines()[-1]
        assert last == f'become {module} "$@"'


def test_program_behind_a_door_can_be_interrupted_and_stopped(exchange: Exchange, tmp_path: Path) -> None:
    command = door("matching_exchange.tools.subscribe", f"--market-data={exchange.matcher.market_data}")
    with running(command, tmp_path, clean_environment()) as subscribe:
        wait_until(lambda: "BTC-USDT is trading" in subscribe.text(), "market data")
        assert subscribe.interrupt() == 0
    assert "Traceback" not in subscribe.text()


@needs_full_device
@pytest.mark.parametrize("unbuffered", ["1", ""])
@pytest.mark.parametrize("script", [name for name in MODULES if name not in ("matcher", "gateway")])
def test_full_output_is_told_in_one_line(script: str, unbuffered: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", MODULES[script], "--help"],
            env=clean_environment({"PYTHONUNBUFFERED": unbuffered}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        )
    status = 2 if script in ("replay", "conformance") else 1
    assert (done.returncode, done.stderr) == (status, f"{script}: standard output: No space left on device\n")


@needs_full_device
@pytest.mark.parametrize("script", [*MODULES, "test", "lint"])
def test_help_of_a_script_for_a_full_output_is_one_line(script: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [ROOT / "scripts" / script, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE
        )
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1


@needs_full_device
def test_report_for_a_full_output_is_one_line(shared_exchange: Exchange, symbol: str) -> None:
    command = [sys.executable, "-m", "matching_exchange.tools.load_test", f"--url={shared_exchange.url}"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*command, f"--symbol={symbol}", "--rate=50", "--seconds=0.2"],
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        )
    assert (done.returncode, done.stderr) == (1, "load_test: standard output: No space left on device\n")


def test_output_that_nobody_reads_any_more_ends_a_program_without_a_word(
    shared_exchange: Exchange, symbol: str, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "matching_exchange.tools.subscribe",
        f"--market-data={shared_exchange.matcher.market_data}",
        symbol,
    ]
    with subprocess.Popen(
        command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as subscribe:
        assert subscribe.stdout is not None and subscribe.stderr is not None
        assert subscribe.stdout.readline() == f"{symbol} is trading\n"
        subscribe.stdout.close()
        shared_exchange.trade(symbol, "100")
        assert subscribe.wait(PATIENCE) == 141
        assert subscribe.stderr.read() == ""
