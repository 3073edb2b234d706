"""Starts the whole exchange on one machine, a matcher and a gateway, and stops both on Ctrl-C."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from types import FrameType

from process import readiness

START_TIMEOUT = 60
"""How many seconds the exchange may take to answer its first health check."""

STOP_TIMEOUT = 15
"""How many seconds a process may take to stop."""


class Exchange:
    """The processes, by name."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False
        self._starting: dict[str, socket.socket] = {}

    def start(self, module: str, environment: dict[str, str]) -> None:
        # A session of its own: Ctrl-C reaches this process alone, which then stops the others in order.
        self.processes[module] = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module], env={**os.environ, **environment}, start_new_session=True
        )

    def start_serving(self, module: str, environment: dict[str, str]) -> None:
        """Start a process that says when it serves."""
        waited_for = self._starting[module] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        waited_for.setblocking(False)
        # The system finds a free address, outside the file system: a zero byte and digits.
        waited_for.bind("")
        address: bytes = waited_for.getsockname()
        self.start(module, {**environment, readiness.VARIABLE: f"@{address[1:].decode()}"})

    def serves(self) -> bool:
        """Whether each process that was to serve has said that it does, at addresses which then are nobody else's."""
        for name, waited_for in list(self._starting.items()):
            try:
                waited_for.recv(len(readiness.READY))
            except BlockingIOError:
                continue
            self._starting.pop(name).close()
        return not self._starting

    def stop_soon(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def ended(self) -> str | None:
        """The name of a process that has ended by itself."""
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)

    def stop(self) -> None:
        """Stop the processes, the last one first."""
        for waited_for in self._starting.values():
            waited_for.close()
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/run",
        description="Start the whole exchange: a matcher and a gateway. Ctrl-C stops both.",
        epilog="All settings of both processes are environment variables (MATCHER_..., GATEWAY_...): see `python -m matcher --help` "
        "and `python -m gateway --help`.",
    )
    parser.add_argument(
        "--demo", action="store_true", help="add a lively synthetic market, with its own data directory (./data-demo) and its own accounts"
    )
    parser.add_argument("--seed", type=int, default=1, help="the seed of the synthetic market (default: 1)")
    parser.add_argument("--port", help="the gateway's port (default: 8000)")
    parser.add_argument("--data-dir", help="the matcher's data directory (default: ./data)")
    arguments = parser.parse_args()

    environment: dict[str, str] = {}
    if arguments.port:
        environment["GATEWAY_PORT"] = arguments.port
    if arguments.data_dir:
        environment["MATCHER_DATA_DIR"] = arguments.data_dir
    elif arguments.demo and "MATCHER_DATA_DIR" not in os.environ:
        environment["MATCHER_DATA_DIR"] = "./data-demo"
    for name in ("COMMANDS", "MARKET_DATA", "REPORTS"):
        if f"MATCHER_{name}" in os.environ and f"GATEWAY_{name}" not in os.environ:
            environment[f"GATEWAY_{name}"] = os.environ[f"MATCHER_{name}"]
    host = os.environ.get("GATEWAY_HOST", "127.0.0.1")
    port = arguments.port or os.environ.get("GATEWAY_PORT", "8000")
    shown_host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    address = f"http://{f'[{shown_host}]' if ':' in shown_host else shown_host}:{port}"

    exchange = Exchange()
    signal.signal(signal.SIGINT, exchange.stop_soon)
    signal.signal(signal.SIGTERM, exchange.stop_soon)
    exchange.start_serving("matcher", environment)
    exchange.start_serving("gateway", environment)
    try:
        if not _wait_until_healthy(exchange, f"{address}/health"):
            return 0 if exchange.stopping else 1
        if arguments.demo:
            exchange.start("tools.demo", {**environment, "DEMO_SEED": str(arguments.seed)})
        print(
            f"\n  The exchange is open.\n\n    dashboard   {address}/\n    API         {address}/docs\n\n  Ctrl-C closes it.\n", flush=True
        )
        while not exchange.stopping:
            ended = exchange.ended()
            if ended is not None:
                print(f"scripts/run: the {ended} has ended by itself: closing the exchange", file=sys.stderr)
                return 1
            time.sleep(0.2)
    finally:
        exchange.stop()
    print("The exchange is closed.")
    return 0


def _wait_until_healthy(exchange: Exchange, url: str) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and not exchange.stopping:
        ended = exchange.ended()
        if ended is not None:
            print(f"scripts/run: the {ended} did not start", file=sys.stderr)
            return False
        # Before that, somebody else may answer: another exchange at this port, or another matcher behind this gateway.
        if exchange.serves() and _is_healthy(url):
            return True
        time.sleep(0.05)
    if not exchange.stopping:
        print(f"scripts/run: {url} did not answer within {START_TIMEOUT} seconds", file=sys.stderr)
    return False


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
