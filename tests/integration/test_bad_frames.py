"""What is no sound frame, straight into the matcher's socket: refused, counted, logged, and nothing else happens."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
import zmq

from protocol.client import CommandClient, OutcomeUnknownError
from protocol.codec import MAX_FRAME_BYTES, encode
from protocol.commands import VERSION, CancelOrder, Command, Commands, PlaceOrder, SetInstrument
from protocol.events import Answers, CommandRefused, FrameRefused, OrderResult, OrderState, SessionUnknown
from protocol.public_number import public_number
from protocol.units import OrderType, Refusal, Side
from tests.exchange import PATIENCE, Matcher, wait_until
from tests.integration.raw_session import ASK, COMMANDS, HELLO, PLACE, RawSession, _sessions, commands_frame
from tests.integration.witness import GOOD_ORDER, Witness
from tests.subscriber import Subscriber

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def client(shared_matcher: Matcher) -> Iterator[CommandClient]:
    with shared_matcher.client() as client:
        yield client


@pytest.fixture
def witness(shared_matcher: Matcher, client: CommandClient) -> "Witness":
    return Witness(shared_matcher, client)


@pytest.fixture
def peer(shared_matcher: Matcher) -> Iterator[RawSession]:
    session = RawSession(shared_matcher)
    yield session
    session.close()


def place_with(position: int, value: object) -> list[object]:
    """The sound order with another value in one place."""
    return [*PLACE[:position], value, *PLACE[position + 1 :]]


UNREADABLE = {
    "nothing": b"",
    "no MessagePack": b"\xc1\xc1\xc1",
    "cut short": encode([COMMANDS, VERSION, 1, 1, 0, [PLACE]])[:-1],
    "text": b"hello matcher",
    "JSON": b'{"symbol":"BTC-USDT","order_type":"limit"}',
    "HTTP": b"POST /orders HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a map": encode({"version": 1}),
    "a number": encode(7),
    "null": encode(None),
    "an empty list": encode([]),
    "a tag alone": encode([HELLO]),
    "two frames in one": encode([HELLO, VERSION, 7]) * 2,
    "a list that never ends": b"\xdd\xff\xff\xff\xff",
    "a text that never ends": b"\xdb\xff\xff\xff\xff",
    "nested deep": b"\x91" * 200_000 + b"\xc0",
    "nested deep maps": b"\x81\xa1a" * 200_000 + b"\xc0",
    "no session": encode([HELLO, VERSION, "session"]),
    "just too large": b"\x00" * (MAX_FRAME_BYTES + 1),
    "2 MB": b"\x00" * 2 * MEGABYTE,
    "10 MB": encode([COMMANDS, VERSION, 1, 1, 0, [PLACE] * 550_000]),
}
"""Frames of which not even the sender can be read."""

BAD_COMMANDS = {
    "an unknown command": [99, "BTC-USDT"],
    "no command": "PlaceOrder",
    "a command without fields": [1],
    "symbol: number": place_with(1, 1),
    "symbol: empty": place_with(1, ""),
    "symbol: too long": place_with(1, "X" * 33),
    "account: empty": place_with(2, ""),
    "account: too long": place_with(2, "x" * 65),
    "side: unknown": place_with(3, 3),
    "side: word": place_with(3, "buy"),
    "order type: unknown": place_with(4, 99),
    "quantity: null": place_with(5, None),
    "quantity: text": place_with(5, "1"),
    "quantity: float": place_with(5, 1.0),
    "quantity: true": place_with(5, True),  # noqa: FBT003 - the value on the wire
    "quantity: list": place_with(5, [1]),
    "quantity: negative": place_with(5, -1),
    "quantity: least": place_with(5, -(2**63)),
    "quantity: 2**63": place_with(5, 2**63),
    "quantity: 2**64-1": place_with(5, 2**64 - 1),
    "price: text": place_with(6, "100"),
    "price: float": place_with(6, 100.0),
    "price: zero": place_with(6, 0),
    "price: negative": place_with(6, -100),
    "price: 2**63": place_with(6, 2**63),
    "price: 2**64-1": place_with(6, 2**64 - 1),
    "trigger price: negative": [*PLACE, -1],
    "client order id: empty": [*PLACE, None, ""],
    "client order id: too long": [*PLACE, None, "x" * 65],
    "deadline: negative": [*PLACE, None, None, -1],
    "deadline: 2**64-1": [*PLACE, None, None, 2**64 - 1],
    "cancel: order 0": [2, 0],
    "cancel: order 2**64-1": [2, 2**64 - 1],
    "cancel all: no account": [3, None],
    "instrument: negative decimals": [4, "BAD-USD", -1, 0],
    "instrument: unknown status": [4, "BTC-USDT", 2, 5, *[None] * 10, 9],
    "load: contents of another kind": [5, "BTC-USDT", {"format": 1}],
    "nested deep": [1, [[[[[[[[[[]]]]]]]]]]],
}
"""Commands that cannot be read, in a frame whose sender can."""


@pytest.mark.parametrize("payload", [pytest.param(payload, id=name) for name, payload in UNREADABLE.items()])
def test_unreadable_frame(witness: Witness, peer: RawSession, payload: bytes) -> None:
    peer.send(payload)
    assert peer.reports() == []
    witness.assert_refused()


@pytest.mark.parametrize("command", [pytest.param(command, id=name) for name, command in BAD_COMMANDS.items()])
def test_unreadable_command(witness: Witness, peer: RawSession, command: object) -> None:
    peer.send(commands_frame(peer.session, PLACE, command))
    [report] = peer.reports()
    assert isinstance(report, FrameRefused)
    assert (report.session, report.number) == (public_number(peer.session), 1)
    assert report.detail
    # Nothing of the frame was taken, the sound order before the bad command neither.
    witness.assert_refused()


@pytest.mark.parametrize(
    "head",
    [
        pytest.param({"number": 0}, id="number zero"),
        pytest.param({"number": -1}, id="negative number"),
        pytest.param({"number": 2**64 - 1}, id="number 2**64-1"),
        pytest.param({"answered": -1}, id="negative answered"),
        pytest.param({"answered": "none"}, id="answered as text"),
    ],
)
def test_bad_head(witness: Witness, peer: RawSession, head: dict[str, object]) -> None:
    peer.send(commands_frame(peer.session, PLACE, **head))
    [report] = peer.reports()
    assert isinstance(report, FrameRefused)
    witness.assert_refused()


@pytest.mark.parametrize("version", [0, 1, VERSION + 1, 2**64 - 1])
@pytest.mark.parametrize("kind", [HELLO, COMMANDS])
def test_a_client_of_another_version_hears_why_it_is_refused(
    witness: Witness, peer: RawSession, version: int, kind: int
) -> None:
    """It hears it where a client of its version listens, with a number that it waits for."""
    number = peer.session if version == 1 else public_number(peer.session)
    if version == 1:
        peer.listen_to(number)
    frame = (
        encode([HELLO, version, peer.session, 4])
        if kind == HELLO
        else commands_frame(peer.session, PLACE, number=5, version=version)
    )
    sent = 0

    def is_told() -> bool:
        nonlocal sent
        peer.send(frame)
        sent += 1
        return FrameRefused(number, 5, f"version {version}: takes version {VERSION}") in peer.reports()

    wait_until(is_told, "a refusal")
    witness.assert_refused(frames=sent)


@pytest.mark.parametrize("session", [0, -1, 2**63, 2**64 - 1])
def test_impossible_session(witness: Witness, peer: RawSession, session: int) -> None:
    peer.send(encode([HELLO, VERSION, session]))
    peer.send(commands_frame(session, PLACE))
    assert peer.reports() == []
    witness.assert_refused(frames=2)


@pytest.mark.parametrize(
    "query", [[77], [3, 1], [3, "BTC-USDT", -1], [2, None, None, "done"], [1, 0], [7, "../../" * 10]]
)
def test_unreadable_query(witness: Witness, peer: RawSession, query: list[object]) -> None:
    peer.send(encode([ASK, VERSION, peer.session, 1, query]))
    [report] = peer.reports()
    assert isinstance(report, FrameRefused)
    witness.assert_refused()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_message_of_several_parts_is_one_refused_frame(witness: Witness, peer: RawSession, place: int) -> None:
    parts = [b"", b"garbage", b"\xc1"]
    parts[place] = encode(Commands(VERSION, peer.session, 1, 0, [GOOD_ORDER]))
    peer.send(*parts)
    assert peer.reports() == []
    witness.assert_refused()


def test_message_of_sound_parts_is_one_refused_frame(witness: Witness, peer: RawSession) -> None:
    """More of them than one turn of the matcher takes in; what comes after them is read as ever."""
    order = encode(Commands(VERSION, peer.session, 1, 0, [GOOD_ORDER]))
    peer.send(*[order] * 5_000)
    peer.send(b"\xc1")
    peer.send(order, order)
    assert peer.reports() == []
    witness.assert_refused(frames=3)


def test_transport_cuts_off_who_sends_20_megabytes(witness: Witness, peer: RawSession) -> None:
    peer.send(b"\x00" * 20 * MEGABYTE)

    def heard() -> bool:
        try:
            peer.send(b"\xc1")
        except zmq.Again:
            return False
        return witness.count_refused_frames() > witness.refused_frames

    witness.assert_unchanged()
    wait_until(heard, "the sender is heard again")
    assert witness.place_and_cancel() == witness.order_id + 2


@pytest.mark.parametrize(
    "garbage", [b"", b"GET / HTTP/1.1\r\nHost: matcher\r\n\r\n", b"\x00" * 100_000, b"\xff" * 100_000]
)
def test_who_does_not_speak_zeromq_is_cut_off(witness: Witness, garbage: bytes) -> None:
    for endpoint in (witness.matcher.commands, witness.matcher.market_data, witness.matcher.reports):
        host, port = endpoint.removeprefix("tcp://").split(":")
        with socket.create_connection((host, int(port)), PATIENCE) as connection, suppress(ConnectionError):
            connection.sendall(garbage)
    witness.assert_unchanged()


def test_sockets_of_the_wrong_kind_disturb_nobody(witness: Witness) -> None:
    """A reader of the commands, a sender of market data, and a subscription that is larger than any topic."""
    with (
        zmq.Context() as context,
        context.socket(zmq.SUB) as reader,
        context.socket(zmq.PUSH) as sender,
        context.socket(zmq.SUB) as greedy,
    ):
        for wrong in (reader, sender, greedy):
            wrong.set(zmq.LINGER, 0)
        reader.subscribe(b"")
        reader.connect(witness.matcher.commands)
        sender.connect(witness.matcher.market_data)
        sender.connect(witness.matcher.reports)
        greedy.subscribe(b"x" * 5_000)
        greedy.connect(witness.matcher.market_data)
        with Subscriber(witness.matcher, "depth/BTC-USDT/") as sound:
            assert sound.read()[1]["symbol"] == "BTC-USDT"
    witness.assert_unchanged()


def test_flood_of_garbage_disturbs_nobody(witness: Witness, peer: RawSession) -> None:
    order_ids = []
    for _ in range(20):
        for number in range(50):
            peer.send(encode({"n": number}))
        order_ids.append(witness.place_and_cancel())
    assert order_ids == list(range(witness.order_id + 1, witness.order_id + 21))
    assert peer.reports() == []
    witness.assert_told(1000)


def test_unknown_session_takes_nothing(witness: Witness, peer: RawSession) -> None:
    unknown = next(_sessions)
    heard = []

    def is_told() -> bool:
        peer.send(commands_frame(unknown, PLACE, number=5))
        heard.extend(peer.reports())
        return SessionUnknown(public_number(unknown), 5) in heard

    peer.listen_to(public_number(unknown))
    wait_until(is_told, "the session hears that it is unknown")
    witness.assert_unchanged()


def test_number_that_skips_is_ignored(witness: Witness, peer: RawSession) -> None:
    peer.send(commands_frame(peer.session, PLACE, number=2))
    assert peer.reports() == []
    witness.assert_unchanged()


def test_frame_sent_twice_is_taken_once(witness: Witness, peer: RawSession) -> None:
    for _ in range(2):
        peer.send(encode(Commands(VERSION, peer.session, 1, 0, [GOOD_ORDER])))
    first, again = peer.reports()
    assert isinstance(first, Answers)
    assert first == again
    [answer] = first.answers
    assert isinstance(answer, OrderResult)
    assert answer.order_id == witness.order_id + 1
    assert isinstance(witness.client.command(CancelOrder(answer.order_id)), OrderState)
    assert witness.place_and_cancel() == answer.order_id + 1


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (PlaceOrder("NO-SUCH", "default", Side.BUY, OrderType.LIMIT, 1, 1), Refusal.UNKNOWN_SYMBOL),
        (PlaceOrder("btc-usdt", "default", Side.BUY, OrderType.LIMIT, 1, 1), Refusal.UNKNOWN_SYMBOL),
        (PlaceOrder("BTC-USDT", "a b", Side.BUY, OrderType.LIMIT, 1, 1), Refusal.INVALID_NAME),
        (PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.LIMIT, 10**13, 1), Refusal.QUANTITY_TOO_LARGE),
        (PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.LIMIT, 1, 10**13), Refusal.PRICE_TOO_LARGE),
        (CancelOrder(2**63 - 1), Refusal.UNKNOWN_ORDER),
        (SetInstrument("../../x", 2, 2, "X", "Y", 1, 1, 1, 100, 100, 0), Refusal.INVALID_INSTRUMENT),
    ],
)
def test_refused_command_changes_nothing(witness: Witness, command: Command, refusal: Refusal) -> None:
    answer = witness.client.command(command)
    assert isinstance(answer, CommandRefused)
    assert answer.refusal is refusal
    witness.assert_unchanged(commands=1)


def test_client_whose_frame_is_refused_goes_on(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    # A client that does not look at what it sends.
    monkeypatch.setattr("protocol.client.check_command", lambda _: None)
    with witness.matcher.client() as client:
        client.send([PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.LIMIT, -1, 100)])
        with pytest.raises(OutcomeUnknownError, match="refused a frame"):
            client.receive()
        client.connect()
        answer = client.command(GOOD_ORDER)
        assert isinstance(answer, OrderResult)
        assert answer.order_id == witness.order_id + 1
        assert isinstance(client.command(CancelOrder(answer.order_id)), OrderState)
