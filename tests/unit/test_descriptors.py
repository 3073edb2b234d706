"""How many descriptors a process may use."""

import subprocess
import sys

import pytest

from process import descriptors
from process.descriptors import raise_limit
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
def test_the_limit_is_raised_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch, system: Resource, soft: int, usable: int) -> None:
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


def test_the_limit_of_this_system_is_raised() -> None:
    code = (
        "import resource; from process.descriptors import raise_limit; print(raise_limit(10), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    pytest.importorskip("resource")
    shell = ["sh", "-c", 'ulimit -S -n 100; ulimit -H -n 200; exec "$@"', "sh", sys.executable, "-c", code]
    result = subprocess.run(shell, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert result.stdout == "190 200 200\n"
