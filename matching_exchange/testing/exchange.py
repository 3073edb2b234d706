"""A whole exchange for tests: a matcher and a gateway on free ports, empty, in a directory of its own."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from matching_exchange.testing.http import CallError, HttpCalls
from matching_exchange.testing.server import Server
from matching_exchange.testing.surface import Instrument, Surface, write_instruments
from matching_exchange.tools.processes import ExchangeError, free_ports

if TYPE_CHECKING:
    from matching_exchange import AsyncClient, Client, ZmqClient

START_SECONDS: Final = 60.0
"""How long a start may take, on a machine with much else to do."""

LOOK_EVERY: Final = 0.01
"""Seconds between two looks at what is waited for."""

TRIES: Final = 3
"""Starts, each on other ports, where another process takes one of them meanwhile."""

OK: Final = 200

TAKEN: Final = "another process has it"

TOKEN: Final = "testing"  # noqa: S105  it guards nothing
"""The administrator's token, where keys are asked for and no setting names one."""


class Exchange(Surface):
    """An exchange of two processes. A context manager: inside, it is up and empty; at its end nothing is left.

    instruments: symbols, or dicts with all fields; the three of the built-in list if there are none.
    keys: whether accounts need API keys.
    settings: variables of the processes, such as GATEWAY_FAUCET.

    url: of HTTP. commands, market_data, reports: the matcher's addresses of ZeroMQ.
    matcher, gateway: each can `kill`, `stop`, `restart` and be `paused`.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument] = (),
        *,
        keys: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._given = dict(settings or {})
        if keys:
            self._given = {"GATEWAY_AUTH": "keys", "GATEWAY_ADMIN_TOKEN": TOKEN, **self._given}
        self._instruments = list(instruments)
        self.url = self.commands = self.market_data = self.reports = ""
        self._open: list[Any] = []
        super().__init__(self._call, self._given.get("GATEWAY_ADMIN_TOKEN"))

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="exchange-"))
        try:
            for left in reversed(range(TRIES)):
                try:
                    self._start()
                    break
                except ExchangeError as error:
                    self._end()
                    if not left or TAKEN not in str(error):
                        raise
        except BaseException:
            shutil.rmtree(self.directory)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with ExitStack() as ending:
            ending.callback(shutil.rmtree, self.directory)
            ending.callback(self._end)
            self.close_clients()
        self.url = self.commands = self.market_data = self.reports = ""

    def close_clients(self) -> None:
        """Close those that `client` and `zmq_client` have made."""
        with ExitStack() as closing:
            while self._open:
                closing.callback(self._open.pop().close)

    def _start(self) -> None:
        http, *ports = free_ports(4)
        self.url = f"http://127.0.0.1:{http}"
        self.commands, self.market_data, self.reports = (f"tcp://127.0.0.1:{port}" for port in ports)
        sockets = {"COMMANDS": self.commands, "MARKET_DATA": self.market_data, "REPORTS": self.reports}
        token = self._token
        self._http = HttpCalls(self.url, {} if token is None else {"Authorization": f"Bearer {token}"})
        matcher = {
            **{f"MATCHER_{name}": address for name, address in sockets.items()},
            "MATCHER_DATA_DIR": str(self.directory / "data"),
            # A test loses nothing by a power cut.
            "MATCHER_SYNC": "off",
        }
        if self._instruments:
            listed = write_instruments(self._instruments, self.directory / "instruments.toml")
            matcher["MATCHER_INSTRUMENTS"] = str(listed)
        gateway = {
            **{f"GATEWAY_{name}": address for name, address in sockets.items()},
            "GATEWAY_PORT": str(http),
            "GATEWAY_KEY_FILE": str(self.directory / "server.key"),
            "GATEWAY_FAULTS": "allow",
        }
        self.matcher = Server("matcher", self.directory, {**matcher, **self._given}, self._back)
        self.gateway = Server("gateway", self.directory, {**gateway, **self._given}, self._back)
        self.matcher.start()
        self.gateway.start()
        self._ready()

    def _end(self) -> None:
        self.gateway.close()
        self.matcher.close()

    def _call(self, method: str, path: str, body: Any = None, **parameters: Any) -> Any:
        return self._http(method, path, body, **parameters)

    def _back(self) -> None:
        """Wait for a process that was started again, as far as the other one is there to tell."""
        if self.gateway.is_away:
            return
        if self.matcher.is_away:
            self._wait(lambda: self._status() != 0)
        else:
            self._ready()

    def _check_entered(self) -> None:
        if not self.url:
            raise ExchangeError("the exchange does not run: use it in a with statement")

    def _ready(self, other_than: str = "") -> None:
        """Wait until the exchange takes commands; until its matcher is another one than that of an epoch."""
        self._wait(lambda: self._epoch() not in ("", other_than))

    def _wait(self, condition: Callable[[], bool]) -> None:
        """ExchangeError where it does not come about, or a process ends by itself."""
        give_up = time.monotonic() + START_SECONDS
        while not condition():
            for server in (self.matcher, self.gateway):
                if not server.is_away:
                    _ = server.running
            if time.monotonic() > give_up:
                raise ExchangeError(f"the exchange does not answer within {START_SECONDS:g} seconds:\n{self.logs()}")
            time.sleep(LOOK_EVERY)

    def _status(self) -> int:
        """That of its health; zero where no gateway answers."""
        try:
            self.call("GET", "/health")
        except CallError as error:
            return error.status
        return OK

    def _epoch(self) -> str:
        """That of the matcher that takes commands; empty where none does."""
        try:
            epoch: str = self.call("GET", "/health")["epoch"]
        except CallError as error:
            if error.status not in (0, 503):
                raise
            return ""
        return epoch

    # What a test does

    def kill(self) -> None:
        """End both processes as a power cut would. What was answered is kept."""
        self.gateway.kill()
        self.matcher.kill()

    def restart(self) -> None:
        """Start both again, and wait until they answer. They are stopped cleanly before, if they run."""
        for server in (self.gateway, self.matcher):
            if server.is_up:
                server.stop()
        self.matcher.start()
        self.gateway.start()
        self._ready()

    def reset(self) -> None:
        """Empty it: another journal begins, and no fault is left. The gateway goes on, and connections stay open."""
        if not self.gateway.is_up:
            self.gateway.start()
        before = self._epoch()
        if self.matcher.is_up:
            self.matcher.kill()
        shutil.rmtree(self.directory / "data")
        self.matcher.start()
        self._ready(before)
        self.faults.clear()

    def logs(self) -> str:
        """The ends of both logs."""
        return "\n".join(f"--- {server.module} ---\n{server.log_end()}" for server in (self.matcher, self.gateway))

    def client(self, **options: Any) -> "Client":
        """A Client of this exchange. It is closed with it."""
        from matching_exchange import Client  # noqa: PLC0415  who needs none does not pay for it

        self._check_entered()
        client = Client(self.url, **self._with_token(options))
        self._open.append(client)
        return client

    def zmq_client(self, **options: Any) -> "ZmqClient":
        """A ZmqClient of this exchange, connected. It is closed with it."""
        from matching_exchange import ZmqClient  # noqa: PLC0415

        self._check_entered()
        endpoints = {"commands": self.commands, "reports": self.reports, "market_data": self.market_data}
        client = ZmqClient(**{**endpoints, **options}).__enter__()
        self._open.append(client)
        return client

    def async_client(self, **options: Any) -> "AsyncClient":
        """An AsyncClient of this exchange: `async with` closes it."""
        from matching_exchange import AsyncClient  # noqa: PLC0415

        self._check_entered()
        return AsyncClient(self.url, **self._with_token(options))
