"""The real recordings beside the project, replayed to an engine in this process: what is required at least of each.

Skipped where the recordings are not there; left out with `-k "not recorded"`.
"""

import json
from pathlib import Path

import pytest

from matching_exchange.tools.replay.__main__ import main

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize(
    ("pattern", "required"),
    [
        pytest.param(
            "bitstamp_00h-05h/*.log.xz",
            {"tape": (538, 575), "filled": (714, 724), "cancels": (24_296, 24_338), "best": (4_970, 5_011)},
            id="bitstamp",
        ),
        pytest.param(
            "lobster_GOOG_L10/*_message_*.csv.xz",
            {"queue": (6_944, 6_949), "best": (147_915, 147_915), "quantities": (147_915, 147_915)},
            id="GOOG",
        ),
        pytest.param(
            "lobster_AAPL_L10_excerpt/*_message_*.csv.xz",
            {"queue": (90, 90), "best": (998, 998), "quantities": (998, 998)},
            id="AAPL",
        ),
    ],
)
def test_a_recorded_venue(
    pattern: str, required: dict[str, tuple[int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(DATA.glob(pattern))
    if not files:
        pytest.skip(f"no recording {pattern} beside the project")
    assert main(["--in-process", "--json", *map(str, files)], {}) == 0
    scores = {score["name"]: score for score in json.loads(capsys.readouterr().out)["scores"]}
    assert {name: scores[name]["possible"] for name in required} == {
        name: possible for name, (_, possible) in required.items()
    }
    assert {
        name: scores[name]["reached"] for name, (least, _) in required.items() if scores[name]["reached"] < least
    } == {}
