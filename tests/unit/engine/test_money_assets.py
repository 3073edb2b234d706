"""Assets of several instruments: one that is made finer, and one that is base here and quote there."""

from msgspec.structs import replace

from protocol.commands import SetInstrument
from protocol.events import InstrumentSet
from protocol.instrument import Instrument
from tests.money_tape import (
    COIN,
    came,
    deposit,
    deposited,
    fees,
    funded,
    holds,
    outside,
    play,
    repeated,
    reserves,
    went,
    withdraw,
)
from tests.tape import BUY, SELL, MakeEngine, both_engines, limit, market, placed, trade

CASH = Instrument("USD-EUR", "USD", "EUR", 1, 7, 1, 1, 1, 10**12, 10**6, 0, 0, 0)
"""USD as base, with 7 decimals; COIN-USD needs 4 of it. EUR has 12."""

FINER = Instrument("COIN-GBP", "COIN", "GBP", 0, 2, 1, 1, 1, 10**6, 10**6, 0, 0, 0)


@both_engines
def test_all_amounts_of_an_asset_become_finer_at_once(engine: MakeEngine) -> None:
    """Balances, locks, fees, outside and deposits keep their values, and orders trade on exactly."""
    play(
        engine,
        funded("ann", USD="9000", COIN="5"),
        funded("bob", USD="3000"),
        (limit(BUY, 3, 1_000, account="ann"), [placed(1)]),
        (limit(SELL, 5, 2_000, account="ann"), [placed(2)]),
        (market(SELL, 1), [placed(3), trade(1, SELL, 1, 1_000, maker=1, taker=3)]),
        (SetInstrument.of(CASH), [InstrumentSet(CASH)]),
        (SetInstrument.of(FINER), [InstrumentSet(FINER)]),
        holds("ann", USD=("5995", "2004"), COIN=("1", "5")),
        holds("bob", USD="3000"),
        reserves((1, "2004"), (2, "5")),
        fees(USD="3"),
        outside(USD="998", COIN="-1"),
        deposited(USD="12000", COIN="5"),
        (withdraw("ann", "USD", "0.0000001"), [went("ann", "USD", "-0.0000001")]),
        (deposit("ann", "COIN", "0.01"), [came("ann", "COIN", "0.01")]),
        (market(SELL, 2), [placed(4), trade(2, SELL, 2, 1_000, maker=1, taker=4)]),
        (market(BUY, 1, account="bob"), [placed(5), trade(3, BUY, 1, 2_000, maker=2, taker=5)]),
        holds("ann", USD="7994.9999999", COIN=("3.01", "4")),
        holds("bob", USD="996", COIN="1"),
        (withdraw("ann", "USD", "0.00000010"), [repeated("ann", "out")]),
    )


@both_engines
def test_base_of_one_is_quote_of_another(engine: MakeEngine) -> None:
    """A sell of USD-EUR and a buy of COIN-USD lock of the same balance."""
    cash = replace(CASH, quantity_decimals=0, price_decimals=0, max_quantity=10**6)
    play(
        engine,
        funded("ann", USD="5010"),
        funded("bob", EUR="20"),
        (limit(BUY, 3, 1_000, account="ann"), [placed(1)]),
        (limit(SELL, 2_004, 2, account="ann", symbol=cash.symbol), [placed(2)]),
        holds("ann", USD=("0", "5010")),
        reserves((1, "3006"), (2, "2004")),
        (
            market(BUY, 10, account="bob", symbol=cash.symbol),
            [placed(3), trade(1, BUY, 10, 2, maker=2, taker=3, instrument=cash)],
        ),
        holds("ann", USD=("0", "5000"), EUR="20"),
        holds("bob", USD="10"),
        (market(SELL, 3), [placed(4), trade(1, SELL, 3, 1_000, maker=1, taker=4)]),
        holds("ann", USD=("3", "1994"), EUR="20", COIN="3"),
        instruments=(COIN, cash),
    )
