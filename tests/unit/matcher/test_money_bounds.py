"""What commands and queries about money may cost, however many orders an account has."""

from matcher.serving.money_queries import MAX_SUMMARY_ORDERS, account_summary, movements
from protocol.commands import AccountQuery, MovementsQuery, SetLimits
from protocol.events import CommandRefused, MovementPage
from protocol.units import Refusal
from tests.money_tape import close, deposit, reset
from tests.tape import BUY, limit
from tests.unit.matcher.teller import Teller

MOST = 200
"""Orders that one command may cancel."""


def with_orders(number: int) -> Teller:
    teller = Teller()
    teller.do(SetLimits(cancels=MOST))
    for _ in range(number):
        teller.do(limit(BUY, 1, 1, account="ann"))
    return teller


def test_reset_and_first_deposit_take_as_many_orders_as_one_command_cancels() -> None:
    teller = with_orders(MOST + 1)
    for command in (reset("ann", "anew", USD="1"), deposit("ann", "USD", "9999")):
        refused = teller.do(command)
        assert isinstance(refused, CommandRefused)
        assert (refused.refusal, refused.detail) == (Refusal.OPEN_ORDERS, f"has more than {MOST} open orders")
    assert with_orders(MOST).sets(reset("ann", "anew", USD="1")).canceled == MOST
    assert with_orders(MOST).moves(deposit("ann", "USD", "9999")).locked == "200.4"


def test_close_of_an_account_with_orders_is_refused() -> None:
    teller = with_orders(1)
    teller.do(deposit("ann", "USD", "9999"))
    refused = teller.do(close("ann"))
    assert isinstance(refused, CommandRefused)
    assert refused.refusal is Refusal.OPEN_ORDERS


def test_answers_to_queries_have_bounded_sizes() -> None:
    teller = with_orders(MAX_SUMMARY_ORDERS + 1)
    teller.do(deposit("ann", "USD", "9999"))
    registry = teller.state.registry
    assert len(account_summary(registry, AccountQuery("ann")).orders) == MAX_SUMMARY_ORDERS
    for number in range(1_300):
        teller.do(deposit("ann", "USD", "1", f"t{number}"))
    found = movements(registry, MovementsQuery("ann", None, 10**6, (0, 0)))
    assert isinstance(found, MovementPage) and len(found.movements) == 1_000
    ledger = registry.accounts["ann"].ledger
    assert ledger is not None
    assert len(ledger.movements) <= 1_250
