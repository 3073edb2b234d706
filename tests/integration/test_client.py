"""The ZeroMQ client as a library: what it does while its connection comes and goes."""

from collections.abc import Iterator

import pytest
import zmq

from protocol.client import CommandClient, MatcherAwayError
from protocol.commands import OrdersQuery, PlaceOrder, StatusQuery
from protocol.curve import ClientKeys
from protocol.events import MatcherStatus, OrderPage, OrderResult
from protocol.sockets import open_commands
from protocol.units import OrderType, Side
from tests.exchange import PATIENCE, Matcher


class ReluctantSocket:
    """A socket that takes nothing for so many sends, as while it connects again or its other side does not keep up."""

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket
        self.refuses = 0

    def send(self, payload: bytes, flags: int) -> None:
        if self.refuses:
            self.refuses -= 1
            raise zmq.Again
        self._socket.send(payload, flags)

    def get_monitor_socket(self, events: int) -> "zmq.Socket[bytes]":
        return self._socket.get_monitor_socket(events)

    def disable_monitor(self) -> None:
        self._socket.disable_monitor()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[ReluctantSocket]:
    """The sockets of the clients made by the test."""
    made: list[ReluctantSocket] = []

    def open_reluctant(
        context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, keys: ClientKeys | None
    ) -> ReluctantSocket:
        made.append(ReluctantSocket(open_commands(context, endpoint, keys)))
        return made[-1]

    monkeypatch.setattr("protocol.client.open_commands", open_reluctant)
    return made


@pytest.fixture
def client(sockets: list[ReluctantSocket], shared_matcher: Matcher) -> Iterator[CommandClient]:
    with shared_matcher.client() as client:
        yield client


def order(client_order_id: str) -> PlaceOrder:
    return PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.LIMIT, 100_000, 100, client_order_id=client_order_id)


def test_query_waits_until_the_connection_takes_it(client: CommandClient, sockets: list[ReluctantSocket]) -> None:
    sockets[0].refuses = 3
    assert isinstance(client.query(StatusQuery()).result, MatcherStatus)
    assert sockets[0].refuses == 0


def test_ask_waits_until_the_connection_takes_it(client: CommandClient, sockets: list[ReluctantSocket]) -> None:
    sockets[0].refuses = 3
    assert isinstance(client.result(client.ask(StatusQuery())).result, MatcherStatus)
    assert sockets[0].refuses == 0


@pytest.mark.parametrize("method", ["ask", "query"])
def test_a_connection_that_never_takes_it_ends_the_patience(
    sockets: list[ReluctantSocket], shared_matcher: Matcher, method: str
) -> None:
    with shared_matcher.client(timeout=0.2) as client:
        sockets[0].refuses = 10**9
        with pytest.raises(MatcherAwayError, match=r"within 0\.2 seconds"):
            getattr(client, method)(StatusQuery())


@pytest.mark.parametrize("refuses", [1, 2, 3])
def test_query_does_not_overtake_the_commands_before_it(
    client: CommandClient, sockets: list[ReluctantSocket], refuses: int
) -> None:
    """However often the connection refuses: when the commands are sent, when they are sent again, when the query is."""
    for method in ("ask", "query"):
        sockets[0].refuses = refuses
        client.send([order(f"{method}-{refuses}")])
        response = client.query(OrdersQuery()) if method == "query" else client.result(client.ask(OrdersQuery()))
        answered = client.receive()
        assert isinstance(answered.answer, OrderResult)
        assert isinstance(response.result, OrderPage)
        assert answered.answer.order_id in [found.order_id for found in response.result.orders]
        assert response.sequence == answered.sequence


def test_query_outlives_a_restart(matcher: Matcher) -> None:
    with matcher.client(PATIENCE) as client:
        answer = client.command(order("before"))
        assert isinstance(answer, OrderResult)
        for _ in range(2):
            matcher.kill()
            matcher.start()
            page = client.query(OrdersQuery()).result
            assert isinstance(page, OrderPage)
            assert [found.order_id for found in page.orders] == [answer.order_id]
            assert isinstance(client.result(client.ask(StatusQuery())).result, MatcherStatus)
