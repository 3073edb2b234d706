"""The port on which a process tells its own metrics."""

import socket

import httpx
import pytest

from matching_exchange.metrics.families import gauge
from matching_exchange.metrics.server import MetricsServer, open_server
from matching_exchange.process.metrics_address import METRICS_SETTING, Address


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


def test_a_port_that_is_taken_ends_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            open_server("matcher", "MATCHER", Address("127.0.0.1", port), list)
    assert ended.value.code == 1
    told = f"MATCHER_METRICS (--metrics): cannot listen on 127.0.0.1:{port}: another process has it"
    assert capsys.readouterr().err == f"matcher: {told}\n"
