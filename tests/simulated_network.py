"""A seeded network between client sessions and a matcher's sessions: it drops, doubles, delays, reorders and cuts
messages."""

import random
from collections.abc import Callable

from matcher.sessions import MatcherSessions, Repeat, Taken
from protocol.codec import decode_report, encode, read_frame
from protocol.commands import VERSION, Command, Commands, Hello, PlaceOrder
from protocol.events import Answers, OrderResult, Pulse, SessionUnknown, Welcome
from protocol.public_number import public_number
from protocol.session import Answered, ClientSession, Lost, NotOpenError, SessionState
from protocol.units import OrderStatus, OrderType, Side

STEP = 0.01


class Link:
    """One direction: what is sent arrives later, perhaps twice, perhaps never, perhaps in another order."""

    def __init__(self, rng: random.Random, faults: float) -> None:
        self._random = rng
        self._faults = faults
        self._under_way: list[tuple[float, int, bytes]] = []
        self._count = 0
        self.cut = False

    def send(self, now: float, payload: bytes) -> None:
        copies = 1
        if self._random.random() < self._faults:
            copies = self._random.choice((0, 0, 2))
        for _ in range(0 if self.cut else copies):
            self._count += 1
            delay = self._random.random() * (0.4 if self._random.random() < self._faults else 0.005)
            self._under_way.append((now + delay, self._count, payload))

    def arrivals(self, now: float) -> list[bytes]:
        due = sorted(message for message in self._under_way if message[0] <= now)
        self._under_way = [message for message in self._under_way if message[0] > now]
        return [payload for _, _, payload in due]

    def clear(self) -> None:
        self._under_way.clear()


class Client:
    """A session with commands to send one after the other, and what it has learned of each."""

    def __init__(self, name: str, rng: random.Random, faults: float) -> None:
        self.name = name
        self.session = ClientSession(lambda: rng.randrange(1, 2**63))
        self.to_matcher = Link(rng, faults)
        self.from_matcher = Link(rng, faults)
        self.names: dict[int, str] = {}
        self.answered: dict[str, int] = {}
        self.unknown: list[str] = []
        self.refused: list[str] = []
        self.sent = 0

    def submit(self) -> None:
        name = f"{self.name}-{self.sent}"
        try:
            number = self.session.submit(command_of(name))
        except NotOpenError:
            return
        self.sent += 1
        self.names[number] = name

    def turn(self, now: float) -> None:
        for payload in self.from_matcher.arrivals(now):
            outcome = self.session.receive(decode_report(payload), now)
            if isinstance(outcome, Lost):
                self.unknown += [self.names[number] for number in outcome.sent]
                self.refused += [self.names[number] for number in outcome.unsent]
                self.names.clear()
            else:
                for answered in outcome or []:
                    self._learn(answered)
        while (frame := self.session.next_frame(now)) is not None:
            self.to_matcher.send(now, encode(frame))
            if isinstance(frame, Commands):
                self.session.sent(frame, now)

    def _learn(self, answered: Answered) -> None:
        name = self.names.pop(answered.number)
        assert name not in self.answered, f"{name} is answered twice"
        assert isinstance(answered.answer, OrderResult)
        self.answered[name] = answered.answer.order_id


class SimulatedMatcher:
    """Executes each command by giving it the next place in `executed`. What it keeps over a crash is what its journal
    holds."""

    def __init__(self) -> None:
        self.journal_id = "first"
        self.epoch = 1
        self.executed: list[str] = []
        self.sessions: MatcherSessions[bytes] = MatcherSessions()
        self._journal: list[bytes] = []

    def receive(self, payload: bytes) -> list[bytes]:
        """The reports that answer a frame."""
        frame = read_frame(payload)
        if isinstance(frame, Hello):
            self._journal.append(payload)
            taken = self.sessions.hello(frame)
            return [
                encode(
                    Welcome(VERSION, public_number(frame.session), self.epoch, self.journal_id, taken, frame.answered)
                )
            ]
        assert isinstance(frame, Commands)
        outcome = self.sessions.receive(frame)
        if isinstance(outcome, Repeat):
            return outcome.answers
        if not isinstance(outcome, Taken):
            return [encode(SessionUnknown(public_number(frame.session), frame.number))]
        self._journal.append(payload)
        return [self._execute(frame.session, outcome)]

    def _execute(self, session: int, taken: Taken) -> bytes:
        answers = []
        for command in taken.commands:
            self.executed.append(name_of(command))
            answers.append(OrderResult(len(self.executed), OrderStatus.OPEN, True, 0, 1, 0, None))
        report = encode(Answers(public_number(session), self.epoch, taken.number, len(self.executed), 0, list(answers)))
        self.sessions.keep(session, taken.number, len(answers), report)
        return report

    def crash(self, forget: int = 0) -> None:
        """Start again from the journal, of which the last `forget` frames are lost."""
        journal = self._journal[: len(self._journal) - forget]
        self.epoch += 1
        self.executed = []
        self.sessions = MatcherSessions()
        self._journal = []
        for payload in journal:
            self.receive(payload)

    def wipe(self) -> None:
        """Start again with an emptied data directory."""
        self.crash(forget=len(self._journal))
        self.journal_id += "+"

    def pulse(self) -> bytes:
        return encode(Pulse(VERSION, self.epoch, self.journal_id, len(self.executed)))


def command_of(name: str) -> PlaceOrder:
    return PlaceOrder("BTC-USDT", "default", Side.BUY, OrderType.MARKET, 1, client_order_id=name)


def name_of(command: Command) -> str:
    assert isinstance(command, PlaceOrder)
    assert command.client_order_id is not None
    return command.client_order_id


def simulate(
    seed: int, faults: float, commands: int, disturb: Callable[[random.Random, SimulatedMatcher, list[Client]], None]
) -> tuple[SimulatedMatcher, list[Client]]:
    """Run clients against a matcher until each has sent its commands and heard of all of them. `disturb` is called now
    and then while they send."""
    rng = random.Random(seed)
    matcher = SimulatedMatcher()
    clients = [Client(f"client{index}", rng, faults) for index in range(3)]
    now = 0.0
    for turn in range(200_000):
        now += STEP
        sending = [client for client in clients if client.sent < commands]
        if sending and rng.random() < 0.02:
            disturb(rng, matcher, clients)
        for client in clients:
            if not sending:
                client.to_matcher.cut = client.from_matcher.cut = False
            for _ in range(rng.randrange(4)):
                if client.sent < commands:
                    client.submit()
            client.turn(now)
            for payload in client.to_matcher.arrivals(now):
                for report in matcher.receive(payload):
                    client.from_matcher.send(now, report)
            if turn % 20 == 0:
                client.from_matcher.send(now, matcher.pulse())
        if not sending and all(
            not client.session.waiting and client.session.state is SessionState.OPEN for client in clients
        ):
            return matcher, clients
    raise AssertionError(f"seed {seed}: the clients never heard of everything")
