"""What a tool says where no matcher answers."""

import socket
import sys
from pathlib import Path

import pytest

from matching_exchange.tools.processes import free_ports
from matching_exchange.tools.waiting import unanswered
from tests.exchange import Matcher, clean_environment, wait_until
from tests.scripts import running


def test_only_what_nobody_listens_at_is_named(short_path: Path) -> None:
    [port] = free_ports(1)
    away = f"tcp://127.0.0.1:{port}"
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(short_path / "s"))
        bound.listen()
        heard = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        for other in (heard, f"ipc://{short_path}/s"):
            assert unanswered({"--commands": other, "--reports": away}) == f"no matcher answers at {away} (--reports)"
            assert unanswered({"--commands": away, "--reports": other}) == f"no matcher answers at {away} (--commands)"
        assert unanswered({"--commands": f"ipc://{short_path}/s", "--reports": heard}) == (
            f"no matcher answers at ipc://{short_path}/s (--commands), {heard} (--reports)"
        )
        assert unanswered({"--commands": f"ipc://{short_path}/none", "--reports": away}) == (
            f"no matcher answers at ipc://{short_path}/none (--commands), {away} (--reports)"
        )


@pytest.mark.parametrize("wrong", ["commands", "reports"])
def test_demo_says_that_it_waits_and_where(shared_matcher: Matcher, tmp_path: Path, wrong: str) -> None:
    [port] = free_ports(1)
    away = f"tcp://127.0.0.1:{port}"
    endpoints = {"commands": shared_matcher.commands, "reports": shared_matcher.reports, wrong: away}
    flags = [f"--{name}={endpoint}" for name, endpoint in endpoints.items()]
    command = [sys.executable, "-m", "matching_exchange.tools.demo", *flags]
    with running(command, tmp_path, clean_environment()) as demo:
        wait_until(demo.text, "a line")
        assert demo.interrupt() == 0
    assert demo.text() == f"demo: no matcher answers at {away} (--{wrong}): waiting\n"
