"""Which calls an injected fault strikes: by selectors, by chance, within its bounds."""

import pytest

from gateway.injected.faults import MAX_FAULTS, InjectedFaults, TooManyFaultsError
from gateway.injected.rule import MILLION, Called, Fault, Kind, Moment, Rule, delay_of, last_of

PLACE = Called(Kind.CALL, "POST /orders", frozenset({"alice"}), "key-1")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def strikes_of(rule: Rule, calls: list[Called]) -> list[bool]:
    faults = InjectedFaults(Clock())
    faults.add(rule)
    return [bool(faults.strike(called)) for called in calls]


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        (Rule(Fault.UNAVAILABLE), True),
        (Rule(Fault.UNAVAILABLE, call="POST /orders"), True),
        (Rule(Fault.UNAVAILABLE, call="POST /orders*"), True),
        (Rule(Fault.UNAVAILABLE, call="*"), True),
        (Rule(Fault.UNAVAILABLE, call="POST /order"), False),
        (Rule(Fault.UNAVAILABLE, call="GET *"), False),
        (Rule(Fault.UNAVAILABLE, account="alice"), True),
        (Rule(Fault.UNAVAILABLE, account="bob"), False),
        (Rule(Fault.UNAVAILABLE, key="key-1"), True),
        (Rule(Fault.UNAVAILABLE, key="key-2"), False),
        (Rule(Fault.UNAVAILABLE, account="alice", key="key-2"), False),
        (Rule(Fault.CLOSE), False),
    ],
)
def test_every_selector_must_fit(rule: Rule, *, struck: bool) -> None:
    assert strikes_of(rule, [PLACE]) == [struck]


@pytest.mark.parametrize(
    ("fault", "moment", "kinds"),
    [
        (Fault.LATENCY, Moment.BEFORE, {Kind.CALL, Kind.MESSAGE}),
        (Fault.UNAVAILABLE, Moment.BEFORE, {Kind.CALL, Kind.OPENING}),
        (Fault.RATE_LIMITED, Moment.BEFORE, {Kind.CALL, Kind.OPENING}),
        (Fault.OUTCOME_UNKNOWN, Moment.AFTER, {Kind.CALL}),
        (Fault.DISCONNECT, Moment.BEFORE, {Kind.CALL, Kind.OPENING}),
        (Fault.DISCONNECT, Moment.WITHIN, {Kind.CALL, Kind.MESSAGE}),
        (Fault.CLOSE, Moment.BEFORE, {Kind.MESSAGE}),
    ],
)
def test_each_fault_strikes_where_it_means_something(fault: Fault, moment: Moment, kinds: set[Kind]) -> None:
    rule = Rule(fault, moment)
    assert {kind for kind in Kind if strikes_of(rule, [Called(kind, "WS /ws/user")]) == [True]} == kinds


def test_skip_and_count_bound_the_calls_that_are_struck() -> None:
    assert strikes_of(Rule(Fault.UNAVAILABLE, skip=2, count=1), [PLACE] * 5) == [False, False, True, False, False]


def test_the_same_seed_strikes_the_same_calls_and_others_do_not_move_them() -> None:
    rule = Rule(Fault.UNAVAILABLE, call="POST *", chance=MILLION // 3, seed=7)
    other = Called(Kind.CALL, "GET /orders")
    expected = [True, False, False, True, True, True, False, True, False, False, False, False]
    assert strikes_of(rule, [PLACE] * 12) == expected
    mixed = strikes_of(rule, [PLACE, other] * 12)
    assert mixed[::2] == expected
    assert not any(mixed[1::2])


def test_a_fault_ends_with_its_time() -> None:
    clock = Clock()
    faults = InjectedFaults(clock)
    asked = faults.add(Rule(Fault.UNAVAILABLE, seconds=2.0))
    for now, holds in ((0.0, True), (1.9, True), (2.0, False)):
        clock.now = now
        assert faults.holds(asked) is holds
        assert bool(faults.strike(PLACE)) is holds


def test_latencies_add_up_before_the_fault_that_ends_the_look() -> None:
    faults = InjectedFaults(Clock())
    for rule in (
        Rule(Fault.LATENCY, delay=1.0),
        Rule(Fault.LATENCY, delay=0.5, jitter=0.25, seed=1),
        Rule(Fault.LATENCY, Moment.AFTER, delay=4.0),
        Rule(Fault.UNAVAILABLE),
        Rule(Fault.DISCONNECT),
    ):
        faults.add(rule)
    strikes = faults.strike(PLACE)
    assert 1.5 <= delay_of(strikes, Moment.BEFORE) < 1.75
    assert delay_of(strikes, Moment.AFTER) == 4.0
    last = last_of(strikes)
    assert last is not None
    assert last.rule.fault is Fault.UNAVAILABLE
    assert [asked.struck for asked in faults.all()] == [1, 1, 1, 1, 0]


def test_a_removed_fault_strikes_no_more_and_its_number_is_not_used_again() -> None:
    faults = InjectedFaults(Clock())
    first = faults.add(Rule(Fault.UNAVAILABLE, account="alice"))
    assert faults.by_account
    assert faults.remove(first.fault_id) is first
    assert not faults.by_account
    assert not faults.strike(PLACE)
    assert faults.remove(first.fault_id) is None
    assert faults.add(Rule(Fault.LATENCY)).fault_id > first.fault_id
    assert len(faults.clear()) == 1
    assert len(faults) == 0


def test_there_is_a_bound() -> None:
    faults = InjectedFaults(Clock())
    for _ in range(MAX_FAULTS):
        faults.add(Rule(Fault.LATENCY))
    with pytest.raises(TooManyFaultsError):
        faults.add(Rule(Fault.LATENCY))
