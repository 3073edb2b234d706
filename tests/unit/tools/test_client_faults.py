"""The checks of client_faults find what they are there for: what sound clients were told, altered in one place, breaks
one promise."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from matcher.engine import Engine
from matcher.serving.answers import answer
from matcher.state import Caused
from matching_exchange.tools.client_faults.books import GAP, Book
from matching_exchange.tools.client_faults.checks import (
    BALANCES,
    CLIENTS,
    DOUBLED,
    HOLES,
    INVENTED,
    LISTED,
    LOOKS,
    LOST,
    TAKEN_AFTER_ALL,
    TWICE,
    UNRESOLVED,
    UNSEEN,
    Checks,
)
from matching_exchange.tools.client_faults.evidence import (
    Account,
    Evidence,
    Heard,
    Listed,
    Look,
    OwnTrade,
    Renamed,
    Report,
    Sent,
    Unknown,
)
from matching_exchange.tools.client_faults.truth import Truth
from protocol.commands import AmendOrder, CancelOrder, Command, PlaceOrder, SetInstrument
from protocol.units import OrderType, Side

LOTS = 100_000
"""Of a whole BTC."""


def order(account: str, name: str, side: Side, tenths: int, price: int) -> PlaceOrder:
    place = PlaceOrder("BTC-USDT", account, side, OrderType.LIMIT, tenths * LOTS // 10, price * 100)
    return replace(place, client_order_id=name, open_only_client_order_id=True)


ANNS = order("ann", "ann-1", Side.BUY, 10, 100)

TAPE: list[Command] = [
    SetInstrument("BTC-USDT", 2, 5, "BTC", "USDT", 1, 1, 1, 10**9, 10**9, 0, 0, 0),
    ANNS,
    order("bob", "bob-1", Side.SELL, 4, 100),
    AmendOrder(1, "ann", quantity=8 * LOTS // 10, new_client_order_id="ann-1-a2"),
    CancelOrder(1, "ann"),
    order("bob", "bob-2", Side.SELL, 10, 200),
    AmendOrder(3, "bob", quantity=9 * LOTS // 10),
]


def truth_of(tape: list[Command]) -> Truth:
    """What the journal of these commands would tell."""
    truth, engine = Truth({"ann", "bob"}), Engine()
    for sequence, command in enumerate(tape, 1):
        events = engine.apply(sequence, sequence, command)
        caused = Caused(sequence, command, events)
        truth.watch(engine, sequence, caused, answer(engine.registry, command, events))
    return truth


def report(order_id: int, side: str, sequence: int, execution: str, status: str) -> Report:
    trades = execution == "TRADE"
    amounts = ("0.40000000", "40.00000000") if trades else ("0.00000000", "0.00000000")
    number = (sequence << 20) + trades
    return Report(order_id, execution, status, "BTCUSDT", side, number, 1 if trades else -1, *amounts, "0")


def sound() -> Evidence:
    """What the clients of the tape know. Ann's second connection has come after her amend; bob's has missed his second
    order."""
    told = [report(1, "BUY", 2, "NEW", "NEW"), report(1, "BUY", 3, "TRADE", "PARTIALLY_FILLED")]
    canceled = report(1, "BUY", 5, "CANCELED", "CANCELED")
    sold = [report(2, "SELL", 3, "NEW", "NEW"), report(2, "SELL", 3, "TRADE", "FILLED")]
    seen = Look("ann", 1, "ann-1-a2", "PARTIALLY_FILLED", "0.40000000", "0.8")
    rests = Look("bob", 3, "bob-2", "NEW", "0.00000000", "0.9")
    anns = {"USDT": ("960", "0"), "BTC": ("0.4", "0")}
    bobs = {"USDT": ("40", "0"), "BTC": ("8.6", "1")}
    return Evidence(
        [Sent("ann", "ann-1", 1), Sent("ann", "ann-9"), Sent("bob", "bob-1", 2), Sent("bob", "bob-2", 3)],
        [Renamed("ann", "ann-1-a2", taken=True), Renamed("ann", "ann-1-a3")],
        [Unknown("ann", "ann-9", "order.place", "timeout", "absent"), Unknown("bob", "bob-2", "", "cut", "placed")],
        [
            Look("ann", 1, "ann-1", "NEW", "0.00000000", "1"),
            Look("ann", 1, "ann-1-a2", "CANCELED", "0.40000000", "0.8"),
        ],
        [
            Heard("ann", [told, [canceled]], {1: seen}, set(), {(1, 4)}),
            Heard("bob", [sold], {3: rests}, {OwnTrade("BTCUSDT", 1, 2, "SELL", "0.4", "40", "0")}),
        ],
        [
            Account("ann", {"USDT": "1000"}, [Listed(1, "ann-1-a2", "0.4")], anns, dict(anns)),
            Account("bob", {"BTC": "10"}, [Listed(2, "bob-1", "0.4"), Listed(3, "bob-2", "0")], bobs, dict(bobs)),
        ],
        [],
    )


def broken(evidence: Evidence, tape: list[Command] = TAPE) -> dict[str, int]:
    """How often each promise is broken, of those that are."""
    return {promise.name: promise.broken for promise in Checks(evidence, truth_of(tape)).promises() if promise.broken}


def test_sound_clients_break_no_promise() -> None:
    assert broken(sound()) == {}
    assert Checks(sound(), truth_of(TAPE)).found_by_look_ups == 3


def lose_an_order(evidence: Evidence) -> None:
    evidence.sent[0].order_id = 99


def lose_an_amend(evidence: Evidence) -> None:
    evidence.renamed[1].taken = True


def forget_an_order(evidence: Evidence) -> None:
    evidence.sent[3].order_id = None


def forget_an_amend(evidence: Evidence) -> None:
    evidence.renamed[0].taken = False


def leave_an_outcome_unknown(evidence: Evidence) -> None:
    evidence.unknown[0].found = None


def look_too_far(evidence: Evidence) -> None:
    evidence.looks[0] = replace(evidence.looks[0], executed="0.50000000")


def look_at_another_end(evidence: Evidence) -> None:
    evidence.looks[1] = replace(evidence.looks[1], status="EXPIRED")


def look_at_nothing(evidence: Evidence) -> None:
    evidence.looks[0] = replace(evidence.looks[0], order_id=7)


def tell_a_change_twice(evidence: Evidence) -> None:
    connections = evidence.heard[0].connections
    connections[1].insert(0, connections[0][1])
    # Else what the second connection has missed shows too.
    evidence.heard[0].connections = [connections[0], connections[1][:1], connections[1][1:]]


def tell_another_change(evidence: Evidence) -> None:
    reports = evidence.heard[1].connections[0]
    reports.append(replace(reports[1], number=reports[1].number + 1, trade_id=2))


def leave_a_hole(evidence: Evidence) -> None:
    first, second = evidence.heard[0].connections
    evidence.heard[0].connections = [first + second]


def show_no_amend(evidence: Evidence) -> None:
    evidence.heard[0].amendments.clear()


def show_no_smaller_quantity(evidence: Evidence) -> None:
    evidence.heard[1].orders[3] = replace(evidence.heard[1].orders[3], quantity="1")


def show_no_order(evidence: Evidence) -> None:
    del evidence.heard[1].orders[3]


def show_no_trade(evidence: Evidence) -> None:
    del evidence.heard[1].connections[0][1]
    evidence.heard[1].trades = {OwnTrade("ETHUSDT", 1, 2, "SELL", "0.4", "40", "0")}


def leave_an_order_out(evidence: Evidence) -> None:
    del evidence.accounts[1].listed[1]


def list_it_twice(evidence: Evidence) -> None:
    evidence.accounts[1].listed += evidence.accounts[1].listed[1:]


def list_it_as_filled(evidence: Evidence) -> None:
    evidence.accounts[0].listed[0] = Listed(1, "ann-1-a2", "0.8")


def hold_too_much(evidence: Evidence) -> None:
    for balances in (evidence.accounts[0].balances, evidence.accounts[0].native_balances):
        balances["BTC"] = ("0.5", "0")


def hold_another_amount_natively(evidence: Evidence) -> None:
    evidence.accounts[0].native_balances["BTC"] = ("0.5", "0")


def find_a_fault(evidence: Evidence) -> None:
    evidence.faults.append((GAP, "BTCUSDT"))


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lose_an_order, {LOST: 1}),
        (lose_an_amend, {LOST: 1}),
        (forget_an_order, {TAKEN_AFTER_ALL: 1}),
        (forget_an_amend, {TAKEN_AFTER_ALL: 1}),
        (leave_an_outcome_unknown, {UNRESOLVED: 1}),
        (look_too_far, {LOOKS: 1}),
        (look_at_another_end, {LOOKS: 1}),
        (look_at_nothing, {LOOKS: 1}),
        (tell_a_change_twice, {TWICE: 1}),
        (tell_another_change, {INVENTED: 1, BALANCES: 2}),
        (leave_a_hole, {HOLES: 1}),
        (show_no_amend, {UNSEEN: 1}),
        (show_no_smaller_quantity, {UNSEEN: 1}),
        (show_no_order, {UNSEEN: 2}),
        (show_no_trade, {UNSEEN: 1, BALANCES: 1}),
        (leave_an_order_out, {LISTED: 1}),
        (list_it_twice, {LISTED: 2}),
        (list_it_as_filled, {LISTED: 1}),
        (hold_too_much, {BALANCES: 1}),
        (hold_another_amount_natively, {BALANCES: 1}),
        (find_a_fault, {CLIENTS: 1}),
    ],
)
def test_a_planted_fault_is_found(spoil: Callable[[Evidence], None], found: dict[str, int]) -> None:
    evidence = sound()
    spoil(evidence)
    assert broken(evidence) == found


def test_an_order_that_was_placed_twice_under_its_client_id_is_doubled() -> None:
    found = broken(sound(), [*TAPE, ANNS])
    assert found[DOUBLED] == 1
    assert found[UNSEEN] == 1, "nobody has told its client"


def test_a_book_finds_a_gap_between_two_differences() -> None:
    book = Book("BTCUSDT", 1)
    book.last = 7
    book.take({"U": 8, "u": 9, "b": [["100.00000000", "1.00000000"]], "a": []})
    assert not book.faults
    book.take({"U": 11, "u": 12, "b": [["100.00000000", "0.00000000"]], "a": [["101.00000000", "2.00000000"]]})
    assert [name for name, _ in book.faults] == [GAP]
    assert book.sides() == {"bids": {}, "asks": {"101.00000000": "2.00000000"}}
