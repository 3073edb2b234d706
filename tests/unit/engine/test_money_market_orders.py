"""What a market order needs free when it enters."""

import pytest

from protocol.commands import PlaceOrder, SetLimits
from protocol.events import Event
from protocol.instrument import Instrument
from protocol.units import Reason, SelfTradePrevention, Side
from tests.money_tape import fees, funded, holds, outside, play
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    both_engines,
    canceled,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    rejected,
    trade,
    triggered,
)

SHORT = Reason.INSUFFICIENT_BALANCE
OLDEST = SelfTradePrevention.CANCEL_OLDEST

BTC = Instrument("BTC-USDT", "BTC", "USDT", 2, 5, 1, 1, 1, 1_000_000_000, 1_000_000_000, 0, 10, 20)
"""Prices have 2 decimals, quantities 5, so USDT has 11."""


def spend(quote_quantity: int, side: Side = BUY) -> PlaceOrder:
    return market(side, 0, quote_quantity=quote_quantity, account="ann")


@both_engines
def test_a_market_buy_of_9000_btc_by_an_account_with_1000_usdt_is_rejected(engine: MakeEngine) -> None:
    """0.01 BTC at 60,000 are 600, and 1.20 of fee."""
    play(
        engine,
        (limit(SELL, 1_000_000, 6_000_000, symbol=BTC.symbol), [placed(1)]),
        (limit(SELL, 899_000_000, 999_783_800, symbol=BTC.symbol), [placed(2)]),
        funded("ann", USDT="1000"),
        (market(BUY, 900_000_000, symbol=BTC.symbol, account="ann"), [rejected(3, SHORT)]),
        holds("ann", USDT="1000"),
        (
            market(BUY, 1_000, symbol=BTC.symbol, account="ann"),
            [placed(4), trade(1, BUY, 1_000, 6_000_000, maker=1, taker=4, instrument=BTC)],
        ),
        holds("ann", USDT="398.8", BTC="0.01"),
        fees(USDT="1.8"),
        outside(USDT="599.4", BTC="-0.01"),
        instruments=(BTC,),
    )


@both_engines
@pytest.mark.parametrize(
    ("money", "events"),
    [
        ("5040.0599", [rejected(3, SHORT)]),
        (
            "5040.06",
            [
                placed(3),
                trade(1, BUY, 2, 1_000, maker=1, taker=3),
                trade(2, BUY, 3, 1_010, maker=2, taker=3),
                canceled(3, 4, Reason.NO_LIQUIDITY),
            ],
        ),
    ],
)
def test_a_market_buy_needs_what_it_would_pay_now(engine: MakeEngine, money: str, events: list[Event]) -> None:
    """2 at 1,000 and 3 at 1,010 are 5,030, and 10.06 of fee. What it does not find costs nothing."""
    play(
        engine,
        (limit(SELL, 2, 1_000), [placed(1)]),
        (limit(SELL, 3, 1_010), [placed(2)]),
        funded("ann", USD=money),
        (market(BUY, 9, account="ann"), events),
        holds("ann", USD=money) if len(events) == 1 else holds("ann", COIN="5"),
    )


@both_engines
def test_what_it_would_pay_counts_trades_only(engine: MakeEngine) -> None:
    """Its own order at 900 is canceled, not paid; with mode none it is paid."""
    play(
        engine,
        funded("ann", USD="5010", COIN="1"),
        (limit(SELL, 1, 900, account="ann"), [placed(1)]),
        (limit(SELL, 5, 1_000), [placed(2)]),
        (market(BUY, 6, account="ann"), [rejected(3, SHORT)]),
        (
            market(BUY, 6, account="ann", self_trade_prevention=OLDEST),
            [
                placed(4),
                canceled(1, 1, Reason.SELF_TRADE),
                trade(1, BUY, 5, 1_000, maker=2, taker=4),
                canceled(4, 1, Reason.NO_LIQUIDITY),
            ],
        ),
        holds("ann", COIN="6"),
    )


@both_engines
def test_what_it_would_pay_counts_the_shown_and_the_hidden_part_of_an_iceberg(engine: MakeEngine) -> None:
    """The second part of the iceberg stands behind the other order: 4 of 5 at 1,000."""
    play(
        engine,
        (limit(SELL, 4, 1_000, display_quantity=2), [placed(1)]),
        (limit(SELL, 1, 1_000), [placed(2)]),
        funded("ann", USD="4008"),
        (market(BUY, 5, account="ann"), [rejected(3, SHORT)]),
        (
            market(BUY, 4, account="ann"),
            [
                placed(4),
                trade(1, BUY, 2, 1_000, maker=1, taker=4),
                trade(2, BUY, 1, 1_000, maker=2, taker=4),
                trade(3, BUY, 1, 1_000, maker=1, taker=4),
            ],
        ),
        holds("ann", COIN="4"),
    )


@both_engines
def test_what_it_would_pay_counts_the_limits_of_work(engine: MakeEngine) -> None:
    play(
        engine,
        (SetLimits(trades=1), []),
        (limit(SELL, 2, 1_000), [placed(1)]),
        (limit(SELL, 3, 1_010), [placed(2)]),
        funded("ann", USD="2004"),
        (
            market(BUY, 5, account="ann"),
            [placed(3), trade(1, BUY, 2, 1_000, maker=1, taker=3), canceled(3, 3, Reason.TOO_MANY_TRADES)],
        ),
        holds("ann", COIN="2"),
    )


@both_engines
def test_what_it_would_pay_leaves_out_the_leg_that_its_first_trade_ends(engine: MakeEngine) -> None:
    """The trade at 1,100 fires the stop leg, which ends the limit leg at 1,200."""
    play(
        engine,
        *opening_trade(1_150),
        (limit(SELL, 1, 1_100), [placed(3)]),
        (oco(SELL, 5, 1_200, at=1_100), [placed(4), placed(5)]),
        (limit(SELL, 1, 1_300), [placed(6)]),
        funded("ann", USD="2404.8"),
        funded("bob", USD="2404.7999"),
        (market(BUY, 2, account="bob"), [rejected(7, SHORT)]),
        holds("bob", USD="2404.7999"),
        (
            market(BUY, 2, account="ann"),
            [
                placed(8),
                trade(2, BUY, 1, 1_100, maker=3, taker=8),
                triggered(5),
                canceled(4, 5, Reason.OCO),
                trade(3, BUY, 1, 1_300, maker=6, taker=8),
                canceled(5, 5, Reason.NO_LIQUIDITY),
            ],
        ),
        holds("ann", COIN="2"),
    )


@both_engines
@pytest.mark.parametrize(("quote_quantity", "quantity", "left"), [(1_000, 998, "0.004"), (500, 500, "499")])
def test_all_in(engine: MakeEngine, quote_quantity: int, quantity: int, left: str) -> None:
    """1,000 / 1.002 is 998.003: 998 at 1 cost 999.996 with the fee. 500 cost 501."""
    play(
        engine,
        (limit(SELL, 5_000, 1), [placed(1)]),
        funded("ann", USD="1000"),
        (spend(1_001), [rejected(2, SHORT)]),
        (spend(quote_quantity), [placed(3), trade(1, BUY, quantity, 1, maker=1, taker=3)]),
        holds("ann", USD=left, COIN=str(quantity)),
    )


@both_engines
def test_all_in_with_less_than_a_lot(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 1_000), [placed(1)]),
        funded("ann", USD="1000"),
        (spend(1_000), [placed(2), canceled(2, 0, Reason.QUOTE_QUANTITY_TOO_SMALL)]),
        holds("ann", USD="1000"),
    )


@both_engines
def test_a_sale_for_a_quote_quantity_needs_what_it_would_sell_now(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 10, 100), [placed(1)]),
        funded("ann", COIN="3"),
        (spend(400, SELL), [rejected(2, SHORT)]),
        holds("ann", COIN="3"),
        (spend(399, SELL), [placed(3), trade(1, SELL, 3, 100, maker=1, taker=3)]),
        holds("ann", USD="299.4"),
    )
