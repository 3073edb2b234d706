"""docs/results.md: its example runs, and its tables name what there is."""

import re
from pathlib import Path
from typing import Any

import pytest

from matching_exchange.sim import Figures, Result, SweepResult
from matching_exchange.sim.result.tables import EQUITY, FILLS, ORDERS, QUOTES, TRADES
from tests.exchange import ROOT

PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    [example] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(example, "docs/results.md", "exec"), names)
    result, again, sweep = names["result"], names["again"], names["sweep"]
    assert isinstance(result, Result) and isinstance(sweep, SweepResult)
    assert again.all_figures() == result.all_figures()
    assert len(names["fills"]) == result.figures("maker").fills + result.figures("taker").fills > 0
    assert (len(sweep.runs), sweep.failures) == (16, [])
    assert Path("run.html").is_file() and Path("sweep.html").is_file()
    told = capfd.readouterr()
    assert "maker, half_spread=15 (8 runs)" in told.out
    assert told.err == ""


def test_the_page_tells_each_figure() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`(\w+)`", " ".join(rows)))
    figures = set(Figures.__struct_fields__) - {"agent", "symbol", "quote", "sharpe_interval"}
    assert figures <= named
    assert named - figures == {"quotes", "trades", "orders", "fills", "equity"} - figures


@pytest.mark.parametrize(
    ("name", "columns"),
    [("quotes", QUOTES), ("trades", TRADES), ("orders", ORDERS), ("fills", FILLS), ("equity", EQUITY)],
)
def test_the_page_tells_each_column(name: str, columns: tuple[Any, ...]) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")][-1:]
    assert [word.strip() for word in row.split("|")[3].split(",")] == [column.name for column in columns]
