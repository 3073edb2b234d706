"""What a process says to whoever started it."""

import socket
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from matching_exchange.process.readiness import tell_ready
from tests.unit.gateway.fakes import PATIENCE

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has sockets outside the file system")


@pytest.mark.parametrize("kind", ["file", pytest.param("abstract", marks=only_on_linux)])
def test_the_socket_that_is_named_is_told_once(short_path: Path, kind: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waiting:
        waiting.settimeout(PATIENCE)
        waiting.bind(str(short_path / "ready") if kind == "file" else "")
        name = waiting.getsockname()
        tell_ready({"NOTIFY_SOCKET": name if isinstance(name, str) else f"@{name[1:].decode()}"})
        assert waiting.recv(100) == b"READY=1"
        waiting.settimeout(0)
        with pytest.raises(BlockingIOError):
            waiting.recv(100)


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}])
def test_nobody_need_be_told(environment: dict[str, str]) -> None:
    with capture_logs() as logs:
        tell_ready(environment)
    assert logs == []


@pytest.mark.parametrize("name", ["nobody", "x" * 200, "@nobody-listens-here"])
def test_who_cannot_be_told_ends_nothing(tmp_path: Path, name: str) -> None:
    path = name if name.startswith("@") else str(tmp_path / name)
    with capture_logs() as logs:
        tell_ready({"NOTIFY_SOCKET": path})
    [warning] = logs
    assert (warning["log_level"], warning["socket"]) == ("warning", path)
    assert warning["error"]
