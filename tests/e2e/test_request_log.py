"""The log of requests: who has asked for what, and that no secret stands in it."""

from pathlib import Path

import pytest

from tests.e2e.binance import Holder
from tests.e2e.keyed import ORDER, TOKEN, Closed, bearer, open_user_stream
from tests.exchange import Exchange, Gateway, Json, wait_until


@pytest.fixture
def closed(tmp_path: Path) -> Closed:
    return Closed(tmp_path, "--request-log=on", "--binance-listen-keys=on")


class KeyHolder(Holder):
    """Of an exchange that asks for keys."""

    def _make(self, exchange: Exchange, account: str, more: Json) -> Json:
        assert isinstance(exchange, Closed)
        return exchange.make_key(account, **more)


def lines(gateway: Gateway, **wanted: str | int) -> list[Json]:
    """The lines with these fields, as soon as there are any."""

    def found() -> list[Json]:
        return [line for line in gateway.records("request") if wanted.items() <= line.items()]

    return wait_until(found, f"a line of the log with {wanted}")


def test_each_request_of_a_key_is_a_line_without_a_secret(closed: Closed) -> None:
    with closed as exchange:
        key = exchange.make_key("alice")
        placed = exchange.as_holder(key, "POST", "/orders", json=ORDER)
        assert placed.status_code == 200
        [line] = lines(exchange.gateway, method="POST", path="/orders")
        told = {name: line[name] for name in ("status", "key", "account", "address")}
        assert told == {"status": 200, "key": key["key"], "account": "alice", "address": "127.0.0.1"}
        assert line["milliseconds"] > 0

        assert exchange.http.post("/orders?signature=stolen", json=ORDER).status_code == 401
        [refused] = lines(exchange.gateway, method="POST", path="/orders", status=401)
        assert not {"key", "account"} & refused.keys()

        with open_user_stream(exchange.gateway, additional_headers=bearer(key)) as stream:
            stream.recv()
        [line] = lines(exchange.gateway, method="WS", path="/ws/user")
        assert (line["status"], line["key"], line["account"]) == (101, key["key"], "alice")

        holder = KeyHolder(exchange, "bob")
        assert holder.call("GET", "/api/v3/account").status_code == 200
        [line] = lines(exchange.gateway, path="/api/v3/account")
        assert (line["status"], line["key"], line["account"]) == (200, holder.api_key, "bob")

        listen_key = holder.send("POST", "/api/v3/userDataStream").json()["listenKey"]
        exchange.http.get(f"/ws/{listen_key}")
        assert lines(exchange.gateway, path="/ws/***")

        text = exchange.gateway.log.read_text()
        for secret in (key["secret"], holder.secret, listen_key, TOKEN, "stolen", "signature"):
            assert secret not in text


def test_without_keys_the_account_is_the_one_that_was_named(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=("--request-log=on",)) as exchange:
        exchange.place("BTC-USDT", "limit", "buy", "1", "100", account="carol")
        [line] = lines(exchange.gateway, path="/orders")
        assert line["account"] == "carol"
        assert "key" not in line
        exchange.get("/depth", symbol="BTC-USDT")
        [line] = lines(exchange.gateway, path="/depth")
        assert (line["status"], line["method"]) == (200, "GET")
        assert "account" not in line

        # Unless that is asked for, no request is logged.
        silent = Gateway(tmp_path, exchange.matcher, name="silent")
        silent.restart()
        assert silent.http.get("/depth?symbol=BTC-USDT").status_code == 200
        silent.close()
        assert silent.records("listening")
        assert not silent.records("request")
