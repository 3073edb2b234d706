"""A snapshot brings all money back; a state without money has the canonical lines that it always had."""

from matcher.core.digest import canonical_state, digest
from matcher.serving.money_queries import account_list, account_summary, balances, movements
from protocol.codec import encode
from protocol.commands import AccountQuery, AccountsQuery, BalancesQuery, MovementsQuery, OwnCommand, SetInstrument
from protocol.instrument import Instrument
from tests.money_tape import COIN, close, deposit, reset, transfer, withdraw
from tests.tape import BUY, SELL, amend, cancel, change, limit, market, oco, stop_market, trailing_stop
from tests.unit.matcher.teller import Teller

FINE = Instrument("FINE-USD", "FINE", "USD", 3, 2, 1, 1, 1, 1_000, 10_000, 0, 3, 7)
"""USD has 9 decimals with it, and 4 before."""

EVERY_KIND: list[OwnCommand] = [
    reset("ann", "funds", USD="100000", COIN="50", GOLD="7"),
    reset("bob", "funds", USD="50000.0001", COIN="20"),
    deposit("cid", "USD", "5", "in"),
    limit(BUY, 4, 900, account="ann"),
    limit(SELL, 3, 1_100, account="ann", display_quantity=1),
    limit(BUY, 5, 950),
    market(SELL, 6, account="bob"),
    stop_market(BUY, 2, at=1_200, account="bob"),
    trailing_stop(SELL, 2, trailing_amount=50, account="ann"),
    oco(SELL, 2, 1_300, at=800, account="bob"),
    change(COIN, maker_fee_bps=50, taker_fee_bps=70),
    limit(BUY, 1, 700, account="bob"),
    change(COIN, maker_fee_bps=5, taker_fee_bps=6),
    SetInstrument.of(FINE),
    deposit("ann", "USD", "0.000000001", "fine"),
    transfer("ann", "bob", "USD", "1.5", "over"),
    transfer("bob", "new", "COIN", "1", "over"),
    withdraw("ann", "GOLD", "2", "out"),
    close("cid"),
    limit(BUY, 10_000, 9_999, account="default", symbol="GOLD-USD"),
]

AFTERWARDS: list[OwnCommand] = [
    market(SELL, 5, account="bob"),
    market(BUY, 3),
    amend(1, quantity=9),
    transfer("ann", "bob", "USD", "1.5", "over"),
    transfer("ann", "bob", "USD", "1.6", "over"),
    deposit("cid", "USD", "5", "in"),
    deposit("cid", "USD", "6", "again"),
    limit(SELL, 50, 9_999, account="ann", symbol="GOLD-USD"),
    market(BUY, 1, account="bob"),
    cancel(6),
    change(COIN, maker_fee_bps=500, taker_fee_bps=600),
    limit(SELL, 1, 700, account="bob"),
    limit(SELL, 9, 600),
    reset("bob", "anew", USD="1"),
    close("new"),
]


def everything(teller: Teller) -> list[bytes]:
    """All that can be asked about money."""
    registry = teller.state.registry
    names = ("ann", "bob", "cid", "new", "default")
    return [
        digest(registry).encode(),
        encode(account_list(registry, AccountsQuery())),
        *(encode(balances(registry, BalancesQuery(name))) for name in names),
        *(encode(account_summary(registry, AccountQuery(name))) for name in names),
        *(encode(movements(registry, MovementsQuery(name, None, 1_000, (0, 0)))) for name in names),
    ]


def test_snapshot_after_each_command_brings_all_money_back() -> None:
    teller = Teller()
    teller.watch("ann", "bob")
    for command in EVERY_KIND:
        teller.do(command)
        assert everything(teller.from_snapshot()) == everything(teller), command
    assert any(b"fee_changes" in line for line in canonical_state(teller.state.registry))


def test_state_from_a_snapshot_goes_on_as_the_other_does() -> None:
    """Each command gets the same answer, is told in the same updates, and leaves the same money."""
    teller = Teller()
    teller.watch("ann", "bob")
    for command in EVERY_KIND:
        teller.do(command)
    other = teller.from_snapshot()
    for command in AFTERWARDS:
        assert encode(other.do(command)) == encode(teller.do(command)), command
        assert encode(other.updates) == encode(teller.updates), command
        assert everything(other) == everything(teller), command


def test_without_money_the_canonical_state_is_that_of_before() -> None:
    """These bytes never change: digests of all versions are compared."""
    teller = Teller(COIN)
    teller.do(limit(BUY, 4, 900, account="ann"))
    teller.do(market(SELL, 1))
    teller.do(change(COIN, maker_fee_bps=500, taker_fee_bps=600))
    teller.do(close("ann"))
    teller.do(withdraw("ann", "USD", "1"))
    assert list(canonical_state(teller.state.registry)) == [
        b'{"last_order_id":2}',
        (
            b'{"symbol":"COIN-USD","base":"COIN","quote":"USD","price_decimals":0,"quantity_decimals":0,"tick_size":1,'
            b'"lot_size":1,"min_quantity":1,"max_quantity":10000,"max_price":10000,"maker_fee_bps":500,"taker_fee_bps":600,'
            b'"last_price":900,"last_trade_id":1}'
        ),
        (
            b'{"order_id":1,"account":"ann","side":1,"order_type":2,"quantity":4,"remaining":3,"price":900,'
            b'"filled_value":900}'
        ),
    ]
