"""The same client_order_id of the same account never makes a second order, and what is remembered for how long."""

import gc
import sys
from itertools import count

import pytest
from msgspec.structs import replace

from matcher.core.book import MAX_TRADES
from matcher.core.order import MAX_FILLS
from matcher.core.registry import FORGOTTEN_AT_ONCE
from matcher.core.settlement import MAX_ACCOUNT_FILLS
from matcher.engine import Engine
from protocol.commands import Command, OrderTerms, PlaceOco, PlaceOrder, SetInstrument
from protocol.events import InstrumentSet, Trade
from protocol.units import InstrumentStatus, OrderStatus, OrderType, Reason, Refusal, SelfTradePrevention
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
    cancel_all,
    canceled,
    change,
    duplicated,
    limit,
    market,
    opening_trade,
    placed,
    play,
    refused,
    rejected,
    stop_limit,
    time_of,
    trade,
    triggered,
)


@both_engines
def test_same_order_again_while_it_rests(engine: MakeEngine) -> None:
    """It stands once in the book: only five can be taken."""
    play(
        engine,
        (limit(SELL, 5, 100, client_order_id="one"), [placed(1)]),
        (limit(SELL, 5, 100, client_order_id="one"), [duplicated(1)]),
        (limit(SELL, 5, 100, client_order_id="two"), [placed(2)]),
        (cancel(2), [canceled(2, 5)]),
        (market(BUY, 6), [placed(3), trade(1, BUY, 5, 100, maker=1, taker=3), canceled(3, 1, Reason.NO_LIQUIDITY)]),
    )


@both_engines
def test_same_order_again_after_it_is_done(engine: MakeEngine) -> None:
    """Filled as a maker and as a taker, canceled, rejected."""
    play(
        engine,
        (limit(SELL, 5, 100, client_order_id="maker"), [placed(1)]),
        (market(BUY, 5, client_order_id="taker"), [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
        (limit(SELL, 5, 100, client_order_id="canceled"), [placed(3)]),
        (cancel(3), [canceled(3, 5)]),
        (limit(SELL, 5, 100, client_order_id="late", deadline=1), [rejected(4, Reason.TOO_LATE)]),
        (limit(SELL, 5, 100, client_order_id="maker"), [duplicated(1)]),
        (market(BUY, 5, client_order_id="taker"), [duplicated(2)]),
        (limit(SELL, 5, 100, client_order_id="canceled"), [duplicated(3)]),
        (limit(SELL, 5, 100, client_order_id="late", deadline=1), [duplicated(4)]),
        (limit(SELL, 5, 100), [placed(5)]),
    )


@both_engines
def test_deadline_is_no_part_of_the_order(engine: MakeEngine) -> None:
    """Sent again with another deadline, or after its own, it is the same order; a rejected one is not tried again."""
    play(
        engine,
        (limit(SELL, 5, 100, client_order_id="one", deadline=time_of(3)), [placed(1)]),
        (limit(SELL, 5, 100, client_order_id="one", deadline=time_of(3)), [duplicated(1)]),
        (limit(SELL, 5, 100, client_order_id="one"), [duplicated(1)]),
        (limit(SELL, 5, 100, client_order_id="two", deadline=1), [rejected(2, Reason.TOO_LATE)]),
        (limit(SELL, 5, 100, client_order_id="two"), [duplicated(2)]),
    )


FIRST = stop_limit(BUY, 5, 100, at=110, client_order_id="one")


@both_engines
@pytest.mark.parametrize(
    "other",
    [
        replace(FIRST, symbol=GOLD.symbol),
        replace(FIRST, side=SELL),
        replace(FIRST, order_type=OrderType.STOP_MARKET, price=None),
        replace(FIRST, order_type=OrderType.STOP_MARKET),
        replace(FIRST, quantity=6),
        replace(FIRST, price=101),
        replace(FIRST, price=None),
        replace(FIRST, trigger_price=111),
        replace(FIRST, trigger_price=None),
        replace(FIRST, quantity=1_001),
    ],
)
def test_another_order_under_the_same_id_is_a_conflict(engine: MakeEngine, other: PlaceOrder) -> None:
    """While the first is live and after it is done; told before any other fault of the order but its names and its
    symbol."""
    play(
        engine,
        (FIRST, [placed(1)]),
        (other, [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
        (cancel(1), [canceled(1, 5)]),
        (other, [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
        (FIRST, [duplicated(1)]),
    )


@both_engines
def test_unknown_symbol_goes_before_the_conflict(engine: MakeEngine) -> None:
    play(
        engine,
        (FIRST, [placed(1)]),
        (replace(FIRST, symbol="NONE-USD"), [refused(Refusal.UNKNOWN_SYMBOL)]),
    )


@both_engines
def test_amends_do_not_matter(engine: MakeEngine) -> None:
    """The order as it was sent is the same, as it stands now is another."""
    play(
        engine,
        (stop_limit(BUY, 5, 100, at=110, client_order_id="one"), [placed(1)]),
        (amend(1, quantity=6, price=101, at=111), [amended(1, 6, 101, 111)]),
        (amend(1, quantity=7), [amended(1, 7, 101, 111)]),
        (stop_limit(BUY, 5, 100, at=110, client_order_id="one"), [duplicated(1)]),
        (stop_limit(BUY, 7, 101, at=111, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
        (cancel(1), [canceled(1, 7)]),
        (stop_limit(BUY, 5, 100, at=110, client_order_id="one"), [duplicated(1)]),
        (stop_limit(BUY, 7, 101, at=111, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
    )


@both_engines
def test_refused_amend_does_not_matter_either(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 5, 100, client_order_id="one"), [placed(1)]),
        (amend(1, quantity=1_001), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (limit(BUY, 5, 100, client_order_id="one"), [duplicated(1)]),
    )


@both_engines
def test_fired_stop_limit_is_still_the_same_order(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (stop_limit(BUY, 5, 50, at=101, client_order_id="one"), [placed(3)]),
        (limit(SELL, 1, 101), [placed(4)]),
        (market(BUY, 1), [placed(5), trade(2, BUY, 1, 101, maker=4, taker=5), triggered(3)]),
        (stop_limit(BUY, 5, 50, at=101, client_order_id="one"), [duplicated(3)]),
        (limit(BUY, 5, 50, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
    )


@both_engines
def test_accounts_have_their_own_ids(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100, account="ann", client_order_id="one"), [placed(1)]),
        (limit(SELL, 5, 100, account="bob", client_order_id="one"), [placed(2)]),
        (limit(SELL, 6, 100, client_order_id="one"), [placed(3)]),
        (limit(SELL, 5, 100, account="bob", client_order_id="one"), [duplicated(2)]),
    )


@both_engines
def test_refused_order_does_not_use_its_id_up(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 1_001, 100, client_order_id="one"), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (limit(SELL, 5, 100, client_order_id="one"), [placed(1)]),
    )


@both_engines
def test_repeat_is_answered_whatever_the_market_and_the_limits_are_now(engine: MakeEngine) -> None:
    halted = replace(COIN, status=InstrumentStatus.HALTED, max_quantity=4)
    play(
        engine,
        (limit(SELL, 5, 100, client_order_id="one"), [placed(1)]),
        (change(COIN, InstrumentStatus.HALTED, max_quantity=4), [InstrumentSet(halted)]),
        (limit(SELL, 5, 100, client_order_id="one", deadline=1), [duplicated(1)]),
        (limit(SELL, 4, 100, client_order_id="two"), [rejected(2, Reason.INSTRUMENT_HALTED)]),
        (change(COIN, InstrumentStatus.TRADING), [InstrumentSet(replace(halted, status=InstrumentStatus.TRADING))]),
        (limit(SELL, 4, 100, client_order_id="two"), [duplicated(2)]),
        (limit(SELL, 5, 100, client_order_id="three"), [refused(Refusal.QUANTITY_TOO_LARGE)]),
    )


# What is remembered, and how long: the naive engine never forgets.


def remembers_two() -> Engine:
    return Engine(remembered_orders=2)


def test_longest_done_orders_are_forgotten_with_their_ids() -> None:
    """In the order in which they ended, not that of their entry."""
    play(
        remembers_two,
        (limit(SELL, 1, 100, client_order_id="one"), [placed(1)]),
        (limit(SELL, 1, 100, client_order_id="two"), [placed(2)]),
        (limit(SELL, 1, 100, client_order_id="three"), [placed(3)]),
        (cancel(2), [canceled(2, 1)]),
        (cancel(1), [canceled(1, 1)]),
        (cancel(3), [canceled(3, 1)]),
        (limit(SELL, 1, 100), [placed(4)]),
        (cancel(2), [refused(Refusal.UNKNOWN_ORDER)]),
        (cancel(1), [refused(Refusal.ORDER_NOT_OPEN)]),
        (limit(SELL, 1, 100, client_order_id="one"), [duplicated(1)]),
        (limit(SELL, 9, 200, client_order_id="two"), [placed(5)]),
        (cancel(client_order_id="three"), [refused(Refusal.ORDER_NOT_OPEN)]),
        (cancel(client_order_id="two"), [canceled(5, 9)]),
    )


def test_live_orders_are_never_forgotten() -> None:
    rejections = [(market(BUY, 1, deadline=1), [rejected(order_id, Reason.TOO_LATE)]) for order_id in range(3, 30)]
    play(
        remembers_two,
        (limit(SELL, 1, 100, client_order_id="open"), [placed(1)]),
        (stop_limit(BUY, 1, 90, at=110, client_order_id="pending"), [placed(2)]),
        *rejections,
        (limit(SELL, 1, 100, client_order_id="open"), [duplicated(1)]),
        (stop_limit(BUY, 1, 90, at=110, client_order_id="pending"), [duplicated(2)]),
        (cancel(26), [refused(Refusal.UNKNOWN_ORDER)]),
        (cancel(29), [refused(Refusal.ORDER_NOT_OPEN)]),
        (cancel_all(), [canceled(1, 1), canceled(2, 1)]),
    )


def test_account_that_was_forgotten_can_trade_again() -> None:
    play(
        remembers_two,
        (limit(SELL, 1, 100, account="ann", client_order_id="one"), [placed(1)]),
        (cancel(1), [canceled(1, 1)]),
        *((market(BUY, 1, deadline=1), [rejected(order_id, Reason.TOO_LATE)]) for order_id in (2, 3, 4)),
        (cancel(1), [refused(Refusal.UNKNOWN_ORDER)]),
        (limit(SELL, 2, 100, account="ann", client_order_id="one"), [placed(5)]),
        (limit(SELL, 3, 100, account="ann"), [placed(6)]),
        (cancel_all("ann"), [canceled(5, 2), canceled(6, 3)]),
    )


def test_burst_of_done_orders_is_forgotten_bit_by_bit() -> None:
    """A new order pays for a bounded number of old ones; in the end the bound holds."""
    burst = 3 * FORGOTTEN_AT_ONCE
    engine = Engine(remembered_orders=2)
    rows = [limit(SELL, 1, 100) for _ in range(burst)]
    rows.append(market(BUY, burst))
    engine.apply(1, time_of(1), SetInstrument.of(COIN))
    for sequence, command in enumerate(rows, 2):
        engine.apply(sequence, time_of(sequence), command)
    assert len(engine.registry.orders) == burst + 1
    engine.apply(999, time_of(999), market(BUY, 1))
    assert len(engine.registry.orders) == burst + 2 - FORGOTTEN_AT_ONCE
    for sequence in range(1_000, 1_010):
        engine.apply(sequence, time_of(sequence), market(BUY, 1))
    assert len(engine.registry.orders) == 3


def test_last_fills_of_an_order_and_last_trades_of_a_book_are_remembered() -> None:
    """Those of a maker that trades bit by bit as well as those of a taker that trades all at once."""
    engine = Engine()
    bits = MAX_TRADES + 5
    engine.apply(1, time_of(1), SetInstrument.of(replace(COIN, max_quantity=2 * bits)))
    engine.apply(2, time_of(2), limit(SELL, bits, 100))
    trades = [
        event
        for sequence in range(3, 3 + bits)
        for event in engine.apply(sequence, time_of(sequence), market(BUY, 1))[1:]
    ]
    maker = engine.registry.orders[1]
    assert maker.fills == trades[-MAX_FILLS:]
    assert (maker.filled_value, maker.status) == (100 * bits, OrderStatus.FILLED)
    assert list(engine.registry.books[COIN.symbol].trades) == trades[-MAX_TRADES:]

    for sequence in range(2 * bits, 3 * bits):
        engine.apply(sequence, time_of(sequence), limit(SELL, 1, 100))
    sweep = engine.apply(3 * bits, time_of(3 * bits), market(BUY, bits))[1:]
    taker = engine.registry.orders[engine.registry.last_order_id]
    assert len(sweep) == bits
    assert taker.fills == sweep[-MAX_FILLS:]
    assert (taker.filled_value, taker.status) == (100 * bits, OrderStatus.FILLED)
    assert list(engine.registry.books[COIN.symbol].trades) == sweep[-MAX_TRADES:]


def test_fills_of_an_order_that_made_and_took_add_up() -> None:
    engine = Engine()
    tape: list[Command] = [
        SetInstrument.of(COIN),
        limit(SELL, 5, 100),
        market(BUY, 2),
        limit(BUY, 1, 90),
        limit(BUY, 1, 80),
        amend(1, price=90),
        amend(1, price=80),
    ]
    trades = []
    for sequence, command in enumerate(tape, 1):
        trades += [event for event in engine.apply(sequence, time_of(sequence), command) if isinstance(event, Trade)]
    order = engine.registry.orders[1]
    assert [trade.price for trade in trades] == [100, 90, 80]
    assert order.fills == trades
    assert (order.filled_value, order.remaining, order.status) == (2 * 100 + 90 + 80, 1, OrderStatus.OPEN)


@pytest.mark.parametrize("accounts", [1, 1_000_000], ids=["one-account", "an-account-a-round"])
def test_memory_does_not_grow_with_what_is_forgotten(accounts: int) -> None:
    """Orders that rest, trade, wait, fire, are amended and canceled, round after round, leave nothing behind once they
    are forgotten."""
    engine = Engine(remembered_orders=20)
    sequences = count(1)

    def tell(command: Command) -> int:
        sequence = next(sequences)
        engine.apply(sequence, time_of(sequence), command)
        return engine.registry.last_order_id

    def play_rounds(rounds: int) -> None:
        for number in range(rounds):
            account, name = f"account-{number % accounts}", f"order-{engine.registry.last_order_id}"
            tell(limit(SELL, 5, 101, account=account, client_order_id=name))
            resting = tell(limit(BUY, 5, 100, account=account))
            tell(amend(resting, price=99))
            tell(market(BUY, 5, account=account))
            waiting = tell(stop_limit(SELL, 5, 200, at=50, account=account))
            tell(amend(waiting, at=60))
            tell(stop_limit(BUY, 5, 90, at=101, account=account))
            tell(PlaceOco(COIN.symbol, account, SELL, 5, 200, 50, client_order_id=f"{name}-oco"))
            iceberg = OrderTerms(
                display_quantity=1, expire_time=2 * 10**18, self_trade_prevention=SelfTradePrevention.DECREMENT
            )
            tell(replace(limit(SELL, 5, 201, account=account), terms=iceberg))
            tell(PlaceOrder(COIN.symbol, account, SELL, OrderType.TRAILING_STOP, 5, terms=OrderTerms(trailing_bps=100)))
            tell(cancel_all(account))

    tell(SetInstrument.of(COIN))
    play_rounds(2 * MAX_ACCOUNT_FILLS)
    gc.collect()
    before = sys.getallocatedblocks()
    # As in the matcher: there must be no cycles to be found.
    gc.disable()
    try:
        play_rounds(MAX_ACCOUNT_FILLS)
    finally:
        gc.enable()
    assert sys.getallocatedblocks() - before < 500
