"""Results of queries about money: positions worked out by hand, pages of movements, sums of all accounts."""

from fractions import Fraction

from matcher.core.registry import Registry
from matcher.serving.money_queries import account_list, account_summary, balances, movements
from protocol.commands import AccountQuery, AccountsQuery, BalancesQuery, MovementsQuery
from protocol.events import CommandRefused, Movement, MovementPage, PositionState
from protocol.instrument import Instrument
from protocol.money import MovementKind
from protocol.units import Refusal, Side
from tests.money_tape import COIN, GOLD, close, deposit, reset, transfer, withdraw
from tests.tape import BUY, SELL, change, limit, market
from tests.unit.matcher.teller import Teller, pairs

FINE = Instrument("FINE-USD", "FINE", "USD", 3, 2, 1, 1, 1, 1_000, 10_000, 0, 3, 7)


def funded(**amounts: str) -> Teller:
    teller = Teller()
    teller.do(reset("ann", "funds", **amounts))
    return teller


def trade(teller: Teller, side: Side, quantity: int, price: int) -> None:
    """Let ann take so much of an account without a ledger, at 20 basis points."""
    teller.do(limit(SELL if side is BUY else BUY, quantity, price))
    teller.do(market(side, quantity, account="ann"))


def position(teller: Teller) -> PositionState:
    [state] = account_summary(teller.state.registry, AccountQuery("ann")).positions
    return state


def page(
    teller: Teller, *, asset: str | None = None, size: int = 1_000, after: tuple[int, int] | None = None
) -> MovementPage:
    found = movements(teller.state.registry, MovementsQuery("ann", asset, size, after))
    assert isinstance(found, MovementPage)
    return found


def amounts(found: list[Movement]) -> list[tuple[MovementKind, str, str]]:
    return [(movement.kind, movement.asset, movement.amount) for movement in found]


def test_position_through_all_its_turns() -> None:
    teller = funded(USD="100000", COIN="50")
    trade(teller, BUY, 3, 100)
    trade(teller, BUY, 4, 101)
    # 704 for 7; 2 of them cost 704 x 2 / 7 = 201.1, so 201. They bring 300.
    assert position(teller) == PositionState("COIN-USD", "7", "704", "0", "3", "1.408", "101")
    trade(teller, SELL, 2, 150)
    assert position(teller) == PositionState("COIN-USD", "5", "503", "99", "247", "2.008", "150")
    # All 5 are closed at 200, and 3 more are sold.
    trade(teller, SELL, 8, 200)
    assert position(teller) == PositionState("COIN-USD", "-3", "-600", "596", "0", "5.208", "200")
    # The share of 1 of 3: 200. It is bought back for 250.
    trade(teller, BUY, 1, 250)
    assert position(teller) == PositionState("COIN-USD", "-2", "-400", "546", "-100", "5.708", "250")
    trade(teller, BUY, 2, 100)
    assert position(teller) == PositionState("COIN-USD", "0", "0", "746", "0", "6.108", "100")


def test_balances_and_orders_of_an_account() -> None:
    teller = funded(USD="6000", COIN="1")
    assert not balances(teller.state.registry, BalancesQuery("bob")).ledger
    for _ in range(101):
        teller.do(limit(BUY, 1, 10, account="ann"))
    told = balances(teller.state.registry, BalancesQuery("ann"))
    assert [balance.asset for balance in told.balances] == ["COIN", "GOLD", "USD"]
    assert pairs(told.balances)["USD"] == ("4987.98", "1012.02")
    summary = account_summary(teller.state.registry, AccountQuery("ann"))
    assert (len(summary.orders), summary.orders[0].order_id, summary.more) == (100, 1, True)
    assert summary.orders[0].reserved == "10.02"


def test_movements_of_a_trade_have_the_rates_that_it_charged() -> None:
    teller = funded(USD="6000")
    trade(teller, BUY, 1, 1_000)
    teller.do(change(COIN, taker_fee_bps=600))
    teller.do(withdraw("ann", "USD", "1"))
    assert amounts(page(teller).movements) == [
        (MovementKind.DEPOSIT, "USD", "6000"),
        (MovementKind.FILL, "COIN", "1"),
        (MovementKind.FILL, "USD", "-1000"),
        (MovementKind.FEE, "USD", "-2"),
        (MovementKind.WITHDRAWAL, "USD", "-1"),
    ]
    assert amounts(page(teller, asset="COIN").movements) == [(MovementKind.FILL, "COIN", "1")]


def test_fills_of_before_the_ledger_are_no_movements() -> None:
    teller = Teller()
    trade(teller, BUY, 1, 1_000)
    teller.do(deposit("ann", "USD", "5000"))
    trade(teller, BUY, 2, 1_000)
    assert [movement.amount for movement in page(teller, asset="COIN").movements] == ["2"]
    teller.do(close("ann"))
    assert page(teller) == MovementPage([], None)


def test_movements_add_up_to_the_balances() -> None:
    teller = funded(USD="9000", COIN="9")
    for number in range(6):
        trade(teller, (BUY, SELL)[number % 2], number + 1, 100 + number)
    teller.do(limit(SELL, 1, 100, account="ann"))
    teller.do(market(BUY, 1, account="ann"))
    teller.do(transfer("ann", "bob", "COIN", "2"))
    for asset in ("USD", "COIN"):
        free, _ = pairs(balances(teller.state.registry, BalancesQuery("ann")).balances)[asset]
        assert sum(Fraction(each.amount) for each in page(teller, asset=asset).movements) == Fraction(free)


def test_pages_follow_each_other_and_split_no_trade() -> None:
    teller = funded(USD="9000", COIN="9")
    for number in range(4):
        teller.do(limit(SELL, 1, 100 + number))
    teller.do(market(BUY, 4, account="ann"))
    teller.do(deposit("ann", "GOLD", "1", "last"))
    everything = page(teller).movements
    assert len(everything) == 2 + 4 * 3 + 1
    for size in (1, 2, 4, 100):
        collected: list[Movement] = []
        after: tuple[int, int] | None = (0, 0)
        while after is not None:
            told = page(teller, size=size, after=after)
            assert told.movements
            collected += told.movements
            after = told.next
        assert collected == everything
    newest = page(teller, size=2)
    assert (newest.movements, newest.next) == (everything[-4:], None)


def test_last_thousand_movements_are_kept() -> None:
    teller = funded(USD="9000")
    for number in range(1_300):
        teller.do(deposit("ann", "USD", "1", f"t{number}"))
    told = page(teller).movements
    assert len(told) == 1_000
    assert (told[0].transfer_id, told[-1].transfer_id) == ("t300", "t1299")


def test_oldest_trade_that_is_told_is_whole() -> None:
    """Three movements each: of the last 1,000 one is a part of a trade."""
    teller = funded(USD="900000")
    for _ in range(340):
        trade(teller, BUY, 1, 100)
    told = page(teller).movements
    assert len(told) == 999
    assert amounts(told[:3]) == [
        (MovementKind.FILL, "COIN", "1"),
        (MovementKind.FILL, "USD", "-100"),
        (MovementKind.FEE, "USD", "-0.2"),
    ]


def test_sums_are_exact_page_by_page() -> None:
    teller = Teller(COIN, GOLD, FINE)
    for number in range(5):
        teller.do(reset(f"pupil-{number}", "funds", USD="1000.000000001", COIN="3"))
    teller.do(limit(SELL, 2, 100, account="pupil-0"))
    teller.do(market(BUY, 1, account="pupil-1"))
    teller.do(market(BUY, 1))
    registry = teller.state.registry
    first = account_list(registry, AccountsQuery(limit=3))
    second = account_list(registry, AccountsQuery("pupil-2", 3))
    assert [[each.account for each in told.accounts] for told in (first, second)] == [
        ["pupil-0", "pupil-1", "pupil-2"],
        ["pupil-3", "pupil-4"],
    ]
    assert (first.next, second.next) == ("pupil-2", None)
    assert first.sums == second.sums
    coin, _, _, usd = first.sums
    assert (coin.asset, coin.accounts, coin.outside, coin.deposited, coin.exact) == ("COIN", "14", "1", "15", True)
    # Each trade of 100 pays 0.1 and 0.2 of fee. The account without a ledger has paid 100.2.
    assert (usd.accounts, usd.fees, usd.outside) == ("5099.600000005", "0.6", "-100.2")
    assert (usd.deposited, usd.exact) == ("5000.000000005", True)


def test_movements_of_an_asset_of_no_instrument_are_refused() -> None:
    """An empty list would look like an account that has moved none of it."""
    refused = movements(Registry(), MovementsQuery("ann", "NOPE"))
    assert refused == CommandRefused(Refusal.UNKNOWN_ASSET, "asset", "takes an asset of an instrument")
