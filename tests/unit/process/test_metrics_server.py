"""The port on which a process tells its own metrics."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from matching_exchange.metrics import server as metrics_server
from matching_exchange.metrics.families import gauge
from matching_exchange.metrics.server import MetricsServer, open_server
from matching_exchange.process.metrics_address import METRICS_SETTING, Address

PATIENCE = 60.0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", None),
        ("127.0.0.1:9464", Address("127.0.0.1", 9464)),
        ("0.0.0.0:0", Address("0.0.0.0", 0)),
        ("[::1]:9464", Address("::1", 9464)),
        ("localhost:1", Address("localhost", 1)),
    ],
)
def test_addresses_that_are_taken(text: str, address: Address | None) -> None:
    assert METRICS_SETTING.parse(text) == address
    if address is not None:
        assert str(address) == text


@pytest.mark.parametrize("text", ["9464", ":9464", "127.0.0.1", "127.0.0.1:", "::1:9464", "[::1]", "a b:1", "h:65536"])
def test_addresses_that_are_not(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        METRICS_SETTING.parse(text)


def test_it_tells_what_is_counted_then() -> None:
    counted = [1]
    server = MetricsServer(Address("127.0.0.1", 0), lambda: [gauge("exchange_x", "X.", counted[0])])
    server.serve()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}", trust_env=False) as client:
        assert "exchange_x 1.0" in client.get("/metrics").text
        counted[0] = 2
        assert "exchange_x 2.0" in client.get("/metrics?of=now").text
        assert [client.get("/").status_code, client.post("/metrics").status_code] == [404, 501]
    server.shutdown()
    server.server_close()


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server."""
    server = MetricsServer(Address("127.0.0.1", 0), lambda: [gauge("exchange_x", "X.", 1)])
    server.serve()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def told(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=PATIENCE).text


def test_a_slow_reader_keeps_no_other_waiting(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "READER_SECONDS", 600.0)
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as slow, slow.makefile("rb") as answer:
        slow.sendall(b"GET /metr")
        assert "exchange_x 1.0" in told(port)
        slow.sendall(b"ics HTTP/1.1\r\n\r\n")
        assert answer.readline() == b"HTTP/1.0 200 OK\r\n"
        assert b"exchange_x 1.0" in answer.read()


def test_readers_that_never_end_are_ended(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_server, "READER_SECONDS", 0.5)
    with ExitStack() as opened:
        address = ("127.0.0.1", port)
        slow = [opened.enter_context(socket.create_connection(address)) for _ in range(metrics_server.MAX_READERS)]
        for reader in slow:
            reader.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
        left = set(slow)
        for _ in range(1000):
            # They are never silent for long.
            left -= set(select.select(list(left), [], [], 0.02)[0])
            if not left:
                break
            for reader in left:
                reader.sendall(b"x")
        assert not left
        assert "exchange_x 1.0" in told(port)


def test_a_port_that_is_taken_ends_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            open_server("matcher", "MATCHER", Address("127.0.0.1", port), list)
    assert ended.value.code == 1
    line = f"MATCHER_METRICS (--metrics): cannot listen on 127.0.0.1:{port}: another process has it"
    assert capsys.readouterr().err == f"matcher: {line}\n"
