"""Servers of etcd for tests, each a process of its own in a directory of its own, on free ports."""

import json
import shutil
import signal
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

import pytest

from matching_exchange.tools.processes import free_ports, pause

PATIENCE: Final = 60.0
"""Seconds that the servers may take to agree on a leader."""

FLAGS: Final = (
    *("--heartbeat-interval", "50", "--election-timeout", "500", "--snapshot-count", "5000"),
    *("--quota-backend-bytes", "8589934592", "--pre-vote", "--logger", "zap", "--log-level", "error"),
)
"""Those that operators are told to use."""


def missing() -> str:
    """Why no server can be started here; empty if one can."""
    return "" if shutil.which("etcd") else "etcd is not installed (on Debian: apt install etcd-server)"


class Pems(NamedTuple):
    """Files for TLS: the authority, and a certificate of it with its key, for the servers and their clients."""

    ca: Path
    certificate: Path
    key: Path


class EtcdServer:
    """One server. It keeps its ports and its directory over kills and starts.

    client, peer: its ports.
    """

    def __init__(self, name: str, directory: Path, pems: Pems | None = None) -> None:
        self.name = name
        self.client, self.peer = free_ports(2)
        self.directory = directory / name
        self.process: subprocess.Popen[bytes] | None = None
        self._output = directory / f"{name}.log"
        self._pems = pems
        self._scheme = "http" if pems is None else "https"
        self._tls: ssl.SSLContext | None = None
        if pems is not None:
            self._tls = ssl.create_default_context(cafile=str(pems.ca))
            self._tls.load_cert_chain(pems.certificate, pems.key)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.client}"

    def start(self, members: str, extra: tuple[str, ...] = ()) -> None:
        clients, peers = f"{self._scheme}://{self.address}", f"http://127.0.0.1:{self.peer}"
        if self._pems is not None:
            ca, certificate, key = map(str, self._pems)
            extra += ("--client-cert-auth", "--trusted-ca-file", ca, "--cert-file", certificate, "--key-file", key)
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *("etcd", "--name", self.name, "--data-dir", str(self.directory)),
                    *("--listen-client-urls", clients, "--advertise-client-urls", clients),
                    *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
                    *("--initial-cluster", members, "--initial-cluster-state", "new", *FLAGS, *extra),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process, a paused one too."""
        if self.process is None:
            return
        self.process.send_signal(how)
        if how is not signal.SIGKILL:
            self.process.send_signal(signal.SIGCONT)
        self.process.wait(PATIENCE)
        self.process = None

    def pause(self) -> None:
        assert self.process is not None, "it runs"
        pause(self.process)

    def resume(self) -> None:
        assert self.process is not None, "it runs"
        self.process.send_signal(signal.SIGCONT)

    def ask(self, path: str, question: dict[str, Any] | None = None, timeout: float = 2.0) -> Any:
        """The answer of the server's HTTP door. OSError if there is none."""
        # What the environment says of proxies is not for the loopback.
        data = None if question is None else json.dumps(question).encode()
        try:
            opener = build_opener(ProxyHandler({}), HTTPSHandler(context=self._tls))
            with opener.open(Request(f"{self._scheme}://{self.address}{path}", data), timeout=timeout) as answer:
                return json.load(answer)
        except HTTPException as error:
            raise OSError(str(error)) from error

    @property
    def healthy(self) -> bool:
        """Whether it sees a majority and its leader."""
        try:
            return bool(self.ask("/health")["health"] == "true")
        except (OSError, HTTPError):
            return False

    def output(self) -> str:
        return self._output.read_text(errors="replace")


class EtcdCluster:
    """Servers that agree. Those that are killed, stopped or paused may be started or resumed again, with what they
    have kept."""

    def __init__(self, directory: Path, count: int, extra: tuple[str, ...] = (), pems: Pems | None = None) -> None:
        self.members = [EtcdServer(f"e{number}", directory, pems) for number in range(count)]
        self._initial = ",".join(f"{member.name}=http://127.0.0.1:{member.peer}" for member in self.members)
        self._extra = extra

    @property
    def addresses(self) -> list[str]:
        return [member.address for member in self.members]

    def url(self, name: str) -> str:
        """The setting MATCHER_LOG for a log of that name."""
        return f"etcd://{','.join(self.addresses)}/{name}"

    def start(self, *numbers: int, wait: bool = True) -> None:
        """Start these, or all that do not run; wait until those that run agree on a leader."""
        for number in numbers or range(len(self.members)):
            if self.members[number].process is None:
                self.members[number].start(self._initial, self._extra)
        if wait:
            self.wait()

    def wait(self) -> None:
        """Wait until all that run agree on a leader."""
        until = monotonic() + PATIENCE
        while not all(member.healthy for member in self.members if member.process is not None):
            assert monotonic() < until, "\n".join(member.output()[-2000:] for member in self.members)
            sleep(0.02)

    def leader(self) -> int:
        """The number of the member that leads."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            for number, member in enumerate(self.members):
                try:
                    status = member.ask("/v3/maintenance/status", {}, timeout=0.5)
                except OSError:
                    continue
                if status.get("leader") == status["header"]["member_id"]:
                    return number
            sleep(0.02)
        raise AssertionError("no member leads")

    def stop(self) -> None:
        """End all of them, in order."""
        for member in self.members:
            member.kill(signal.SIGTERM)

    def kill(self, *numbers: int) -> None:
        """End these, or all, as a crash does."""
        for number in numbers or range(len(self.members)):
            self.members[number].kill()

    def pause(self, number: int) -> None:
        self.members[number].pause()

    def resume(self, number: int) -> None:
        self.members[number].resume()

    def wipe(self) -> None:
        """Remove what all of them have kept. None may run."""
        for member in self.members:
            assert member.process is None, "it does not run"
            shutil.rmtree(member.directory, ignore_errors=True)

    def put(self, key: str, value: str) -> None:
        """Write a key past the log."""
        question = {"key": b64encode(key.encode()).decode(), "value": b64encode(value.encode()).decode()}
        self.members[self.leader()].ask("/v3/kv/put", question)


@contextmanager
def running_etcd(count: int = 1, extra: tuple[str, ...] = (), pems: Pems | None = None) -> Iterator[EtcdCluster]:
    """That many servers up, until the block ends. Skips the test where etcd is not installed."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    directory = Path(mkdtemp(prefix="etcd-", dir="/tmp"))
    cluster = EtcdCluster(directory, count, extra, pems)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()
        shutil.rmtree(directory)
