"""The parts of the load test that would make it believe an exchange that is wrong, or slow."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pytest
from msgspec.structs import replace

from matching_exchange.tools.load_test import pace
from matching_exchange.tools.load_test.check import Checker
from matching_exchange.tools.load_test.orders import Flow, Market, Sent, Told
from matching_exchange.tools.load_test.over_http import order_body, read_order
from matching_exchange.tools.load_test.pace import Run, Step, check_orders
from matching_exchange.tools.load_test.ramp import ramp
from matching_exchange.tools.load_test.transport import Reply
from protocol.units import Side

MARKET = Market("BTC-USDT", 2, 5, 1, 1, 1, 10**7)
SENT = Sent("run:1", Side.BUY, 100, 5_000)
PARTIAL = Told("7", "run:1", Side.BUY, 100, 5_000, "partially_filled", 60, 40, [(4_990, 20), (5_000, 40)])

# What the exchange says


@pytest.mark.parametrize(
    "told",
    [
        PARTIAL,
        replace(PARTIAL, status="open", filled=0, remaining=100, trades=[]),
        replace(PARTIAL, status="filled", filled=100, remaining=0, trades=[(5_000, 100)]),
        replace(PARTIAL, status="canceled", remaining=0),
        replace(PARTIAL, status="rejected", filled=0, remaining=0, trades=[]),
    ],
)
def test_what_can_be_true_is_no_fault(told: Told) -> None:
    checker = Checker()
    checker.answered(SENT, told)
    checker.looked_up(SENT, replace(told, trades=[]))
    assert (checker.count, checker.faults) == (0, [])


@pytest.mark.parametrize(
    ("falsified", "fault"),
    [
        (replace(PARTIAL, remaining=41), "does not add up"),
        (replace(PARTIAL, remaining=39), "cannot be partially_filled"),
        (replace(PARTIAL, remaining=-60, filled=160), "does not add up"),
        (replace(PARTIAL, trades=[(4_990, 20)]), "60 is filled, but the trades are of 20"),
        (replace(PARTIAL, trades=[(4_990, 20), (5_001, 40)]), "a trade at 5001, beyond the limit"),
        (replace(PARTIAL, status="open"), "cannot be open"),
        (replace(PARTIAL, status="filled"), "cannot be filled"),
        (replace(PARTIAL, status="canceled"), "cannot be canceled"),
        (replace(PARTIAL, status="rejected"), "cannot be rejected"),
        (replace(PARTIAL, status="lost"), "cannot be lost"),
        (replace(PARTIAL, quantity=101, remaining=41), "is told as another order"),
        (replace(PARTIAL, price=5_001), "is told as another order"),
        (replace(PARTIAL, side=Side.SELL), "is told as another order"),
        (replace(PARTIAL, client_order_id="run:2"), "is told as another order"),
    ],
)
def test_falsified_answer_is_a_fault(falsified: Told, fault: str) -> None:
    checker = Checker()
    checker.answered(SENT, falsified)
    assert checker.count >= 1
    assert any(told.startswith("run:1: ") and fault in told for told in checker.faults), checker.faults


def test_one_order_id_for_two_orders_is_a_fault() -> None:
    checker = Checker()
    checker.answered(SENT, PARTIAL)
    checker.answered(replace(SENT, client_order_id="run:2"), replace(PARTIAL, client_order_id="run:2"))
    assert checker.faults == ["run:2: order_id 7 is that of run:1 too"]


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (None, "was answered, but is lost"),
        (replace(PARTIAL, status="open", filled=0, remaining=100), "0 is filled, but 60 was before"),
        (replace(PARTIAL, order_id="8"), "was answered with another order_id than 8"),
        (replace(PARTIAL, remaining=0), "cannot be partially_filled"),
    ],
)
def test_falsified_look_up_is_a_fault(found: Told | None, fault: str) -> None:
    checker = Checker()
    checker.answered(SENT, PARTIAL)
    checker.looked_up(SENT, found)
    assert any(fault in told for told in checker.faults), checker.faults


def test_an_order_of_unknown_outcome_may_be_there_or_not() -> None:
    checker = Checker()
    checker.looked_up(SENT, None)
    checker.looked_up(SENT, PARTIAL)
    assert checker.count == 0


def test_all_faults_are_counted() -> None:
    checker = Checker()
    for _ in range(100):
        checker.looked_up(SENT, replace(PARTIAL, remaining=41))
    assert checker.count > len(checker.faults) == 20


def test_an_answer_over_http_is_read_in_units() -> None:
    body = b"""{"order_id": "7", "client_order_id": "run:1", "side": "buy", "quantity": "0.001", "price": "50",
        "status": "partially_filled",
        "filled_quantity": "0.0006", "remaining_quantity": "0.0004", "sequence": 9,
        "trades": [{"price": "49.9", "quantity": "0.0002"}, {"price": "50", "quantity": "0.0004"}]}"""
    assert read_order(body, MARKET) == PARTIAL
    assert order_body(SENT, "load-test", MARKET) == (
        b'{"symbol":"BTC-USDT","account":"load-test","client_order_id":"run:1","order_type":"limit","side":"buy",'
        b'"quantity":"0.001","price":"50"}'
    )


# What is sent


@pytest.mark.parametrize("middle", [None, 5, 6_000_000])
def test_orders_are_valid_and_meet(middle: int | None) -> None:
    orders = list(islice(Flow(MARKET, middle, "run", 1), 500))
    assert len({order.client_order_id for order in orders}) == 500
    for order in orders:
        assert order.price > 0
        assert order.price * order.quantity >= MARKET.min_notional
    best_bid = max(order.price for order in orders if order.side is Side.BUY)
    best_ask = min(order.price for order in orders if order.side is Side.SELL)
    assert best_bid > best_ask


def test_orders_are_the_same_for_the_same_seed() -> None:
    def beginning(seed: int) -> list[Sent]:
        return list(islice(Flow(MARKET, None, "run", seed), 50))

    assert beginning(1) == beginning(1)
    assert beginning(1) != beginning(2)


# The pace


@dataclass
class Clock:
    """Time that passes only where somebody waits."""

    now: float = 100.0

    def perf_counter(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.now / 2

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Standing:
    """Answers each order a millisecond after it was sent, but stands still for a while in between; then it forgets
    some."""

    clock: Clock
    stands_from: float = 1e9
    stands_until: float = 1e9
    forgets: int = 0
    waiting: list[tuple[float, int, Sent]] = field(default_factory=list)
    gave_up: bool = False

    def can_send(self) -> bool:
        return True

    def send(self, number: int, order: Sent) -> None:
        if number >= self.forgets:
            self.waiting.append((self.clock.now, number, order))

    def receive(self, seconds: float) -> list[Reply]:
        self.clock.now += max(seconds, 0.0001)
        now = self.clock.now
        if self.stands_from <= now < self.stands_until:
            return []
        ready = [each for each in self.waiting if each[0] + 0.001 <= now]
        self.waiting = [each for each in self.waiting if each not in ready]
        return [Reply(number, now, "answered", opened(order)) for _, number, order in ready]

    def give_up(self) -> None:
        self.gave_up = True

    def look_up(self, orders: Sequence[Sent]) -> Iterator[tuple[Sent, Told | None]]:
        return ((order, opened(order)) for order in orders)

    def market(self, symbol: str) -> Market:
        return replace(MARKET, symbol=symbol)

    def middle(self) -> int | None:
        return None

    def cancel_all(self) -> None:
        self.waiting.clear()

    def close(self) -> None:
        self.waiting.clear()


def opened(order: Sent) -> Told:
    number = order.client_order_id
    return Told(number, number, order.side, order.quantity, order.price, "open", 0, order.quantity, [])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def run(transport: Standing, rate: float, seconds: float) -> tuple[Run, Step]:
    checker = Checker()
    sending = Run(transport, Flow(MARKET, None, "run", 1), checker, rate, seconds)
    step = sending.run(lambda _: None)
    assert checker.count == 0
    return sending, step


def test_orders_go_out_at_their_rate(clock: Clock) -> None:
    _, step = run(Standing(clock), 100, 2)
    assert (step.planned, step.answered, step.unsent, step.complete) == (200, 200, 0, True)
    assert step.seconds == pytest.approx(2, abs=0.03)
    assert step.longest < 25


def test_a_stall_is_in_the_latency_of_all_orders_that_were_due(clock: Clock) -> None:
    """A closed loop would have seen one slow order."""
    sending, step = run(Standing(clock, stands_from=100.5, stands_until=101.5), 100, 2)
    assert step.complete
    assert 990 < step.longest < 1_050
    # Half of the orders were due while it stood, evenly over the second.
    slow = [sending.histogram.get_value_at_percentile(percentile) / 1000 for percentile in (60, 75, 90)]
    assert slow == pytest.approx([200, 500, 800], abs=40)


def test_what_is_never_answered_counts_with_its_wait(clock: Clock) -> None:
    transport = Standing(clock, forgets=10)
    _, step = run(transport, 100, 1)
    assert (step.answered, step.unknown, step.complete, transport.gave_up) == (90, 10, False, True)
    assert step.longest == pytest.approx(1_000 * (1 + pace.GRACE), rel=0.02)


def test_look_ups_are_spread_evenly(clock: Clock) -> None:
    orders = list(islice(Flow(MARKET, None, "run", 1), 100))
    assert check_orders(Standing(clock), Checker(), orders, 1_000) == 100
    assert check_orders(Standing(clock), Checker(), orders, 30) == 25


def measured(highest: float) -> tuple[list[float], Callable[[float], Step]]:
    """An exchange that holds this rate and none above it."""
    rates: list[float] = []

    def measure(rate: float) -> Step:
        rates.append(rate)
        p99 = 1.0 if rate <= highest else 100.0
        return Step(rate, 10, 10, 0, 0, 0, 1, rate, 1, 1, p99, p99, p99, 0.1)

    return rates, measure


def test_ramp_closes_in_on_the_highest_rate() -> None:
    rates, measure = measured(2_000)
    assert ramp(measure, 1_000, 5) == 1_968
    assert rates == [1_000, 1_500, 2_250, 1_875, 2_062, 1_968]


def test_ramp_that_does_not_begin() -> None:
    rates, measure = measured(500)
    assert ramp(measure, 1_000, 5) is None
    assert rates == [1_000]


def test_a_rate_at_which_an_order_is_not_answered_does_not_hold() -> None:
    _, measure = measured(10_000)
    assert ramp(lambda rate: replace(measure(rate), answered=9), 1_000, 5) is None
