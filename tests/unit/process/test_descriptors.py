"""How many descriptors a process may use."""

import subprocess
import sys

import pytest

from matching_exchange.process import descriptors
from matching_exchange.process.descriptors import KEPT, raise_limit
from tests.exchange import PATIENCE, ROOT

INFINITY = 2**63 - 1


class Resource:
    """A system with these limits. It takes no limit above `most`."""

    RLIMIT_NOFILE = 7
    RLIM_INFINITY = INFINITY

    def __init__(self, soft: int, hard: int, most: int = INFINITY) -> None:
        self.limits = soft, hard
        self.most = most

    def getrlimit(self, _: int) -> tuple[int, int]:
        return self.limits

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        if limits[0] > self.most:
            raise ValueError("current limit exceeds maximum limit")
        self.limits = limits


@pytest.mark.parametrize(
    ("system", "soft", "usable"),
    [
        (Resource(1024, 524_288), 524_288, 524_256),
        (Resource(1024, 1024), 1024, 992),
        (Resource(256, INFINITY), 1_048_576, 1_048_544),
        (Resource(256, INFINITY, 10_240), 10_240, 10_208),
        (Resource(256, INFINITY, 0), 256, 224),
        (Resource(65_536, INFINITY, 10_240), 65_536, 65_504),
        (Resource(1024, 1_073_741_816), 1_048_576, 1_048_544),
        (Resource(1_073_741_816, 1_073_741_816), 1_073_741_816, 1_073_741_784),
        (Resource(20, 20), 20, 1),
        (Resource(INFINITY, INFINITY), INFINITY, sys.maxsize),
    ],
)
def test_the_limit_is_raised_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch, system: Resource, soft: int, usable: int
) -> None:
    hard = system.limits[1]
    monkeypatch.setattr(descriptors, "resource", system)
    assert raise_limit(32) == usable
    assert system.limits == (soft, hard)


def test_a_system_that_refuses_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(Resource):
        def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
            raise PermissionError("not allowed")

    system = Refusing(1024, 4096)
    monkeypatch.setattr(descriptors, "resource", system)
    assert raise_limit(24) == 1000


def test_a_system_without_limits_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "resource", None)
    assert raise_limit(32) == sys.maxsize


def test_some_are_kept_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    system = Resource(100, 1024)
    monkeypatch.setattr(descriptors, "resource", system)
    assert raise_limit(32, keep=True) == 1024 - KEPT - 32
    assert system.limits == (1024 - KEPT, 1024)
    # A process that was started by such a one.
    assert raise_limit(32, keep=True) == 1024 - KEPT - 32


def test_nothing_is_kept_of_a_limit_that_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    system = Resource(256, INFINITY, 0)
    monkeypatch.setattr(descriptors, "resource", system)
    assert raise_limit(32, keep=True) == 224


def limited(code: str) -> str:
    """What the code says where 100 descriptors may be used, and 200 where the process asks for them."""
    pytest.importorskip("resource")
    shell = ["sh", "-c", 'ulimit -S -n 100; ulimit -H -n 200; exec "$@"', "sh", sys.executable, "-c", code]
    return subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


def test_the_limit_of_this_system_is_raised() -> None:
    code = """
import resource
from matching_exchange.process.descriptors import raise_limit

print(raise_limit(10), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    assert limited(code) == "190 200 200\n"


def test_files_are_opened_where_connections_have_taken_all() -> None:
    """Nothing but files may use what is kept, and what they have used is there again once they are closed."""
    code = """
import socket
from pathlib import Path
from matching_exchange.process.descriptors import raise_limit
from matching_exchange.process.files import list_files, read_file

raise_limit(10, keep=True)
taken = []
while True:
    try:
        taken.append(socket.socket())
    except OSError as error:
        print(error.strerror)
        break
for _ in range(100):
    read_file(Path("pyproject.toml"), 1_000_000)
print(len(list_files(Path("docs"), ".md")) > 0)
"""
    assert limited(code).splitlines() == ["Too many open files", "True"]
