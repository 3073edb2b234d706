"""A gateway of several nodes: what clients see when another one leads."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from protocol.node import NodeRole
from tests.e2e.dashboard import chromium, expect, needs_chromium, opened
from tests.exchange import Json, receive, receive_until, wait_until
from tests.nodes import NodesExchange, told


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodesExchange]:
    with NodesExchange(tmp_path_factory.mktemp("nodes"), 2) as exchange:
        yield exchange


def test_an_order_on_its_way_is_answered_by_the_next_leader_once(exchange: NodesExchange) -> None:
    symbol = exchange.add_instrument()
    resting = exchange.place(symbol, "limit", "buy", "1", "90", account="on-the-way")
    order = {"symbol": symbol, "order_type": "limit", "side": "buy", "quantity": "1", "price": "91"}
    old = exchange.nodes.leader
    with ThreadPoolExecutor() as threads:
        with old.paused():
            answer = threads.submit(exchange.http.post, "/orders", json={**order, "account": "on-the-way"})
            away = len(exchange.gateway.records("matcher away"))
            wait_until(lambda: len(exchange.gateway.records("matcher away")) > away, "the end of the leader's pulse")
            # What comes now is refused at once, and was not taken.
            assert exchange.http.post("/orders", json=order).status_code == 503
            assert not answer.done()
            old.kill()
        exchange.nodes.start_next()
        placed = answer.result()
    assert placed.status_code == 200, placed.text
    live = exchange.get("/orders", account="on-the-way")["orders"]
    assert {each["order_id"] for each in live} == {resting["order_id"], placed.json()["order_id"]}


def test_each_answer_holds_and_each_trade_is_told_once(exchange: NodesExchange) -> None:
    symbol = exchange.add_instrument()
    answers: dict[str, int] = {}
    epoch = int(exchange.get("/health")["epoch"])

    def trade(number: int) -> None:
        for side in ("sell", "buy"):
            name = f"{side}-{number}"
            order = {"symbol": symbol, "order_type": "limit", "side": side, "quantity": "1", "price": "100"}
            named = {**order, "account": "turns", "client_order_id": name}
            answers[name] = exchange.http.post("/orders", json=named).status_code

    with exchange.stream("/ws/trades", symbol) as stream, exchange.stream("/ws/book", symbol) as book:
        assert receive(book)["type"] == "snapshot"
        for number in range(20):
            trade(number)
        with ThreadPoolExecutor() as threads:
            over = threads.submit(exchange.take_over)
            number = 20
            while not over.done():
                trade(number)
                number += 1
            over.result()
        last = exchange.trade(symbol, "100")
        count = len(exchange.get("/trades", symbol=symbol, limit=1_000)["trades"])
        told_trades = receive_until(stream, lambda trade: trade["trade_id"] == str(count))
        receive_until(book, lambda message: int(message["sequence"]) >= int(last["sequence"]))
    assert [int(trade["trade_id"]) for trade in told_trades] == list(range(1, count + 1))
    assert int(exchange.get("/health")["epoch"]) > epoch
    made = Counter(
        order["client_order_id"]
        for status in ("open", "done")
        for order in exchange.get("/orders", account="turns", status=status, limit=500)["orders"]
    )
    assert set(made.values()) == {1}
    assert all((name in made) is (status == 200) for name, status in answers.items() if status in (200, 503))


def nodes_of(exchange: NodesExchange) -> Json:
    (group,) = exchange.get("/health")["groups"]
    assert isinstance(group, dict)
    return group


def test_health_names_the_leader_and_finds_the_others_away(exchange: NodesExchange) -> None:
    exchange.nodes.leader.tells = told(4, NodeRole.LEADER, epoch=int(exchange.get("/health")["epoch"]))
    group = wait_until(lambda: nodes_of(exchange) if nodes_of(exchange)["leader"] == 4 else None, "the leader's words")
    assert group is not None
    places = {node["place"]: node["role"] for node in group["nodes"]}
    own = exchange.nodes.all.index(exchange.nodes.leader) + 1
    assert places == {own: "leader", 3 - own: "away"}
    assert group["warnings"] == [f"The matcher at place {3 - own} is away."]
    assert httpx.get(f"{exchange.url}/metrics").text.count("exchange_gateway_node_up{") == 2


@needs_chromium
def test_the_terminal_shows_the_nodes(exchange: NodesExchange) -> None:
    symbol = exchange.add_instrument()
    standby = next(node for node in exchange.nodes.all if node is not exchange.nodes.leader)
    epoch = int(exchange.get("/health")["epoch"])
    exchange.nodes.leader.tells = told(4, NodeRole.LEADER, epoch=epoch, position=107)
    standby.tells = told(5, position=105, timestamp=told(5).timestamp - 40_000_000)
    wait_until(lambda: nodes_of(exchange)["warnings"] == [], "both nodes are heard")
    with chromium() as browser, opened(browser, exchange, symbol) as dashboard:
        summary = dashboard.find("#nodes > summary")
        expect(summary).to_have_text("Nodes: 2")
        summary.click()
        expect(dashboard.find("#nodes [data-role='leader']")).to_have_text("4Leader107–")
        expect(dashboard.find("#nodes [data-role='standby']")).to_contain_text("5Standby105")
        expect(dashboard.find("#nodes .facts")).to_contain_text(f"{epoch}")
        standby.tells = told(5, position=105, warnings=["The clock differs by 700 ms."])
        expect(summary).to_have_text("Nodes: 1 warning")
        expect(dashboard.find("#nodes .warnings")).to_have_text("Node 5: The clock differs by 700 ms.")
    standby.tells = None
