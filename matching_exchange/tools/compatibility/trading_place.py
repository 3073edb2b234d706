"""An exchange of the tool's own: matcher, history and gateway on free ports, in a temporary directory."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from matching_exchange.tools.compatibility import market
from matching_exchange.tools.compatibility.busy import run_books
from matching_exchange.tools.compatibility.clients import Session
from matching_exchange.tools.processes import ExchangeError, Process, free_ports

START_SECONDS: Final = 60.0
SESSION_SECONDS: Final = 300.0

ROOT: Final = Path(__file__).parents[3]

SESSIONS: Final = "matching_exchange.tools.compatibility.sessions"


class TradingPlace:
    """A context manager. `settings` are the gateway's, besides."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        commands, market_data, reports = (f"tcp://127.0.0.1:{port}" for port in free_ports(3))
        port = free_ports(1)[0]
        data = directory / "data"
        sockets = [f"--commands={commands}", f"--market-data={market_data}", f"--reports={reports}"]
        self.url = f"http://127.0.0.1:{port}"
        key_file = f"--key-file={directory / 'server.key'}"
        self._processes = [
            Process("matcher", [*sockets, f"--data-dir={data}"], {}, directory / "matcher.log"),
            Process(
                "gateway",
                [*sockets, f"--port={port}", key_file],
                {"MATCHER_DATA_DIR": str(data), **settings},
                directory / "gateway.log",
            ),
            Process("history", [f"--data-dir={data}"], {}, directory / "history.log"),
        ]

    def __enter__(self) -> "TradingPlace":
        try:
            for process in self._processes:
                process.start()
            self._wait("GET", "/health")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        for process in reversed(self._processes):
            process.close()

    def _wait(self, method: str, path: str) -> None:
        """Until such a call succeeds. Raises ExchangeError."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for process in self._processes:
                _ = process.running
            with suppress(OSError):
                market.call(self.url, method, path)
                return
            time.sleep(0.1)
        raise ExchangeError(f"the exchange does not answer within {START_SECONDS:g} seconds")

    def restart_matcher(self) -> None:
        """Kill it, and start it again. Raises ExchangeError where it does not come back."""
        matcher = self._processes[0]
        matcher.kill(with_children=True)
        matcher.start()
        self._wait("DELETE", "/orders?account=nobody")

    def run_busy(self, program: Path, session: Session, seconds: float) -> list[Any]:
        """As `run`, of a session that keeps a book, through a busy phase."""
        command = [str(program), "-m", f"{SESSIONS}.{session.module}", *session.arguments]
        environment = self._environment(session.module, session.arguments, {})
        return run_books(command, environment, self.url, seconds, self.restart_matcher)

    def run(self, program: Path, module: str, arguments: Sequence[str], more: Mapping[str, str]) -> list[Any]:
        """What a session told, one step an element; a session that breaks off has a step that failed."""
        environment = self._environment(module, arguments, more)
        is_script = module.endswith(".mjs")
        command = [str(program), *([module] if is_script else ["-m", f"{SESSIONS}.{module}"]), *arguments]
        try:
            done = subprocess.run(  # noqa: S603
                command, env=environment, capture_output=True, text=True, timeout=SESSION_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return [{"call": "the session", "error": f"it did not end within {SESSION_SECONDS:g} s"}]
        steps = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"call"')]
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            steps.append({"call": "the session", "error": f"it ended with status {done.returncode}: {last}"})
        return steps

    def _environment(self, module: str, arguments: Sequence[str], more: Mapping[str, str]) -> dict[str, str]:
        """A market as sessions expect it, and what the session of a new account finds in its environment."""
        market.call(self.url, "DELETE", f"/orders?account={market.MAKER}")
        market.make_market(self.url)
        account = "-".join((Path(module).stem.replace("_", "-"), *arguments)).replace(".", "-")
        key, secret = market.new_key(self.url, account)
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "EXCHANGE_URL": self.url,
            "EXCHANGE_API_KEY": key,
            "EXCHANGE_API_SECRET": secret,
            **more,
        }
