"""What holds for money whatever the engine is told, and that both engines have the same money."""

from collections import Counter, defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, seed, settings

from matcher.core.digest import digest
from matcher.engine import Engine
from protocol.events import CommandRefused, Event, MoneyMoved, OrderRejected, TransferDuplicated
from protocol.money import MovementKind
from tests.oracle.commands_strategy import Tape, examples, tapes
from tests.oracle.money_encounters import ALL_OF_MONEY, MoneyEncounters
from tests.oracle.naive_engine import NaiveEngine
from tests.property.standing import Money, money_of, naive_money_of, naive_whole, whole
from tests.tape import without_wording


def state_of(engine: Engine) -> object:
    return digest(engine.registry), money_of(engine)


def naive_state_of(engine: NaiveEngine) -> object:
    orders = [naive_whole(order) for order in engine.orders]
    return orders, naive_money_of(engine), dict(engine.transfers), dict(engine.instruments), engine.limits


MakeEngine = Callable[[], Any]
MoneyOf = Callable[[Any], Money]

each_engine = pytest.mark.parametrize(
    ("make", "money"),
    [pytest.param(Engine, money_of, id="engine"), pytest.param(NaiveEngine, naive_money_of, id="naive")],
)
each_state = pytest.mark.parametrize(
    ("make", "state"),
    [pytest.param(Engine, state_of, id="engine"), pytest.param(NaiveEngine, naive_state_of, id="naive")],
)


@examples
@given(tapes)
def test_both_engines_have_the_same_money(tape: Tape) -> None:
    engine, naive = Engine(), NaiveEngine()
    for sequence, time, command in tape:
        said = [without_wording(event) for event in engine.apply(sequence, time, command)]
        assert said == [without_wording(event) for event in naive.apply(sequence, time, command)]
        assert money_of(engine) == naive_money_of(naive)
    assert [whole(engine.registry.orders[order.order_id]) for order in naive.orders] == [
        naive_whole(order) for order in naive.orders
    ]


@each_engine
@examples
@given(tape=tapes)
def test_no_money_comes_or_goes(make: MakeEngine, money: MoneyOf, tape: Tape) -> None:
    """Of each asset, after each command: all accounts, fees and outside have what was deposited less what was withdrawn.
    So say the events, too."""
    engine = make()
    told: defaultdict[str, Fraction] = defaultdict(Fraction)
    for sequence, time, command in tape:
        for event in engine.apply(sequence, time, command):
            if isinstance(event, MoneyMoved) and event.kind is not MovementKind.TRANSFER:
                told[event.asset] += Fraction(event.amount)
        now = money(engine)
        for asset, deposited in now.deposited.items():
            accounts = sum(sum(balances[asset]) for balances in now.balances.values())
            assert accounts + now.fees[asset] + now.outside[asset] == deposited
            assert told[asset] * 10 ** now.decimals[asset] == deposited


@each_engine
@examples
@given(tape=tapes)
def test_nothing_but_outside_is_negative(make: MakeEngine, money: MoneyOf, tape: Tape) -> None:
    engine = make()
    for sequence, time, command in tape:
        engine.apply(sequence, time, command)
        now = money(engine)
        assert all(min(both) >= 0 for balances in now.balances.values() for both in balances.values())
        assert all(amount >= 0 for amount in now.fees.values())


@each_engine
@examples
@given(tape=tapes)
def test_locked_is_what_the_orders_lock(make: MakeEngine, money: MoneyOf, tape: Tape) -> None:
    """After each command. Orders of accounts without a ledger lock nothing."""
    engine = make()
    for sequence, time, command in tape:
        engine.apply(sequence, time, command)
        now = money(engine)
        locks: Counter[tuple[str, str]] = Counter()
        for account, asset, amount in now.reserved.values():
            assert amount > 0
            locks[account, asset] += amount
        locked = {
            (account, asset): balance[1]
            for account, balances in now.balances.items()
            for asset, balance in balances.items()
        }
        assert locks == {place: amount for place, amount in locked.items() if amount}


@each_state
@examples
@given(tape=tapes)
def test_what_is_refused_changes_nothing(make: MakeEngine, state: Callable[[Any], object], tape: Tape) -> None:
    """No byte of the digest, and no money."""
    engine, naive = make(), NaiveEngine()
    for sequence, time, command in tape:
        if is_refused(naive.apply(sequence, time, command)):
            before = state(engine)
            assert is_refused(engine.apply(sequence, time, command))
            assert state(engine) == before
        else:
            engine.apply(sequence, time, command)


def is_refused(events: list[Event]) -> bool:
    return bool(events) and isinstance(events[0], CommandRefused | TransferDuplicated)


@each_engine
@examples
@given(tape=tapes)
def test_a_rejected_order_moves_no_money(make: MakeEngine, money: MoneyOf, tape: Tape) -> None:
    engine = make()
    before = money(engine)
    for sequence, time, command in tape:
        events = engine.apply(sequence, time, command)
        now = money(engine)
        if events and isinstance(events[0], OrderRejected):
            assert now == before
        before = now


def test_random_tapes_reach_what_can_happen_to_money() -> None:
    """A guard of the strategy: always the same tapes, more of them until they have met all."""
    missing = set(ALL_OF_MONEY)

    for number in range(100):

        @seed(number)
        @settings(max_examples=60, deadline=None, database=None)
        @given(tapes)
        def look(tape: Tape) -> None:
            encounters = MoneyEncounters()
            for sequence, time, command in tape:
                missing.difference_update(encounters.play(sequence, time, command))

        look()
        if not missing:
            break
    assert not missing
