"""Protection of price: slippage, the largest value of an order, the number of an account's orders."""

from typing import Any

import pytest
from msgspec.structs import replace

from matcher.core.saved_books import save_book
from matcher.engine import Engine
from protocol.commands import LoadBook, OrderTerms, OwnCommand, SetInstrument
from protocol.events import BookLoaded, InstrumentSet
from protocol.units import Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    GOLD,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    change,
    fok,
    ioc,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    protect,
    refused,
    rejected,
    stop_limit,
    stop_market,
    take_profit,
    time_of,
    trade,
    triggered,
)

OUTSIDE = Reason.PRICE_OUTSIDE_BAND

# Slippage


@both_engines
@pytest.mark.parametrize(
    ("bps", "taken", "reason"),
    [(999, 1, Reason.SLIPPAGE), (1_000, 2, Reason.SLIPPAGE), (2_000, 3, Reason.NO_LIQUIDITY)],
)
def test_a_market_order_takes_no_farther_than_its_slippage(
    engine: MakeEngine, bps: int, taken: int, reason: Reason
) -> None:
    """It is measured from the best price as the order begins, not from the last trade."""
    trades = [trade(number, BUY, 1, 90 + 10 * number, maker=number, taker=4) for number in range(1, taken + 1)]
    play(
        engine,
        *((limit(SELL, 1, 90 + 10 * number), [placed(number)]) for number in (1, 2, 3)),
        (market(BUY, 5, max_slippage_bps=bps), [placed(4), *trades, canceled(4, 5 - taken, reason)]),
    )


@both_engines
def test_slippage_is_exact_for_a_seller(engine: MakeEngine) -> None:
    """1,000 bps below 333 are 299.7."""
    play(
        engine,
        *((limit(BUY, 1, price), [placed(number)]) for number, price in ((1, 333), (2, 300), (3, 299))),
        (
            market(SELL, 3, max_slippage_bps=1_000),
            [
                placed(4),
                trade(1, SELL, 1, 333, maker=1, taker=4),
                trade(2, SELL, 1, 300, maker=2, taker=4),
                canceled(4, 1, Reason.SLIPPAGE),
            ],
        ),
    )


@both_engines
def test_slippage_of_triggers_is_measured_when_they_run(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 1, 105), [placed(3)]),
        (limit(SELL, 1, 120), [placed(4)]),
        (limit(SELL, 1, 133), [placed(5)]),
        (take_profit(SELL, 1, at=105, max_slippage_bps=1), [placed(6)]),
        (stop_market(BUY, 2, at=105, max_slippage_bps=1_000), [placed(7)]),
        (
            market(BUY, 1),
            [
                placed(8),
                trade(2, BUY, 1, 105, maker=3, taker=8),
                triggered(6),
                triggered(7),
                canceled(6, 1, Reason.NO_LIQUIDITY),
                trade(3, BUY, 1, 120, maker=4, taker=7),
                canceled(7, 1, Reason.SLIPPAGE),
            ],
        ),
    )


@both_engines
def test_the_nearer_of_band_and_slippage_stops_an_order(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(SELL, 9, 105), [placed(3)]),
        (limit(SELL, 9, 120), [placed(4)]),
        protect(price_band_bps=1_000),
        (
            market(BUY, 10, max_slippage_bps=400),
            [placed(5), trade(2, BUY, 9, 105, maker=3, taker=5), canceled(5, 1, Reason.SLIPPAGE)],
        ),
        (market(BUY, 1, max_slippage_bps=400), [placed(6), canceled(6, 1, Reason.PRICE_BAND)]),
        (market(BUY, 0, quote_quantity=500, max_slippage_bps=1), [placed(7), canceled(7, 0, Reason.PRICE_BAND)]),
    )


# The largest value


@both_engines
def test_an_order_of_too_large_a_value_is_rejected(engine: MakeEngine) -> None:
    """An order without a price is worth its quantity at the last trade, or its quote_quantity."""
    too_large = Reason.NOTIONAL_TOO_LARGE
    play(
        engine,
        protect(max_order_notional=1_000),
        (market(BUY, 500), [placed(1), canceled(1, 500, Reason.NO_LIQUIDITY)]),
        (limit(SELL, 1, 100), [placed(2)]),
        (market(BUY, 1), [placed(3), trade(1, BUY, 1, 100, maker=2, taker=3)]),
        (market(BUY, 11), [rejected(4, too_large)]),
        (market(BUY, 10), [placed(5), canceled(5, 10, Reason.NO_LIQUIDITY)]),
        (market(BUY, 0, quote_quantity=1_001), [rejected(6, too_large)]),
        (stop_market(BUY, 11, at=200), [rejected(7, too_large)]),
        (limit(BUY, 11, 91), [rejected(8, too_large)]),
        (ioc(BUY, 10, 101), [rejected(9, too_large)]),
        (fok(SELL, 10, 101), [rejected(10, too_large)]),
        (stop_limit(BUY, 5, 201, at=200), [rejected(11, too_large)]),
        (oco(SELL, 10, 101, at=90), [rejected(12, too_large), rejected(13, too_large)]),
        (oco(BUY, 10, 99, at=101, stop_price=101), [rejected(14, too_large), rejected(15, too_large)]),
        (limit(BUY, 20, 50), [placed(16)]),
        (amend(16, quantity=21), [refused(Refusal.NOTIONAL_TOO_LARGE)]),
        (amend(16, price=51), [refused(Refusal.NOTIONAL_TOO_LARGE)]),
        (amend(16, quantity=10, price=100), [amended(16, 10, 100)]),
    )


@both_engines
def test_an_amend_makes_neither_leg_of_an_oco_too_large(engine: MakeEngine) -> None:
    """The stop at 101 is worth more than the limit order at 50."""
    play(
        engine,
        *opening_trade(100),
        protect(max_order_notional=1_010),
        (oco(BUY, 5, 50, at=101, stop_price=101), [placed(3), placed(4)]),
        (amend(3, quantity=11), [refused(Refusal.NOTIONAL_TOO_LARGE)]),
        (amend(3, quantity=10), [amended(3, 10, 50), amended(4, 10, 101, 101)]),
    )


# The number of an account's orders


@both_engines
def test_an_account_has_no_more_orders_than_it_may(engine: MakeEngine) -> None:
    """Orders that rest and that wait count, of the account and the instrument, also those from before. An order that
    can do neither is not looked at."""
    too_many = Reason.TOO_MANY_OPEN_ORDERS
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 1, 90), [placed(3)]),
        protect(max_open_orders=2),
        (stop_market(SELL, 1, at=50), [placed(4)]),
        (limit(BUY, 1, 91), [rejected(5, too_many)]),
        (stop_limit(BUY, 1, 200, at=200), [rejected(6, too_many)]),
        (ioc(BUY, 1, 91), [placed(7), canceled(7, 1, Reason.IOC_REMAINDER)]),
        (market(BUY, 1), [placed(8), canceled(8, 1, Reason.NO_LIQUIDITY)]),
        (limit(BUY, 1, 91, account="ann"), [placed(9)]),
        (limit(BUY, 1, 91, symbol=GOLD.symbol), [placed(10)]),
        (amend(3, quantity=2), [amended(3, 2, 90)]),
        (oco(SELL, 1, 110, at=40, account="ann"), [rejected(11, too_many), rejected(12, too_many)]),
        (oco(SELL, 1, 110, at=40, account="bob"), [placed(13), placed(14)]),
        (cancel(13), [canceled(13, 1), canceled(14, 1, Reason.OCO)]),
        (oco(SELL, 1, 110, at=40, account="bob"), [placed(15), placed(16)]),
        (market(SELL, 1, account="ann"), [placed(17), trade(2, SELL, 1, 91, maker=9, taker=17)]),
        (limit(BUY, 1, 91, account="ann"), [placed(18)]),
        (cancel(4), [canceled(4, 1)]),
        (limit(BUY, 1, 92), [placed(19)]),
        (limit(BUY, 1, 93), [rejected(20, too_many)]),
        (change(COIN, max_open_orders=0), [InstrumentSet(COIN)]),
        (limit(BUY, 1, 93), [placed(21)]),
    )


@both_engines
@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"price_band_bps": 1_000_001}, "price_band_bps"),
        ({"reference_price": 10_001}, "reference_price"),
        ({"max_open_orders": 1_000_001}, "max_open_orders"),
        ({"min_notional": 5, "max_order_notional": 4}, "max_order_notional"),
        ({"halt_bps": 100}, "halt_window_ms"),
        ({"halt_bps": 100, "halt_ms": 1}, "halt_window_ms"),
        ({"halt_bps": 100, "halt_window_ms": 1}, "halt_ms"),
        ({"halt_window_ms": 1, "halt_ms": 1}, "halt_bps"),
        ({"halt_bps": 100, "halt_window_ms": 3_600_001, "halt_ms": 1}, "halt_window_ms"),
        ({"halt_bps": 100, "halt_window_ms": 1, "halt_ms": 86_400_001}, "halt_ms"),
    ],
)
def test_settings_out_of_bounds_are_refused(engine: MakeEngine, fields: dict[str, Any], at_fault: str) -> None:
    play(engine, (change(COIN, **fields), [refused(Refusal.INVALID_INSTRUMENT, at_fault)]))


def test_a_loaded_book_counts_its_orders_and_begins_its_window_anew() -> None:
    """The file holds max_slippage_bps; orders that it brings back count, those that it replaces do not."""
    engine = Engine()
    protected = replace(COIN, max_open_orders=2, halt_bps=1_000, halt_window_ms=1_000, halt_ms=1_000)
    stop = stop_market(BUY, 1, at=150, max_slippage_bps=70)
    commands: list[OwnCommand] = [SetInstrument.of(protected), limit(SELL, 1, 100), market(BUY, 1)]
    commands += [limit(SELL, 1, 130), stop]
    for sequence, command in enumerate(commands, 1):
        engine.apply(sequence, time_of(sequence), command)
    book = engine.registry.books[COIN.symbol]
    saved = save_book(book, 5)
    [waiting] = saved.pending
    assert waiting.max_slippage_bps == 70
    commands = [cancel(3), cancel(4), limit(BUY, 1, 90)]
    for sequence, command in enumerate(commands, 6):
        engine.apply(sequence, time_of(sequence), command)
    other = Engine()
    other.apply(1, time_of(1), SetInstrument.of(protected))
    for player, orders in ((engine, {}), (other, {"default": 2})):
        loaded = player.apply(9, time_of(9), LoadBook(COIN.symbol, saved))
        assert isinstance(loaded[-1], BookLoaded)
        book = player.registry.books[COIN.symbol]
        assert book.open_orders is not None
        assert {account.name: count for account, count in book.open_orders.items()} == orders
        assert book.window is not None and not book.window.lows
    assert other.registry.orders[4].terms == OrderTerms(max_slippage_bps=70)
    assert other.apply(10, time_of(10), limit(SELL, 1, 140)) == [rejected(5, Reason.TOO_MANY_OPEN_ORDERS)]
