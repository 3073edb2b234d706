"""The real recordings beside the project, played without an agent, and our own one. Left out with `-k "not recorded"`."""

import lzma
from pathlib import Path

import pytest

from matching_exchange.recordings import read_bitstamp, read_lobster, synthetic
from matching_exchange.recordings.synthetic import text_of
from matching_exchange.sim.backtest import Backtest
from tests.exchange import ROOT
from tests.recorded_markets import DATA

OWN = ROOT / "examples" / "data" / "bitstamp_synthetic.log.xz"


def files(pattern: str) -> Path:
    found = sorted(DATA.glob(pattern))
    if not found:
        pytest.skip(f"no recording {pattern} beside the project")
    return found[0]


@pytest.mark.parametrize(
    ("pattern", "quotes", "impact"),
    [
        pytest.param("lobster_GOOG_L10/*_message_*", 147_915, False, id="GOOG"),
        pytest.param("lobster_AAPL_L10_excerpt/*_message_*", 998, False, id="AAPL"),
        pytest.param("lobster_AAPL_L10_excerpt/*_message_*", 998, True, id="AAPL, with impact"),
    ],
)
def test_a_recorded_day_keeps_every_best_price_and_quantity(pattern: str, quotes: int, *, impact: bool) -> None:
    counts = Backtest(read_lobster(files(pattern)), impact=impact).run_record().counts
    assert (counts["quotes_as_recorded"], counts["quotes"]) == (quotes, quotes)
    assert counts["dropped_cancels"] == counts["dropped_reductions"] == counts["short_executions"] == 0


def test_recorded_bitstamp_is_the_same_in_both_its_forms() -> None:
    log = Backtest(read_bitstamp(files("bitstamp_00h-05h/*.log.xz"))).run_record()
    table = Backtest(read_bitstamp(files("bitstamp_00h-05h/orders*.csv.xz"))).run_record()
    # The log compares prices and quantities: 4,970 of 5,011 have the same prices.
    assert (log.counts["quotes"], log.counts["trades"]) == (5_011, 552)
    assert log.counts["quotes_as_recorded"] >= 4_885
    assert log.counts["dropped_cancels"] <= 33
    # The table's quantities were rounded in places.
    assert [log.trades[name] == table.trades[name] for name in ("time", "price", "side")] == [True] * 3


@pytest.mark.parametrize("impact", [True, False])
def test_our_own_recording_is_repeated_exactly(*, impact: bool) -> None:
    counts = Backtest(read_bitstamp(OWN), impact=impact).run_record().counts
    assert counts["trades"] == 2_806
    assert (counts["quotes_as_recorded"], counts["quotes"], counts["dropped_cancels"]) == (360, 360, 0)


def test_our_own_recording_is_what_its_seed_gives() -> None:
    assert lzma.decompress(OWN.read_bytes()).decode() == text_of()


def test_what_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(synthetic, "MINUTES", 1)
    path = tmp_path / "market.log.xz"
    assert synthetic.main([str(path)]) == 0
    assert lzma.decompress(path.read_bytes()).decode() == text_of(minutes=1)
    assert synthetic.main([]) == 2
    assert capsys.readouterr().err == "synthetic: takes the name of one file, such as market.log.xz\n"
    assert synthetic.main([str(tmp_path / "none" / "market")]) == 2
    assert "none/market: No such file" in capsys.readouterr().err
