"""What a tape gives when it is played again, in part, or by an engine that forgets."""

from hypothesis import given
from msgspec.structs import replace

from matcher.engine import Engine
from protocol.codec import encode
from protocol.commands import AmendOrder, CancelOrder, SetLimits
from protocol.events import CommandRefused, OrderDuplicated, TransferDuplicated
from protocol.units import UNLIMITED, Refusal
from tests.oracle.commands_strategy import Tape, examples, tapes
from tests.oracle.naive_engine import NaiveEngine
from tests.property.standing import as_if_known, is_refused


def play(tape: Tape) -> bytes:
    engine = Engine()
    return encode([engine.apply(sequence, time, command) for sequence, time, command in tape])


@examples
@given(tapes)
def test_same_commands_give_the_same_bytes(tape: Tape) -> None:
    assert play(tape) == play(tape)


@examples
@given(tapes)
def test_refused_commands_change_nothing(tape: Tape) -> None:
    """A tape without those that were refused or repeated tells all the rest to the byte."""
    engine = Engine()
    told, kept = [], []
    for sequence, time, command in tape:
        events = engine.apply(sequence, time, command)
        if not any(isinstance(event, CommandRefused | OrderDuplicated | TransferDuplicated) for event in events):
            told.append(events)
            kept.append((sequence, time, command))
    assert encode(told) == play(kept)


@examples
@given(tapes)
def test_forgetting_done_orders_changes_only_what_is_said_of_them(tape: Tape) -> None:
    """Orders that are sent again are left out: once forgotten, they are new. So are accounts, which therefore have no
    limit here."""
    engine, naive = Engine(remembered_orders=3), NaiveEngine()
    for sequence, time, step in tape:
        command = replace(step, accounts=UNLIMITED) if isinstance(step, SetLimits) else step
        expected = naive.apply(sequence, time, command)
        if any(
            isinstance(event, OrderDuplicated) or is_refused(event, Refusal.CLIENT_ORDER_ID_CONFLICT)
            for event in expected
        ):
            continue
        said = engine.apply(sequence, time, command)
        if is_refused(expected[0] if expected else None, Refusal.ORDER_NOT_OPEN) and is_refused(
            said[0], Refusal.UNKNOWN_ORDER
        ):
            assert isinstance(command, CancelOrder | AmendOrder)
        else:
            assert [as_if_known(event) for event in said] == [as_if_known(event) for event in expected]
        live = {order.order_id for order in naive.live()}
        assert live <= {order.order_id for order in engine.registry.orders}
        assert len(engine.registry.orders) == len(live) + len(engine.registry.done)
