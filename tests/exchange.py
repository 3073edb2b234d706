"""Whole exchanges for tests: real processes on free ports, with a data directory of their own.

They are started as a user starts them. Nothing here waits by the clock: it waits for a condition, and PATIENCE ends
what never comes.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from matcher import CORE
from matcher.compiled import INTERPRETED, NEVER, VARIABLE
from matching_exchange.tools.processes import free_ports, pause
from protocol.client import CommandClient, MatcherAwayError

ROOT = Path(__file__).parents[1]

PATIENCE = 30.0
"""How many seconds anything may take before its test fails."""

LOG_SHOWN = 6_000
"""How many characters of a log's end a failed test shows."""

Json = dict[str, Any]

Value = TypeVar("Value")

LIVING: list["Process"] = []
"""Every process that a test may still look at: a failed test shows their logs."""

_symbols = count(1)


def wait_until(condition: Callable[[], Value], what: str) -> Value:
    """What the condition gives as soon as that is true; AssertionError where it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never came about: {what}"
        time.sleep(0.01)
    return value


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without settings of an exchange, and with `more`; modules of this checkout are found
    from anywhere. An exchange runs the core that this process runs, and builds none beside."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MATCHER_", "GATEWAY_", "HISTORY_"))
    }
    if CORE.kind == INTERPRETED:
        environment[VARIABLE] = NEVER
    return {**environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(more or {})}


class Process:
    """One process, `python -m <module>`: started again, it has the same settings and goes on with the same log."""

    def __init__(
        self, module: str, directory: Path, arguments: list[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self.module = module
        self.arguments = arguments
        self.directory = directory
        self.log = directory / f"{module}.log"
        self.environment = clean_environment(environment)
        self.below: list[str] = []
        """A command that is to run the process."""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self.process is None, "it runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.below, sys.executable, "-m", self.module, *self.arguments],
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if self not in LIVING:
            LIVING.append(self)

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, f"the {self.module} was not started"
        assert self.process.poll() is None, (
            f"the {self.module} has ended by itself with status {self.process.returncode}:\n{self.text()}"
        )
        return self.process

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it by a signal, which must end it cleanly."""
        self.running.send_signal(number)
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Wait for the end of a process that was asked to stop: its status must be 0, its log without failures."""
        assert self.process is not None, f"the {self.module} was not started"
        process, self.process = self.process, None
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)
            raise
        assert status == 0, f"the {self.module} ended with status {status}:\n{self.text()}"
        assert not (failures := self.failures()), f"in the log of the {self.module}: {failures}"

    def kill(self) -> None:
        """End it as a power cut would."""
        process = self.running
        process.kill()
        process.wait(PATIENCE)
        self.process = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For a while it neither runs nor ends."""
        process = self.running
        pause(process)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it, unless a test has done so."""
        try:
            if self.process is not None:
                self.stop()
        finally:
            if self in LIVING:
                LIVING.remove(self)

    def text(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-LOG_SHOWN:] if self.log.exists() else ""

    def records(self, event: str | None = None) -> list[Json]:
        """The lines of its log, or those of one event; a line that is no JSON object is one of event None."""
        records = [_record(line) for line in self.log.read_text().splitlines()]
        return [record for record in records if event is None or record["event"] == event]

    def failures(self) -> list[Json]:
        """What its log should never hold: a traceback, or anything that is no record."""
        return [record for record in self.records() if record["event"] is None or "exception" in record]


def _record(line: str) -> Json:
    try:
        record = json.loads(line)
    except ValueError:
        return {"event": None, "line": line}
    return record if isinstance(record, dict) and "event" in record else {"event": None, "line": line}


class Matcher(Process):
    """A matcher with a data directory below `directory`."""

    def __init__(self, directory: Path, *flags: str) -> None:
        ports = free_ports(3)
        self.commands, self.market_data, self.reports = (f"tcp://127.0.0.1:{port}" for port in ports)
        self.data = directory / "data"
        arguments = [f"--commands={self.commands}", f"--market-data={self.market_data}", f"--reports={self.reports}"]
        super().__init__("matcher", directory, [*arguments, f"--data-dir={self.data}", *flags])

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            _ = self.running
            try:
                with self.client(timeout=1):
                    return True
            except MatcherAwayError:
                return False

        wait_until(answers, "a matcher that answers")

    def client(self, timeout: float = PATIENCE) -> CommandClient:
        return CommandClient(self.commands, self.reports, timeout)

    def restart(self) -> None:
        self.start()
        self.wait_until_ready()


class Gateway(Process):
    """A gateway in front of the matcher at these addresses, which need not run."""

    def __init__(
        self,
        directory: Path,
        matcher: Matcher,
        *flags: str,
        name: str = "gateway",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = [
            f"--commands={matcher.commands}",
            f"--market-data={matcher.market_data}",
            f"--reports={matcher.reports}",
        ]
        super().__init__("gateway", directory, [*arguments, f"--port={self.port}", *flags], environment)
        self.log = directory / f"{name}.log"
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False, verify=False)

    def wait_until_answers(self, status: int) -> None:
        """Wait until its health check has this status."""

        def answers() -> bool:
            _ = self.running
            try:
                return self.http.get("/health").status_code == status
            except httpx.TransportError:
                return False

        wait_until(answers, f"a health check with status {status}")

    def wait_until_ready(self) -> None:
        """Wait until it answers for the matcher."""
        self.wait_until_answers(200)

    def restart(self) -> None:
        self.start()
        self.wait_until_ready()

    def close(self) -> None:
        self.http.close()
        super().close()


class Exchange:
    """A matcher and a gateway. A context manager: inside, both are up; at its end both stop cleanly."""

    def __init__(
        self,
        directory: Path,
        matcher_flags: tuple[str, ...] = (),
        gateway_flags: tuple[str, ...] = (),
        gateway_environment: Mapping[str, str] | None = None,
    ) -> None:
        self.matcher = Matcher(directory, *matcher_flags)
        self.gateway = Gateway(directory, self.matcher, *gateway_flags, environment=gateway_environment)

    def __enter__(self) -> Self:
        self.matcher.start()
        self.gateway.start()
        try:
            self.gateway.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        try:
            self.gateway.close()
        finally:
            self.matcher.close()

    def restart_matcher(self) -> None:
        """Start the matcher again, and wait until the gateway's session with it goes on."""
        self.matcher.start()
        wait_until(
            lambda: self.http.delete("/orders", params={"account": "nobody"}).status_code == 200,
            "a command that is taken",
        )

    @property
    def url(self) -> str:
        return self.gateway.url

    @property
    def http(self) -> httpx.Client:
        return self.gateway.http

    def get(self, path: str, **parameters: str | int) -> Json:
        """The answer of a call that must go well."""
        return good(self.http.get(path, params=parameters or None))

    def post(self, path: str, body: Json | None = None, **parameters: str) -> Json:
        return good(self.http.post(path, json=body, params=parameters or None))

    def delete(self, path: str, **parameters: str) -> Json:
        return good(self.http.delete(path, params=parameters or None))

    def add_instrument(self, **fields: str | int) -> str:
        """A new symbol; the fields are those of POST /admin/instruments, as BTC-USDT has them where they are
        missing."""
        standard: Json = {
            "symbol": f"TEST{next(_symbols)}-USDT",
            "base": "BTC",
            "quote": "USDT",
            "tick_size": "0.01",
            "lot_size": "0.00001",
            "max_quantity": "9000",
            "max_price": "10000000",
            "min_notional": "1",
            "maker_fee_bps": 10,
            "taker_fee_bps": 20,
        }
        symbol: str = self.post("/admin/instruments", {**standard, **fields})["symbol"]
        return symbol

    def place(
        self, symbol: str, order_type: str, side: str, quantity: str, price: str | None = None, **more: str | int
    ) -> Json:
        """The answer to an order that is taken."""
        order = {"symbol": symbol, "order_type": order_type, "side": side, "quantity": quantity, **more}
        return self.post("/orders", order if price is None else {**order, "price": price})

    def trade(self, symbol: str, price: str, quantity: str = "1") -> Json:
        """Make one trade at this price; the answer to the order that took."""
        self.place(symbol, "limit", "sell", quantity, price)
        return self.place(symbol, "limit", "buy", quantity, price)

    def stream(self, path: str, symbol: str) -> ClientConnection:
        """A WebSocket of one symbol."""
        return connect(f"ws://127.0.0.1:{self.gateway.port}{path}?symbol={symbol}", open_timeout=PATIENCE, proxy=None)


def good(response: httpx.Response) -> Json:
    """The body of a response that must be one of success."""
    assert response.status_code == 200, (
        f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
    )
    assert response.headers["content-type"] == "application/json"
    body: Json = response.json()
    return body


def receive(stream: ClientConnection) -> Json:
    """The next message of a WebSocket."""
    text = stream.recv(timeout=PATIENCE)
    assert isinstance(text, str)
    message: Json = json.loads(text)
    return message


def receive_until(stream: ClientConnection, wanted: Callable[[Json], bool]) -> list[Json]:
    """Messages of a WebSocket up to the first one that is wanted."""
    messages = [receive(stream)]
    while not wanted(messages[-1]):
        messages.append(receive(stream))
    return messages


def ending(stream: ClientConnection) -> tuple[int, str]:
    """The code and the reason with which the gateway closes a WebSocket, whatever it says before."""
    try:
        while True:
            stream.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        frame = closed.rcvd
    assert frame is not None, "the connection broke"
    return frame.code, frame.reason
