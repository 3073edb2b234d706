"""What watched accounts hear of their money: one update for each command, with the balances that it has changed."""

from tests.money_tape import close, deposit, reset, transfer
from tests.tape import BUY, SELL, cancel, limit, market
from tests.unit.matcher.teller import Teller


def watched(**balances: str) -> Teller:
    teller = Teller()
    teller.watch("ann", "bob", "cid")
    if balances:
        teller.do(reset("ann", "funds", **balances))
    return teller


def test_first_deposit_tells_all_assets_and_a_second_one_its_own() -> None:
    teller = watched()
    teller.do(deposit("ann", "USD", "5"))
    assert teller.told("ann") == {"COIN": ("0", "0"), "GOLD": ("0", "0"), "USD": ("5", "0")}
    teller.do(deposit("ann", "COIN", "2", "more"))
    assert teller.told("ann") == {"COIN": ("2", "0")}
    assert len(teller.updates) == 1


def test_duplicate_and_refused_commands_tell_nothing() -> None:
    teller = watched(USD="5")
    for command in (reset("ann", "funds", USD="5"), reset("ann", "funds", USD="6"), transfer("ann", "bob", "USD", "9")):
        teller.do(command)
        assert teller.updates == []


def test_transfer_tells_both_accounts() -> None:
    teller = watched(USD="5")
    teller.do(transfer("ann", "bob", "USD", "2"))
    assert teller.told("ann") == {"USD": ("3", "0")}
    assert teller.told("bob") == {"COIN": ("0", "0"), "GOLD": ("0", "0"), "USD": ("2", "0")}
    assert len(teller.updates) == 2


def test_trade_tells_maker_and_taker_and_nothing_of_money_to_others() -> None:
    """5 at 1,000. The maker pays 5 of fee, the taker 10."""
    teller = watched(USD="6000")
    teller.do(reset("bob", "funds", COIN="7"))
    teller.do(limit(BUY, 5, 1_000, account="ann"))
    assert teller.told("ann") == {"USD": ("990", "5010")}
    teller.do(limit(BUY, 5, 999, account="cid"))
    assert teller.told("cid") is None
    teller.do(market(SELL, 6, account="bob"))
    assert teller.told("ann") == {"COIN": ("5", "0"), "USD": ("995", "0")}
    assert teller.told("bob") == {"COIN": ("1", "0"), "USD": ("5987.002", "0")}
    assert teller.told("cid") is None
    assert len(teller.updates) == 3


def test_cancel_tells_what_is_free_again() -> None:
    teller = watched(USD="6000")
    teller.do(limit(BUY, 5, 1_000, account="ann"))
    teller.do(cancel(1))
    assert teller.told("ann") == {"USD": ("6000", "0")}


def test_reset_tells_all_assets_and_its_cancels_in_one_update() -> None:
    teller = watched(USD="6000")
    teller.do(limit(BUY, 5, 1_000, account="ann"))
    teller.do(reset("ann", "anew", GOLD="1"))
    [update] = teller.updates
    assert teller.told("ann") == {"COIN": ("0", "0"), "GOLD": ("1", "0"), "USD": ("0", "0")}
    assert [(order.order_id, order.reserved) for order in update.orders] == [(1, "0")]


def test_end_of_a_ledger_is_told() -> None:
    teller = watched(USD="6000", COIN="1")
    teller.do(close("ann"))
    [update] = teller.updates
    assert update.balances is not None
    assert (update.balances.ledger, update.balances.balances) == (False, [])
