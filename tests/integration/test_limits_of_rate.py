"""Limits of rate and place at a real gateway of two workers, over its sockets."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.exchange import PATIENCE, Exchange, ending, wait_until

ORDER = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.001", "price": "50000"}


@contextmanager
def exchange(directory: Path, *flags: str) -> Iterator[Exchange]:
    with Exchange(directory, gateway_flags=("--workers=2", *flags)) as running:
        wait_until(lambda: len(running.gateway.records("matcher connected")) == 2, "two workers")
        yield running


@contextmanager
def client(exchange: Exchange) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=exchange.url, timeout=PATIENCE, trust_env=False) as found:
        yield found


def workers(exchange: Exchange) -> list[int]:
    """The processes that the gateway serves with: its children that have the listening socket."""
    told = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(exchange.gateway.running.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(line.split()[0]) for line in told.stdout.splitlines() if "spawn_main" in line]


def test_all_connections_to_both_workers_share_one_bucket(tmp_path: Path) -> None:
    """The bucket gives nothing back while the test runs: the burst is what all of them get."""
    with exchange(tmp_path, "--orders-per-address=1/86400:20") as running, ExitStack() as stack:
        clients = [stack.enter_context(client(running)) for _ in range(10)]
        answers = [each.post("/orders", json=ORDER) for _ in range(5) for each in clients]
        assert sorted(answer.status_code for answer in answers) == [200] * 20 + [429] * 30
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["code"] == "rate_limited"
        assert "GATEWAY_ORDERS_PER_ADDRESS allows 1 in 86400 s, 20 at once" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) >= 1
        # Who may send no order may still leave the market.
        taken = [answer.json()["order_id"] for answer in answers if answer.status_code == 200]
        assert clients[0].delete(f"/orders/{taken[0]}").status_code == 200
        cancels = clients[1].post("/orders/cancel-batch", json={"order_ids": taken[1:]})
        assert [result["status"] for result in cancels.json()["results"]] == ["canceled"] * 19


def test_each_order_of_a_call_counts(tmp_path: Path) -> None:
    with exchange(tmp_path, "--orders-per-address=1/86400:8") as running:
        http = running.http
        assert http.post("/orders/batch", json={"orders": [ORDER] * 9}).status_code == 429
        assert http.post("/orders/batch", json={"orders": [ORDER] * 4}).status_code == 200
        order_id = http.post("/orders", json=ORDER).json()["order_id"]
        assert http.patch(f"/orders/{order_id}", json={"price": "49999"}).status_code == 200
        assert http.post("/orders/oco", json={}).status_code == 422
        for method, path, body in (
            ("POST", "/orders", ORDER),
            ("PATCH", f"/orders/{order_id}", {"price": "49998"}),
            ("POST", "/orders/oco", {}),
            ("POST", "/orders/batch", {"orders": [ORDER]}),
        ):
            assert http.request(method, path, json=body).status_code == 429, path


def test_who_waits_as_long_as_he_is_told_is_served(tmp_path: Path) -> None:
    with exchange(tmp_path, "--orders-per-address=1/2:1") as running:
        assert running.http.post("/orders", json=ORDER).status_code == 200
        refused = running.http.post("/orders", json=ORDER)
        assert refused.status_code == 429
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() >= begin + int(refused.headers["retry-after"]), "the told time")
        assert running.http.post("/orders", json=ORDER).status_code == 200


def test_a_killed_worker_takes_no_place_with_it(tmp_path: Path) -> None:
    def opened(running: Exchange) -> socket.socket | None:
        """A connection that is served; None if it is refused."""
        connection = socket.create_connection(("127.0.0.1", running.gateway.port), PATIENCE)
        try:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.recv(4096)
        except ConnectionError:
            answer = b""
        if answer.startswith(b"HTTP/1.1 200"):
            return connection
        connection.close()
        return None

    with ExitStack() as stack:
        running = stack.enter_context(exchange(tmp_path, "--open-connections-per-address=10"))
        running.http.close()

        def fill() -> list[socket.socket]:
            found: list[socket.socket] = []
            while (connection := opened(running)) is not None:
                found.append(stack.enter_context(connection))
            return found

        first = wait_until(fill, "served connections")
        total = len(first)
        assert total <= 10
        before = workers(running)
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(workers(running)) == 2 and before[0] not in workers(running), "a new worker")

        def ended(connection: socket.socket) -> bool:
            connection.settimeout(0)
            try:
                while connection.recv(4096):
                    pass
                return True
            except BlockingIOError:
                return False
            except ConnectionError:
                return True

        lost = sum(ended(connection) for connection in first)
        again: list[socket.socket] = []

        def refilled() -> bool:
            again.extend(fill())
            return len(again) >= lost

        wait_until(refilled, "places that the killed worker had")
        assert len(again) <= 10 - (total - lost)


def test_streams_have_a_bound_and_a_rate(tmp_path: Path) -> None:
    with exchange(tmp_path, "--open-streams-per-address=2", "--subscriptions-per-address=1/86400:4") as running:

        def refusal() -> tuple[int, str]:
            with running.stream("/ws/trades", "BTC-USDT") as stream:
                return ending(stream)

        with running.stream("/ws/trades", "BTC-USDT"), running.stream("/ws/marketdata", "BTC-USDT"):
            assert refusal() == (
                4429,
                "An address may have 2 open streams (GATEWAY_OPEN_STREAMS_PER_ADDRESS); close some.",
            )
        with running.stream("/ws/trades", "BTC-USDT"):
            code, reason = refusal()
        assert code == 4429
        assert "GATEWAY_SUBSCRIPTIONS_PER_ADDRESS allows 1 in 86400 s, 4 at once" in reason


def test_a_trusted_proxy_shares_its_limit_with_nobody(tmp_path: Path) -> None:
    with exchange(tmp_path, "--orders-per-address=1/86400:1", "--trusted-proxies=127.0.0.1") as running:

        def order(forwarded: str) -> int:
            return running.http.post("/orders", json=ORDER, headers={"x-forwarded-for": forwarded}).status_code

        assert [order("192.0.2.1"), order("192.0.2.2"), order("192.0.2.1"), order("192.0.2.9, 192.0.2.2")] == [
            200,
            200,
            429,
            429,
        ]
