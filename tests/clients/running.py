"""Sessions of stock clients, which run as processes and tell each step as a line of JSON."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from matching_exchange.tools.compatibility import busy, market
from tests.exchange import Exchange, Json, clean_environment
from tests.history_process import HistoryProcess

SESSIONS = "matching_exchange.tools.compatibility.sessions"

BUSY_SECONDS = 3.0
"""How long a client keeps a book here. scripts/compatibility lets it be busy for a minute."""

LONGEST = 100.0
"""Seconds that a session may take."""


class TradingPlace:
    """Matcher, history and gateway, with a market that stands still. A context manager."""

    def __init__(self, directory: Path) -> None:
        data = directory / "data"
        self.exchange = Exchange(
            directory,
            gateway_flags=(f"--key-file={directory / 'server.key'}",),
            gateway_environment={"MATCHER_DATA_DIR": str(data)},
        )
        self.history = HistoryProcess(directory, data)

    def __enter__(self) -> "TradingPlace":
        self.exchange.__enter__()
        self.history.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.history.close()
        finally:
            self.exchange.close()

    def prepare(self, account: str) -> dict[str, str]:
        """A market as sessions expect it, and what the session of a new account finds in its environment."""
        self.exchange.delete("/orders", account=market.MAKER)
        market.make_market(self.exchange.url)
        return self.environment(account)

    def environment(self, account: str) -> dict[str, str]:
        """What the session of a new account finds in its environment."""
        url = self.exchange.url
        key, secret = market.new_key(url, account)
        return clean_environment({"EXCHANGE_URL": url, "EXCHANGE_API_KEY": key, "EXCHANGE_API_SECRET": secret})


def steps_of(place: TradingPlace, module: str, *arguments: str) -> list[Json]:
    """Run a session in a market as it expects it: see run_session."""
    environment = place.prepare("-".join(("client", module.replace("_", "-"), *arguments)))
    return run_session(environment, module, *arguments)


def run_session(environment: dict[str, str], module: str, *arguments: str) -> list[Json]:
    """Run a session to its end: what it told. Every call must have passed, and the session must have ended well."""
    done = subprocess.run(
        [sys.executable, "-m", f"{SESSIONS}.{module}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, (told[-3:], done.stderr[-3000:])
    failed = [f"{step['call']}: {step['error']}" for step in told if step.get("error") is not None]
    assert not failed, "\n".join(failed)
    return told


def compare_books(place: TradingPlace, client: str) -> None:
    """The book that a client keeps by its own code is the exchange's after a busy phase with a restart in it."""

    def restart() -> None:
        place.exchange.matcher.kill()
        place.exchange.restart_matcher()

    environment = place.prepare(f"client-books-{client}")
    command = [sys.executable, "-m", f"{SESSIONS}.books", client]
    steps = busy.run_books(command, environment, place.exchange.url, BUSY_SECONDS, restart)
    assert {step["call"]: step["error"] for step in steps if step["error"] is not None} == {}
    assert busy.COMPARED in {step["call"] for step in steps}
