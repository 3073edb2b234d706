"""What a public host runs: the checks of .ci/run, on both ends of what is supported, with no more rights than they need."""

import re
import tomllib

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
