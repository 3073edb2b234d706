"""A sharded exchange for tests: a matcher for each shard, with its own journal, and one gateway."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import httpx
from websockets.sync.client import ClientConnection, connect

from matching_exchange.tools import processes
from protocol.bases import PORTS, base_endpoints
from tests.exchange import PATIENCE, Gateway, Json, Process, good, wait_until


def free_bases(number: int) -> list[int]:
    """So many first ports of which the following ones are free too."""
    return processes.free_bases(number, PORTS)


class ShardMatcher(Process):
    """The matcher of one shard."""

    def __init__(self, directory: Path, name: str, base: int, map_file: Path) -> None:
        endpoints = base_endpoints(f"127.0.0.1:{base}")
        directory.mkdir(exist_ok=True)
        self.data = directory / "data"
        self.base = base
        arguments = [
            f"--commands={endpoints.commands}",
            f"--market-data={endpoints.market_data}",
            f"--reports={endpoints.reports}",
            f"--data-dir={self.data}",
            f"--shards={map_file}",
            f"--shard={name}",
        ]
        super().__init__("matcher", directory, arguments)


class ShardedGateway(Gateway):
    """A gateway in front of the matchers of a map."""

    def __init__(self, directory: Path, port: int, map_file: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        Process.__init__(self, "gateway", directory, [f"--shards={map_file}", f"--port={port}"])
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False)


class ShardedExchange:
    """The shards by name, with their symbols; the last one is the default. A context manager: inside, all are up."""

    def __init__(self, directory: Path, shards: dict[str, list[str]]) -> None:
        *bases, last = free_bases(len(shards) + 1)
        self.map_file = directory / "shards.toml"
        self.map_file.write_text(map_text(shards, bases))
        self.matchers = {
            name: ShardMatcher(directory / name, name, base, self.map_file)
            for name, base in zip(shards, bases, strict=True)
        }
        self.gateway = ShardedGateway(directory, last, self.map_file)

    def __enter__(self) -> "ShardedExchange":
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def restart(self) -> None:
        """Stop all processes, and start them with the map as it is now."""
        for process in (self.gateway, *self.matchers.values()):
            process.stop()
        self._start()

    def _start(self) -> None:
        for process in (*self.matchers.values(), self.gateway):
            process.start()
        self.gateway.wait_until_ready()
        wait_until(lambda: set(self.statuses().values()) == {"ok"}, "all shards are up")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with ExitStack() as closing:
            for process in (*self.matchers.values(), self.gateway):
                closing.callback(process.close)

    @property
    def http(self) -> httpx.Client:
        return self.gateway.http

    def get(self, path: str, **parameters: str | int) -> Json:
        """The answer of a call that must go well."""
        return good(self.http.get(path, params=parameters or None))

    def stream(self, path: str) -> ClientConnection:
        """A WebSocket."""
        return connect(f"ws://127.0.0.1:{self.gateway.port}{path}", open_timeout=PATIENCE, proxy=None)

    def statuses(self) -> dict[str, str]:
        """The status of each shard, as /health tells it."""
        return {shard["name"]: shard["status"] for shard in self.get("/health")["shards"]}

    def order(self, symbol: str, side: str, quantity: str, price: str, **more: str) -> httpx.Response:
        """The answer to a limit order."""
        body = {"symbol": symbol, "order_type": "limit", "side": side, "quantity": quantity, "price": price, **more}
        return self.http.post("/orders", json=body)


def map_text(shards: dict[str, list[str]], bases: list[int]) -> str:
    """The map of these shards."""
    tables = []
    for (name, symbols), base in zip(shards.items(), bases, strict=True):
        default = "true" if name == list(shards)[-1] else "false"
        tables.append(
            f'[[shard]]\nname = "{name}"\nmatchers = ["127.0.0.1:{base}"]\nsymbols = {symbols}\ndefault = {default}\n'
        )
    return "\n".join(tables)
