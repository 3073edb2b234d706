"""What an account update tells of each change: running totals, names, the other order of a prevented trade."""

from protocol.commands import OwnCommand
from protocol.events import OrderAmended, OrderCanceled, OrderChange, OrderDecremented, OrderReduced, Trade
from protocol.running_totals import Totals, running_totals
from protocol.units import SelfTradePrevention
from tests.tape import BUY, SELL, amend, cancel, cancel_replace, limit, market, oco
from tests.unit.matcher.teller import Teller

DECREMENT = SelfTradePrevention.DECREMENT


def watched() -> Teller:
    teller = Teller()
    teller.watch("ann", "bob")
    return teller


def told(teller: Teller, command: OwnCommand, account: str = "ann") -> list[tuple[OrderChange, Totals]]:
    """Each change of the account by the command, with the numbers after it."""
    teller.do(command)
    [update] = [update for update in teller.updates if update.account == account]
    return list(zip(update.changes, running_totals(update), strict=True))


def totals(found: list[tuple[OrderChange, Totals]]) -> list[tuple[int, int, int, int]]:
    """order_id, filled_quantity, filled_value and quantity after each."""
    assert all(change.filled_quantity == then.filled_quantity for change, then in found)
    return [(change.order_id, then.filled_quantity, then.filled_value, then.quantity) for change, then in found]


def test_each_fill_tells_the_sums_up_to_it() -> None:
    teller = watched()
    for price in (100, 101, 102):
        teller.do(limit(SELL, 5, price, account="bob"))
    found = told(teller, limit(BUY, 12, 101, account="ann"))
    assert totals(found) == [(4, 0, 0, 12), (4, 5, 500, 12), (4, 10, 1_005, 12)]
    [bob] = [update for update in teller.updates if update.account == "bob"]
    assert [each.filled_value for each in running_totals(bob)] == [500, 505]


def test_a_quote_quantity_grows_with_its_fills() -> None:
    teller = watched()
    for price in (100, 200):
        teller.do(limit(SELL, 5, price, account="bob"))
    found = told(teller, market(BUY, 0, quote_quantity=900, account="ann"))
    assert totals(found) == [(3, 0, 0, 0), (3, 5, 500, 5), (3, 7, 900, 7)]


def test_a_reduced_leg_tells_its_quantity_then() -> None:
    teller = watched()
    teller.do(limit(SELL, 1, 100, account="bob"))
    teller.do(market(BUY, 1, account="bob"))
    teller.do(oco(SELL, 6, 110, at=90, account="ann"))
    found = told(teller, limit(BUY, 2, 110, account="bob"))
    assert [type(change.event) for change, _ in found] == [Trade, OrderReduced]
    assert totals(found) == [(3, 2, 220, 6), (4, 0, 0, 4)]


def test_prevention_tells_the_other_order_and_the_sums() -> None:
    """The smaller one ends, the other goes on."""
    teller = watched()
    teller.do(limit(SELL, 3, 100, account="ann", client_order_id="a", open_only=True))
    teller.do(limit(SELL, 3, 101, account="ann", client_order_id="b", open_only=True))
    taker = limit(BUY, 5, 101, account="ann", client_order_id="c", open_only=True, self_trade_prevention=DECREMENT)
    found = told(teller, taker)
    events = [change.event for change, _ in found[1:]]
    assert [type(event) for event in events] == [OrderCanceled, OrderDecremented, OrderDecremented, OrderCanceled]
    first, second, third, fourth = events
    assert isinstance(first, OrderCanceled) and isinstance(fourth, OrderCanceled)
    assert isinstance(second, OrderDecremented) and isinstance(third, OrderDecremented)
    assert (first.order_id, first.counter_order_id, first.counter_price, first.prevented_quantity) == (1, 3, 100, 3)
    assert (second.order_id, second.counter_order_id, second.counter_price) == (3, 1, 100)
    assert (third.order_id, third.counter_order_id, third.counter_price) == (2, 3, 101)
    assert (fourth.order_id, fourth.counter_order_id, fourth.counter_price, fourth.prevented_quantity) == (3, 2, 101, 2)
    prevented = [(change.order_id, then.prevented_quantity) for change, then in found]
    assert prevented == [(3, 0), (1, 3), (3, 3), (2, 2), (3, 5)]


def test_names_of_cancels_and_amends_are_told() -> None:
    teller = watched()
    teller.do(limit(BUY, 5, 90, account="ann", client_order_id="x", open_only=True))
    [(renamed, _)] = told(teller, amend(1, rename="y"))
    assert isinstance(renamed.event, OrderAmended)
    assert (renamed.event.client_order_id, renamed.event.previous_client_order_id) == ("y", "x")
    new = limit(BUY, 5, 91, account="ann", client_order_id="y", open_only=True)
    (canceled, _), _ = told(teller, cancel_replace(cancel(1, name="c"), new))
    assert isinstance(canceled.event, OrderCanceled)
    assert canceled.event.cancel_client_order_id == "c"
