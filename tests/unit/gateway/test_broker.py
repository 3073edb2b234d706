"""The gateway's session with a matcher that is not there: what counts as available, and what the health check says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.exchange.exchange import Exchange
from gateway.link.broker import Broker
from gateway.link.errors import MatcherUnavailableError, NoResultError, OutcomeUnknownError
from gateway.link.instruments import Instruments
from gateway.native.calls.maintenance import health
from protocol.commands import VERSION, Ask, CancelOrder, Commands, Hello, StatusQuery
from protocol.events import AccountUpdate, Answers, CommandRefused
from protocol.public_number import public_number
from protocol.units import Refusal
from tests.unit.gateway.fake_matcher import FakeMatcher, run
from tests.unit.gateway.fakes import PATIENCE, eventually, scope


@pytest.fixture(autouse=True)
def on_a_slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here ends because it takes long."""
    monkeypatch.setattr("gateway.link.broker.PULSE_TIMEOUT", PATIENCE)
    monkeypatch.setattr("gateway.exchange.maintenance.HEALTH_SECONDS", PATIENCE)


@pytest.fixture
def matcher(tmp_path: Path) -> FakeMatcher:
    return FakeMatcher(tmp_path)


@asynccontextmanager
async def started(matcher: FakeMatcher) -> AsyncIterator[Broker]:
    broker = Broker(*matcher.endpoints, 5)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()
        matcher.close()


class Health:
    """A health check under way."""

    def __init__(self, broker: Broker) -> None:
        self._task = asyncio.get_running_loop().create_task(
            health(Exchange(broker, Instruments(broker)), scope("http", "/health", {}), self._no_body)
        )

    @staticmethod
    async def _no_body() -> dict[str, object]:
        raise AssertionError("a health check has no body")

    async def status(self) -> int:
        return (await asyncio.wait_for(self._task, PATIENCE)).status


def takes_commands(broker: Broker) -> bool:
    try:
        broker.submit(CancelOrder(1))
    except MatcherUnavailableError:
        return False
    return True


def test_commands_of_one_turn_leave_in_one_frame(matcher: FakeMatcher) -> None:
    async def scenario() -> None:
        async with started(matcher) as broker:
            await matcher.open(broker, epoch=1)
            commands = [CancelOrder(number) for number in range(1, 101)]
            answers = [broker.submit(command) for command in commands]
            frame = await matcher.next(Commands)
            assert isinstance(frame, Commands)
            assert frame.commands == commands
        # The broker has stopped without an answer.
        assert all(isinstance(answer.exception(), OutcomeUnknownError) for answer in answers)

    run(scenario)


def update(account: str, sequence: int) -> AccountUpdate:
    return AccountUpdate(account, sequence, sequence - 1, 0, [])


def test_updates_reach_who_has_subscribed_to_their_account_and_nobody_else(matcher: FakeMatcher) -> None:
    async def scenario() -> None:
        async with started(matcher) as broker:
            await matcher.open(broker, epoch=1)
            heard: list[tuple[str, int]] = []
            subscriptions = [
                broker.subscribe(account, lambda found, name=name: heard.append((name, found.sequence)))  # type: ignore[misc]
                for name, account in (("first", "desk"), ("second", "desk"), ("other", "desk2"))
            ]

            def publish(account: str, sequence: int) -> None:
                matcher.publish(update(account, sequence))

            def hears(name: str) -> bool:
                # Subscriptions take a while to stand.
                publish("desk" if name != "other" else "desk2", 1)
                return any(each == name for each, _ in heard)

            for name in ("first", "second", "other"):
                await eventually(lambda name=name: hears(name))  # type: ignore[misc]
            publish("desk2", 2)
            await eventually(lambda: ("other", 2) in heard)
            heard.clear()
            publish("desk", 3)
            publish("desk22", 3)
            publish("desk2", 4)
            await eventually(lambda: ("other", 4) in heard)
            assert heard == [("first", 3), ("second", 3), ("other", 4)]
            subscriptions[0]()
            publish("desk", 5)
            await eventually(lambda: ("second", 5) in heard)
            assert ("first", 5) not in heard
            for unsubscribe in subscriptions[1:]:
                unsubscribe()
            publish("desk", 6)
            again = broker.subscribe("desk2", lambda found: heard.append(("again", found.sequence)))

            def hears_again() -> bool:
                publish("desk2", 7)
                return ("again", 7) in heard

            await eventually(hears_again)
            assert ("second", 6) not in heard
            again()

    run(scenario)


def test_each_welcome_is_told(matcher: FakeMatcher) -> None:
    async def scenario() -> None:
        async with started(matcher) as broker:
            welcomes: list[int] = []
            broker.on_open(lambda: welcomes.append(broker.epoch))
            session = await matcher.open(broker, epoch=1)
            assert welcomes == [1]
            matcher.pulse(epoch=2)
            await matcher.next(Hello)
            matcher.welcome(session, epoch=2)
            await eventually(lambda: broker.available)
            assert welcomes == [1, 2]

    run(scenario)


def test_a_query_without_a_result_was_asked_and_one_without_a_matcher_was_not(matcher: FakeMatcher) -> None:
    async def scenario() -> None:
        async with started(matcher) as broker:
            with pytest.raises(MatcherUnavailableError) as caught:
                await broker.query(StatusQuery())
            assert not isinstance(caught.value, NoResultError)
            await matcher.open(broker, epoch=1)
            with pytest.raises(NoResultError):
                await broker.query(StatusQuery(), timeout=0.001)

    run(scenario)


def test_a_matcher_that_answers_is_healthy(matcher: FakeMatcher) -> None:
    async def scenario() -> None:
        async with started(matcher) as broker:
            session = await matcher.open(broker, epoch=1)
            health = Health(broker)
            ask = await matcher.next(Ask)
            assert isinstance(ask, Ask)
            matcher.status(ask, epoch=1)
            assert await health.status() == 200
            answer = broker.submit(CancelOrder(1))
            frame = await matcher.next(Commands)
            assert isinstance(frame, Commands)
            number = public_number(session)
            matcher.say(Answers(number, 1, frame.number, 8, 0, [CommandRefused(Refusal.UNKNOWN_ORDER)]), number)
            assert (await asyncio.wait_for(answer, PATIENCE)).sequence == 8

    run(scenario)


def test_a_restarted_matcher_is_not_healthy_before_it_has_welcomed_the_session(matcher: FakeMatcher) -> None:
    """It answers what it was asked before the restart, or what was on the way."""

    async def scenario() -> None:
        async with started(matcher) as broker:
            session = await matcher.open(broker, epoch=1)
            health = Health(broker)
            ask = await matcher.next(Ask)
            assert isinstance(ask, Ask)
            matcher.pulse(epoch=2)
            matcher.status(ask, epoch=2)
            assert await health.status() == 503
            assert not takes_commands(broker)
            await matcher.next(Hello)
            matcher.welcome(session, epoch=2)
            await eventually(lambda: broker.available)
            health = Health(broker)
            ask = await matcher.next(Ask)
            assert isinstance(ask, Ask)
            matcher.status(ask, epoch=2)
            assert await health.status() == 200
            assert takes_commands(broker)

    run(scenario)


def test_a_restart_that_nobody_was_told_of_yet_is_not_healthy(matcher: FakeMatcher) -> None:
    """The session is about to be opened anew: the answer comes before the first pulse."""

    async def scenario() -> None:
        async with started(matcher) as broker:
            await matcher.open(broker, epoch=1)
            health = Health(broker)
            ask = await matcher.next(Ask)
            assert isinstance(ask, Ask)
            assert ask.query == StatusQuery()
            matcher.status(ask, epoch=2)
            assert await health.status() == 503

    run(scenario)


def test_a_welcome_of_an_earlier_matcher_than_the_one_that_is_heard_takes_no_commands(matcher: FakeMatcher) -> None:
    async def scenario() -> None:
        async with started(matcher) as broker:
            session = await matcher.open(broker, epoch=1)
            matcher.pulse(epoch=3)
            await eventually(lambda: not broker.available)
            matcher.welcome(session, epoch=2)
            await eventually(lambda: broker.epoch == 2)
            assert not broker.available
            assert not takes_commands(broker)
            matcher.pulse(epoch=3)
            await matcher.next(Hello)
            matcher.welcome(session, epoch=3)
            await eventually(lambda: broker.available)
            assert takes_commands(broker)

    run(scenario)


def test_a_matcher_of_another_version_is_said_to_be_one_and_counts_as_away(
    matcher: FakeMatcher, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ""

    async def scenario() -> None:
        async with started(matcher) as broker:
            session = (await matcher.next(Hello)).session

            def is_told() -> bool:
                nonlocal told
                matcher.welcome(session, epoch=1)
                matcher.pulse(epoch=1, version=VERSION - 1)
                told += capsys.readouterr().out
                return "speaks another version" in told

            await eventually(is_told)
            assert not broker.available

    run(scenario)
    assert f"version {VERSION - 1}: takes version {VERSION}" in told
