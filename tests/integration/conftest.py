"""A matcher that ends before it opens a socket, run in the test's process."""

import os
import sys
from pathlib import Path

import pytest

from matcher.__main__ import main
from tests.exchange import clean_environment
from tests.integration.matcher_runs import Outcome, RunHere


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> RunHere:
    """As `run`, within this process: for matchers that end before they open a socket, of which there are many."""
    for name in {*os.environ} - {*clean_environment()}:
        monkeypatch.delenv(name)
    monkeypatch.setattr("matcher.__main__.configure_logs", lambda *_: None)
    monkeypatch.setattr("matcher.__main__.Matcher", unexpected_matcher)
    monkeypatch.chdir(tmp_path)

    def run_here(*arguments: str, **environment: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["matcher", *arguments])
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        try:
            status = main()
        except SystemExit as end:
            status = -1 if not isinstance(end.code, int) else end.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run_here


def unexpected_matcher(*_: object) -> None:
    pytest.fail("the settings were taken")
