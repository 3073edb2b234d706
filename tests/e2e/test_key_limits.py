"""Limits of rate of keys, at a gateway of two workers."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.e2e.keyed import ORDER, Closed, bearer, open_user_stream
from tests.exchange import PATIENCE, Json, ending, receive, wait_until

LIMITS = (
    "--workers=2",
    "--requests-per-key=1/86400:60",
    "--orders-per-key=1/86400:20",
    "--subscriptions-per-key=1/86400:3",
)
"""The buckets give nothing back while a test runs: the burst is what all connections of a key get."""


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Closed]:
    with Closed(tmp_path, *LIMITS) as exchange:
        wait_until(lambda: len(exchange.gateway.records("matcher connected")) == 2, "two workers")
        yield exchange


def send(clients: list[httpx.Client], key: Json, method: str, path: str, body: Json | None, rounds: int) -> list[int]:
    """The statuses of so many calls of each connection."""
    return sorted(
        each.request(method, path, json=body, headers=bearer(key)).status_code
        for _ in range(rounds)
        for each in clients
    )


def test_two_keys_of_one_address_have_limits_of_their_own(limited: Closed) -> None:
    alice, bob = limited.make_key("alice"), limited.make_key("bob")
    with ExitStack() as stack:
        clients = [
            stack.enter_context(httpx.Client(base_url=limited.url, timeout=PATIENCE, trust_env=False, verify=False))
            for _ in range(10)
        ]
        assert send(clients, alice, "POST", "/orders", ORDER, 3) == [200] * 20 + [429] * 10
        refused = clients[0].post("/orders", json=ORDER, headers=bearer(alice))
        assert refused.json()["code"] == "rate_limited"
        assert "GATEWAY_ORDERS_PER_KEY allows 1 in 86400 s, 20 at once" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) >= 1
        assert send(clients, bob, "POST", "/orders", ORDER, 2) == [200] * 20
        # 31 requests of alice, 20 of bob.
        assert send(clients, alice, "GET", "/orders", None, 4) == [200] * 29 + [429] * 11
        assert send(clients, bob, "GET", "/orders", None, 4) == [200] * 40
        assert send(clients, bob, "GET", "/orders", None, 1) == [429] * 10


def test_streams_of_a_key_are_limited(limited: Closed) -> None:
    alice, bob = limited.make_key("alice"), limited.make_key("bob")
    for _ in range(3):
        with open_user_stream(limited.gateway, additional_headers=bearer(alice)) as stream:
            assert receive(stream)["account"] == "alice"
    with open_user_stream(limited.gateway, additional_headers=bearer(alice)) as stream:
        code, reason = ending(stream)
    assert code == 4429
    assert "GATEWAY_SUBSCRIPTIONS_PER_KEY allows 1 in 86400 s, 3 at once" in reason
    with open_user_stream(limited.gateway, additional_headers=bearer(bob)) as stream:
        assert receive(stream)["account"] == "bob"


def test_who_proves_nothing_uses_up_no_limit_of_a_key(limited: Closed) -> None:
    alice = limited.make_key("alice")
    for _ in range(61):
        assert limited.as_holder({**alice, "secret": "x" * 64}, "GET", "/orders").status_code == 401
    assert limited.as_holder(alice, "GET", "/orders").status_code == 200
