"""What the amends of an order have changed, as it is listed."""

from matcher.core.amendments import Amendments
from matcher.serving.queries import list_amendments
from protocol.commands import AmendmentsQuery
from protocol.events import Amendment, AmendmentList, CommandRefused
from protocol.units import Refusal
from tests.tape import BUY, amend, cancel, limit, time_of
from tests.unit.matcher.teller import Teller


def listed(teller: Teller, after: int = 0, most: int = 100) -> AmendmentList:
    found = list_amendments(teller.state.registry, AmendmentsQuery(1, after=after, limit=most))
    assert isinstance(found, AmendmentList)
    return found


def amended() -> Teller:
    """The amends have the sequences 4, 5 and 6; the one behind them names no id and is not remembered."""
    teller = Teller()
    teller.do(limit(BUY, 5, 90, client_order_id="x"))
    for change in (amend(1, quantity=4, rename="x"), amend(1, price=91, rename="y"), amend(1, rename="y"), amend(1)):
        teller.do(change)
    return teller


def test_each_amend_is_listed_with_what_was_before_it() -> None:
    found = listed(amended())
    assert (found.symbol, found.next) == ("COIN-USD", None)
    first, second, third = found.amendments
    assert first == Amendment(1, 4, time_of(4), 4, 5, 90, 90, None, None, "x", "x")
    assert second == Amendment(1, 5, time_of(5), 4, 4, 91, 90, None, None, "y", "x")
    assert third == Amendment(1, 6, time_of(6), 4, 4, 91, 91, None, None, "y", "y")


def test_the_list_is_paged_and_stays_when_the_order_is_done() -> None:
    teller = amended()
    teller.do(cancel(1))
    first = listed(teller, most=2)
    assert ([each.sequence for each in first.amendments], first.next) == ([4, 5], 5)
    assert [each.sequence for each in listed(teller, after=5).amendments] == [6]
    assert list_amendments(teller.state.registry, AmendmentsQuery(9)) == CommandRefused(Refusal.UNKNOWN_ORDER)


def test_a_snapshot_brings_them_back() -> None:
    teller = amended()
    assert listed(teller.from_snapshot()) == listed(teller)


def test_the_oldest_of_all_orders_are_forgotten_above_the_bound() -> None:
    amendments = Amendments(most=2)
    for sequence, order_id in enumerate((1, 2, 1), 1):
        amendments.add(Amendment(order_id, sequence, 0, 1, 1, None, None, None, None, None, None))
    assert [each.sequence for each in amendments] == [2, 3]
    assert [each.sequence for each in amendments.of(1)] == [3]
