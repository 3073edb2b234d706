"""A client of the torture: what it sends again, and what it finds at fault."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from threading import Event
from typing import Any

import msgspec
import pytest

from matching_exchange.tools.torture.clients import Client, Reply, UnansweredError, decode
from matching_exchange.tools.torture.evidence import Key


class Gateway:
    """Answers as `answer` says, which may raise StopIteration to end the client."""

    def __init__(self, answer: Callable[[str, str, bytes | None], Reply]) -> None:
        self._answer = answer
        self.closed = False

    def call(self, method: str, path: str, body: bytes | None = None) -> Reply:
        return self._answer(method, path, body)

    def close(self) -> None:
        self.closed = True


def order(body: bytes, filled: str = "0", order_id: str = "5") -> dict[str, Any]:
    """The answer to an order; the same to a leg of an OCO."""
    sent = {"order_type": "limit", **decode(body)}
    return {
        "order_id": order_id,
        "sequence": 9,
        "timestamp": "then",
        "status": "open",
        "filled_quantity": filled,
        **sent,
    }


def answer_to(path: str, body: bytes | None, filled: str = "0") -> Reply:
    """The answer of a gateway that takes everything."""
    content: dict[str, Any] = {}
    if path == "/orders":
        content = order(body or b"", filled)
    elif path == "/orders/oco":
        legs = [order(body or b"", filled), order(body or b"", filled)]
        legs[1]["client_order_id"] += ":stop"
        content = {"orders": legs}
    elif path == "/orders/cancel-replace":
        new = order(msgspec.json.encode(decode(body or b"")["place"]), filled)
        content = {"cancel": {"result": "done"}, "place": {"result": "done", "order": new}}
    elif path == "/orders/batch":
        content = {"results": [order(msgspec.json.encode(each), filled) for each in decode(body or b"")["orders"]]}
    elif path == "/orders/cancel-batch":
        content = {"results": [{"status": "canceled"} for _ in decode(body or b"")["order_ids"]]}
    return Reply("answered", HTTPStatus.OK, msgspec.json.encode(content))


def test_a_client_sends_again_what_was_not_answered() -> None:
    stop = Event()
    bodies: list[bytes | None] = []
    outcomes: Iterator[Reply] = iter([Reply("unknown"), Reply("refused"), Reply("unknown")])

    def answer(method: str, path: str, body: bytes | None) -> Reply:
        bodies.append(body)
        reply = next(outcomes, None)
        if reply is not None:
            return reply
        stop.set()
        return answer_to(path, body)

    gateway = Gateway(answer)
    client = Client("ann", 1, gateway, 0, Event())
    client.run(stop)
    told, farewell = client.told
    assert len(bodies) == 5 and len(set(bodies[:4])) == 1
    assert (told.unknown, told.refused, told.status, told.again) == (2, 1, HTTPStatus.OK, False)
    assert told.invoked < told.returned
    assert farewell.key == Key("cancel_after", "ann", "0")
    assert gateway.closed


def test_a_client_with_money_begins_with_it_and_sends_it_under_the_same_id_until_it_is_answered() -> None:
    stop = Event()
    moves: list[tuple[str, Any]] = []

    def answer(method: str, path: str, body: bytes | None) -> Reply:
        if method == "GET":
            return Reply("answered", HTTPStatus.NOT_FOUND)
        if not path.startswith("/admin/accounts/"):
            return answer_to(path, body)
        moves.append((path, decode(body or b"")))
        if len(moves) == 1:
            return Reply("unknown")
        if len(moves) == 60:
            stop.set()
        return Reply("answered", HTTPStatus.OK, b"{}")

    client = Client("ann", 1, Gateway(answer), 0, Event(), peers=["bob"])
    client.run(stop)
    (first, first_body), second, (third, third_body) = moves[:3]
    assert (first, first_body) == second, "sent again as it was"
    assert (first, third) == ("/admin/accounts/ann/deposit", "/admin/accounts/ann/reset")
    assert set(third_body["balances"]) == {"BTC", "ETH", "SOL", "USDT"}
    told = [each for each in client.told if each.key.kind in ("deposit", "withdraw", "transfer", "reset")]
    assert (told[0].unknown, told[0].key.name, decode(told[0].asked)) == (1, first_body["transfer_id"], first_body)
    bodies: dict[str, list[Any]] = {}
    for _, body in moves[1:]:
        bodies.setdefault(body["transfer_id"], []).append(body)
    again = [each for each in told if each.again]
    assert again and all(decode(each.asked) in bodies[each.key.name][:-1] for each in again), "repeated as answered"
    assert any(each != of_id[0] for of_id in bodies.values() for each in of_id), "other values under a known id"
    assert {body["to"] for _, body in moves if "to" in body} == {"bob"}


@pytest.mark.parametrize("path", ["/orders/batch", "/orders/cancel-batch"])
def test_a_client_sends_again_those_of_a_batch_that_were_not_answered(path: str) -> None:
    stop = Event()
    batches: list[list[Any]] = []

    def answer(method: str, called: str, body: bytes | None) -> Reply:
        if method == "GET":
            return Reply("answered", HTTPStatus.NOT_FOUND)
        sent = list(decode(body).values())[-1] if body and called == path else []
        if not sent or (len(sent) < 3 and not batches):
            return answer_to(called, body)
        batches.append(sent)
        if len(batches) == 1:
            results = [
                {"status": 409, "code": "x"},
                {"status": 503},
                {"status": 504},
                *({"status": 503} for _ in sent[3:]),
            ]
            return Reply("answered", HTTPStatus.OK, msgspec.json.encode({"results": results}))
        if len(batches) == 2:
            return Reply("unknown")
        stop.set()
        return answer_to(called, body)

    client = Client("ann", 1, Gateway(answer), 0, Event())
    client.run(stop)
    assert batches[1] == batches[2] == batches[0][1:]
    size = len(batches[0])
    first, second, third, *_ = told = client.told[-1 - size : -1]
    assert [each.position for each in told] == list(range(size))
    assert (first.status, first.unknown, first.refused) == (HTTPStatus.CONFLICT, 0, 0)
    assert (second.status, second.unknown, second.refused) == (HTTPStatus.OK, 1, 1)
    assert (third.status, third.unknown, third.refused) == (HTTPStatus.OK, 2, 0)


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (Reply("answered", HTTPStatus.NOT_FOUND, b"unknown"), "was answered, but its look-up ends with 404"),
        (Reply("answered", HTTPStatus.OK, msgspec.json.encode(order(b"{}", order_id="6"))), "was answered as"),
        (
            Reply("answered", HTTPStatus.OK, msgspec.json.encode(order(b"{}", filled="1"))),
            "was filled to 2 before, now to 1",
        ),
    ],
)
def test_a_look_up_that_says_less_than_an_answer_before_it_is_a_fault(found: Reply, fault: str) -> None:
    stop = Event()

    def answer(method: str, path: str, body: bytes | None) -> Reply:
        if method == "GET":
            stop.set()
            return found
        return answer_to(path, body, filled="2")

    client = Client("ann", 1, Gateway(answer), 0, Event())
    client.run(stop)
    assert client.look_ups == 1
    (told,) = client.look_up_faults
    assert fault in told


def test_a_client_that_is_never_answered_gives_up_when_it_is_told_to() -> None:
    give_up = Event()

    def answer(method: str, path: str, body: bytes | None) -> Reply:
        give_up.set()
        return Reply("unknown")

    with pytest.raises(UnansweredError, match="1 attempts"):
        Client("ann", 1, Gateway(answer), 0, give_up).run(Event())
