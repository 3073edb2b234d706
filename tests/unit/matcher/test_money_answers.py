"""Answers about money: balances of now under the stamp of the first command, and what orders have locked."""

from protocol.commands import PlaceOco
from protocol.events import OrderState, OrderStates
from tests.money_tape import close, deposit, reset, transfer, withdraw
from tests.tape import BUY, SELL, amend, cancel, cancel_all, limit, market, oco, stop_market, time_of
from tests.unit.matcher.teller import Teller, pairs


def test_duplicate_has_the_first_stamp_and_the_balance_of_now() -> None:
    teller = Teller()
    first = teller.moves(deposit("ann", "USD", "5"))
    assert (first.amount, first.free, first.locked, first.duplicate) == ("5", "5", "0", False)
    assert (first.sequence, first.timestamp) == (3, time_of(3))
    teller.moves(withdraw("ann", "USD", "2"))
    again = teller.moves(deposit("ann", "USD", "5.0"))
    assert (again.amount, again.free, again.duplicate) == ("5", "3", True)
    assert (again.sequence, again.timestamp) == (3, time_of(3))


def test_duplicate_of_an_account_whose_ledger_has_ended() -> None:
    teller = Teller()
    teller.moves(deposit("ann", "USD", "5"))
    teller.sets(close("ann"))
    again = teller.moves(deposit("ann", "USD", "5"))
    assert (again.free, again.locked, again.duplicate, again.sequence) == ("0", "0", True, 3)


def test_transfer_is_answered_with_the_sender() -> None:
    teller = Teller()
    teller.moves(deposit("ann", "USD", "5"))
    teller.places(limit(BUY, 1, 1, account="ann"))
    told = teller.moves(transfer("ann", "bob", "USD", "2"))
    assert (told.account, told.amount, told.free, told.locked) == ("ann", "2", "1.998", "1.002")


def test_reset_tells_what_it_has_canceled_and_a_duplicate_nothing() -> None:
    teller = Teller()
    teller.places(limit(BUY, 1, 1, account="ann"))
    teller.places(stop_market(SELL, 1, at=1, account="ann"))
    first = teller.sets(reset("ann", "anew", USD="5"))
    assert (first.ledger, first.canceled, first.duplicate, first.sequence) == (True, 2, False, 5)
    assert pairs(first.balances) == {"COIN": ("0", "0"), "GOLD": ("0", "0"), "USD": ("5", "0")}
    teller.moves(deposit("ann", "GOLD", "1"))
    again = teller.sets(reset("ann", "anew", USD="5", COIN="0"))
    assert (again.canceled, again.duplicate, again.sequence, again.timestamp) == (0, True, 5, time_of(5))
    assert pairs(again.balances)["GOLD"] == ("1", "0")
    ended = teller.sets(close("ann"))
    assert (ended.ledger, ended.balances, ended.duplicate, ended.sequence) == (False, [], False, 8)


def test_order_answers_tell_what_is_locked() -> None:
    teller = Teller()
    assert teller.places(limit(BUY, 1, 1)).reserved is None
    teller.sets(reset("ann", "funds", USD="9000", COIN="9"))
    assert teller.places(limit(BUY, 5, 1_000, account="ann")).reserved == "5010"
    assert teller.places(limit(BUY, 1, 900, account="ann", client_order_id="a")).reserved == "901.8"
    assert teller.places(limit(BUY, 1, 900, account="ann", client_order_id="a")).reserved == "901.8"
    assert teller.places(limit(SELL, 3, 1_100, account="ann", display_quantity=1)).reserved == "3"
    assert teller.places(market(BUY, 1, account="ann")).reserved == "0"
    assert teller.places(amend(2, quantity=4)).reserved == "4008"
    assert teller.places(market(SELL, 1)).reserved is None
    assert teller.places(amend(2, price=999)).reserved == "3002.994"
    assert teller.places(cancel(2)).reserved == "0"
    assert teller.places(limit(BUY, 9_000, 9_000, account="ann")).reserved == "0"
    assert legs(teller, oco(SELL, 2, 1_500, at=500, account="ann")) == ["2", "0"]
    canceled = teller.do(cancel_all("ann"))
    assert isinstance(canceled, OrderStates)
    assert {order.reserved for order in canceled.orders} == {"0"}


def legs(teller: Teller, command: PlaceOco) -> list[str | None]:
    answer = teller.do(command)
    assert isinstance(answer, OrderStates), answer
    assert all(isinstance(order, OrderState) for order in answer.orders)
    return [order.reserved for order in answer.orders]
