"""The samples of proxies and units in deploy/: nginx terminates TLS in front of a gateway, as its sample says."""

import json
import os
import shutil
import ssl
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

import gateway.config
import history.config
import matcher.config
from matching_exchange.tools.processes import free_ports
from tests.e2e.dashboard import chromium, needs_chromium, opened
from tests.exchange import PATIENCE, ROOT, Exchange, wait_until

DEPLOY = ROOT / "deploy"

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")
ANALYZE = shutil.which("systemd-analyze")

needs_nginx = pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="needs nginx and openssl")

ROOT_PATH = "/exchange"

FRAME = """
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  {sample}
  server {{
    listen 127.0.0.1:{sub_port} ssl http2;
    ssl_certificate {directory}/cert.pem;
    ssl_certificate_key {directory}/key.pem;
    {sub_path}
  }}
}}
"""


class Proxy:
    """A running nginx. site: the URL of the sample; below: that of a site with the gateway below a path."""

    def __init__(self, site: str, plain: str, below: str) -> None:
        self.site = site
        self.plain = plain
        self.below = below


@pytest.fixture(scope="module")
def shared_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    flags = (f"--root-path={ROOT_PATH}", "--trusted-proxies=127.0.0.1", "--requests-per-address=1000/1")
    with Exchange(tmp_path_factory.mktemp("exchange"), gateway_flags=flags) as exchange:
        yield exchange


@pytest.fixture(scope="module", params=["sent", "stripped"])
def proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_exchange: Exchange
) -> Iterator[Proxy]:
    """With the samples as they are, but for ports, names and files."""
    assert NGINX is not None
    assert OPENSSL is not None
    directory = tmp_path_factory.mktemp("nginx")
    make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [OPENSSL, *make.split(), "-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    plain_port, port, sub_port = free_ports(3)
    sample = replaced(
        (DEPLOY / "nginx" / "exchange.conf").read_text(),
        {
            "listen 80;": f"listen 127.0.0.1:{plain_port};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
            "server_name exchange.example.org;": "server_name 127.0.0.1;",
            "/etc/ssl/exchange/fullchain.pem": f"{directory}/cert.pem",
            "/etc/ssl/exchange/privkey.pem": f"{directory}/key.pem",
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{shared_exchange.gateway.port};",
        },
    )
    sub_path = (DEPLOY / "nginx" / "exchange-sub-path.conf").read_text()
    if request.param == "stripped":
        sub_path = replaced(sub_path, {"proxy_pass http://exchange_gateway;": "proxy_pass http://exchange_gateway/;"})
    configuration = directory / "nginx.conf"
    configuration.write_text(FRAME.format(directory=directory, sample=sample, sub_path=sub_path, sub_port=sub_port))
    command = [NGINX, "-p", str(directory), "-c", str(configuration), "-e", str(directory / "error.log")]
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        found = Proxy(f"https://127.0.0.1:{port}", f"http://127.0.0.1:{plain_port}", f"https://127.0.0.1:{sub_port}")
        wait_until(lambda: answers(found, process, directory), "a proxy that answers")
        yield found
    finally:
        process.terminate()
        process.wait(PATIENCE)


def replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def answers(proxy: Proxy, process: "subprocess.Popen[bytes]", directory: Path) -> bool:
    assert process.poll() is None, (directory / "output").read_text() + (directory / "error.log").read_text()
    try:
        return get(f"{proxy.site}/health").status_code == 200
    except httpx.TransportError:
        return False


def get(url: str) -> httpx.Response:
    return httpx.get(url, verify=False, trust_env=False, timeout=PATIENCE)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@needs_nginx
def test_calls_go_through(proxy: Proxy) -> None:
    for base in (proxy.site, f"{proxy.below}{ROOT_PATH}"):
        order = {"symbol": "BTC-USDT", "order_type": "limit", "side": "sell", "quantity": "1", "price": "90000"}
        # As a page of this site sends it: the gateway compares its origin with the host.
        origin = "/".join(base.split("/")[:3])
        placed = httpx.post(
            f"{base}/orders", json=order, headers={"Origin": origin}, verify=False, trust_env=False, timeout=PATIENCE
        )
        assert (placed.status_code, placed.json()["status"]) == (200, "open"), placed.text
        assert get(f"{base}/api/v3/ping").json() == {}
        assert get(f"{base}/openapi.json").json()["servers"] == [{"url": ROOT_PATH}]


@needs_nginx
def test_streams_go_through(proxy: Proxy) -> None:
    for base in (proxy.site, f"{proxy.below}{ROOT_PATH}"):
        url = f"{base.replace('https', 'wss')}/ws/marketdata?symbol=BTC-USDT"
        origin = "/".join(base.split("/")[:3])
        with connect(url, ssl=trusting(), origin=Origin(origin), open_timeout=PATIENCE, proxy=None) as stream:
            assert json.loads(stream.recv(timeout=PATIENCE))["symbol"] == "BTC-USDT"


@needs_nginx
def test_plain_http_and_a_missing_slash_lead_on(proxy: Proxy) -> None:
    assert get(f"{proxy.plain}/health").headers["location"] == "https://127.0.0.1/health"
    answer = get(f"{proxy.below}{ROOT_PATH}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{proxy.below}{ROOT_PATH}/")


@needs_nginx
@needs_chromium
def test_the_dashboard_loads_through_it(proxy: Proxy, shared_exchange: Exchange, symbol: str) -> None:
    url = f"{proxy.below}{ROOT_PATH}/"
    with chromium() as browser, opened(browser, shared_exchange, symbol, url, ignore_https_errors=True) as dashboard:
        dashboard.fill("limit", "buy", quantity="1", price="50000")
        status, order = dashboard.answer_to(dashboard.find("#submit").click, "POST", f"{ROOT_PATH}/orders")
        assert (status, order["status"]) == (200, "open")


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    assert ANALYZE is not None
    program = tmp_path / "matching-exchange"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for path in (DEPLOY / "systemd").iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/exchange/bin/matching-exchange", str(program)))
    units = sorted(str(path) for path in tmp_path.glob("exchange*"))
    assert len(units) == 6
    done = subprocess.run([ANALYZE, "verify", "--man=no", *units], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_process_takes_the_sample_of_settings() -> None:
    environment = {"EXCHANGE_CONFIG": str(DEPLOY / "exchange.toml")}
    of_matcher = matcher.config.read_config([], environment)
    of_gateway = gateway.config.read_config([], environment)
    of_history = history.config.read_config([], environment)
    assert of_matcher.data_dir == of_history.data_dir == Path("/var/lib/exchange")
    assert of_gateway.auth == "keys"
    assert set(tomllib.loads((DEPLOY / "exchange.toml").read_text())) == {"matcher", "gateway", "history"}
