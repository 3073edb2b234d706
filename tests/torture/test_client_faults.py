"""client_faults, with few kills: clients of the Binance dialect know every change once, and lose or double no order."""

import json
import subprocess
import sys

from tests.exchange import PATIENCE, clean_environment

SEED = "18"
"""Its kills are one of both, and one of the gateway."""


def test_clients_know_every_change_once_after_kills_of_matcher_and_gateway() -> None:
    module = "matching_exchange.tools.client_faults"
    command = [sys.executable, "-m", module, "--kills=2", f"--seed={SEED}", "--clients=3", "--calm=1500", "--json"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=4 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert {promise["name"]: promise["broken"] for promise in report["promises"] if promise["broken"]} == {}
    assert len(report["promises"]) == 12
    assert [kind["kind"] for kind in report["kills"]] == ["gateway", "both", "all"]
    assert report["answered"] >= 300
    assert report["entered"] <= report["orders"]
    assert report["trades"] > 0
    assert report["reports"] + report["from_look_ups"] == report["changes"] > 100
    assert report["connections"] >= 3 * 2, "each account is heard again"
    assert report["syncs"] >= 2
    assert all(row["unresolved"] == 0 for row in report["unknown"])
