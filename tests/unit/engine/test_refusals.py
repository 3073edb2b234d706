"""What cannot be an order is refused and changes nothing; what the market's state or the deadline forbids is rejected
and keeps its id."""

import pytest
from msgspec.structs import replace

from protocol.commands import PlaceOrder, RefuseCommand
from protocol.events import CommandRefused, InstrumentSet
from protocol.units import InstrumentStatus, Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    both_engines,
    cancel,
    change,
    fok,
    ioc,
    limit,
    market,
    placed,
    play,
    refused,
    rejected,
    stop_limit,
    stop_market,
    take_profit,
    time_of,
    trade,
    triggered,
)

pytestmark = both_engines

STRICT = replace(COIN, tick_size=5, lot_size=10, min_quantity=20, max_quantity=1_000, max_price=500, min_notional=2_000)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "a\n", "x" * 65, "*"])
def test_names_are_checked_first(engine: MakeEngine, name: str) -> None:
    play(
        engine,
        (limit(BUY, 1, 1, account=name, client_order_id=name), [refused(Refusal.INVALID_NAME, "account")]),
        (
            limit(BUY, 1, 1, account="ann", client_order_id=name, symbol="NONE-USD"),
            [refused(Refusal.INVALID_NAME, "client_order_id")],
        ),
        (limit(BUY, 1, 1, account="ann"), [placed(1)]),
        (limit(BUY, 1, 1, account="ann", client_order_id=name), [refused(Refusal.INVALID_NAME, "client_order_id")]),
    )


@pytest.mark.parametrize("name", ["a", "A.b_c:d-9", "x" * 64])
def test_names_that_are_allowed(engine: MakeEngine, name: str) -> None:
    play(engine, (limit(BUY, 1, 1, account=name, client_order_id=name), [placed(1)]))


def test_symbol_must_be_known_exactly(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 1, 1, symbol="COIN"), [refused(Refusal.UNKNOWN_SYMBOL)]),
        (limit(BUY, 1, 1, symbol="coin-usd"), [refused(Refusal.UNKNOWN_SYMBOL)]),
        (limit(BUY, 1, 1, symbol="COIN-USDT"), [refused(Refusal.UNKNOWN_SYMBOL)]),
    )


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (limit(BUY, 25, 100), Refusal.QUANTITY_OFF_LOT),
        (market(BUY, 25), Refusal.QUANTITY_OFF_LOT),
        (limit(BUY, 10, 500), Refusal.QUANTITY_TOO_SMALL),
        (market(BUY, 10), Refusal.QUANTITY_TOO_SMALL),
        (stop_market(BUY, 10, at=100), Refusal.QUANTITY_TOO_SMALL),
        (limit(BUY, 1_010, 100), Refusal.QUANTITY_TOO_LARGE),
        (limit(BUY, 20, 101), Refusal.PRICE_OFF_TICK),
        (limit(BUY, 20, 505), Refusal.PRICE_TOO_LARGE),
        (ioc(BUY, 20, 505), Refusal.PRICE_TOO_LARGE),
        (fok(BUY, 20, 104), Refusal.PRICE_OFF_TICK),
        (stop_market(BUY, 20, at=101), Refusal.TRIGGER_PRICE_OFF_TICK),
        (take_profit(BUY, 20, at=101), Refusal.TRIGGER_PRICE_OFF_TICK),
        (stop_market(BUY, 20, at=505), Refusal.TRIGGER_PRICE_TOO_LARGE),
        (stop_limit(BUY, 20, 100, at=505), Refusal.TRIGGER_PRICE_TOO_LARGE),
        (limit(BUY, 20, 95), Refusal.BELOW_MIN_NOTIONAL),
        (ioc(BUY, 20, 95), Refusal.BELOW_MIN_NOTIONAL),
        (fok(BUY, 20, 95), Refusal.BELOW_MIN_NOTIONAL),
        (stop_limit(BUY, 20, 95, at=100), Refusal.BELOW_MIN_NOTIONAL),
    ],
)
def test_limits_of_the_instrument(engine: MakeEngine, command: PlaceOrder, refusal: Refusal) -> None:
    """A refused order uses up no order_id."""
    play(
        engine,
        (command, [refused(refusal)]),
        (limit(BUY, 20, 100), [placed(1)]),
        instruments=(STRICT,),
    )


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (stop_limit(BUY, 5, 506, at=506), Refusal.QUANTITY_OFF_LOT),
        (stop_limit(BUY, 10, 506, at=506), Refusal.QUANTITY_TOO_SMALL),
        (stop_limit(BUY, 1_010, 506, at=506), Refusal.QUANTITY_TOO_LARGE),
        (stop_limit(BUY, 20, 506, at=506), Refusal.PRICE_OFF_TICK),
        (stop_limit(BUY, 20, 505, at=506), Refusal.PRICE_TOO_LARGE),
        (stop_limit(BUY, 20, 5, at=506), Refusal.TRIGGER_PRICE_OFF_TICK),
        (stop_limit(BUY, 20, 5, at=505), Refusal.TRIGGER_PRICE_TOO_LARGE),
        (stop_limit(BUY, 20, 5, at=500), Refusal.BELOW_MIN_NOTIONAL),
    ],
)
def test_first_failure_is_the_one_that_is_told(engine: MakeEngine, command: PlaceOrder, refusal: Refusal) -> None:
    play(engine, (command, [refused(refusal)]), instruments=(STRICT,))


def test_limits_themselves_are_allowed(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(BUY, 20, 100), [placed(1)]),
        (limit(SELL, 1_000, 500), [placed(2)]),
        (stop_limit(SELL, 20, 500, at=5), [placed(3)]),
        (stop_market(SELL, 20, at=5), [placed(4)]),
        instruments=(STRICT,),
    )


def test_min_notional_is_not_asked_of_orders_without_a_price(engine: MakeEngine) -> None:
    """Nor of what is left of one: a trade may be smaller."""
    play(
        engine,
        (limit(BUY, 400, 5), [placed(1)]),
        (market(SELL, 20), [placed(2), trade(1, SELL, 20, 5, maker=1, taker=2)]),
        (stop_market(SELL, 20, at=5), [placed(3), triggered(3), trade(2, SELL, 20, 5, maker=1, taker=3)]),
        instruments=(STRICT,),
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (InstrumentStatus.CANCEL_ONLY, Reason.INSTRUMENT_CANCEL_ONLY),
        (InstrumentStatus.HALTED, Reason.INSTRUMENT_HALTED),
    ],
)
def test_without_trading_orders_are_rejected(engine: MakeEngine, status: InstrumentStatus, reason: Reason) -> None:
    """They use up their ids, and what could not be an order at all is refused as ever."""
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (change(COIN, status), [InstrumentSet(replace(COIN, status=status))]),
        (limit(BUY, 5, 100), [rejected(2, reason)]),
        (market(BUY, 5), [rejected(3, reason)]),
        (stop_market(BUY, 5, at=100), [rejected(4, reason)]),
        (limit(BUY, 1_001, 100), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (cancel(2), [refused(Refusal.ORDER_NOT_OPEN)]),
        (change(COIN, InstrumentStatus.TRADING), [InstrumentSet(COIN)]),
        (limit(BUY, 5, 100), [placed(5), trade(1, BUY, 5, 100, maker=1, taker=5)]),
    )


def test_order_is_executed_at_its_deadline_and_rejected_after_it(engine: MakeEngine) -> None:
    """The tape's commands begin at sequence 3."""
    play(
        engine,
        (limit(SELL, 5, 100, deadline=time_of(3)), [placed(1)]),
        (limit(BUY, 5, 100, deadline=time_of(4) - 1), [rejected(2, Reason.TOO_LATE)]),
        (stop_market(BUY, 5, at=100, deadline=1), [rejected(3, Reason.TOO_LATE)]),
        (limit(BUY, 5, 100, deadline=time_of(6) + 1), [placed(4), trade(1, BUY, 5, 100, maker=1, taker=4)]),
    )


def test_too_late_goes_before_the_instruments_status(engine: MakeEngine) -> None:
    play(
        engine,
        (change(COIN, InstrumentStatus.HALTED), [InstrumentSet(replace(COIN, status=InstrumentStatus.HALTED))]),
        (limit(SELL, 5, 100, deadline=1), [rejected(1, Reason.TOO_LATE)]),
    )


def test_one_refused_command_disturbs_no_other(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(BUY, 5, 10_001), [refused(Refusal.PRICE_TOO_LARGE)]),
        (limit(BUY, 1_001, 100), [refused(Refusal.QUANTITY_TOO_LARGE)]),
        (cancel(7), [refused(Refusal.UNKNOWN_ORDER)]),
        (limit(BUY, 5, 100), [placed(2), trade(1, BUY, 5, 100, maker=1, taker=2)]),
    )


def test_command_that_the_shell_refused_is_refused_again(engine: MakeEngine) -> None:
    play(
        engine,
        (RefuseCommand(Refusal.COMMAND_REFUSED, "crashed"), [CommandRefused(Refusal.COMMAND_REFUSED, "", "crashed")]),
        (RefuseCommand(Refusal.NO_SAVED_BOOK), [refused(Refusal.NO_SAVED_BOOK)]),
        (limit(BUY, 5, 100), [placed(1)]),
    )
