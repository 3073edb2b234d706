"""`python -m matching_exchange.tools.torture`: its arguments, what it prints and keeps, and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from matching_exchange.tools.processes import ExchangeError
from matching_exchange.tools.torture import __main__ as command
from matching_exchange.tools.torture.killer import Kill
from matching_exchange.tools.torture.promises import Promise
from matching_exchange.tools.torture.report import Report, Transfers, recoveries
from matching_exchange.tools.torture.run import Plan

Torture = Callable[[Plan, Path, Callable[[int, int], None]], Report]


def report(plan: Plan, *broken: str) -> Report:
    kills = [Kill("matcher", 0.5), Kill("matcher", 0.3), Kill("matcher"), Kill("both", 1.2)]
    promises = [Promise("lost", len(broken), list(broken)), Promise("doubled")]
    counts = (4, 2, 1, 1, 3, 11, 4, 4, 3, 2, 9, 2, 1)
    what = (
        recoveries(kills),
        10,
        {"place": 9, "oco": 1},
        *counts,
        {"canceled, expired": 7},
        promises,
        {"live": "ab" * 32},
        Transfers(1_234, 56, 0, 0, sums_exact=not broken),
    )
    return Report(plan.seed, plan.sync, plan.clients, plan.workers, 1.5, *what)


def run(monkeypatch: pytest.MonkeyPatch, torture: Torture, *arguments: str) -> tuple[int, Plan, Path]:
    """The exit status, and what was asked for."""
    asked: list[tuple[Plan, Path]] = []

    def noted(plan: Plan, directory: Path, progress: Callable[[int, int], None]) -> Report:
        asked.append((plan, directory))
        progress(1, 10)
        return torture(plan, directory, progress)

    monkeypatch.setattr(command, "torture", noted)
    status = command.main(arguments)
    ((plan, directory),) = asked
    return status, plan, directory


def test_a_sound_run_ends_with_0_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, plan, directory = run(
        monkeypatch, lambda plan, *_: report(plan), "--kills", "3", "--seed", "5", "--sync", "interval:20"
    )
    assert status == 0
    assert (plan.kills, plan.seed, plan.sync) == (3, 5, "interval:20")
    assert not directory.exists()
    printed = capsys.readouterr()
    assert f"seed 5, in {directory}" in printed.err
    assert "unknown outcomes, all resolved" in printed.out
    assert "OCOs" in printed.out and "canceled, expired" in printed.out
    assert "transfers: 1,234 answered, 56 again, 0 lost, 0 doubled; sums exact: yes" in printed.out


def test_a_broken_promise_ends_with_1_and_keeps_the_directory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, directory = run(monkeypatch, lambda plan, *_: report(plan, "order 7 is gone"))
    assert status == 1
    assert directory.is_dir()
    directory.rmdir()
    printed = capsys.readouterr()
    assert "lost: order 7 is gone" in printed.out
    assert "sums exact: no" in printed.out
    assert str(directory) in printed.err.splitlines()[-1]


def test_an_exchange_that_does_not_come_back_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def torture(plan: Plan, directory: Path, progress: Callable[[int, int], None]) -> Report:
        raise ExchangeError("the matcher has ended by itself")

    status, _, directory = run(monkeypatch, torture)
    assert status == 1
    directory.rmdir()
    assert "torture: the matcher has ended by itself" in capsys.readouterr().err


def test_the_report_as_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    status, _, directory = run(monkeypatch, lambda plan, *_: report(plan), "--json", "--seed", "5", "--keep", str(kept))
    assert (status, directory) == (0, kept)
    assert kept.is_dir()
    printed = json.loads(capsys.readouterr().out)
    assert printed["seed"] == 5
    assert printed["promises"] == [
        {"name": "lost", "broken": 0, "cases": []},
        {"name": "doubled", "broken": 0, "cases": []},
    ]
    matcher, both, every = printed["kills"]
    assert matcher == {"kind": "matcher", "kills": 3, "recovered": 2, "fastest": 300, "median": 400, "slowest": 500}
    assert (both["kills"], every["kills"], every["slowest"]) == (1, 4, 1200)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--kills", "many"),
        ("--clients", "0"),
        ("--clients", "1001"),
        ("--workers", "65"),
        ("--sync", "sometimes"),
        ("--seed", "-1"),
        ("--unknown",),
        ("--keep", "/dev/null/no"),
    ],
)
def test_a_bad_argument_ends_with_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert arguments[0] in printed.err
    if len(arguments) > 1:
        assert arguments[1] in printed.err
