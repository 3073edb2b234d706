"""The rate at which orders lock after the fee rates have changed. 5 at 1,000 lock 5,010, at 600 basis points 5,300."""

from msgspec.structs import replace

from matcher.core.digest import canonical_state
from protocol.events import InstrumentSet
from protocol.units import Refusal
from tests.money_tape import COIN, began, came, deposit, funded, holds, passed, play, reserves, transfer
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    both_engines,
    cancel,
    change,
    limit,
    market,
    placed,
    refused,
    trade,
)
from tests.unit.engine.saved_money import Exchange

DEAR = replace(COIN, taker_fee_bps=600)
FREE = replace(COIN, maker_fee_bps=0, taker_fee_bps=0)
RISE = change(COIN, taker_fee_bps=600)


@both_engines
def test_first_deposit_covers_the_locks_at_the_rates_of_now(engine: MakeEngine) -> None:
    """The ledger of bob lets the engine remember the rates of before."""
    play(
        engine,
        funded("bob", USD="6000"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (RISE, [InstrumentSet(DEAR)]),
        (deposit("ann", "USD", "5299.9999"), [refused(Refusal.OPEN_ORDERS)]),
        (transfer("bob", "ann", "USD", "5010"), [refused(Refusal.OPEN_ORDERS)]),
        (
            transfer("bob", "ann", "USD", "5300"),
            [passed("bob", "USD", "-5300", "ann"), began("ann"), passed("ann", "USD", "5300", "bob")],
        ),
        holds("ann", USD=("0", "5300")),
    )


@both_engines
def test_first_deposit_need_not_cover_the_rates_of_before(engine: MakeEngine) -> None:
    play(
        engine,
        funded("bob", USD="1"),
        (limit(BUY, 5, 1_000, account="ann"), [placed(1)]),
        (change(COIN, maker_fee_bps=0, taker_fee_bps=0), [InstrumentSet(FREE)]),
        (deposit("ann", "USD", "5000"), [began("ann"), came("ann", "USD", "5000")]),
        reserves((1, "5000")),
    )


@both_engines
def test_each_order_has_the_rate_of_its_own_entry(engine: MakeEngine) -> None:
    """Orders of three rates in one queue; all of them are taken at once."""
    high = replace(COIN, maker_fee_bps=600, taker_fee_bps=600)
    play(
        engine,
        funded("ann", USD="3080"),
        (limit(BUY, 1, 1_000, account="ann"), [placed(1)]),
        (change(COIN, maker_fee_bps=600, taker_fee_bps=600), [InstrumentSet(high)]),
        (limit(BUY, 1, 1_000, account="ann"), [placed(2)]),
        (change(COIN, maker_fee_bps=0, taker_fee_bps=0), [InstrumentSet(FREE)]),
        (limit(BUY, 1, 1_000, account="ann"), [placed(3)]),
        (change(COIN, maker_fee_bps=600, taker_fee_bps=600), [InstrumentSet(high)]),
        reserves((1, "1002"), (2, "1060"), (3, "1000")),
        (
            market(SELL, 3),
            [
                placed(4),
                trade(1, SELL, 1, 1_000, maker=1, taker=4, instrument=replace(high, maker_fee_bps=20)),
                trade(2, SELL, 1, 1_000, maker=2, taker=4, instrument=high),
                trade(3, SELL, 1, 1_000, maker=3, taker=4, instrument=replace(high, maker_fee_bps=0)),
            ],
        ),
        holds("ann", USD="18", COIN="3"),
    )


def test_rates_of_before_are_forgotten_with_the_last_order_of_before() -> None:
    """Else each change of rates would make each later trade dearer to work out."""
    exchange = Exchange()
    exchange.do(deposit("ann", "USD", "9000"))
    exchange.place(limit(BUY, 1, 1_000, account="ann"))
    exchange.do(RISE)
    assert b"fee_changes" in b"".join(canonical_state(exchange.engine.registry))
    exchange.do(cancel(1))
    exchange.do(change(COIN, taker_fee_bps=20))
    assert b"fee_changes" not in b"".join(canonical_state(exchange.engine.registry))
