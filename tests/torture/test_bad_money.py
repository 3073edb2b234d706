"""A torture run finds a matcher whose ledger loses, doubles or miscounts money, and says so in its report."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from matching_exchange.tools.processes import Process
from matching_exchange.tools.torture import exchange
from matching_exchange.tools.torture.money_check import BALANCES, DOUBLED, SUMS
from matching_exchange.tools.torture.report import print_report
from matching_exchange.tools.torture.run import Plan, torture
from tests.torture.failing import DOUBLES


@pytest.mark.parametrize(
    ("fault", "broken", "commands"),
    [("lost", BALANCES, 50), ("doubled", BALANCES, 50), ("unbooked", SUMS, 50), ("forgotten", DOUBLED, 800)],
)
def test_a_planted_fault_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    broken: str,
    commands: int,
) -> None:
    def process(module: str, arguments: list[str], settings: Mapping[str, str], log: Path) -> Process:
        if module == "matcher":
            return Process(f"{DOUBLES}.bad_money", arguments, {**settings, "BAD_MONEY": fault}, log)
        return Process(module, arguments, settings, log)

    monkeypatch.setattr(exchange, "Process", process)
    report = torture(Plan(kills=0, seed=7, clients=3, snapshot_every=commands), tmp_path, lambda kills, answered: None)
    assert broken in {promise.name for promise in report.promises if promise.broken}
    assert not report.sound
    print_report(report, Console())
    transfers = report.transfers
    assert transfers.answered > 0
    assert f"{transfers.doubled:,} doubled; sums exact: {'yes' if transfers.sums_exact else 'no'}" in (
        capsys.readouterr().out
    )
    assert transfers.doubled > 0 if broken is DOUBLED else not transfers.sums_exact
