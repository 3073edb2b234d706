"""scripts/compatibility: its table, what it says where a client cannot be installed, and the wall around its sessions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from matching_exchange.tools.compatibility import __main__ as compatibility
from matching_exchange.tools.compatibility.clients import Client, Session
from tests.exchange import clean_environment

STEPS = "matching_exchange.tools.compatibility.sessions.steps"


@pytest.mark.parametrize(
    "reach",
    [
        "socket.getaddrinfo('api.venue.example', 443)",
        "socket.create_connection(('198.51.100.7', 443))",
        "socket.socket().connect(('198.51.100.7', 443))",
        "socket.gethostbyname('api.venue.example')",
        "asyncio.run(asyncio.open_connection('api.venue.example', 443))",
    ],
)
def test_a_session_that_reaches_for_another_host_fails_and_tells_it(reach: str) -> None:
    program = f"import asyncio, socket\nfrom {STEPS} import stay_here\nstay_here()\n{reach}"
    done = subprocess.run(
        [sys.executable, "-c", program], env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "OtherHostError" in done.stderr
    host = "198.51.100.7" if "198" in reach else "api.venue.example"
    assert json.loads(done.stdout.splitlines()[0]) == {"call": "no look-up of another host", "error": host}


def test_this_machine_is_reached_inside_the_wall() -> None:
    program = (
        f"import socket\nfrom {STEPS} import stay_here\nstay_here()\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname())\nsocket.getaddrinfo('localhost', 80)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=clean_environment(), capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_client_that_cannot_be_installed_is_a_recipe_that_was_not_run(tmp_path: Path) -> None:
    client = Client("one", "1.0", ("no-package",), (Session("live", "nautilus"),), python=(99, 0))
    rows = compatibility.tried(client, tmp_path, [])
    assert [row.cells[:4] for row in rows] == [("one", "1.0", "", "recipe, not run")]
    assert rows[0].cells[4] == "no Python 99.0 or newer was found: say --python PATH"
    assert rows[0].failed == []


def test_the_table_is_markdown_with_failures_below(capsys: pytest.CaptureFixture[str]) -> None:
    compatibility.print_table([compatibility.Row(("ccxt", "4", "HTTP", "1", "1"), ["fetch_time: it gave None"])])
    assert capsys.readouterr().out.splitlines() == [
        "| client | version | session | calls that passed | calls that failed |",
        "|---|---|---|---|---|",
        "| ccxt | 4 | HTTP | 1 | 1 |",
        "",
        "ccxt 4, HTTP: fetch_time: it gave None",
    ]


def test_an_unknown_client_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        compatibility.main(["kraken"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("compatibility: CLIENT: kraken: takes some of ccxt, ccxt-npm, ")
