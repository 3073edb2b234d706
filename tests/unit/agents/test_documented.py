"""What docs/agents.md shows: each block runs as it stands, and every agent and scenario is named."""

import re
from typing import Any

import pytest

from matching_exchange.sim import agents
from matching_exchange.sim.scenarios import SCENARIOS
from matching_exchange.sim.strategy import Strategy
from tests.exchange import ROOT

PAGE = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_runs(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS[number], names)
    assert capsys.readouterr().out
    for name in ("buyer", "vwap"):
        if name in names:
            assert names[name].done
            assert names[name].filled_units == names[name].quantity_units


def test_every_agent_and_every_scenario_is_there() -> None:
    kinds = [getattr(agents, name) for name in agents.__all__]
    bases = (agents.Trader, agents.Execution)
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, Strategy) and kind not in bases:
            assert f"{kind.__name__}(" in PAGE, kind
    for name in SCENARIOS:
        assert f"| `{name}` |" in PAGE
