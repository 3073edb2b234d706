"""The gateway keeps what its OpenAPI document says: requests made up from it, good and bad ones, against a running
exchange."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.exchange import Exchange, clean_environment, wait_until
from tests.history_process import HistoryProcess

pytestmark = pytest.mark.skipif(find_spec("schemathesis") is None, reason="the schema's test needs schemathesis")

LEFT_OUT = (
    # The rules between fields, such as the tick of the symbol's prices, cannot be written in a schema.
    "positive_data_acceptance",
    # A canceled order can still be looked up: that is meant so.
    "use_after_free",
)

EXAMPLES = 25
"""Made-up requests of each kind for each operation."""


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """An exchange with a history: some calls need it."""
    with Exchange(tmp_path, gateway_environment={"MATCHER_DATA_DIR": str(tmp_path / "data")}) as exchange:
        history = HistoryProcess(tmp_path, exchange.matcher.data)
        history.start()
        try:
            wait_until(lambda: exchange.get("/health")["history"]["status"] == "ok", "a history that is read")
            yield exchange
        finally:
            history.close()


@pytest.mark.timeout(240)
def test_made_up_requests_are_answered_as_the_schema_says(exchange: Exchange) -> None:
    arguments = [
        f"{exchange.url}/openapi.json",
        f"--exclude-checks={','.join(LEFT_OUT)}",
        "--phases=examples,coverage,fuzzing,stateful",
        f"--max-examples={EXAMPLES}",
        "--generation-deterministic",
        "--continue-on-failure",
        "--request-timeout=20",
        "--no-color",
    ]
    finished = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", *arguments],
        cwd=exchange.gateway.directory,
        env=clean_environment({"NO_PROXY": "127.0.0.1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=230,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    operations = sum(len(methods) for methods in exchange.get("/openapi.json")["paths"].values())
    assert f"Tested: {operations}\n" in finished.stdout

    health = exchange.get("/health")
    assert health["status"] == "ok"
    assert health["refused_frames"] == 0
    assert not exchange.matcher.failures()
    assert not exchange.gateway.failures()
    # Another account may be suspended by now.
    placed = exchange.place(exchange.add_instrument(), "limit", "buy", "0.5", "59000.5", account="after-all")
    assert placed["status"] == "open"
