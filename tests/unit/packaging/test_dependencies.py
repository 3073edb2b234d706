"""What the project needs of others: each with the first version that may not do any more."""

import re
import tomllib
from importlib.metadata import version

import pytest

from tests.exchange import ROOT

DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_every_dependency_is_bounded_by_what_is_tested(dependency: str) -> None:
    found = re.fullmatch(r"([a-z-]+)>=([0-9.]+),<([0-9.]+)(;.*)?", dependency)
    assert found is not None
    name, lowest, beyond, _ = found.groups()
    assert numbers(lowest) <= numbers(version(name)) < numbers(beyond)


@pytest.mark.parametrize(("name", "parts"), [("uvicorn", 2), ("httptools", 2), ("websockets", 1)])
def test_those_whose_insides_are_used_are_bounded_by_the_tested_release(name: str, parts: int) -> None:
    [dependency] = [dependency for dependency in DEPENDENCIES if dependency.startswith(f"{name}>")]
    beyond = numbers(dependency.partition("<")[2])
    installed = numbers(version(name))[:parts]
    assert beyond == (*installed[:-1], installed[-1] + 1)
