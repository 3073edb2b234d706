"""Adding instruments and changing them while they trade."""

import pytest
from msgspec.structs import replace

from matcher.core.instruments import MAX_INSTRUMENTS
from matcher.engine import Engine
from protocol.commands import SetInstrument
from protocol.events import CommandRefused, InstrumentSet
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, Refusal
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    both_engines,
    cancel,
    canceled,
    change,
    limit,
    market,
    placed,
    play,
    refused,
    time_of,
    trade,
)

SHORTEST = SetInstrument(
    "GOLD-USD", 2, 3, base="GOLD", quote="USD", tick_size=5, lot_size=10, max_quantity=1_000, max_price=500
)
FULL = SetInstrument("GOLD-USD", 2, 3, "GOLD", "USD", 5, 10, 20, 1_000, 500, 7, 1, 0, InstrumentStatus.HALTED)


@both_engines
def test_missing_fields_have_their_defaults(engine: MakeEngine) -> None:
    gold = Instrument("GOLD-USD", "GOLD", "USD", 2, 3, 5, 10, 10, 1_000, 500, 0, 0, 0, InstrumentStatus.TRADING)
    play(engine, (SHORTEST, [InstrumentSet(gold)]), instruments=())


@both_engines
def test_all_fields_given(engine: MakeEngine) -> None:
    gold = Instrument("GOLD-USD", "GOLD", "USD", 2, 3, 5, 10, 20, 1_000, 500, 7, 1, 0, InstrumentStatus.HALTED)
    play(
        engine,
        (FULL, [InstrumentSet(gold)]),
        (FULL, [InstrumentSet(gold)]),
        instruments=(),
    )


@both_engines
@pytest.mark.parametrize("field", ["base", "quote", "tick_size", "lot_size", "max_quantity", "max_price"])
def test_new_instrument_needs_its_fields(engine: MakeEngine, field: str) -> None:
    play(
        engine,
        (replace(SHORTEST, **{field: None}), [refused(Refusal.INVALID_INSTRUMENT, field)]),
        (limit(BUY, 10, 5, symbol="GOLD-USD"), [refused(Refusal.UNKNOWN_SYMBOL)]),
        instruments=(),
    )


@both_engines
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("symbol", ".GOLD"),
        ("symbol", "gold-usd"),
        ("symbol", "GOLD/USD"),
        ("base", "gold"),
        ("quote", ""),
        ("min_quantity", 15),
        ("min_quantity", 1_010),
        ("max_quantity", 1_005),
        ("max_price", 501),
        ("min_notional", 500_001),
        ("maker_fee_bps", 10_001),
        ("taker_fee_bps", 10_001),
        ("max_quantity", 10**13 + 10),
        ("max_price", 10**13 + 5),
    ],
)
def test_bad_field_of_a_new_instrument(engine: MakeEngine, field: str, value: str | int) -> None:
    play(
        engine,
        (replace(SHORTEST, **{field: value}), [refused(Refusal.INVALID_INSTRUMENT, field)]),
        (SHORTEST, [InstrumentSet(Instrument("GOLD-USD", "GOLD", "USD", 2, 3, 5, 10, 10, 1_000, 500, 0, 0, 0))]),
        instruments=(),
    )


@both_engines
def test_decimals_of_a_new_instrument(engine: MakeEngine) -> None:
    """They are known to a client as those of the tick and of the lot."""
    play(
        engine,
        (replace(SHORTEST, price_decimals=13), [refused(Refusal.INVALID_INSTRUMENT, "tick_size")]),
        (replace(SHORTEST, quantity_decimals=13), [refused(Refusal.INVALID_INSTRUMENT, "lot_size")]),
        instruments=(),
    )


@both_engines
def test_largest_fee_must_fit_in_63_bits(engine: MakeEngine) -> None:
    """A fee of all of the value needs no further decimals, one of 9,999 bps four more: that is too much where the value
    just fits."""
    largest = replace(COIN, max_price=10**6, max_quantity=9_223_372_036_854, maker_fee_bps=0, taker_fee_bps=10_000)
    play(
        engine,
        (
            SetInstrument.of(replace(largest, taker_fee_bps=9_999)),
            [refused(Refusal.INVALID_INSTRUMENT, "max_quantity")],
        ),
        (SetInstrument.of(largest), [InstrumentSet(largest)]),
        (change(COIN, taker_fee_bps=9_999), [refused(Refusal.INVALID_INSTRUMENT, "max_quantity")]),
        (change(COIN, maker_fee_bps=1), [refused(Refusal.INVALID_INSTRUMENT, "max_quantity")]),
        (change(COIN, max_quantity=9_223_372_036_855), [refused(Refusal.INVALID_INSTRUMENT, "max_quantity")]),
        (limit(SELL, 9_223_372_036_854, 10**6), [placed(1)]),
        (
            market(BUY, 9_223_372_036_854),
            [placed(2), trade(1, BUY, 9_223_372_036_854, 10**6, maker=1, taker=2, instrument=largest)],
        ),
        instruments=(),
    )


@both_engines
@pytest.mark.parametrize(("field", "value"), [("base", "SILVER"), ("quote", "EUR"), ("tick_size", 2), ("lot_size", 2)])
def test_what_never_changes(engine: MakeEngine, field: str, value: str | int) -> None:
    """Given as it is, it is no change."""
    same = SetInstrument(COIN.symbol, 2, 3, "COIN", "USD", 1, 1)
    play(
        engine,
        (same, [InstrumentSet(COIN)]),
        (replace(same, max_quantity=5, **{field: value}), [refused(Refusal.INSTRUMENT_FIXED, field)]),
        (limit(BUY, 6, 100), [placed(1)]),
    )


@both_engines
def test_decimals_never_change(engine: MakeEngine) -> None:
    """They are known to a client as those of the tick and of the lot."""
    play(
        engine,
        (replace(change(COIN, max_price=500), price_decimals=3), [refused(Refusal.INSTRUMENT_FIXED, "tick_size")]),
        (replace(change(COIN, max_price=500), quantity_decimals=2), [refused(Refusal.INSTRUMENT_FIXED, "lot_size")]),
        (limit(BUY, 1, 501), [placed(1)]),
    )


@both_engines
def test_changes_add_up(engine: MakeEngine) -> None:
    play(
        engine,
        (change(COIN), [InstrumentSet(COIN)]),
        (
            change(COIN, min_quantity=2, max_quantity=50),
            [InstrumentSet(replace(COIN, min_quantity=2, max_quantity=50))],
        ),
        (change(COIN, max_price=400), [InstrumentSet(replace(COIN, min_quantity=2, max_quantity=50, max_price=400))]),
        (
            change(COIN, min_notional=300, maker_fee_bps=0),
            [
                InstrumentSet(
                    replace(COIN, min_quantity=2, max_quantity=50, max_price=400, min_notional=300, maker_fee_bps=0)
                )
            ],
        ),
        (limit(BUY, 1, 300), [refused(Refusal.QUANTITY_TOO_SMALL)]),
        (limit(BUY, 51, 300), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (limit(BUY, 50, 401), [refused(Refusal.PRICE_TOO_LARGE)]),
        (limit(BUY, 2, 149), [refused(Refusal.BELOW_MIN_NOTIONAL)]),
        (limit(BUY, 2, 150), [placed(1)]),
    )


@both_engines
def test_bad_change_changes_nothing(engine: MakeEngine) -> None:
    play(
        engine,
        (change(COIN, min_quantity=50, max_quantity=40), [refused(Refusal.INVALID_INSTRUMENT, "min_quantity")]),
        (
            change(COIN, InstrumentStatus.HALTED, taker_fee_bps=10_001),
            [refused(Refusal.INVALID_INSTRUMENT, "taker_fee_bps")],
        ),
        (limit(SELL, 1_000, 10_000), [placed(1)]),
        (market(BUY, 1), [placed(2), trade(1, BUY, 1, 10_000, maker=1, taker=2)]),
    )


@both_engines
def test_resting_orders_outside_of_new_limits_stay(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 900, 9_000), [placed(1)]),
        (change(COIN, max_quantity=10, max_price=100), [InstrumentSet(replace(COIN, max_quantity=10, max_price=100))]),
        (market(BUY, 10), [placed(2), trade(1, BUY, 10, 9_000, maker=1, taker=2)]),
        (cancel(1), [canceled(1, 890)]),
    )


@both_engines
def test_book_outlives_a_halt(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1, 100), [placed(1)]),
        (limit(SELL, 1, 100), [placed(2)]),
        (change(COIN, InstrumentStatus.HALTED), [InstrumentSet(replace(COIN, status=InstrumentStatus.HALTED))]),
        (
            change(COIN, taker_fee_bps=5),
            [InstrumentSet(replace(COIN, status=InstrumentStatus.HALTED, taker_fee_bps=5))],
        ),
        (change(COIN, InstrumentStatus.TRADING), [InstrumentSet(replace(COIN, taker_fee_bps=5))]),
        (
            market(BUY, 1),
            [placed(3), trade(1, BUY, 1, 100, maker=1, taker=3, instrument=replace(COIN, taker_fee_bps=5))],
        ),
    )


def test_number_of_instruments_is_bounded() -> None:
    """At the bound a known one can still be changed."""
    engine = Engine()
    for number in range(MAX_INSTRUMENTS):
        made = engine.apply(1, time_of(1), replace(SHORTEST, symbol=f"GOLD-{number}"))
        assert isinstance(made[0], InstrumentSet)
    refusal = engine.apply(2, time_of(2), SHORTEST)[0]
    assert isinstance(refusal, CommandRefused)
    assert (refusal.refusal, refusal.field) == (Refusal.TOO_MANY_INSTRUMENTS, "symbol")
    changed = engine.apply(3, time_of(3), replace(SHORTEST, symbol="GOLD-0", max_price=400))[0]
    assert isinstance(changed, InstrumentSet)
    assert changed.instrument.max_price == 400
