"""Halts by themselves: which moves halt an instrument, when it trades again, and what survives a restart."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.commands import OwnCommand, SetInstrument
from protocol.events import Event, InstrumentSet, Trade
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, Reason
from tests.oracle.naive_engine import NaiveEngine
from tests.tape import (
    BUY,
    COIN,
    SELL,
    advance_time,
    both_engines,
    cancel,
    canceled,
    change,
    limit,
    market,
    move_timers,
    rejected,
    stop_market,
)

START = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000
HALTED = Reason.INSTRUMENT_HALTED

HALTING = replace(COIN, halt_bps=1_000, halt_window_ms=10, halt_ms=5)
"""More than a tenth within 10 ms halts for 5 ms."""


class Player:
    """Commands at milliseconds, for an engine that has the instrument."""

    def __init__(self, engine: Any, instrument: Instrument = HALTING) -> None:
        self.engine = engine
        self.sequence = 0
        self.tell(0, SetInstrument.of(instrument))

    def tell(self, at: int, command: OwnCommand) -> list[Event]:
        self.sequence += 1
        events: list[Event] = self.engine.apply(self.sequence, START + at * MILLISECOND, command)
        return events

    def trade(self, at: int, *prices: int) -> list[Event]:
        """One buyer takes the offers at these prices; what that says behind its trades."""
        for price in prices:
            self.tell(at, limit(SELL, 1, price, account="seller"))
        events = self.tell(at, market(BUY, len(prices)))
        assert [event.price for event in events if isinstance(event, Trade)] == sorted(prices)
        return events[1 + len(prices) :]


def halted(at: int, instrument: Instrument = HALTING) -> InstrumentSet:
    """It is halted until that millisecond."""
    until = START + at * MILLISECOND
    return InstrumentSet(replace(instrument, status=InstrumentStatus.HALTED, halted_until=until))


@both_engines
@pytest.mark.parametrize(("within", "beyond"), [(1_100, 1_101), (900, 899)])
def test_a_larger_move_than_allowed_halts(engine: Any, within: int, beyond: int) -> None:
    """A move of exactly so much does not. The halt is the last event of the command."""
    player = Player(engine())
    assert player.trade(0, 1_000) == []
    assert player.trade(10, within) == []
    player = Player(engine())
    player.trade(0, 1_000)
    assert player.trade(10, beyond) == [halted(15)]
    assert player.tell(10, limit(BUY, 1, 1_000)) == [rejected(5, HALTED)]


@both_engines
def test_only_the_trades_of_the_window_count(engine: Any) -> None:
    """A trade that is as old as the window is the last that counts."""
    player = Player(engine())
    player.trade(0, 1_000)
    assert player.trade(11, 1_200) == []
    assert player.trade(21, 1_321) == [halted(26)]
    slow = Player(engine())
    for step in range(20):
        assert slow.trade(step * 10, 1_000 + 100 * step) == []


@both_engines
def test_the_lowest_and_the_highest_of_the_window_count(engine: Any) -> None:
    player = Player(engine())
    for at, price in ((0, 1_000), (1, 1_080), (2, 990), (3, 1_050), (11, 1_010), (12, 1_089)):
        assert player.trade(at, price) == []
    assert player.trade(13, 1_112) == [halted(18)], "beyond 1,010, the lowest since"


@both_engines
def test_the_move_of_one_command_counts(engine: Any) -> None:
    """Also what fires in it: all of it runs, then the instrument halts."""
    player = Player(engine())
    player.trade(0, 1_000)
    player.tell(1, limit(SELL, 1, 1_050))
    player.tell(1, stop_market(BUY, 1, at=1_050))
    player.tell(1, limit(SELL, 1, 1_150))
    events = player.tell(2, market(BUY, 1))
    assert [event.price for event in events if isinstance(event, Trade)] == [1_050, 1_150]
    assert events[-1] == halted(7)
    first = Player(engine())
    assert first.trade(0, 1_000, 1_101) == [halted(5)]


@both_engines
def test_it_trades_again_at_its_time_and_the_window_begins_anew(engine: Any) -> None:
    player = Player(engine())
    player.tell(0, limit(BUY, 1, 10))
    player.trade(0, 1_000)
    assert player.trade(1, 2_000) == [halted(6)]
    assert player.tell(2, cancel(1)) == [canceled(1, 1)]
    assert player.tell(5, advance_time()) == []
    assert player.tell(6, advance_time()) == [InstrumentSet(HALTING)]
    assert player.trade(6, 1_000) == []
    assert player.trade(7, 1_050) == []


@both_engines
def test_an_admins_status_ends_it_or_makes_it_last(engine: Any) -> None:
    player = Player(engine())
    player.trade(0, 1_000)
    assert player.trade(1, 2_000) == [halted(6)]
    assert player.tell(2, change(COIN, taker_fee_bps=5)) == [halted(6, replace(HALTING, taker_fee_bps=5))]
    resumed = replace(HALTING, taker_fee_bps=5)
    assert player.tell(3, change(COIN, InstrumentStatus.TRADING)) == [InstrumentSet(resumed)]
    assert player.tell(6, advance_time()) == []
    player.trade(7, 1_000)
    assert player.trade(8, 2_000) == [halted(13, resumed)]
    lasting = InstrumentSet(replace(resumed, status=InstrumentStatus.HALTED))
    assert player.tell(9, change(COIN, InstrumentStatus.HALTED)) == [lasting]
    assert player.tell(99, advance_time()) == []
    assert player.tell(99, limit(BUY, 1, 1_000)) == [rejected(9, HALTED)]


@both_engines
def test_another_rule_lets_the_window_begin_anew(engine: Any) -> None:
    player = Player(engine())
    player.trade(0, 1_000)
    player.tell(1, change(COIN, halt_bps=2_000))
    assert player.trade(2, 1_300) == []
    player.tell(3, change(COIN, halt_bps=0, halt_window_ms=0, halt_ms=0))
    assert player.trade(4, 9_000) == []


@both_engines
def test_the_end_moves_with_the_clock(engine: Any) -> None:
    player = Player(engine())
    player.trade(0, 1_000)
    player.trade(1, 2_000)
    assert player.tell(2, move_timers(3 * MILLISECOND)) == [halted(9)]
    assert player.tell(8, advance_time()) == []
    assert player.tell(9, advance_time()) == [InstrumentSet(HALTING)]


def test_the_engine_tells_when_a_halt_ends() -> None:
    player = Player(Engine())
    assert player.engine.next_due() is None
    player.trade(0, 1_000)
    player.trade(1, 2_000)
    end = START + 6 * MILLISECOND
    assert player.engine.next_due() == end
    assert not player.engine.due(end - 1) and player.engine.due(end)
    player.tell(3, change(COIN, InstrumentStatus.TRADING))
    assert player.engine.next_due() is None


def test_a_window_keeps_no_more_prices_than_it_needs() -> None:
    """At most one for each command that may still be the lowest or the highest; none of what is older."""
    player = Player(Engine())
    for step in range(200):
        player.trade(step, 1_000 + step % 3)
    window = player.engine.registry.books[COIN.symbol].window
    assert len(window.lows) <= 3 and len(window.highs) <= 3
    assert all(time >= START + 189 * MILLISECOND for time, _ in (*window.lows, *window.highs))


@pytest.mark.parametrize("halts", [False, True])
def test_it_survives_a_restart(tmp_path: Path, *, halts: bool) -> None:
    """The prices of the window, the end of a halt, and how many orders each account has."""
    state = State(Engine())
    player = Player(state.engine, replace(HALTING, max_open_orders=2))
    player.trade(0, 1_000)
    player.tell(1, limit(BUY, 1, 500, account="ann"))
    player.tell(1, limit(BUY, 1, 500, account="ann"))
    if halts:
        player.trade(1, 2_000)
    state.sequence, state.time = player.sequence, START + MILLISECOND
    with_window = digest(state.registry)
    _, restored = read_snapshot(write_snapshot(tmp_path, state, "journal", 1))
    assert digest(restored.registry) == with_window
    other = Player.__new__(Player)
    other.engine, other.sequence = restored.engine, player.sequence
    for each in (player, other):
        if halts:
            assert each.engine.next_due() == START + 6 * MILLISECOND
            each.tell(6, advance_time())
        assert each.tell(6, limit(BUY, 1, 500, account="ann"))[0] == rejected(
            7 if halts else 5, Reason.TOO_MANY_OPEN_ORDERS
        )
        if not halts:
            [last] = each.trade(7, 1_200)
            assert isinstance(last, InstrumentSet) and last.instrument.halted_until == START + 12 * MILLISECOND


def test_the_window_is_in_the_digest() -> None:
    """Left out where it is empty: an instrument that does not halt has the digest of before."""
    one, other = Player(Engine()), Player(Engine())
    one.trade(0, 1_000)
    other.trade(1, 1_000)
    assert digest(one.engine.registry) != digest(other.engine.registry)
    for player in (one, other):
        player.tell(2, change(COIN, halt_bps=0, halt_window_ms=0, halt_ms=0))
    plain = Player(Engine(), COIN)
    plain.trade(0, 1_000)
    assert digest(one.engine.registry) == digest(other.engine.registry) == digest(plain.engine.registry)


def test_both_engines_agree_on_a_long_walk() -> None:
    """Many prices, so that the window prunes and halts often."""
    instrument, random = replace(HALTING, halt_bps=600), Random(1)
    engine, naive = Player(Engine(), instrument), Player(NaiveEngine(), instrument)
    price, found = 1_000, 0
    for step in range(300):
        price += random.randint(-30, 30)
        at = step * 2
        resume = [change(COIN, InstrumentStatus.TRADING)] if step % 50 == 49 else []
        commands: list[OwnCommand] = [advance_time(), limit(SELL, 1, price), market(BUY, 1), *resume]
        for command in commands:
            said = engine.tell(at, command)
            assert said == naive.tell(at, command)
            found += any(isinstance(event, InstrumentSet) and event.instrument.halted_until for event in said)
    assert found > 3
