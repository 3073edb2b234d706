"""An exchange in containers, and what asks the container engine."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""How many seconds anything but a build may take before its test fails."""

BUILD_PATIENCE = 600.0

SERVING = ("matcher", "gateway")
SERVICES = (*SERVING, "history")
OBSERVERS = ("prometheus", "grafana")

COMMANDS, MARKET_DATA, REPORTS = 5555, 5556, 5557
HTTP = 8000
"""The ports inside."""

SETTINGS = ("MATCHER_", "GATEWAY_", "HISTORY_", "COMPOSE_", "EXCHANGE_")
"""The environment's variables that would change what is tested."""

Object = dict[str, Any]


class Exchange(Struct):
    """A compose project. Its containers may be stopped; `start` starts what does not run."""

    command: list[str]
    environment: dict[str, str]
    project: str
    http_port: int
    market_data_port: int

    def compose(self, *arguments: str, timeout: float = PATIENCE) -> str:
        return run(*self.command, *arguments, environment=self.environment, timeout=timeout)

    def containers(self) -> list[str]:
        """The ids of all that are there, stopped ones too."""
        return docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.project}").split()

    def container(self, service: str) -> str:
        labels = (f"project={self.project}", f"service={service}")
        filters = [word for label in labels for word in ("--filter", f"label=com.docker.compose.{label}")]
        (container,) = docker("ps", "--all", "--quiet", *filters).split()
        return container

    def inspect(self, service: str) -> Object:
        (state,) = json.loads(docker("inspect", self.container(service)))
        assert isinstance(state, dict)
        return state

    def execute(self, service: str, script: str) -> str:
        return docker("exec", self.container(service), "sh", "-c", script)

    def start(self) -> None:
        self.compose("up", "--detach")
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        """Wait until both health checks say so, and the exchange itself."""
        self.wait(
            lambda: all(self.inspect(service)["State"]["Health"]["Status"] == "healthy" for service in SERVING),
            "healthy containers",
        )
        self.wait(lambda: self.health() == 200, "a healthy exchange")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, (
                f"{what}: not within {PATIENCE:g} seconds\n{self.compose('logs', '--tail', '40')}"
            )
            time.sleep(0.1)

    def request(self, method: str, path: str, body: Object | None = None) -> httpx.Response:
        with httpx.Client(trust_env=False, verify=False, timeout=PATIENCE) as client:
            return client.request(method, f"http://127.0.0.1:{self.http_port}{path}", json=body)

    def health(self) -> int:
        """The status of GET /health; 0 where nobody listens."""
        try:
            return self.request("GET", "/health").status_code
        except httpx.TransportError:
            return 0

    def place(
        self, symbol: str, side: str, price: str | None, quantity: str = "1", client_order_id: str | None = None
    ) -> Object:
        """A limit order, or a market order where the price is None: the answer."""
        order_type = "market" if price is None else "limit"
        order = {"symbol": symbol, "order_type": order_type, "side": side, "quantity": quantity, "price": price}
        answer = self.request("POST", "/orders", {**order, "client_order_id": client_order_id})
        assert answer.status_code == 200, answer.text
        content = answer.json()
        assert isinstance(content, dict)
        return content

    def order_status(self, client_order_id: str) -> str:
        answer = self.request("GET", f"/orders/client:{client_order_id}")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])


def run(*command: str, environment: dict[str, str] | None = None, timeout: float = PATIENCE) -> str:
    """The command's standard output; fails the test with all of its output where the command fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def docker(*arguments: str) -> str:
    return run("docker", *arguments)


def succeeds(*command: str, timeout: float = PATIENCE) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=timeout, check=False).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


def has_image(image: str) -> bool:
    return succeeds("docker", "image", "inspect", image) or succeeds("docker", "pull", image, timeout=BUILD_PATIENCE)


def compose_command() -> list[str]:
    """The command of this machine; skips the tests where they cannot run."""
    if not succeeds("docker", "info"):
        pytest.skip("no container engine answers `docker info`")
    default_image = re.search("^ARG PYTHON_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert default_image is not None
    image = default_image[1]
    # An image that PYTHON_IMAGE names is meant to be there: the build fails where it is not.
    if not os.environ.get("PYTHON_IMAGE") and not has_image(image):
        pytest.skip(f"the base image {image} is not there and cannot be pulled (PYTHON_IMAGE may name another)")
    for command in (["docker", "compose"], ["docker-compose"]):
        if succeeds(*command, "version"):
            return command
    pytest.skip("neither `docker compose` nor `docker-compose` is there")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports
