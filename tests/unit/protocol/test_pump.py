"""A client's frames and reports without sockets: what is due, in which order, and when it counts as sent."""

from protocol.codec import decode_frame
from protocol.commands import VERSION, Ask, CancelOrder, Commands, Frame, Hello, StatusQuery
from protocol.events import Answers, CommandRefused, Digest, QueryResult, SessionUnknown, Welcome
from protocol.public_number import public_number
from protocol.pump import Pump
from protocol.session import RESEND_AFTER, Lost
from protocol.units import Refusal

REPEAT = 0.5
STATUS = StatusQuery()


def opened() -> Pump:
    """A pump with a session that a matcher has welcomed."""
    sessions = iter((1, 2))
    pump = Pump(lambda: next(sessions))
    [hello] = due(pump, 0.0)
    assert hello == Hello(VERSION, 1)
    welcome(pump, session=1)
    return pump


def welcome(pump: Pump, session: int) -> None:
    assert pump.receive(Welcome(VERSION, public_number(session), 1, "journal", 0), 0.0) is None


def due(pump: Pump, now: float, taken: int | None = None) -> list[Frame]:
    """The frames that are due; the transport takes the first so many of them, or all."""
    frames: list[Frame] = []
    for payload in pump.due(now):
        if len(frames) == taken:
            break
        frames.append(decode_frame(payload))
    return frames


def ask(request: int, session: int = 1) -> Ask:
    return Ask(VERSION, session, request, STATUS)


def test_queries_follow_the_commands() -> None:
    pump = opened()
    request = pump.ask(STATUS, 0.0)
    pump.session.submit(CancelOrder(1))
    assert due(pump, 0.0) == [Commands(VERSION, 1, 1, 0, [CancelOrder(1)]), ask(request)]


def test_what_the_transport_did_not_take_is_due_again() -> None:
    pump = opened()
    pump.session.submit(CancelOrder(1))
    request = pump.ask(STATUS, 0.0)
    assert due(pump, 0.0, taken=0) == []
    assert not pump.is_sent(request)
    [frame] = due(pump, 0.0, taken=1)
    assert isinstance(frame, Commands)
    assert not pump.is_sent(request)
    assert due(pump, 0.0) == [ask(request)]
    assert pump.is_sent(request)
    assert due(pump, 0.0) == []


def test_a_query_is_asked_again_until_its_result_has_come() -> None:
    pump = opened()
    request = pump.ask(STATUS, 0.0, REPEAT)
    assert due(pump, 0.0) == [ask(request)]
    assert due(pump, REPEAT - 0.01) == []
    assert due(pump, REPEAT) == [ask(request)]
    result = QueryResult(public_number(1), request, 7, 0, Digest("d"))
    assert pump.receive(result, REPEAT) == result
    assert pump.asked == 0
    assert due(pump, 9 * REPEAT) == []
    assert pump.receive(result, REPEAT) is None, "a repeated result"


def test_a_query_that_is_asked_once_is_not_repeated() -> None:
    pump = opened()
    request = pump.ask(STATUS, 0.0)
    assert due(pump, 0.0) == [ask(request)]
    assert due(pump, 1_000.0) == []
    pump.forget(request)
    assert pump.receive(QueryResult(public_number(1), request, 7, 0, Digest("d")), 0.0) is None


def test_queries_wait_for_the_welcome_of_a_matcher() -> None:
    pump = Pump(lambda: 1)
    request = pump.ask(STATUS, 0.0)
    assert due(pump, 0.0) == [Hello(VERSION, 1)]
    assert not pump.is_sent(request)
    welcome(pump, session=1)
    assert due(pump, 0.0) == [ask(request)]


def test_a_lost_session_ends_its_commands_and_asks_its_queries_anew() -> None:
    pump = opened()
    pump.session.submit(CancelOrder(1))
    request = pump.ask(STATUS, 0.0, REPEAT)
    due(pump, 0.0)
    lost = pump.receive(SessionUnknown(public_number(1), 1), 0.0)
    assert isinstance(lost, Lost)
    assert (lost.sent, lost.unsent) == ([1], [])
    assert due(pump, REPEAT) == [Hello(VERSION, 2)]
    welcome(pump, session=2)
    assert pump.receive(QueryResult(public_number(1), request, 7, 0, Digest("d")), 0.0) is None, "of the session before"
    assert due(pump, REPEAT) == [ask(request, session=2)]


def test_answers_come_with_the_numbers_of_their_commands() -> None:
    pump = opened()
    numbers = [pump.session.submit(CancelOrder(order_id)) for order_id in (1, 2)]
    due(pump, 0.0)
    assert [frame.number for frame in due(pump, RESEND_AFTER) if isinstance(frame, Commands)] == [1], "sent again"
    refused = CommandRefused(Refusal.UNKNOWN_ORDER)
    answered = pump.receive(Answers(public_number(1), 1, 1, 7, 0, [refused, refused]), RESEND_AFTER)
    assert isinstance(answered, list)
    assert [answer.number for answer in answered] == numbers
