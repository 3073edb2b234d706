"""What a public host runs: the checks of .ci/run, on both ends of what is supported, with no more rights than they need."""

import re
import subprocess
import tomllib
from typing import Any

import pytest

from tests.exchange import ROOT

WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_it_runs_what_continuous_integration_runs() -> None:
    assert re.search(r"^      - run: \.ci/run$", WORKFLOW, re.MULTILINE)


def test_the_oldest_and_the_newest_python_are_tried() -> None:
    found = re.search(r'^        python: \["([0-9.]+)", "([0-9.]+)"\]$', WORKFLOW, re.MULTILINE)
    assert found is not None
    assert f">={found[1]}" == PROJECT["requires-python"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert (named[0], named[-1]) == found.groups()


def test_rights_versions_and_times_are_bounded() -> None:
    assert "\npermissions:\n  contents: read\n" in WORKFLOW
    assert "cancel-in-progress: true" in WORKFLOW
    assert len(re.findall(r"timeout-minutes: \d+", WORKFLOW)) == WORKFLOW.count("runs-on:") == 1
    actions = re.findall(r"uses: (\S+)", WORKFLOW)
    assert actions
    for action in actions:
        assert re.fullmatch(r"[a-z-]+/[a-z-]+@v\d+\.\d+\.\d+", action)


# What a tag makes


@pytest.fixture(scope="module")
def release() -> dict[Any, Any]:
    yaml = pytest.importorskip("yaml", reason="the workflow is read with PyYAML")
    content: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    return content


def steps(release: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in release["jobs"].values() for step in job["steps"]]


def test_a_tag_makes_wheels_and_an_image(release: dict[Any, Any]) -> None:
    # YAML 1.1 reads the word `on` as true.
    assert release[True] == {"push": {"tags": ["v*"]}}
    jobs = release["jobs"]
    assert jobs["publish"]["needs"] == ["version", "wheels", "sources", "image"]
    assert all(name in jobs for job in jobs.values() for name in _listed(job.get("needs", [])))
    [build] = [step for step in jobs["wheels"]["steps"] if "cibuildwheel" in step.get("uses", "")]
    named = re.findall(r"Python :: 3\.(\d+)", "\n".join(PROJECT["classifiers"]))
    assert build["env"]["CIBW_BUILD"].split() == [f"cp3{minor}-*" for minor in named]
    assert build["env"]["CIBW_ENVIRONMENT"] == "EXCHANGE_COMPILE=always"


def _listed(needs: str | list[str]) -> list[str]:
    return [needs] if isinstance(needs, str) else needs


def test_nothing_is_published_unless_the_repository_says_so(release: dict[Any, Any]) -> None:
    jobs = release["jobs"]
    assert jobs["publish"]["if"] == "vars.PUBLISH == 'true'"
    for name, job in jobs.items():
        for step in job["steps"]:
            if name != "publish" and "docker push" in step.get("run", ""):
                assert step["if"] == "vars.PUBLISH == 'true'"
            assert name == "publish" or "pypi-publish" not in step.get("uses", "")


def test_rights_versions_and_times_of_a_release_are_bounded(release: dict[Any, Any]) -> None:
    assert release["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 90 for job in release["jobs"].values())
    writing = {name for name, job in release["jobs"].items() if "write" in job.get("permissions", {}).values()}
    assert writing == {"image", "publish"}
    for step in steps(release):
        if "uses" in step:
            assert re.fullmatch(r"[a-z-]+/[a-z-]+@v\d+\.\d+\.\d+", step["uses"])
        else:
            # What an event brings reaches a script by a variable only.
            assert "${{" not in step["run"]
            checked = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True, timeout=30)
            assert (checked.returncode, checked.stderr) == (0, "")
