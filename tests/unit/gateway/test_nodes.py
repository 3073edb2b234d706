"""The gateway's session with several nodes: whom it sends to, whom it hears, and what a change of the leader does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import zmq

from gateway.link.errors import MatcherUnavailableError
from gateway.link.nodes import NodesBroker
from protocol.bases import Endpoints
from protocol.commands import VERSION, Ask, CancelOrder, Commands, Hello, SaveBook
from protocol.events import (
    AccountUpdate,
    Answers,
    BookSaved,
    CommandRefused,
    FrameRefused,
    NodePulse,
    NodeRole,
    QueryResult,
    SessionUnknown,
    Welcome,
)
from protocol.public_number import public_number
from protocol.units import Refusal
from tests.unit.gateway.fake_matcher import JOURNAL, FakeMatcher, run
from tests.unit.gateway.fakes import PATIENCE, eventually

REFUSED = CommandRefused(Refusal.UNKNOWN_ORDER)


@pytest.fixture(autouse=True)
def on_a_slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here ends because it takes long."""
    monkeypatch.setattr("protocol.leader.SILENCE", PATIENCE)


@pytest.fixture
def nodes(tmp_path: Path) -> list[FakeMatcher]:
    return [FakeMatcher(tmp_path, name) for name in "abc"]


@asynccontextmanager
async def started(nodes: list[FakeMatcher]) -> AsyncIterator[NodesBroker]:
    endpoints = {
        f"{name}:5555": Endpoints(node.endpoints[0], "", node.endpoints[1])
        for name, node in zip("abc", nodes, strict=True)
    }
    broker = NodesBroker(endpoints, 5)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()
        for node in nodes:
            node.close()


async def lead(node: FakeMatcher, broker: NodesBroker, epoch: int) -> int:
    """Let the node lead from now on, and welcome the session; its id."""

    def is_heard() -> bool:
        node.pulse(epoch)
        return broker.group.leadership.epoch == epoch

    await eventually(is_heard)
    return await node.open(broker, epoch)


async def take(node: FakeMatcher) -> Commands:
    frame = await node.next(Commands)
    assert isinstance(frame, Commands)
    return frame


async def ask_of(node: FakeMatcher) -> Ask:
    frame = await node.next(Ask)
    assert isinstance(frame, Ask)
    return frame


def answer(node: FakeMatcher, frame: Commands, epoch: int, sequence: int) -> None:
    number = public_number(frame.session)
    node.say(Answers(number, epoch, frame.number, sequence, 0, [REFUSED] * len(frame.commands)), number)


def told(epoch: int, role: NodeRole = NodeRole.LEADER, waiting: int = 0) -> NodePulse:
    return NodePulse(VERSION, 1, role, epoch, 9, 9, 9, waiting, 0, "", JOURNAL, "etcd://a:1/x", [])


def test_only_the_leader_is_spoken_to(nodes: list[FakeMatcher]) -> None:
    async def scenario() -> None:
        async with started(nodes) as broker:
            with pytest.raises(MatcherUnavailableError):
                broker.submit(CancelOrder(1))
            await lead(nodes[1], broker, epoch=5)
            answered = broker.submit(CancelOrder(1))
            answer(nodes[1], await take(nodes[1]), 5, sequence=3)
            assert (await answered).sequence == 3
            assert nodes[0].read() is None
            assert nodes[2].read() is None

    run(scenario)


async def heard_all_of(node: FakeMatcher, place: int, broker: NodesBroker) -> None:
    """Wait until the gateway has read what the node has said."""
    mark = told(1, NodeRole.STANDBY, waiting=len(broker.group.nodes) + place)
    broker.group.nodes[place].told = None

    def is_heard() -> bool:
        node.tell(mark)
        return broker.group.nodes[place].told == mark

    await eventually(is_heard)


def test_what_is_in_flight_goes_to_the_new_leader_and_the_old_ones_words_do_not_count(nodes: list[FakeMatcher]) -> None:
    async def scenario() -> None:
        old, new, _ = nodes
        async with started(nodes) as broker:
            session = await lead(old, broker, epoch=5)
            number = public_number(session)
            answers = [broker.submit(CancelOrder(order)) for order in (1, 2, 3)]
            before = await take(old)
            assert before.commands == [CancelOrder(1), CancelOrder(2), CancelOrder(3)]
            new.pulse(6)
            await new.next(Hello)
            with pytest.raises(MatcherUnavailableError):
                broker.submit(CancelOrder(4))

            def wake() -> None:
                """The old one wakes, and says what it had to say. Some of it would end the session."""
                old.pulse(5)
                answer(old, before, 5, sequence=100)
                old.say(SessionUnknown(number, 1), number)
                old.say(FrameRefused(number, 3, "strange"), number)
                old.say(Welcome(VERSION, number, 7, JOURNAL, 0), number)

            wake()
            await heard_all_of(old, 0, broker)
            assert not broker.available
            # The log had taken two of the commands.
            new.say(Welcome(VERSION, number, 6, JOURNAL, 2), number)
            again = await take(new)
            assert (again.session, again.number, again.commands) == (session, 1, before.commands)
            wake()
            await heard_all_of(old, 0, broker)
            assert not any(each.done() for each in answers)
            answer(new, again, 6, sequence=40)
            assert [(await each).sequence for each in answers] == [40, 41, 42]
            later = broker.submit(CancelOrder(4))
            frame = await take(new)
            assert frame.number == 4
            answer(new, frame, 6, sequence=43)
            assert (await later).sequence == 43
            assert old.read() is None

    run(scenario)


def test_a_query_under_way_is_asked_again_at_the_new_leader(nodes: list[FakeMatcher]) -> None:
    async def scenario() -> None:
        old, new, _ = nodes
        async with started(nodes) as broker:
            session = await lead(old, broker, epoch=5)
            number = public_number(session)
            saving = asyncio.ensure_future(broker.query(SaveBook("BTC-USDT"), timeout=60.0, repeat=60.0))
            first = await ask_of(old)
            await lead(new, broker, epoch=6)
            second = await ask_of(new)
            assert second.request == first.request
            old.say(QueryResult(number, first.request, 1, 0, BookSaved("BTC-USDT", "old", 0)), number)
            await heard_all_of(old, 0, broker)
            assert not saving.done()
            new.say(QueryResult(number, first.request, 2, 0, BookSaved("BTC-USDT", "new", 0)), number)
            assert (await saving).value == BookSaved("BTC-USDT", "new", 0)

    run(scenario)


async def die(node: FakeMatcher, broker: NodesBroker) -> None:
    """The leader is gone, and the gateway's socket knows it."""
    place = broker.group.leadership.node
    node.close()
    await eventually(lambda: not broker._connections[place]._commands.poll(0, zmq.POLLOUT))


def test_what_a_dead_leader_does_not_take_waits_for_the_next_one(nodes: list[FakeMatcher]) -> None:
    async def scenario() -> None:
        old, new, _ = nodes
        async with started(nodes) as broker:
            await lead(old, broker, epoch=5)
            await die(old, broker)
            answered = broker.submit(CancelOrder(1))
            await lead(new, broker, epoch=6)
            frame = await take(new)
            assert frame.commands == [CancelOrder(1)]
            answer(new, frame, 6, sequence=7)
            assert (await answered).sequence == 7

    run(scenario)


def test_what_a_dead_leader_does_not_take_is_refused_once_it_counts_as_away(
    nodes: list[FakeMatcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with started(nodes) as broker:
            await lead(nodes[0], broker, epoch=5)
            await die(nodes[0], broker)
            answered = broker.submit(CancelOrder(1))
            monkeypatch.setattr("protocol.leader.SILENCE", 0.05)
            with pytest.raises(MatcherUnavailableError, match="takes no commands"):
                await answered
            assert broker.in_flight == (0, 0)

    run(scenario)


def test_without_a_pulse_of_the_leader_orders_are_refused_at_once(
    nodes: list[FakeMatcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with started(nodes) as broker:
            await lead(nodes[0], broker, epoch=5)
            monkeypatch.setattr("protocol.leader.SILENCE", 0.05)
            await eventually(lambda: not broker.available)
            with pytest.raises(MatcherUnavailableError):
                broker.submit(CancelOrder(1))
            nodes[1].tell(told(5, NodeRole.STANDBY))
            await heard_all_of(nodes[1], 1, broker)
            assert not broker.available

    run(scenario)


def test_a_leader_that_cannot_write_gets_no_orders(nodes: list[FakeMatcher]) -> None:
    async def scenario() -> None:
        leader = nodes[0]
        async with started(nodes) as broker:
            await lead(leader, broker, epoch=5)

            def stalls() -> bool:
                leader.pulse(5)
                leader.tell(told(5, waiting=1_000_000_001))
                return not broker.available

            await eventually(stalls)
            with pytest.raises(MatcherUnavailableError):
                broker.submit(CancelOrder(1))
            leader.tell(told(5))
            await eventually(lambda: broker.available)
            broker.submit(CancelOrder(2))
            assert (await take(leader)).commands == [CancelOrder(2)]

    run(scenario)


def test_a_lower_epoch_never_leads_again(nodes: list[FakeMatcher]) -> None:
    async def scenario() -> None:
        old, new, _ = nodes
        async with started(nodes) as broker:
            await lead(old, broker, epoch=5)
            await lead(new, broker, epoch=6)
            old.pulse(5)
            await heard_all_of(old, 0, broker)
            broker.submit(CancelOrder(1))
            assert (await take(new)).commands == [CancelOrder(1)]
            # Restarted, and elected again.
            await lead(old, broker, epoch=7)
            assert (await take(old)).commands == [CancelOrder(1)]

    run(scenario)


def test_subscriptions_stand_to_all_nodes_and_only_the_leaders_updates_count(nodes: list[FakeMatcher]) -> None:
    async def scenario() -> None:
        old, new, _ = nodes
        async with started(nodes) as broker:
            await lead(old, broker, epoch=5)
            heard: list[int] = []
            broker.subscribe("desk", lambda update: heard.append(update.sequence))

            def publishes(node: FakeMatcher, sequence: int) -> bool:
                node.publish(AccountUpdate("desk", sequence, sequence - 1, 0, []))
                return sequence in heard

            await eventually(lambda: publishes(old, 1))
            await lead(new, broker, epoch=6)
            await eventually(lambda: publishes(new, 2))
            publishes(old, 3)
            await heard_all_of(old, 0, broker)
            assert 3 not in heard

    run(scenario)
