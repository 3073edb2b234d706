"""A state that was written to a snapshot and read again cannot be told from the one that went on."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.core.digest import canonical_state, digest
from matcher.engine import Engine
from matcher.sessions import Taken
from matcher.state import State
from matcher.storage.journal_format import ENGINE
from matcher.storage.snapshot import read_snapshot, write_snapshot
from matcher.storage.snapshot_file import read_head
from protocol.codec import encode
from protocol.commands import (
    VERSION,
    CancelAfter,
    Command,
    Commands,
    Hello,
    PlaceOrder,
    SetAccountStatus,
    SetInstrument,
)
from protocol.units import OrderType, Side
from tests.oracle.commands_strategy import COIN, Tape, tapes
from tests.oracle.orders_strategy import START

REMEMBERED = 5
"""So few done orders are remembered that tapes reach the bound."""


def play(state: State, tape: Tape, number: int) -> list[bytes]:
    """Apply the tape's commands, one by one, as those of one session from that number on; the replies as bytes."""
    replies = []
    for offset, (_, time, command) in enumerate(tape):
        # A session carries any command; that the matcher alone sends some is checked where frames are read.
        sent = [cast("Command", command)]
        outcome = state.sessions.receive(Commands(VERSION, 7, number + offset, max(0, number + offset - 4), sent))
        assert isinstance(outcome, Taken)
        reply, caused = state.apply(7, outcome.number, outcome.commands, time)
        replies.append(encode([reply.answers, [event for one in caused for event in one.events]]))
    return replies


def go_on(state: State) -> State:
    """The state as a snapshot of it brings it back."""
    with TemporaryDirectory() as name:
        return read_snapshot(write_snapshot(Path(name), state, "journal", 12345))[1]


def test_account_that_is_known_for_nothing_but_its_status() -> None:
    """Its last order is forgotten, and it is suspended and has a timer all the same."""
    state = State(Engine(REMEMBERED))
    state.sessions.hello(Hello(VERSION, 7))
    commands: list[Command] = [
        SetInstrument.of(COIN),
        SetAccountStatus("ann", suspended=True),
        CancelAfter("ann", 1_000),
        PlaceOrder(COIN.symbol, "ann", Side.BUY, OrderType.LIMIT, 30, 95),
        *[PlaceOrder(COIN.symbol, "bob", Side.BUY, OrderType.IOC, 30, 95)] * (REMEMBERED + 1),
    ]
    play(state, [(0, START + number, command) for number, command in enumerate(commands)], 1)
    assert state.registry.orders.get(1) is None
    restored = go_on(state)
    assert digest(restored.registry) == digest(state.registry)
    account = restored.registry.accounts["ann"]
    assert (account.suspended, account.cancel_at) == (True, START + 2 + 1_000)


def test_account_whose_last_order_with_an_open_only_id_is_forgotten() -> None:
    """The digest has no line for the ids that it has no more, compiled or not."""
    state = State(Engine(REMEMBERED))
    state.sessions.hello(Hello(VERSION, 7))
    gone = PlaceOrder(
        COIN.symbol, "ann", Side.SELL, OrderType.LIMIT, 30, 105, client_order_id="a", open_only_client_order_id=True
    )
    others = [PlaceOrder(COIN.symbol, "bob", Side.BUY, OrderType.IOC, 30, 105)] * (REMEMBERED + 1)
    # The account itself is known on by an order that rests.
    rests = PlaceOrder(COIN.symbol, "ann", Side.BUY, OrderType.LIMIT, 30, 95)
    commands: list[Command] = [SetInstrument.of(COIN), gone, rests, *others]
    play(state, [(0, START + number, command) for number, command in enumerate(commands)], 1)
    assert state.registry.orders.get(1) is None
    assert digest(go_on(state).registry) == digest(state.registry)
    assert all(b"open_only" not in line for line in canonical_state(state.registry))


@settings(max_examples=40, deadline=None)
@given(tapes, st.integers(0, 50))
def test_the_state_goes_on_from_a_snapshot_as_if_nothing_had_been(tape: Tape, cut: int) -> None:
    state = State(Engine(REMEMBERED))
    state.sessions.hello(Hello(VERSION, 7))
    play(state, tape[:cut], 1)
    with TemporaryDirectory() as name:
        path = write_snapshot(Path(name), state, "journal", 12345)
        head, restored = read_snapshot(path)
        assert head == read_head(path, ENGINE)
    assert (head.journal, head.crc, head.sequence) == ("journal", 12345, state.sequence)
    assert (restored.sequence, restored.time) == (state.sequence, state.time)
    assert head.digest == digest(state.registry) == digest(restored.registry)
    assert list(restored.sessions.known()) == list(state.sessions.known())

    state.registry.remembered_orders = restored.registry.remembered_orders = REMEMBERED
    number = min(cut, len(tape)) + 1
    assert play(state, tape[cut:], number) == play(restored, tape[cut:], number)
    assert digest(state.registry) == digest(restored.registry)
    assert {order.order_id for order in state.registry.orders} == {order.order_id for order in restored.registry.orders}
    assert [order.order_id for order in state.registry.done] == [order.order_id for order in restored.registry.done]
