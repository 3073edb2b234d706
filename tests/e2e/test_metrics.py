"""The metrics of a whole exchange with two workers and a history: what moves them, and who may read them."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.native.operations import OPERATIONS
from matching_exchange.tools.processes import free_ports
from tests.exchange import ROOT, Exchange, receive, wait_until
from tests.history_process import HistoryProcess

OBSERVE = ROOT / "deploy" / "observe"
WORKERS = 2

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]


def samples(page: str) -> Samples:
    """The value of each sample, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    """The sum of the samples with these labels, and any others."""
    wanted = set(labels.items())
    return sum(value for (each, given), value in found.items() if each == name and wanted <= given)


class Watched:
    """An exchange with a history, whose processes have ports of their own for their metrics."""

    def __init__(self, directory: Path) -> None:
        matcher, gateway, history = (f"127.0.0.1:{port}" for port in free_ports(3))
        self.own = {"matcher": matcher, "gateway": gateway, "history": history}
        self.exchange = Exchange(
            directory,
            (f"--metrics={matcher}", "--snapshot-every=20"),
            (f"--workers={WORKERS}", f"--metrics={gateway}", f"--data-dir={directory / 'data'}"),
        )
        self.history = HistoryProcess(directory, self.exchange.matcher.data, f"--metrics={history}")

    def read(self) -> Samples:
        answer = self.exchange.http.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        return samples(answer.text)

    def wait_for(self, expected: float, name: str, **labels: str) -> None:
        """Wait until the sum is that: workers and the matcher tell theirs once a second."""
        wait_until(lambda: value(self.read(), name, **labels) == expected, f"{name} {labels} = {expected}")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    watched = Watched(tmp_path_factory.mktemp("watched"))
    with watched.exchange:
        watched.history.start()
        try:
            for worker in map(str, range(WORKERS)):
                watched.wait_for(1, "exchange_gateway_matcher_up", worker=worker)
            watched.wait_for(1, "exchange_history_up")
            yield watched
        finally:
            watched.history.close()


@pytest.fixture(scope="module")
def symbol(watched: Watched) -> str:
    symbol = watched.exchange.add_instrument()
    watched.wait_for(1, "exchange_matcher_commands_total", kind="SetInstrument")
    return symbol


def test_commands_trades_and_rejects_are_counted(watched: Watched, symbol: str) -> None:
    exchange, before = watched.exchange, watched.read()
    for price in ("100", "101", "102"):
        exchange.trade(symbol, price)
    placed = exchange.place(symbol, "limit", "buy", "1", "50")
    exchange.delete(f"/orders/{placed['order_id']}")
    crossing = {"symbol": symbol, "order_type": "limit", "side": "sell", "quantity": "1", "price": "103"}
    exchange.post("/orders", {**crossing, "client_order_id": "once"})
    assert (
        exchange.http.post("/orders", json={**crossing, "client_order_id": "once", "price": "104"}).status_code == 409
    )
    exchange.place(symbol, "limit", "buy", "1", "103", post_only=True)

    def grown(name: str, by: float, **labels: str) -> None:
        watched.wait_for(value(before, name, **labels) + by, name, **labels)

    grown("exchange_matcher_commands_total", 10, kind="PlaceOrder")
    grown("exchange_matcher_commands_total", 1, kind="CancelOrder")
    grown("exchange_matcher_trades_total", 3)
    grown("exchange_matcher_rejects_total", 1, reason="client_order_id_conflict")
    grown("exchange_matcher_rejects_total", 1, reason="post_only_would_cross")
    grown("exchange_matcher_turn_commands_sum", 11)
    after = watched.read()
    assert value(after, "exchange_matcher_open_orders") == value(before, "exchange_matcher_open_orders") + 1
    turns = value(after, "exchange_matcher_turn_commands_count") - value(before, "exchange_matcher_turn_commands_count")
    for times in ("apply", "sync"):
        name = f"exchange_matcher_{times}_seconds_count"
        assert value(after, name) - value(before, name) >= turns > 0
    for name in ("exchange_matcher_journal_bytes_total", "exchange_matcher_sequence"):
        assert value(after, name) > value(before, name)


def test_both_dialects_and_unknown_paths_are_counted_over_both_workers(watched: Watched, symbol: str) -> None:
    before = watched.read()
    rows = {
        "/api/v3/time": ("/api/v3/time", "200"),
        "/api/v3/nothing": ("other", "404"),
        f"/depth?symbol={symbol}": ("/depth", "200"),
        "/orders/client:none": ("/orders/{order_id}", "404"),
        "/a/path/of/nobody": ("other", "404"),
    }
    rounds = 12
    for _ in range(rounds):
        for path in rows:
            # A connection each: both workers get some.
            with httpx.Client(base_url=watched.exchange.url, trust_env=False, verify=False) as client:
                client.get(path)
    expected: dict[tuple[str, str], int] = {}
    for row in rows.values():
        expected[row] = expected.get(row, 0) + rounds
    for (route, status), count in expected.items():
        labels = {"method": "GET", "route": route, "status": status}
        name = "exchange_http_requests_total"
        watched.wait_for(value(before, name, **labels) + count, name, **labels)
    after, name = watched.read(), "exchange_http_request_duration_seconds_count"
    assert value(after, name, route="/depth") == value(before, name, route="/depth") + rounds
    known = {operation.path for operation in OPERATIONS} | {"other"}
    routes = {dict(labels)["route"] for each, labels in after if each == name}
    assert {route for route in routes if not route.startswith("/api/v3/")} <= known


def test_websockets_are_counted_while_open_and_when_they_end(watched: Watched, symbol: str) -> None:
    exchange, before = watched.exchange, watched.read()
    labels = {"route": "/ws/trades"}
    opened = value(before, "exchange_websocket_handshakes_total", **labels)
    with exchange.stream("/ws/trades", symbol) as stream, exchange.stream("/ws/trades", symbol):
        watched.wait_for(2, "exchange_websockets_open", **labels)
        exchange.trade(symbol, "100")
        assert receive(stream)["price"] == "100"
    watched.wait_for(0, "exchange_websockets_open", **labels)
    watched.wait_for(opened + 2, "exchange_websocket_handshakes_total", **labels, status="101")
    watched.wait_for(2, "exchange_websocket_closed_total", **labels, code="1000")
    with exchange.stream("/ws/book", "NOBODY-USDT"):
        watched.wait_for(1, "exchange_websocket_closed_total", route="/ws/book", code="4404")


def test_snapshots_and_the_history_are_told(watched: Watched, symbol: str) -> None:
    for _ in range(12):
        watched.exchange.trade(symbol, "100")
    # The next one may be due already.
    wait_until(lambda: value(watched.read(), "exchange_matcher_snapshot_seconds_count") >= 1, "a snapshot")
    sequence = watched.exchange.get("/health")["sequence"]
    watched.history.wait_until_at(sequence)
    watched.wait_for(sequence, "exchange_history_sequence")
    found = watched.read()
    assert value(found, "exchange_matcher_snapshot_timestamp_seconds") > 1_700_000_000
    assert value(found, "exchange_matcher_fork_pause_seconds_count", of="state") >= 1
    assert value(found, "exchange_history_rows_total") > 0
    assert value(found, "exchange_history_lag_seconds") == 0


def test_each_process_tells_its_own_on_a_port_of_its_own(watched: Watched) -> None:
    whole = watched.read()
    names: set[str] = set()
    for process, address in watched.own.items():
        answer = httpx.get(f"http://{address}/metrics", trust_env=False)
        assert answer.status_code == 200
        found = samples(answer.text)
        assert {dict(labels)["process"] for name, labels in found if name == "exchange_process_info"} == {process}
        names |= {name for name, _ in found}
        assert httpx.get(f"http://{address}/other", trust_env=False).status_code == 404
    assert {name for name, _ in whole} - names == {"exchange_history_up"}
    info = [dict(labels) for name, labels in whole if name == "exchange_process_info"]
    assert sorted((each["process"], each["worker"]) for each in info) == [
        ("gateway", "0"),
        ("gateway", "1"),
        ("history", ""),
        ("matcher", ""),
    ]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_what_a_proxy_has_passed_on_is_not_told(watched: Watched, header: str) -> None:
    refused = watched.exchange.http.get("/metrics", headers={header: "203.0.113.7"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert "GATEWAY_METRICS_ACCESS=anyone" in refused.json()["detail"]


def dashboard_expressions() -> list[str]:
    dashboard = json.loads((OBSERVE / "grafana" / "dashboards" / "exchange.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def alerts() -> list[dict[str, Any]]:
    [group] = pytest.importorskip("yaml").safe_load((OBSERVE / "alerts.yml").read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_dashboard_alerts_and_document_name_what_is_told(watched: Watched) -> None:
    page = watched.exchange.http.get("/metrics").text
    families = set(re.findall(r"^# TYPE (\w+) ", page, re.MULTILINE))
    told = families | {name for name, _ in samples(page)}
    asked = {
        name
        for expression in (*dashboard_expressions(), *(alert["expr"] for alert in alerts()))
        for name in re.findall(r"exchange_\w+", expression)
    }
    assert len(asked) > 30
    assert asked - told == set()
    document = (ROOT / "docs" / "metrics.md").read_text()
    assert set(re.findall(r"^\| `(exchange_\w+)`", document, re.MULTILINE)) == families
    assert set(re.findall(r"^\| `(Exchange\w+)`", document, re.MULTILINE)) == {alert["alert"] for alert in alerts()}
    for alert in alerts():
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert alert["annotations"]["summary"]


@pytest.mark.skipif(which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_no_fault(watched: Watched) -> None:
    for arguments in (("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")):
        run = subprocess.run(
            ["promtool", *arguments], cwd=OBSERVE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert run.returncode == 0, run.stdout
    page = watched.exchange.http.get("/metrics").content
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, b"")
