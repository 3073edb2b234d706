"""The backtest of docs/backtests.md runs as it stands there, and its formats are those that there are."""

import re
from pathlib import Path

import pytest

from matching_exchange import recordings, sim
from tests.exchange import ROOT

PAGE = (ROOT / "docs" / "backtests.md").read_text()


def test_the_first_backtest_of_the_page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (code, mapping) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {"__name__": "page"})
    out = capsys.readouterr().out
    assert "Buyer-1" in out and "quotes_as_recorded: 360" in out
    with pytest.raises(recordings.RecordingError, match=r"day.csv: No such file"):
        exec(mapping, {"__name__": "page"})


def test_the_page_names_every_reader_action_model_and_count() -> None:
    readers = [name for name in recordings.__all__ if name.startswith("read_")]
    models = [model.__name__ for model in (sim.RiskAverse, sim.Proportional, sim.Power)]
    actions = [action.name for action in recordings.Action]
    named = set(re.findall(r"`([\w]+)", PAGE.replace("`, `", " `"))) | set(re.findall(r"`(\w+)`", PAGE))
    assert [name for name in (*readers, *models, *actions) if name not in named] == []
    assert Path(ROOT / "examples" / "data" / "bitstamp_synthetic.log.xz").stat().st_size < 300_000
