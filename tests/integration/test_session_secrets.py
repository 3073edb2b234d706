"""Who hears the whole reports port learns no session, and can send nothing in another's name."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from protocol import topics
from protocol.client import CommandClient
from protocol.codec import encode
from protocol.commands import (
    VERSION,
    Ask,
    CancelAllOrders,
    Command,
    Commands,
    DepthQuery,
    Hello,
    OrdersQuery,
    PlaceOrder,
    StatusQuery,
)
from protocol.events import OrderPage, OrderResult, OrderState
from protocol.public_number import public_number
from protocol.session import new_session
from protocol.sockets import open_commands
from protocol.units import MAX_INTEGER, OrderType, Side
from tests.exchange import PATIENCE, Matcher, wait_until


@pytest.fixture
def matcher(tmp_path: Path) -> Iterator[Matcher]:
    matcher = Matcher(tmp_path)
    matcher.restart()
    yield matcher
    matcher.close()


class Thief:
    """Hears all that the reports port says, and sends frames."""

    def __init__(self, matcher: Matcher) -> None:
        self._context = zmq.Context()
        self._commands = open_commands(self._context, matcher.commands)
        self._reports = self._context.socket(zmq.SUB)
        self._reports.set(zmq.LINGER, 0)
        self._reports.set(zmq.RCVHWM, 0)
        self._reports.subscribe(b"")
        self._reports.connect(matcher.reports)
        self.heard: set[int] = set()
        wait_until(lambda: self.listen() and self._commands.poll(0, zmq.POLLOUT), "connections")

    def listen(self) -> int:
        """Take in what has been said; the number of messages."""
        count = 0
        while self._reports.poll(10):
            topic, payload = self._reports.recv_multipart()
            count += 1
            if topic.startswith(b"reports/"):
                self.heard.add(int(topic.split(b"/")[1], 16))
            self.heard |= set(integers(msgspec.msgpack.decode(payload)))
        return count

    def send(self, *frames: Hello | Commands | Ask) -> None:
        for frame in frames:
            assert self._commands.poll(int(PATIENCE * 1000), zmq.POLLOUT)
            self._commands.send(encode(frame))

    def close(self) -> None:
        self._commands.close()
        self._reports.close()
        self._context.term()


@pytest.fixture
def thief(matcher: Matcher) -> Iterator[Thief]:
    thief = Thief(matcher)
    yield thief
    thief.close()


def integers(value: object) -> Iterator[int]:
    """All whole numbers in a message, also those in its texts."""
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield value
    elif isinstance(value, str) and value.isascii() and len(value) == 16:
        with_digits = value.strip("0123456789abcdef") == ""
        yield from (int(value, 16),) if with_digits else ()
    elif isinstance(value, list | tuple):
        for part in value:
            yield from integers(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from integers(part)


def order(name: str, account: str = "victim") -> PlaceOrder:
    return PlaceOrder("BTC-USDT", account, Side.BUY, OrderType.LIMIT, 100_000, 100, client_order_id=name)


def live(client: CommandClient) -> list[str | None]:
    return list(named(client).values())


def named(client: CommandClient) -> dict[int, str | None]:
    """The victim's live orders by order_id."""
    page = client.query(OrdersQuery("BTC-USDT", "victim")).result
    assert isinstance(page, OrderPage)
    return {order.order_id: order.client_order_id for order in page.orders}


def test_numbers_that_the_reports_port_tells_open_nothing(matcher: Matcher, thief: Thief) -> None:
    with matcher.client() as victim:
        placed = victim.command(order("first"))
        assert isinstance(placed, OrderResult)
        wait_until(
            lambda: thief.listen() and public_number(victim._session.session) in thief.heard, "the victim's reports"
        )
        assert victim._session.session not in thief.heard
        sequence = victim.query(StatusQuery()).sequence

        heard = sorted(number for number in thief.heard if 1 <= number <= MAX_INTEGER)
        stolen: list[Command] = [CancelAllOrders("victim"), order("stolen")]
        for number in heard:
            # The victim's next command has the number 2.
            for first in (1, 2, 3):
                thief.send(Commands(VERSION, number, first, first - 1, stolen))
            for request in range(1, 8):
                thief.send(Ask(VERSION, number, request, DepthQuery("BTC-USDT", 1)))

        # Queries are answered behind the frames of before only on one connection: the thief's last one must be seen.
        with matcher.client() as witness:
            refused = public_number(heard[-1])
            wait_until(lambda: thief.listen() is not None and refused in thief.heard, "the last frame was read")
            assert witness.query(StatusQuery()).sequence == sequence, "a command was taken"
        assert live(victim) == ["first"]

        second = victim.command(order("second"))
        assert isinstance(second, OrderResult)
        assert second.order_id == placed.order_id + 1
        assert live(victim) == ["first", "second"]


def test_a_session_that_is_opened_by_a_heard_number_is_the_thiefs_own(matcher: Matcher, thief: Thief) -> None:
    with matcher.client() as victim:
        victim.command(order("first"))
        number = public_number(victim._session.session)
        wait_until(lambda: thief.listen() and number in thief.heard, "the victim's reports")

        thief.send(Hello(VERSION, number), *(Commands(VERSION, number, 1, 0, [order("own", "thief")]) for _ in "12"))
        wait_until(lambda: thief.listen() is not None and public_number(number) in thief.heard, "its own answers")

        placed = [victim.command(order(name)) for name in ("second", "third")]
        for answer, name in zip(placed, ("second", "third"), strict=True):
            assert isinstance(answer, OrderResult | OrderState)
            assert named(victim)[answer.order_id] == name


def test_public_numbers_stay_what_they_are() -> None:
    """Clients in other languages count on them: see docs/contract.md."""
    assert [public_number(session) for session in (1, 0x1234567890ABCDEF, MAX_INTEGER)] == [
        3_273_338_194_840_992_999,
        8_664_272_169_264_796_280,
        2_793_101_450_899_552_350,
    ]
    assert topics.reports(public_number(1)) == b"reports/2d6d3bbecd373ce7/"


def test_ids_have_63_bits_that_nobody_guesses() -> None:
    ids = [new_session() for _ in range(1_000)]
    assert len(set(ids)) == len(ids)
    assert 2**62 < max(ids) <= MAX_INTEGER
